//! Characters: UTF-8, references, line ends and JSON escapes.

use crate::grammar::{ASCII, ENTITY, ENTITY_SHIFT, NAME_STOP, UNKNOWN};
use crate::parser::{NAMES, Parser, SPECIAL, Source};
use crate::texts;

impl<S: Source> Parser<S> {
    /// Moves characters to the sink, as the inside of a JSON string, up to `end`: the quote that
    /// closes an attribute value, `<` for text, `]` for a CDATA section.
    #[inline(never)]
    pub(crate) fn characters(&mut self, end: char) {
        let attribute = end < '<';
        loop {
            let mut byte = self.scan(SPECIAL);
            if byte == ']' {
                if !attribute {
                    if self.next() == ']' {
                        let third = self.next();
                        if third == '>' {
                            return self.require(end == ']', texts::TEXT_END);
                        }
                        // The end of the input cannot be unread together with another byte.
                        self.require(third != UNKNOWN, texts::CHARACTER);
                        self.unread();
                    }
                    self.unread();
                }
            } else if byte == end {
                return;
            } else if byte == '&' && end != ']' {
                let code = self.reference();
                self.emit(code);
                continue;
            } else {
                if byte == '\r' {
                    self.accept('\n');
                    byte = '\n';
                }
                if attribute {
                    self.require(byte != '<', texts::LESS);
                    if byte == '\n' || byte == '\t' {
                        byte = ' ';
                    }
                }
            }
            self.literal(byte);
        }
    }

    /// Moves the character that begins with `byte` to the sink.
    pub(crate) fn literal(&mut self, byte: char) {
        self.make_room();
        let mut code = byte as u32;
        if code >= 0x80 {
            self.require(!self.has(ASCII), texts::CHARACTER);
            let length = (byte as u8).leading_ones();
            code &= 0x7f >> length;
            let mut rest = length;
            while rest > 1 {
                let byte = self.next() as u32;
                self.require(byte >> 6 == 2, texts::UTF8);
                code = code << 6 | byte & 0x3f;
                rest -= 1;
            }
            // The code must need all these bytes: 8 bits for two, 12 for three, 17 for four.
            self.require(
                length <= 4 && code >= 0x80 && code >> (5 * length - 4) != 0,
                texts::UTF8,
            );
        }
        self.emit(code);
    }

    /// The character that a reference stands for; its `&` was read.
    fn reference(&mut self) -> u32 {
        let sink = self.sink;
        let start = self.to(NAMES);
        let end = self.name(start);
        self.require(end == ';', texts::REFERENCE);
        let mut code = 0;
        if self.byte_at(start) == '#' {
            let mut at = start + 1;
            let mut radix = 10;
            if self.byte_at(at) == 'x' {
                at += 1;
                radix = 16;
            }
            while let Some(digit) = self.byte_at(at).to_digit(radix) {
                code = code * radix + digit;
                self.require(code < 0x110000, texts::CHARACTER);
                at += 1;
            }
            if self.byte_at(at) != NAME_STOP {
                code = 0;
            }
        } else {
            code = self.find(ENTITY, start) as u32;
            if code != 0 {
                code += ENTITY_SHIFT;
            }
        }
        self.require(code != 0, texts::REFERENCE);
        self.truncate(start);
        self.to(sink);
        code
    }

    /// Appends a character if XML allows it: UTF-8, with JSON escapes. The only control characters
    /// in XML are the three that have short escapes.
    fn emit(&mut self, code: u32) {
        let mut byte = code;
        if code < 0x80 {
            if code < 0x20 {
                byte = u32::from(*b"tn\0\0r".get(code.wrapping_sub(9) as usize).unwrap_or(&0));
            }
            if byte != code || code == '"' as u32 || code == '\\' as u32 {
                self.put('\\');
            }
            self.require(byte != 0, texts::CHARACTER);
        } else {
            self.require(
                !matches!(code, 0xd800..0xe000 | 0xfffe | 0xffff | 0x110000..),
                texts::CHARACTER,
            );
            self.lead(code >> 6, 0x20, 0xc0);
            byte = 0x80 | code & 0x3f;
        }
        self.put(char::from(byte as u8));
    }

    /// Appends all bytes of a UTF-8 sequence but its last one: `code` in a lead byte with `mark` if
    /// it is below `limit`, else in one byte more.
    fn lead(&mut self, code: u32, limit: u32, mark: u32) {
        let mut byte = mark | code;
        if code >= limit {
            self.lead(code >> 6, limit >> 1, mark >> 1 | 0x80);
            byte = 0x80 | code & 0x3f;
        }
        self.put(char::from(byte as u8));
    }
}
