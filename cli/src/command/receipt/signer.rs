//! The first question: whose receipt is it?

use std::path::Path;

use serde_json::{Value, json};

use tenzik_runtime::PublicKey;
use tenzik_runtime::evidence::{ReceiptError, Trust};

use crate::failure::Failure;

use super::report::line;
use super::{broken, unreadable};

/// Whose receipt it is.
pub(super) enum Signer {
    /// Nobody's: it is no receipt.
    Unreadable(ReceiptError),
    /// Somebody's who is not the node that it names.
    Forged(PublicKey),
    /// That of the node that it names.
    Known {
        /// The node.
        node_id: PublicKey,
        /// Whether its key is trusted.
        trust: Trust,
    },
}

impl Signer {
    pub(super) fn error(&self, path: &Path) -> Option<Failure> {
        match self {
            Signer::Unreadable(error) => Some(unreadable(path, error)),
            Signer::Forged(node_id) => Some(broken(
                format!("the signature is not that of node {node_id} over this receipt"),
                "do not rely on the receipt: somebody changed it, or it was never that node's",
            )),
            Signer::Known {
                trust: Trust::Trusted { .. },
                ..
            } => None,
            Signer::Known {
                node_id,
                trust: Trust::Untrusted,
            } => Some(broken(
                format!("the key of node {node_id} is not trusted"),
                format!(
                    "if you know that node: tenzik receipt trust add {node_id}, or pass --trust"
                ),
            )),
        }
    }

    pub(super) fn line(&self) -> String {
        let (answer, text) = self.answer();
        line("signature", answer, &text)
    }

    /// `good` or `BAD`, and why.
    pub(super) fn answer(&self) -> (&'static str, String) {
        match self {
            Signer::Unreadable(error) => ("BAD", error.to_string()),
            Signer::Forged(node_id) => ("BAD", format!("not that of node {node_id}")),
            Signer::Known {
                node_id,
                trust: Trust::Untrusted,
            } => (
                "BAD",
                format!("the signature itself is good, the key is not trusted: {node_id}"),
            ),
            Signer::Known {
                node_id,
                trust: Trust::Trusted { name },
            } => {
                let name = name
                    .as_ref()
                    .map(|name| format!(", \"{name}\""))
                    .unwrap_or_default();
                ("good", format!("by the trusted key {node_id}{name}"))
            }
        }
    }

    /// `{"good","trusted","node_id","name"}`; null where it is not known.
    pub(super) fn object(&self) -> Value {
        let (good, node_id, trust) = match self {
            Signer::Unreadable(_) => (false, None, &Trust::Untrusted),
            Signer::Forged(node_id) => (false, Some(node_id), &Trust::Untrusted),
            Signer::Known { node_id, trust } => (true, Some(node_id), trust),
        };
        let name = match trust {
            Trust::Trusted { name } => name.as_deref(),
            Trust::Untrusted => None,
        };
        json!({
            "good": good,
            "trusted": matches!(trust, Trust::Trusted { .. }),
            "node_id": node_id.map(PublicKey::to_string),
            "name": name,
        })
    }
}
