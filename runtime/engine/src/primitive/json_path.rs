//! JSONPath (RFC 9535) with its work bounded before it starts.
//!
//! [`prepare`] reads the document and the query in linear time and knows an upper bound of the
//! steps that the evaluation can take; the caller charges [`PreparedQuery::work`] and then calls
//! [`PreparedQuery::evaluate`].
//!
//! The document is not turned into a tree of values. It is kept as its own text without
//! insignificant white space, and a flat list of where its values stand, so selected values come
//! out as they were written: `1.0`, `1e400`, integers of any size, escapes and the order of
//! members stay.
//!
//! What the RFCs leave open, or where this differs:
//!
//! - **Duplicate names** are well-formed (RFC 8259 section 4). A name selects the last member of
//!   that name; everything else (wildcards, filters, descendants, `length`, equality, the text of
//!   selected objects) sees all members as they were written.
//! - **Order**: values come in the order of RFC 9535, members in the order of their text. That is
//!   the order of the document unless the query asks otherwise (`$[1,0]`, `$[::-1]`).
//! - **Numbers** are compared exactly, whatever their size, without rounding to a double.
//! - **Escaped lone surrogates** are well-formed (RFC 8259 section 8.2) and equal only to
//!   themselves. A byte order mark is refused.
//! - **Patterns** of `match` and `search` that depend on the current node (`match(@.a, @.b)`) are
//!   [`Status::TooComplex`]. Unescaped `^` and `$` are anchors, as the JSONPath compliance test
//!   suite has them.
//! - Queries of more than 32 nested filters, parentheses and calls are [`Status::TooComplex`].

mod document;
mod index;
mod lexeme;
mod number;
mod text;

mod pattern;
mod query;

mod parse;

mod bound;
mod evaluate;
mod meter;
mod value;

use tenzik_host_abi::Status;

use document::Document;
use meter::Meter;
use query::Plan;

/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 1024;

/// The longest document, in bytes (8 MiB).
pub const JSON_BYTES_MAX: usize = 8 << 20;

/// The largest accepted bound of the steps of one evaluation: about a second of work on a slow
/// machine. Everyday queries need up to 25 steps for each byte of the document.
pub const WORK_MAX: u64 = 1 << 26;

/// A query and the document to evaluate it on.
///
/// It owns everything it needs: at most nine times the bytes of the document, and what the query's
/// patterns take (below 2 MiB).
pub struct PreparedQuery {
    document: Document,
    plan: Plan,
    work: u64,
}

/// Reads `json` and `query`. The time is linear in the length of `json`, and bounded for every
/// query by [`QUERY_BYTES_MAX`]; nothing is evaluated yet.
///
/// # Errors
/// In this order: [`Status::TooLarge`] if `query` has more than [`QUERY_BYTES_MAX`] or `json` more
/// than [`JSON_BYTES_MAX`]; [`Status::InvalidQuery`] if `query` is not UTF-8 or not a valid query;
/// [`Status::TooComplex`] if its patterns are too large or it is nested too deeply (see the module
/// documentation); [`Status::TooDeep`] if `json` is nested deeper than 128 levels;
/// [`Status::InvalidJson`] if it is not well-formed; [`Status::TooComplex`] if evaluating could
/// take more than [`WORK_MAX`] steps.
pub fn prepare(json: &[u8], query: &[u8]) -> Result<PreparedQuery, Status> {
    if query.len() > QUERY_BYTES_MAX || json.len() > JSON_BYTES_MAX {
        return Err(Status::TooLarge);
    }
    let query = std::str::from_utf8(query).map_err(|_| Status::InvalidQuery)?;
    let plan = parse::parse(query)?;
    let document = index::index(json)?;
    let work = bound::work(&plan, &document.shape);
    if work > WORK_MAX {
        return Err(Status::TooComplex);
    }
    Ok(PreparedQuery {
        document,
        plan,
        work,
    })
}

impl PreparedQuery {
    /// How many steps the evaluation takes at most, whatever the query and the document are. A
    /// step looks at a value, a name, four bytes of a text or one state of a pattern, or copies
    /// 64 bytes; that takes some nanoseconds, rarely more than fifteen.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The JSON array of the selected values, without insignificant white space.
    ///
    /// # Errors
    /// [`Status::TooLarge`] if the array would have more than `result_bytes_max` bytes;
    /// [`Status::TooComplex`] if a pattern for `match` or `search` that comes from the document is
    /// longer than 1,024 bytes or its program too large.
    pub fn evaluate(self, result_bytes_max: usize) -> Result<Vec<u8>, Status> {
        // The meter holds by the bound's construction; should that be wrong, it ends the work.
        let mut meter = Meter::new(self.work);
        evaluate::evaluate(&self.document, &self.plan, result_bytes_max, &mut meter)
    }
}

#[cfg(test)]
mod tests;
