//! Many receipts under one signature.
//!
//! ```text
//! Statement ──push──► ReceiptBatch ──seal──► SealedBatch ──receipts──► SignedReceipt, each a file of its own
//! ```
//!
//! The bodies of the receipts are the leaves of a Merkle tree (RFC 6962), and the node signs the
//! head of the tree:
//!
//! ```text
//! body    = {"capsule_bytes":…,"version":"2"}       the receipt without batch_… and signature
//! leaf    = SHA-256(00 body)
//! node    = SHA-256(01 left right)
//! head    = {"node_id":"64 hex","root":"64 hex","size":"decimal","tree":"rfc6962-sha256","version":"1"}
//! message = "DSSEv1 41 application/vnd.tenzik.batch-head.v1+json " LEN(head) " " head
//! ```
//!
//! A receipt of a batch has version 2: its body, the signature of the head, and the proof that the
//! body is in the tree.
//!
//! ```text
//! field              value
//! batch_index        decimal, below batch_size
//! batch_path         64 hex for each sibling on the way from the leaf to the root, lowest first
//! batch_size         decimal, 1 to 65,536
//! ```
//!
//! No byte of it can be changed: the body by its hash, the path by the root, index and size by the
//! length and the turns of the path, the size besides by the head. A body says by its version which
//! way it is signed, so a signature of one way is never one of the other.

mod head;
mod proof;
mod tree;

pub use head::{BATCH_HEAD_PAYLOAD_TYPE, BatchHead};
pub use proof::BatchProof;

use crate::receipt::ReceiptVersion;
use crate::{NodeKey, PublicKey, ReceiptBody, Signature, SignedReceipt, Statement, TreeHash};

/// The most receipts in a batch. Then a path has 16 hashes.
pub const BATCH_RECEIPTS_MAX: u32 = 65_536;

/// Why a batch takes no more, or cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It has as many receipts as a batch can have.
    #[error(
        "the batch has {BATCH_RECEIPTS_MAX} receipts, the most there can be; seal it and begin another"
    )]
    Full,
    /// It has no receipts.
    #[error("the batch has no receipts, so there is nothing to seal")]
    Empty,
    /// Its receipts name another node.
    #[error(
        "the batch is of node {node_id}, the key is that of {key}; seal it with the key it was begun for"
    )]
    OtherNode {
        /// The node that the receipts name.
        node_id: PublicKey,
        /// The node whose key was given.
        key: PublicKey,
    },
}

/// Statements that wait for a common signature. At most [`BATCH_RECEIPTS_MAX`], each with a few
/// hundred bytes of memory.
#[derive(Debug)]
pub struct ReceiptBatch {
    node_id: PublicKey,
    bodies: Vec<ReceiptBody>,
    leaves: Vec<TreeHash>,
    json: String,
}

impl ReceiptBatch {
    /// An empty batch of this node.
    pub fn new(node_id: PublicKey) -> ReceiptBatch {
        ReceiptBatch {
            node_id,
            bodies: Vec::new(),
            leaves: Vec::new(),
            json: String::new(),
        }
    }

    /// Adds a statement and returns its place, from 0.
    ///
    /// # Errors
    /// [`BatchError::Full`]; the statement is gone, so ask [`ReceiptBatch::is_full`] before.
    pub fn push(&mut self, statement: Statement) -> Result<u32, BatchError> {
        if self.is_full() {
            return Err(BatchError::Full);
        }
        let index = self.len();
        let body = ReceiptBody::new(statement, self.node_id, ReceiptVersion::Batched);
        self.json.clear();
        body.write_json(&mut self.json);
        self.leaves.push(tree::leaf(self.json.as_bytes()));
        self.bodies.push(body);
        Ok(index)
    }

    /// How many statements it has.
    pub fn len(&self) -> u32 {
        // `push` keeps it below the bound, which is a `u32`.
        self.bodies.len() as u32
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.len() >= BATCH_RECEIPTS_MAX
    }

    /// Signs all of them at once.
    ///
    /// # Errors
    /// When there are none, or the key is that of another node.
    pub fn seal(self, key: &NodeKey) -> Result<SealedBatch, BatchError> {
        let (node_id, size) = (self.node_id, self.len());
        if key.public_key() != node_id {
            let key = key.public_key();
            return Err(BatchError::OtherNode { node_id, key });
        }
        let tree = tree::Tree::new(self.leaves).ok_or(BatchError::Empty)?;
        let root = tree.root();
        let head = BatchHead {
            node_id,
            root,
            size,
        };
        Ok(SealedBatch {
            head,
            signature: key.sign_message(&head.signed_bytes()),
            bodies: self.bodies,
            tree,
        })
    }
}

/// A batch with its signature, from which its receipts are taken.
pub struct SealedBatch {
    head: BatchHead,
    signature: Signature,
    bodies: Vec<ReceiptBody>,
    tree: tree::Tree,
}

impl SealedBatch {
    /// What was signed.
    pub fn head(&self) -> &BatchHead {
        &self.head
    }

    /// The signature of the head.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The receipts in the order in which their statements were pushed. Each is complete by itself.
    pub fn into_receipts(self) -> impl Iterator<Item = SignedReceipt> {
        let SealedBatch {
            head,
            signature,
            bodies,
            tree,
        } = self;
        (0..).zip(bodies).map(move |(index, body)| {
            let proof = BatchProof::new(index, head.size, tree.path(index as usize));
            SignedReceipt::new(body, signature, Some(proof))
        })
    }
}
