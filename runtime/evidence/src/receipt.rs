//! Statements that a node signed.

use crate::wire;
use crate::{PublicKey, ReceiptError, Signature, Statement};

/// The largest receipt in bytes that is parsed.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024;

/// The DSSE payload type of a receipt's body.
pub const RECEIPT_PAYLOAD_TYPE: &str = "application/vnd.tenzik.receipt.v1+json";

/// What a receipt says and which node says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptBody {
    node_id: PublicKey,
    statement: Statement,
}

impl ReceiptBody {
    pub(crate) fn new(statement: Statement, node_id: PublicKey) -> ReceiptBody {
        ReceiptBody { node_id, statement }
    }

    /// The key of the node.
    pub fn node_id(&self) -> &PublicKey {
        &self.node_id
    }

    /// What it states.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Its canonical JSON (RFC 8785).
    pub fn to_json(&self) -> String {
        wire::encode(&self.statement, &self.node_id, None)
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(RECEIPT_PAYLOAD_TYPE, self.to_json().as_bytes())
    }
}

/// A receipt: a body and a signature that nobody has checked yet. [`NodeKey::sign`] makes it,
/// [`SignedReceipt::verify`] checks it.
///
/// [`NodeKey::sign`]: crate::NodeKey::sign
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    body: ReceiptBody,
    signature: Signature,
}

impl SignedReceipt {
    pub(crate) fn new(body: ReceiptBody, signature: Signature) -> SignedReceipt {
        SignedReceipt { body, signature }
    }

    /// The receipt whose canonical form `bytes` are, with or without one line feed at the end. To
    /// read a file of unknown size, [`RECEIPT_BYTES_MAX`] `+ 1` bytes are enough.
    ///
    /// # Errors
    /// When the bytes differ from what [`SignedReceipt::to_json`] writes in any byte.
    pub fn parse(bytes: &[u8]) -> Result<SignedReceipt, ReceiptError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLarge {
                bytes_max: RECEIPT_BYTES_MAX,
            });
        }
        let (statement, node_id, signature) =
            wire::decode(bytes.strip_suffix(b"\n").unwrap_or(bytes))?;
        Ok(SignedReceipt::new(
            ReceiptBody::new(statement, node_id),
            signature,
        ))
    }

    /// The body.
    pub fn body(&self) -> &ReceiptBody {
        &self.body
    }

    /// The signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Its canonical JSON (RFC 8785), without a line feed.
    pub fn to_json(&self) -> String {
        wire::encode(
            &self.body.statement,
            &self.body.node_id,
            Some(&self.signature),
        )
    }
}

/// The DSSE pre-authentication encoding ([DSSE v1.0.2]):
/// `"DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload`, lengths in bytes as ASCII decimal.
///
/// [DSSE v1.0.2]: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}
