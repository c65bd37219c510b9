//! Where texts stand.

use saphyr_parser::{Marker, ScalarStyle, Span};

use crate::place::{Origin, Place};

/// The parser counts lines from 1 and columns from 0.
pub(super) fn place(marker: &Marker) -> Place {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place {
        line: count(marker.line()).max(1),
        column: count(marker.col()).saturating_add(1),
    }
}

/// Where the lines of a scalar's text stand. The span of a block scalar begins at its first line that
/// is not empty, at its indentation.
pub(super) fn origin(text: &str, style: ScalarStyle, span: Span) -> Origin {
    let start = place(&span.start);
    match style {
        ScalarStyle::Plain => Origin {
            first: start,
            further_column: start.column,
        },
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            let column = start.column.saturating_add(1);
            Origin {
                first: Place { column, ..start },
                further_column: column,
            }
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let empty = text.bytes().take_while(|byte| *byte == b'\n').count();
            let empty = u32::try_from(empty).unwrap_or(u32::MAX);
            Origin {
                first: Place {
                    line: start.line.saturating_sub(empty).max(1),
                    ..start
                },
                further_column: start.column,
            }
        }
    }
}
