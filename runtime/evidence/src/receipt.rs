//! Statements that a node signed.

use crate::wire;
use crate::{
    BATCH_HEAD_PAYLOAD_TYPE, BatchHead, BatchProof, PublicKey, ReceiptError, Signature, Statement,
};

/// The largest receipt in bytes that is parsed.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024;

/// The DSSE payload type of a receipt's body.
pub const RECEIPT_PAYLOAD_TYPE: &str = "application/vnd.tenzik.receipt.v1+json";

/// How a receipt is signed, which is what its version says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptVersion {
    /// `1`: the signature is over the receipt itself.
    Single,
    /// `2`: the signature is over the head of a batch.
    Batched,
}

impl ReceiptVersion {
    /// Every version that this crate writes and reads.
    pub const ALL: [ReceiptVersion; 2] = [ReceiptVersion::Single, ReceiptVersion::Batched];

    /// The version as it stands in a receipt.
    pub const fn name(self) -> &'static str {
        match self {
            ReceiptVersion::Single => "1",
            ReceiptVersion::Batched => "2",
        }
    }

    /// The version with this name.
    pub fn from_name(name: &str) -> Option<ReceiptVersion> {
        ReceiptVersion::ALL
            .into_iter()
            .find(|version| version.name() == name)
    }
}

/// What a receipt says and which node says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptBody {
    node_id: PublicKey,
    statement: Statement,
    version: ReceiptVersion,
}

impl ReceiptBody {
    pub(crate) fn new(
        statement: Statement,
        node_id: PublicKey,
        version: ReceiptVersion,
    ) -> ReceiptBody {
        ReceiptBody {
            node_id,
            statement,
            version,
        }
    }

    /// The key of the node.
    pub fn node_id(&self) -> &PublicKey {
        &self.node_id
    }

    /// What it states.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// How it is signed.
    pub fn version(&self) -> ReceiptVersion {
        self.version
    }

    /// Its canonical JSON (RFC 8785): what is signed in version 1, and hashed in version 2.
    pub fn to_json(&self) -> String {
        let mut json = wire::buffer();
        self.write_json(&mut json);
        json
    }

    pub(crate) fn write_json(&self, json: &mut String) {
        wire::encode(json, self, None, None);
    }
}

/// A receipt: a body and a signature that nobody has checked yet. [`NodeKey::sign`] makes one, a
/// [`SealedBatch`] many; [`SignedReceipt::verify`] checks it.
///
/// [`NodeKey::sign`]: crate::NodeKey::sign
/// [`SealedBatch`]: crate::SealedBatch
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    body: ReceiptBody,
    signature: Signature,
    /// There in version 2 and in no other.
    proof: Option<BatchProof>,
}

/// What a signature is over: the payload of a DSSE envelope, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPayload {
    /// [`RECEIPT_PAYLOAD_TYPE`] or [`BATCH_HEAD_PAYLOAD_TYPE`].
    pub payload_type: &'static str,
    /// The body of the receipt, or the head of its batch, as canonical JSON.
    pub json: String,
}

impl SignedReceipt {
    pub(crate) fn new(
        body: ReceiptBody,
        signature: Signature,
        proof: Option<BatchProof>,
    ) -> SignedReceipt {
        SignedReceipt {
            body,
            signature,
            proof,
        }
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
        wire::decode(bytes.strip_suffix(b"\n").unwrap_or(bytes))
    }

    /// The body.
    pub fn body(&self) -> &ReceiptBody {
        &self.body
    }

    /// The signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Its place in a batch, if it is one of a batch.
    pub fn batch_proof(&self) -> Option<&BatchProof> {
        self.proof.as_ref()
    }

    /// The head of its batch, as body and proof make it up.
    pub fn batch_head(&self) -> Option<BatchHead> {
        self.proof.as_ref().map(|proof| proof.head(&self.body))
    }

    /// What the signature is over.
    pub fn signed_payload(&self) -> SignedPayload {
        match self.batch_head() {
            None => SignedPayload {
                payload_type: RECEIPT_PAYLOAD_TYPE,
                json: self.body.to_json(),
            },
            Some(head) => SignedPayload {
                payload_type: BATCH_HEAD_PAYLOAD_TYPE,
                json: head.to_json(),
            },
        }
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let SignedPayload { payload_type, json } = self.signed_payload();
        pre_authentication_encoding(payload_type, json.as_bytes())
    }

    /// Its canonical JSON (RFC 8785), without a line feed.
    pub fn to_json(&self) -> String {
        let mut json = wire::buffer();
        let (signature, proof) = (Some(&self.signature), self.proof.as_ref());
        wire::encode(&mut json, &self.body, signature, proof);
        json
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
