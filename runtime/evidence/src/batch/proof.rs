//! The place of a receipt in its batch.

use super::{BATCH_RECEIPTS_MAX, tree};
use crate::{BatchHead, FieldProblem, ReceiptBody, TreeHash, hex};

/// Where a receipt stands in its batch, and the hashes that lead from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchProof {
    index: u32,
    size: u32,
    path: Vec<TreeHash>,
}

impl BatchProof {
    pub(super) fn new(index: u32, size: u32, path: Vec<TreeHash>) -> BatchProof {
        BatchProof { index, size, path }
    }

    /// From the fields of a receipt; the error names the field.
    pub(crate) fn of_fields(
        index: u64,
        size: u64,
        path: &str,
    ) -> Result<BatchProof, (&'static str, FieldProblem)> {
        let in_range = |size: &u32| (1..=BATCH_RECEIPTS_MAX).contains(size);
        let size = u32::try_from(size)
            .ok()
            .filter(in_range)
            .ok_or(("batch_size", FieldProblem::BatchSize))?;
        let index = u32::try_from(index)
            .ok()
            .filter(|index| *index < size)
            .ok_or(("batch_index", FieldProblem::BatchIndex { size }))?;
        let failed = |problem| ("batch_path", problem);
        let expected = 64 * tree::path_len(index, size);
        if path.len() != expected {
            let got = path.len();
            return Err(failed(FieldProblem::Hex(crate::HexError::Length {
                expected,
                got,
            })));
        }
        let path = path
            .as_bytes()
            .chunks(64)
            .enumerate()
            .map(|(place, digits)| {
                let bytes = hex::decode_bytes(digits).map_err(|error| error.moved(64 * place))?;
                Ok(TreeHash::from_bytes(bytes))
            })
            .collect::<Result<_, crate::HexError>>()
            .map_err(|error| failed(error.into()))?;
        Ok(BatchProof { index, size, path })
    }

    /// Its place among the receipts of the batch, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// How many receipts the batch has.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The siblings on the way to the root, lowest first: as many as place and size require.
    pub fn path(&self) -> &[TreeHash] {
        &self.path
    }

    /// The head of the batch in which `body` has this place. Only its signature tells whether there
    /// is such a batch.
    pub(crate) fn head(&self, body: &ReceiptBody) -> BatchHead {
        let leaf = tree::leaf(body.to_json().as_bytes());
        BatchHead {
            node_id: *body.node_id(),
            root: tree::root_of(leaf, self.index, self.size, &self.path),
            size: self.size,
        }
    }
}
