//! The grammar of RFC 9535: queries, segments and selectors.

mod cursor;
mod filter;

use tenzik_host_abi::Status;

use super::query::{Anchor, Plan, Query, Segment, Selector, Slice};
use cursor::Cursor;

/// How deep filters, parentheses and function calls may be nested in each other.
const NESTING_MAX: usize = 32;

/// Parses `query` and checks its types (sections 2.4.1 to 2.4.9). Recursion is bounded by 32
/// levels of nesting, time by the length of the query and the weight of its patterns.
///
/// # Errors
/// [`Status::InvalidQuery`] if it is not well-formed and valid; [`Status::TooComplex`] if it is
/// nested too deeply or the pattern of `match` or `search` is too large or depends on the current
/// node.
pub(super) fn parse(query: &str) -> Result<Plan, Status> {
    let mut parser = Parser {
        cursor: Cursor::new(query),
        nesting: 0,
        constants: Vec::new(),
        has_costly_pattern: false,
    };
    parser.cursor.expect('$')?;
    let segments = parser.segments()?;
    if !parser.cursor.is_at_end() {
        return Err(Status::InvalidQuery);
    }
    if parser.has_costly_pattern {
        return Err(Status::TooComplex);
    }
    let query = Query {
        anchor: Anchor::Root,
        segments,
    };
    Ok(Plan {
        query,
        constants: parser.constants,
    })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    nesting: usize,
    constants: Vec<super::query::Constant>,
    /// Some pattern is too large or depends on the current node. The query is parsed to its end
    /// all the same, because one that is invalid is only that.
    has_costly_pattern: bool,
}

impl Parser<'_> {
    /// Section 2.1.1: white space is allowed between segments, not behind the last.
    fn segments(&mut self) -> Result<Vec<Segment>, Status> {
        let mut segments = Vec::new();
        loop {
            let behind_last = self.cursor.clone();
            self.cursor.skip_whitespace();
            match self.cursor.peek() {
                Some('.' | '[') => segments.push(self.segment()?),
                _ => {
                    self.cursor = behind_last;
                    return Ok(segments);
                }
            }
        }
    }

    /// Section 2.5.
    fn segment(&mut self) -> Result<Segment, Status> {
        let has_dot = self.cursor.take('.');
        let is_descendant = has_dot && self.cursor.take('.');
        let selectors = match self.cursor.peek() {
            Some('[') if is_descendant || !has_dot => self.bracketed()?,
            Some('*') => {
                self.cursor.take('*');
                vec![Selector::Wildcard]
            }
            _ => vec![Selector::Name(self.cursor.member_name()?)],
        };
        Ok(Segment {
            is_descendant,
            selectors,
        })
    }

    fn bracketed(&mut self) -> Result<Vec<Selector>, Status> {
        self.cursor.expect('[')?;
        let mut selectors = Vec::new();
        loop {
            self.cursor.skip_whitespace();
            selectors.push(self.selector()?);
            self.cursor.skip_whitespace();
            if self.cursor.take(']') {
                return Ok(selectors);
            }
            self.cursor.expect(',')?;
        }
    }

    /// Section 2.3.
    fn selector(&mut self) -> Result<Selector, Status> {
        match self.cursor.peek() {
            Some('\'' | '"') => Ok(Selector::Name(self.cursor.string()?)),
            Some('*') => {
                self.cursor.take('*');
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.cursor.take('?');
                self.cursor.skip_whitespace();
                self.nested(|parser| parser.condition())
                    .map(Selector::Filter)
            }
            _ => self.index_or_slice(),
        }
    }

    fn index_or_slice(&mut self) -> Result<Selector, Status> {
        let start = self.cursor.optional_integer()?;
        self.cursor.skip_whitespace();
        if !self.cursor.take(':') {
            return start.map(Selector::Index).ok_or(Status::InvalidQuery);
        }
        self.cursor.skip_whitespace();
        let end = self.cursor.optional_integer()?;
        self.cursor.skip_whitespace();
        let mut step = None;
        if self.cursor.take(':') {
            self.cursor.skip_whitespace();
            step = self.cursor.optional_integer()?;
        }
        Ok(Selector::Slice(Slice {
            start,
            end,
            step: step.unwrap_or(1),
        }))
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Status>,
    ) -> Result<T, Status> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(Status::TooComplex);
        }
        let parsed = parse(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests;
