//! Receipts of any time and nonce, signed by a key that the world trusts.

use tenzik_evidence::{
    Digest, GrantList, LimitList, NodeKey, Nonce, ReceiptBatch, SignedReceipt, Statement,
    Timestamp, Verdict,
};

use crate::world::World;

/// The key of the receipts.
pub(super) fn key() -> NodeKey {
    NodeKey::from_seed(&[5; 32])
}

pub(super) fn statement(nonce: u8, timestamp: &str) -> Statement {
    Statement {
        capsule_bytes: 8,
        grants: GrantList::new([]).unwrap(),
        limits: LimitList::new([("fuel", 1)]).unwrap(),
        nonce: Nonce::from_bytes([nonce; 16]),
        policy_commit: Digest::of(b"policy"),
        timestamp: timestamp.parse::<Timestamp>().unwrap(),
        verdict: Verdict::Refused {
            error_code: "capability_not_granted".parse().unwrap(),
            capsule_id: Digest::of(b"capsule"),
        },
    }
}

/// A world that trusts the key, with a receipt in the file `name`.
pub(super) fn write(home: &World, name: &str, receipt: &SignedReceipt) {
    home.write("trusted", format!("{} builder\n", key().public_key()));
    home.write(name, receipt.to_json() + "\n");
}

/// The receipts of one batch.
pub(super) fn batch(count: u8, timestamp: &str) -> Vec<SignedReceipt> {
    let mut batch = ReceiptBatch::new(key().public_key());
    for nonce in 0..count {
        batch.push(statement(nonce, timestamp)).unwrap();
    }
    batch.seal(&key()).unwrap().into_receipts().collect()
}
