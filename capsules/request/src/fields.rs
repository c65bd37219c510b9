//! The fields of a request.

use tenzik_sdk::input_read;

use crate::message::{Message, REQUEST};
use crate::scanner::Scanner;

/// The value may be a text.
pub const TEXT: u8 = 1;
/// The value may be a whole number of at most nine digits.
pub const NUMBER: u8 = 2;
/// The value may be `true` or `false`.
pub const FLAG: u8 = 4;
/// The value may be a list of at least one text.
pub const LIST: u8 = 8;
/// The key has to be there.
pub const REQUIRED: u8 = 16;

/// A key that a request may have, and which values.
#[derive(Clone, Copy, Debug)]
pub struct Field(pub &'static str, pub u8);

/// Reads the whole input as a request.
pub fn read(buffer: &mut [u8]) -> &[u8] {
    let size = buffer.len();
    let count = input_read(buffer);
    // A full buffer may be all or a part; no request needs the last byte.
    if count == size {
        let mut message = Message::new(b"the request is longer than ");
        message.number(size - 1);
        message.text(b" bytes");
        message.fail(REQUEST);
    }
    buffer.get(..count).unwrap_or(&[])
}

/// The values of the request `text` as they are written, in the order of `table`; an empty one is
/// not there. Ends the run unless they are as `table` says.
pub fn fields<'a, const N: usize>(text: &'a [u8], table: &[Field; N]) -> [&'a [u8]; N] {
    let mut values: [&[u8]; N] = [&[]; N];
    object(text, table, &mut values);
    values
}

/// The texts in the list `raw`, with the commas between them.
pub fn items(raw: &[u8]) -> &[u8] {
    raw.get(1..raw.len().saturating_sub(1)).unwrap_or(&[])
}

#[inline(never)]
fn object<'a>(text: &'a [u8], table: &[Field], values: &mut [&'a [u8]]) {
    let mut scanner = Scanner { text, at: 0 };
    scanner.expect(b'{');
    let mut more = scanner.peek() != b'}';
    while more {
        let key = items(scanner.string());
        scanner.expect(b':');
        let found = table.iter().zip(values.iter_mut());
        let mut found = found.filter(|(field, _)| field.0.as_bytes() == key);
        let Some((field, value)) = found.next() else {
            scanner.fail(b"a key is unknown");
        };
        if !value.is_empty() {
            scanner.fail(b"a key stands there twice");
        }
        let first = scanner.peek();
        let start = scanner.at;
        let kind = scanner.value(first);
        if field.1 & kind == 0 {
            scanner.fail(b"a value is of another type");
        }
        *value = scanner.since(start);
        more = scanner.peek() == b',';
        scanner.at += usize::from(more);
    }
    scanner.expect(b'}');
    let end = scanner.peek();
    scanner.require(end == 0 && scanner.at == text.len());
    for (field, value) in table.iter().zip(values) {
        if field.1 & REQUIRED != 0 && value.is_empty() {
            let mut message = Message::new(b"the request lacks the key ");
            message.text(field.0.as_bytes());
            message.fail(REQUEST);
        }
    }
}

impl Scanner<'_> {
    /// Takes a value that begins with `first` and returns its kind.
    fn value(&mut self, first: u8) -> u8 {
        match first {
            b'"' => {
                self.string();
                TEXT
            }
            b'[' => {
                self.at += 1;
                self.string();
                while self.peek() == b',' {
                    self.at += 1;
                    self.string();
                }
                self.expect(b']');
                LIST
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => {
                let start = self.at;
                while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
                    self.at += 1;
                }
                let digits = self.at - start;
                self.require(digits == 1 || first != b'0' && (1..10).contains(&digits));
                NUMBER
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> u8 {
        for byte in word {
            let next = self.next();
            self.require(next == *byte);
        }
        FLAG
    }
}
