//! The words of the grammar: names, strings and numbers.

use tenzik_host_abi::Status;

/// The largest magnitude of an index, slice bound or step (RFC 9535 section 2.1: the exact
/// integers of I-JSON).
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// What is left of a query.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(query: &'a str) -> Cursor<'a> {
        Cursor { rest: query }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes `word` if it comes next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let behind = self.rest.strip_prefix(word);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Takes `char` if it comes next.
    pub(super) fn take(&mut self, char: char) -> bool {
        let behind = self.rest.strip_prefix(char);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    pub(super) fn expect(&mut self, char: char) -> Result<(), Status> {
        if self.take(char) {
            Ok(())
        } else {
            Err(Status::InvalidQuery)
        }
    }

    pub(super) fn skip_whitespace(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes characters while `wanted`, which is asked with the place of each in bytes.
    pub(super) fn take_while(&mut self, wanted: impl Fn(usize, char) -> bool) -> &'a str {
        let end = self
            .rest
            .char_indices()
            .find(|(at, char)| !wanted(*at, *char));
        let (taken, rest) = self
            .rest
            .split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        taken
    }

    /// Section 2.5.1.1: a member name that is written without quotation marks.
    pub(super) fn member_name(&mut self) -> Result<String, Status> {
        let name = self.take_while(|at, char| {
            char.is_ascii_alphabetic()
                || char == '_'
                || !char.is_ascii()
                || at > 0 && char.is_ascii_digit()
        });
        if name.is_empty() {
            Err(Status::InvalidQuery)
        } else {
            Ok(name.to_owned())
        }
    }

    /// Section 2.3.3.1: an integer without leading zeros, if one comes next.
    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, Status> {
        let text = self.take_while(|at, char| char.is_ascii_digit() || at == 0 && char == '-');
        if text.is_empty() {
            return Ok(None);
        }
        if text != "0" && text.trim_start_matches('-').starts_with('0') {
            return Err(Status::InvalidQuery);
        }
        let integer: i64 = text.parse().map_err(|_| Status::InvalidQuery)?;
        if integer.abs() > INTEGER_MAX {
            return Err(Status::InvalidQuery);
        }
        Ok(Some(integer))
    }

    /// Section 2.3.5.1: a number literal, as it is written.
    pub(super) fn number(&mut self) -> Result<String, Status> {
        let end = super::super::lexeme::number_end(self.rest.as_bytes(), 0);
        let (number, rest) = end
            .and_then(|end| self.rest.split_at_checked(end))
            .ok_or(Status::InvalidQuery)?;
        self.rest = rest;
        Ok(number.to_owned())
    }

    /// Section 2.3.1.1: a string literal in either kind of quotation marks.
    pub(super) fn string(&mut self) -> Result<String, Status> {
        let quote = self.next()?;
        let mut string = String::new();
        loop {
            match self.next()? {
                end if end == quote => return Ok(string),
                '\\' => string.push(self.escape(quote)?),
                '\0'..'\u{20}' => return Err(Status::InvalidQuery),
                itself => string.push(itself),
            }
        }
    }

    /// An escape whose backslash was just read.
    fn escape(&mut self, quote: char) -> Result<char, Status> {
        Ok(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            itself @ ('/' | '\\') => itself,
            itself if itself == quote => itself,
            'u' => {
                let unit = self.hex4()?;
                let point = if (0xd800..0xdc00).contains(&unit) && self.take_word("\\u") {
                    let low = self.hex4()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(Status::InvalidQuery);
                    }
                    0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    unit
                };
                char::from_u32(point).ok_or(Status::InvalidQuery)?
            }
            _ => return Err(Status::InvalidQuery),
        })
    }

    fn hex4(&mut self) -> Result<u32, Status> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | self.next()?.to_digit(16).ok_or(Status::InvalidQuery)?;
        }
        Ok(unit)
    }

    fn next(&mut self) -> Result<char, Status> {
        let mut chars = self.rest.chars();
        let char = chars.next().ok_or(Status::InvalidQuery)?;
        self.rest = chars.as_str();
        Ok(char)
    }
}
