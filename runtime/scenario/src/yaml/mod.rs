//! Text to a tree of [`Node`]s that know where they stand.
//!
//! The language is a part of YAML 1.2 that every reader understands alike: one document, the core
//! schema, no tags but the core ones, no merge keys, no key twice. JSON texts are in it. Whatever
//! lies outside is refused by name, never read as something else.
//!
//! Cost is bounded by the limits below whatever the text is: aliases share what they stand for, and
//! what they would expand to is counted, not built.

mod build;
mod json;
mod node;
mod origin;
mod refusal;
mod scalar;
mod screen;
mod source;

use saphyr_parser::Parser;

use crate::place::{Place, Problem};

use build::Builder;

pub use node::{Data, Key, Node, Scalar, ScalarValue, Unfolded};

/// Bytes of a scenario's text.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// Lists and maps inside of each other, aliases counted as what they stand for.
pub const NESTING_MAX: usize = 64;

/// Scalars, lists and maps, aliases counted as what they stand for.
pub const NODES_MAX: usize = 1_000_000;

/// Brackets, commas, colons and other marks in a scenario's text.
pub const MARKS_MAX: usize = 500_000;

/// Bytes of one scalar.
pub const SCALAR_BYTES_MAX: usize = 1 << 20;

/// Bytes of all scalars, aliases counted as what they stand for.
pub const SCALARS_BYTES_MAX: usize = 16 << 20;

/// Problems that are collected before reading ends.
pub const PROBLEMS_MAX: usize = 100;

/// Reads a text.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text, at most [`PROBLEMS_MAX`].
pub fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    screen::screen(text).map_err(|problem| vec![problem])?;
    let text = json::joined_surrogates(text);
    let mut builder = Builder::new(&text);
    let mut parser = Parser::new_from_str(&text);
    while let Some(next) = parser.next_event() {
        let went = match next {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(malformed(&error)),
        };
        if let Err(problem) = went {
            builder.problems.push(problem);
            break;
        }
        if builder.problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    builder.finish()
}

/// What the parser says, and what to do about it.
fn malformed(error: &saphyr_parser::ScanError) -> Problem {
    let remedy = REMEDIES
        .iter()
        .find(|(part, _)| error.info().contains(part))
        .map_or(
            "check the indentation, quotes and brackets here and in the line before",
            |(_, remedy)| remedy,
        );
    Problem::new(
        origin::place(error.marker()),
        "yaml_malformed",
        format!("not YAML: {}", error.info()),
        remedy,
    )
}

/// Parts of the parser's messages, and remedies.
const REMEDIES: &[(&str, &str)] = &[
    ("tab", "indent with spaces"),
    ("unknown anchor", "define it with &NAME before"),
    (
        "escape",
        "write \\\\ for a backslash, use single quotes, or write \\xHH, \\uHHHH or \\UHHHHHHHH",
    ),
    ("byte order mark", "remove it"),
    ("tag", "remove the tag"),
    ("recursion", "nest less deep"),
    ("unexpected end of stream", "close the quote or bracket"),
    ("unexpected character", "put the text in quotes"),
    (
        "mapping values are not allowed",
        "put a text with \": \" in it in quotes",
    ),
    (
        "indent",
        "give keys and items of one level the same indentation",
    ),
];

/// A limit that is exceeded.
fn limit(place: Place, message: String, remedy: &str) -> Problem {
    Problem::new(place, "yaml_limit", message, remedy)
}
