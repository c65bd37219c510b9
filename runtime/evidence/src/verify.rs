//! Who signed a receipt, and is that node trusted?

use crate::{PublicKey, ReceiptBody, ReceiptError, SignedReceipt, TrustStore};

/// A receipt whose signature is good. Whether its key is trusted is a separate answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    receipt: SignedReceipt,
    trust: Trust,
}

/// Whether the key of a receipt is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The trust store has it.
    Trusted {
        /// The name that the trust store gives it.
        name: Option<String>,
    },
    /// The trust store does not have it: anybody could have made the receipt.
    Untrusted,
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not a receipt.
    #[error("{0}")]
    Receipt(#[from] ReceiptError),
    /// The signature was not made by the node that it names, or the receipt was changed.
    #[error("signature of the receipt is not that of node {node_id} over these bytes")]
    Signature {
        /// The node that the receipt names.
        node_id: PublicKey,
    },
}

/// Parses a receipt and checks its signature.
///
/// # Errors
/// When the bytes are not a receipt, or the signature is bad.
pub fn verify(bytes: &[u8], trusted: &TrustStore) -> Result<VerifiedReceipt, VerifyError> {
    SignedReceipt::parse(bytes)?.verify(trusted)
}

impl SignedReceipt {
    /// Checks the signature, and looks the key up.
    ///
    /// # Errors
    /// When the signature is bad.
    pub fn verify(self, trusted: &TrustStore) -> Result<VerifiedReceipt, VerifyError> {
        let node_id = *self.body().node_id();
        if !node_id.verifies(&self.signed_bytes(), self.signature()) {
            return Err(VerifyError::Signature { node_id });
        }
        let trust = match trusted.find(&node_id) {
            Some(entry) => Trust::Trusted {
                name: entry.name.map(str::to_owned),
            },
            None => Trust::Untrusted,
        };
        Ok(VerifiedReceipt {
            receipt: self,
            trust,
        })
    }
}

impl VerifiedReceipt {
    /// The receipt.
    pub fn receipt(&self) -> &SignedReceipt {
        &self.receipt
    }

    /// Its body.
    pub fn body(&self) -> &ReceiptBody {
        self.receipt.body()
    }

    /// Whether its key is trusted.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Whether its key is trusted, in one word.
    pub fn is_trusted(&self) -> bool {
        matches!(self.trust, Trust::Trusted { .. })
    }
}
