//! Tokens of an expression, one at a time.

use super::fault::{Fault, Faulty, SYNTAX, shown};

/// A token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// The end of the text.
    End,
    /// Decimal or hexadecimal digits.
    Int(&'t str),
    /// Digits, without the `u`.
    Uint(&'t str),
    /// A number with a point or an exponent.
    Double(&'t str),
    /// A string or bytes between quotes.
    Quoted(Quoted<'t>),
    /// A name, also a reserved one.
    Name(&'t str),
    /// A name between backticks.
    EscapedName(&'t str),
    /// An operator or a bracket.
    Mark(&'static str),
}

/// A string or bytes between quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quoted<'t> {
    /// What lies between the quotes.
    pub body: &'t str,
    /// Its first byte in the text.
    pub body_at: usize,
    /// Whether a backslash stands for itself.
    pub is_raw: bool,
    /// Whether they are bytes.
    pub is_bytes: bool,
}

impl Token<'_> {
    /// How messages name it.
    pub fn shown(&self) -> String {
        match self {
            Token::End => "the end".to_owned(),
            Token::Int(text) | Token::Uint(text) | Token::Double(text) => {
                format!("the number {}", shown(text))
            }
            Token::Quoted(Quoted { is_bytes: true, .. }) => "bytes".to_owned(),
            Token::Quoted(_) => "a string".to_owned(),
            Token::Name(name) | Token::EscapedName(name) => format!("`{}`", shown(name)),
            Token::Mark(mark) => format!("`{mark}`"),
        }
    }
}

/// Two characters first: the longest mark wins.
const MARKS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", "-", "+", "*", "/",
    "%", "?", ":", "!", "<", ">",
];

/// Reads tokens of a text.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// Reads `text` from its byte `at` on.
    pub fn new(text: &'t str, at: usize) -> Lexer<'t> {
        Lexer { text, at }
    }

    /// The next token and its first byte.
    ///
    /// # Errors
    /// Characters that begin no token, and quotes that do not end.
    pub fn next(&mut self) -> Faulty<(usize, Token<'t>)> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.bytes().next() else {
            return Ok((start, Token::End));
        };
        let token = match first {
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number(),
            b'"' | b'\'' => self.quoted(0)?,
            b'`' => self.escaped_name()?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => match self.prefix() {
                Some(prefix) => self.quoted(prefix)?,
                None => Token::Name(self.take(name_len(rest))),
            },
            _ => self.mark()?,
        };
        Ok((start, token))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn take(&mut self, len: usize) -> &'t str {
        let taken = self.rest().get(..len).unwrap_or("");
        self.at += taken.len();
        taken
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') => self.at += 1,
                Some(b'/') if self.byte(1) == Some(b'/') => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    fn mark(&mut self) -> Faulty<Token<'t>> {
        let rest = self.rest();
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            self.at += mark.len();
            return Ok(Token::Mark(mark));
        }
        let found: String = rest.chars().take(1).collect();
        let remedy = match found.as_str() {
            "=" => "compare with ==",
            "&" => "write && for and",
            "|" => "write || for or",
            "$" => "write names without $, such as vars.x",
            _ => "remove it, or put text between quotes",
        };
        Err(Fault::new(
            position(self.at),
            SYNTAX,
            format!("`{}` begins nothing in an expression", shown(&found)),
            remedy,
        ))
    }

    fn number(&mut self) -> Token<'t> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            let tail = bytes.get(from..).unwrap_or(&[]);
            tail.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let is = |at: usize, either: &[u8]| bytes.get(at).is_some_and(|byte| either.contains(byte));
        if is(0, b"0") && is(1, b"xX") {
            let tail = bytes.get(2..).unwrap_or(&[]);
            let len = 2 + tail
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
            return self.integer(len);
        }
        let mut len = digits(0);
        let mut is_double = false;
        if is(len, b".") && digits(len + 1) > 0 {
            len += 1 + digits(len + 1);
            is_double = true;
        }
        if is(len, b"eE") {
            let sign = usize::from(is(len + 1, b"+-"));
            let exponent = digits(len + 1 + sign);
            if exponent > 0 {
                len += 1 + sign + exponent;
                is_double = true;
            }
        }
        if is_double {
            Token::Double(self.take(len))
        } else {
            self.integer(len)
        }
    }

    fn integer(&mut self, len: usize) -> Token<'t> {
        let text = self.take(len);
        if matches!(self.byte(0), Some(b'u' | b'U')) {
            self.at += 1;
            return Token::Uint(text);
        }
        Token::Int(text)
    }

    /// The length of `r`, `b` or both in front of a quote.
    fn prefix(&self) -> Option<usize> {
        let is_quote = |ahead| matches!(self.byte(ahead), Some(b'"' | b'\''));
        let is_raw = |ahead| matches!(self.byte(ahead), Some(b'r' | b'R'));
        let is_bytes = |ahead| matches!(self.byte(ahead), Some(b'b' | b'B'));
        if (is_raw(0) || is_bytes(0)) && is_quote(1) {
            return Some(1);
        }
        let both = (is_raw(0) && is_bytes(1)) || (is_bytes(0) && is_raw(1));
        (both && is_quote(2)).then_some(2)
    }

    fn quoted(&mut self, prefix: usize) -> Faulty<Token<'t>> {
        let start = self.at;
        let prefix = self.take(prefix);
        let is_raw = prefix.contains(['r', 'R']);
        let is_bytes = prefix.contains(['b', 'B']);
        let quote = if self.byte(0) == Some(b'"') {
            '"'
        } else {
            '\''
        };
        let triple = if quote == '"' { "\"\"\"" } else { "'''" };
        let is_triple = self.rest().starts_with(triple);
        let end = if is_triple { triple } else { &triple[..1] };
        self.at += end.len();
        let body_at = self.at;
        while let Some(byte) = self.byte(0) {
            if self.rest().starts_with(end) {
                let body = self.text.get(body_at..self.at).unwrap_or("");
                self.at += end.len();
                return Ok(Token::Quoted(Quoted {
                    body,
                    body_at,
                    is_raw,
                    is_bytes,
                }));
            }
            match byte {
                b'\\' if !is_raw => self.at += 1 + usize::from(self.byte(1).is_some()),
                b'\n' | b'\r' if !is_triple => break,
                _ => self.at += 1,
            }
            while !self.text.is_char_boundary(self.at) {
                self.at += 1;
            }
        }
        Err(Fault::new(
            position(start),
            SYNTAX,
            format!("the string that begins here has no closing {end}"),
            format!("add {end}; a string over several lines stands between {triple}"),
        ))
    }

    fn escaped_name(&mut self) -> Faulty<Token<'t>> {
        let start = self.at;
        self.at += 1;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/ ".contains(&byte);
        let len = self
            .rest()
            .bytes()
            .take_while(|byte| is_part(*byte))
            .count();
        let name = self.take(len);
        if name.is_empty() || self.byte(0) != Some(b'`') {
            return Err(Fault::new(
                position(start),
                SYNTAX,
                "a name between backticks has letters, digits and _ . - / and blanks, and ends with a backtick",
                "use [\"…\"] for keys with other characters",
            ));
        }
        self.at += 1;
        Ok(Token::EscapedName(name))
    }
}

/// Bytes of the name that a text begins with.
fn name_len(text: &str) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.bytes().take_while(|byte| is_part(byte)).count()
}

/// A byte of an expression as nodes keep it.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
