//! Why a receipt is not accepted.

use std::io;
use std::path::PathBuf;

use super::ACCEPT_SKEW_MS;
use crate::{Nonce, PublicKey, Timestamp};

/// Why a receipt is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Anybody could have made it.
    #[error("the key of node {node_id} is not trusted")]
    Untrusted {
        /// The node.
        node_id: PublicKey,
    },
    /// A receipt with this nonce of this node was accepted before.
    #[error("a receipt of node {node_id} with the nonce {nonce} was accepted before{}", of_time(*.first))]
    Replayed {
        /// The nonce.
        nonce: Nonce,
        /// The node.
        node_id: PublicKey,
        /// The timestamp of the receipt that was accepted.
        first: Option<Timestamp>,
    },
    /// Older than the longest age.
    #[error(
        "the receipt is of {timestamp}, {} s ago; at most {} s are accepted",
        age_ms.div_ceil(1000), max_age_ms / 1000
    )]
    TooOld {
        /// When its run started.
        timestamp: Timestamp,
        /// How long ago that is.
        age_ms: u64,
        /// How long ago it may be.
        max_age_ms: u64,
    },
    /// The store has forgotten what was accepted at that time.
    #[error(
        "the receipt is of {timestamp}; the store has forgotten what was accepted before {}",
        moment(*.horizon_ms)
    )]
    Forgotten {
        /// When its run started.
        timestamp: Timestamp,
        /// Up to when the store has forgotten everything, in milliseconds since 1970.
        horizon_ms: u64,
    },
    /// Further in the future than clocks differ.
    #[error(
        "the receipt is of {timestamp}, {} s in the future; at most {} s are accepted",
        ahead_ms.div_ceil(1000), ACCEPT_SKEW_MS / 1000
    )]
    FromFuture {
        /// When its run started.
        timestamp: Timestamp,
        /// How far that is in the future.
        ahead_ms: u64,
    },
    /// Others could make the store forget.
    #[error(
        "the store {path} can be written by others than its owner (mode {mode:04o}); run `chmod go-w {path}`",
        path = path.display()
    )]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Something in the store is not what it must be.
    #[error("{} in the store {} is not {expected}; choose another store", name, path.display())]
    Strange {
        /// The directory.
        path: PathBuf,
        /// What it is called.
        name: String,
        /// What it ought to be.
        expected: &'static str,
    },
    /// The system refused.
    #[error("cannot {doing} the store {}: {source}", path.display())]
    Store {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn of_time(first: Option<Timestamp>) -> String {
    first
        .map(|first| format!(", one of {first}"))
        .unwrap_or_default()
}

fn moment(unix_millis: u64) -> Timestamp {
    Timestamp::from_unix_millis(unix_millis).unwrap_or(Timestamp::MAX)
}
