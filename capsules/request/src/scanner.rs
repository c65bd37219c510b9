//! JSON, byte by byte.

use crate::message::{Message, REQUEST};

/// Stands for the quote at the end of a text.
pub(crate) const END: u32 = u32::MAX;

/// A place in a JSON text.
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte behind white space, which stays the next one; 0 at the end.
    #[inline(never)]
    pub(crate) fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Takes the next byte; 0 at the end.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> u8 {
        let byte = self.text.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// Takes the byte behind white space, which has to be `byte`.
    pub(crate) fn expect(&mut self, byte: u8) {
        let found = self.peek();
        self.at += 1;
        self.require(found == byte);
    }

    /// What was scanned since `start`.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or(&[])
    }

    /// Ends the run unless what was read so far is JSON of the kind that requests have.
    #[inline(never)]
    pub(crate) fn require(&self, ok: bool) {
        if !ok {
            self.fail(b"not a JSON object of texts, whole numbers, booleans and lists of texts");
        }
    }

    /// Ends the run with the offset of the byte that was taken last.
    pub(crate) fn fail(&self, why: &[u8]) -> ! {
        let mut message = Message::new(b"the request is refused at byte ");
        message.number(self.at.saturating_sub(1));
        message.text(b": ");
        message.text(why);
        message.fail(REQUEST)
    }

    /// Takes a text with its quotes.
    #[inline(never)]
    pub(crate) fn string(&mut self) -> &'a [u8] {
        self.expect(b'"');
        let start = self.at - 1;
        while self.character() != END {}
        self.since(start)
    }

    /// Takes a character of a text, or the quote at its end.
    #[inline(never)]
    pub(crate) fn character(&mut self) -> u32 {
        let byte = self.next();
        match byte {
            b'"' => END,
            b'\\' => self.escape(),
            0x20..0x80 => u32::from(byte),
            _ => self.sequence(byte),
        }
    }

    /// Takes the rest of a UTF-8 sequence.
    fn sequence(&mut self, first: u8) -> u32 {
        let length = first.leading_ones();
        let mut code = u32::from(first) & (0x7f >> (length & 7));
        let mut rest = length;
        while rest > 1 {
            let byte = u32::from(self.next());
            self.require(byte >> 6 == 2);
            code = code << 6 | byte & 0x3f;
            rest -= 1;
        }
        // The code must need all these bytes: 8 bits for two, 12 for three, 17 for four.
        self.require(
            (2..5).contains(&length)
                && code >> (5 * length - 4) != 0
                && code >= 0x80
                && code >> 11 != 0x1b
                && code < 0x110000,
        );
        code
    }

    /// Takes the rest of an escape.
    fn escape(&mut self) -> u32 {
        let byte = self.next();
        let code = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => {
                self.require(byte == b'u');
                return self.code_point();
            }
        };
        u32::from(code)
    }

    /// Takes the digits of a `\u` escape, and the escape of the second half if it is a first one.
    fn code_point(&mut self) -> u32 {
        let unit = self.unit();
        if unit >> 11 != 0x1b {
            return unit;
        }
        let backslash = self.next();
        let letter = self.next();
        let low = self.unit();
        self.require(unit < 0xdc00 && backslash == b'\\' && letter == b'u' && low >> 10 == 0x37);
        0x10000 + ((unit & 0x3ff) << 10 | low & 0x3ff)
    }

    #[inline(never)]
    fn unit(&mut self) -> u32 {
        let mut unit = 0;
        let mut rest = 4;
        while rest > 0 {
            let digit = char::from(self.next()).to_digit(16);
            self.require(digit.is_some());
            unit = unit << 4 | digit.unwrap_or(0);
            rest -= 1;
        }
        unit
    }
}

/// The characters of the text `raw`, which is written with its quotes, as UTF-8 in `buffer`.
pub fn decode<'b>(raw: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let mut scanner = Scanner { text: raw, at: 1 };
    let mut end = 0;
    loop {
        let start = scanner.at;
        let code = scanner.character();
        if code == END {
            return buffer.get(..end).unwrap_or(&[]);
        }
        let mut utf8 = [0; 4];
        let written = scanner.since(start);
        let bytes = match written {
            // What was escaped, and nothing else begins with a backslash.
            [b'\\', ..] => char::from_u32(code)
                .unwrap_or_default()
                .encode_utf8(&mut utf8)
                .as_bytes(),
            _ => written,
        };
        for byte in bytes {
            match buffer.get_mut(end) {
                Some(slot) => *slot = *byte,
                None => scanner.fail(b"a text is too long"),
            }
            end += 1;
        }
    }
}
