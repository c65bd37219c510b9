//! The text behind a span.

use std::str::Chars;

use saphyr_parser::{Marker, ScalarStyle, Span};

use super::node::Unfolded;
use super::origin::place;
use crate::place::{Origin, Place};

/// Bytes of a folded text that is kept as it stands.
const UNFOLDED_BYTES_MAX: usize = 64 << 10;

/// A text whose parts are asked for by their position in characters, in order.
pub(super) struct Source<'t> {
    text: &'t str,
    /// A position in characters, and the same in bytes.
    cursor: (usize, usize),
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Source<'t> {
        Source {
            text,
            cursor: (0, 0),
        }
    }

    /// A scalar as it stands, if its lines are folded and nothing else happens to them.
    pub(super) fn unfolded(&mut self, style: ScalarStyle, span: Span) -> Option<Unfolded> {
        let is_one_line = span.start.line() == span.end.line();
        let end = span.end.index().saturating_sub(span.start.index());
        if style == ScalarStyle::Literal || is_one_line || end > UNFOLDED_BYTES_MAX {
            return None;
        }
        let begin = self.offset(span.start);
        let end = self.offset(span.end);
        let raw = self.text.get(begin..end)?;
        let (inside, escape, quotes) = match style {
            ScalarStyle::SingleQuoted => (raw.strip_prefix('\'')?.strip_suffix('\'')?, "'", 1),
            ScalarStyle::DoubleQuoted => (raw.strip_prefix('"')?.strip_suffix('"')?, "\\", 1),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => (raw, "", 0),
        };
        if !escape.is_empty() && inside.contains(escape) {
            return None;
        }
        let first = place(&span.start);
        Some(Unfolded {
            text: inside
                .trim_end()
                .replace("\r\n", "\n")
                .replace('\r', "\n")
                .into(),
            origin: Origin {
                first: Place {
                    column: first.column.saturating_add(quotes),
                    ..first
                },
                further_column: 1,
            },
        })
    }

    /// Where a scalar begins whose span begins with its tag or anchor.
    pub(super) fn behind_properties(
        &mut self,
        begin: Marker,
        style: ScalarStyle,
        text: &str,
    ) -> Marker {
        let offset = self.offset(begin);
        let mut walk = Walk {
            rest: self.text.get(offset..).unwrap_or_default().chars(),
            index: begin.index(),
            line: begin.line(),
            column: begin.col(),
        };
        while walk.next_is(|next| matches!(next, '&' | '!')) {
            walk.skip(|next| !next.is_whitespace());
            walk.skip(char::is_whitespace);
            while walk.next_is(|next| next == '#') {
                walk.skip(|next| !matches!(next, '\n' | '\r'));
                walk.skip(char::is_whitespace);
            }
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            // The header, and lines that are empty.
            for _ in 0..=text.bytes().take_while(|byte| *byte == b'\n').count() {
                walk.skip(|next| !matches!(next, '\n' | '\r'));
                walk.line_break();
            }
            let spaces = |text: &str| text.chars().take_while(|next| *next == ' ').count();
            let of_text = spaces(text.trim_start_matches('\n'));
            let indentation = spaces(walk.rest.as_str()).saturating_sub(of_text);
            walk.index += indentation;
            walk.column += indentation;
        }
        Marker::new(walk.index, walk.line, walk.column)
    }

    /// Linear over all markers together, since they come in the order of the text.
    fn offset(&mut self, marker: Marker) -> usize {
        if marker.index() < self.cursor.0 {
            self.cursor = (0, 0);
        }
        let (index, offset) = self.cursor;
        let rest = self.text.get(offset..).unwrap_or_default();
        let more = rest
            .char_indices()
            .nth(marker.index() - index)
            .map_or(rest.len(), |(more, _)| more);
        self.cursor = (marker.index(), offset + more);
        offset + more
    }
}

/// A position in a text that moves on.
struct Walk<'t> {
    rest: Chars<'t>,
    index: usize,
    line: usize,
    column: usize,
}

impl Walk<'_> {
    fn next_is(&self, is: impl Fn(char) -> bool) -> bool {
        self.rest.clone().next().is_some_and(is)
    }

    fn skip(&mut self, is: impl Fn(char) -> bool) {
        while self.next_is(&is) {
            match self.next_is(|next| matches!(next, '\n' | '\r')) {
                true => self.line_break(),
                false => {
                    self.rest.next();
                    self.index += 1;
                    self.column += 1;
                }
            }
        }
    }

    fn line_break(&mut self) {
        let Some(first) = self.rest.next() else {
            return;
        };
        self.index += 1;
        if first == '\r' && self.next_is(|next| next == '\n') {
            self.rest.next();
            self.index += 1;
        }
        self.line += 1;
        self.column = 0;
    }
}
