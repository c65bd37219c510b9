//! What changed between two modules.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Account, PieceKind};

/// A row of two accounts that are compared: pieces of one section with one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The section.
    pub section: String,
    /// The name of the pieces.
    pub name: String,
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
}

impl Change {
    /// Bytes that were added; negative for bytes that went.
    pub fn growth(&self) -> i128 {
        i128::from(self.after) - i128::from(self.before)
    }
}

/// Every row whose size changed, the largest change first. Pieces are matched by section and name,
/// and those without a name of their own by what they are, so that the rows add up to the growth
/// of the whole.
pub fn changes(before: &Account, after: &Account) -> Vec<Change> {
    let mut rows: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for (account, is_after) in [(before, false), (after, true)] {
        for piece in &account.pieces {
            let row = rows
                .entry((piece.section.clone(), row_name(piece)))
                .or_default();
            *(if is_after { &mut row.1 } else { &mut row.0 }) += piece.bytes;
        }
    }
    let mut changes: Vec<Change> = rows
        .into_iter()
        .map(|((section, name), (before, after))| Change {
            section,
            name,
            before,
            after,
        })
        .filter(|change| change.before != change.after)
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.growth().abs()));
    changes
}

fn row_name(piece: &super::Piece) -> String {
    let numbered = piece.name.starts_with("function ");
    match piece.kind {
        PieceKind::Function if numbered => "functions without a name".to_owned(),
        PieceKind::Data => "data".to_owned(),
        PieceKind::Global => "globals".to_owned(),
        PieceKind::Element => "elements".to_owned(),
        _ => piece.name.clone(),
    }
}
