//! Where the bytes of a module go: an account that adds up to the file, whatever the file holds.
//!
//! ```text
//! bytes ──account──► pieces (their sizes sum to the file) ──► sections, crates, growth, treemap
//! ```
//!
//! A module that cannot be read to its end still adds up: what could not be read is a piece too.

mod account;
mod advice;
mod compare;
mod crates;
mod framing;
mod leb;
mod operators;
mod treemap;

use serde::Serialize;

pub use account::account;
pub use advice::{Advice, advise};
pub use compare::{Change, changes};
pub use crates::{crate_of, function_shown};
pub(crate) use operators::{FunctionCode, functions};
pub use treemap::treemap;

/// What a stretch of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// The eight bytes that every module begins with.
    Header,
    /// Id, length and number of entries of a section.
    Framing,
    /// An import.
    Import,
    /// An export.
    Export,
    /// A global.
    Global,
    /// An element segment.
    Element,
    /// The body of a function, with its length.
    Function,
    /// A data segment, with its address and length.
    Data,
    /// A whole section whose entries are not told apart.
    Section,
    /// Bytes that are no section.
    Unread,
}

/// A stretch of a module that is listed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The section that it is in, as [`sections`](crate::sections) names it.
    pub section: String,
    /// What it is.
    pub kind: PieceKind,
    /// Its name, printable: demangled for a function, what it imports for an import.
    pub name: String,
    /// The crate of a function, where its name or its source says so.
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    pub crate_name: Option<String>,
    /// Its number: of a function among all functions, of anything else among its like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Something that kept a part of the module from being told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub offset: u64,
}

/// The account of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Every stretch in file order: they touch, and their sizes sum to the size of the file.
    pub pieces: Vec<Piece>,
    /// What could not be read; empty for a well-formed module.
    pub problems: Vec<Problem>,
    /// Bytes of the code and of lengths that a shorter encoding of the same numbers would save.
    pub padding: u64,
}

/// Where names of functions come from, besides the module itself.
pub trait FunctionNames {
    /// The name of the function with this index, as the compiler mangled it.
    fn name(&self, index: u32) -> Option<&str>;
    /// The source file of the function's first known instruction.
    fn file(&self, index: u32) -> Option<&str>;
}

/// No names besides the module's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnNames;

impl FunctionNames for OwnNames {
    fn name(&self, _: u32) -> Option<&str> {
        None
    }

    fn file(&self, _: u32) -> Option<&str> {
        None
    }
}

impl Account {
    /// The sum of all pieces: the size of the file.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }

    /// Name and bytes of each section, in file order. Sections of the same name are one row.
    pub fn by_section(&self) -> Vec<(String, u64)> {
        let mut rows: Vec<(String, u64)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for piece in &self.pieces {
            let place = *places.entry(piece.section.as_str()).or_insert(rows.len());
            match rows.get_mut(place) {
                Some((_, bytes)) => *bytes += piece.bytes,
                None => rows.push((piece.section.clone(), piece.bytes)),
            }
        }
        rows
    }

    /// Name and bytes of the functions of each crate, largest first. What no crate is known for is
    /// `?`.
    pub fn by_crate(&self) -> Vec<(String, u64)> {
        let mut sums = std::collections::BTreeMap::new();
        for piece in &self.pieces {
            if piece.kind == PieceKind::Function {
                let name = piece.crate_name.as_deref().unwrap_or(NO_CRATE);
                *sums.entry(name).or_insert(0) += piece.bytes;
            }
        }
        let mut rows: Vec<(String, u64)> = sums
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect();
        rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        rows
    }

    /// The pieces that are worth a line of their own, largest first.
    pub fn largest(&self) -> Vec<&Piece> {
        let mut pieces: Vec<&Piece> = self.pieces.iter().collect();
        pieces.sort_by_key(|piece| (std::cmp::Reverse(piece.bytes), piece.offset));
        pieces
    }
}

/// Stands for the crate of a function that none is known for.
pub const NO_CRATE: &str = "?";
