//! What is signed of a batch.

use std::fmt::Write as _;

use crate::{PublicKey, TreeHash, pre_authentication_encoding};

/// The DSSE payload type of the head of a batch.
pub const BATCH_HEAD_PAYLOAD_TYPE: &str = "application/vnd.tenzik.batch-head.v1+json";

/// The head of a batch: how many receipts it has, and the root of the tree over them.
///
/// It speaks of one batch and of nothing before or after it: it is no checkpoint of a log, and has
/// another type than one, so that a log can be kept beside it over the same leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHead {
    /// The node that signs it.
    pub node_id: PublicKey,
    /// The root of the Merkle tree.
    pub root: TreeHash,
    /// How many receipts the batch has, 1 to [`BATCH_RECEIPTS_MAX`](crate::BATCH_RECEIPTS_MAX).
    pub size: u32,
}

impl BatchHead {
    /// Its canonical JSON (RFC 8785).
    pub fn to_json(&self) -> String {
        let BatchHead {
            node_id,
            root,
            size,
        } = self;
        let mut json = String::with_capacity(224);
        // Writing to a `String` cannot fail.
        let _ = write!(
            json,
            "{{\"node_id\":\"{node_id}\",\"root\":\"{root}\",\"size\":\"{size}\",\
             \"tree\":\"rfc6962-sha256\",\"version\":\"1\"}}"
        );
        json
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(BATCH_HEAD_PAYLOAD_TYPE, self.to_json().as_bytes())
    }
}
