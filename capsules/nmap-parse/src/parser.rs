//! The parser's state, and how bytes move: from the input to a sink.
//!
//! Input that is copied and input that is skipped take the same path, so that one loop does all
//! scanning. A sink is a region of the memory:
//!
//! | sink | bytes | when it is full |
//! |---|---|---|
//! | [`STREAM`] | JSON that can be written | is written to the output |
//! | [`VOID`] | what nobody wants | starts again |
//! | [`NAMES`] | names of the open elements, then of the current tag's attributes | the run fails |
//! | [`ARENA`] | JSON that waits for the end of its host or port | the run fails |
//!
//! A sink counts as full [`SLACK_BYTES`] before its end, and this is looked at only before a run of
//! bytes, before a text and before a character; none of them appends more than that.

use tenzik_sdk::{fail, input_read, output_write};

use crate::grammar::{Element, TABLE, TABLE_AT, TABLE_BYTES};
use crate::texts::{self, Text};

/// Bytes that one host call reads.
const CHUNK_BYTES: usize = 4096;
/// Bytes that stay before a new chunk, so that two bytes can be unread.
const HISTORY_BYTES: usize = 2;
/// A power of two with room for the history, a chunk and the zero that ends it.
const INPUT_BYTES: usize = 8192;

/// JSON that can be written.
pub const STREAM: usize = 0;
/// What nobody wants.
pub const VOID: usize = 1;
/// The names of the open elements, each followed by the element itself, then the names of the
/// attributes of the current tag.
pub const NAMES: usize = 2;
/// JSON that waits for the end of its host or port. Each piece begins with its element.
pub const ARENA: usize = 4;

/// A sink begins at its number shifted by this. [`NAMES`] and [`ARENA`] use the gap behind them.
const SINK_SHIFT: usize = 13;
/// A chunk, and what is appended besides before the next look.
const SLACK_BYTES: usize = CHUNK_BYTES + 256;
/// Where each sink counts as full, in units of 256 bytes.
const LIMITS: [u8; 8] = [
    ((8192 - SLACK_BYTES) >> 8) as u8,
    ((2 * 8192 - SLACK_BYTES) >> 8) as u8,
    ((4 * 8192 - SLACK_BYTES) >> 8) as u8,
    0,
    ((TABLE_AT - SLACK_BYTES) >> 8) as u8,
    0,
    0,
    0,
];

const MEMORY_BYTES: usize = 64 << 10;
/// Makes any number an index into the memory.
pub const MEMORY: usize = MEMORY_BYTES - 1;
/// Makes any number an index into the input buffer.
const INPUT: usize = INPUT_BYTES - 1;

/// The class of bytes that end a run of plain text or of a plain attribute value.
pub const SPECIAL: u8 = 1;
/// The class of bytes that end a run of plain name bytes.
pub const NAME_END: u8 = 2;
/// The class of all bytes.
const ANY: u8 = 4;

/// The state, with what is used most in front: small offsets make small code.
#[repr(C)]
pub struct Parser {
    /// The next byte in `input`.
    position: usize,
    /// The end of the chunk in `input`, where a zero stands.
    filled: usize,
    /// The offset in the report of the first byte of `input`.
    base: u64,
    /// The current sink.
    pub sink: usize,
    /// Where the current sink ends.
    pub end: usize,
    /// A bit for each element: whether it occurred in the current run, host or port.
    pub seen: u32,
    /// Whether the report is declared to be US-ASCII.
    pub ascii: bool,
    /// Where the name that was found last is in the memory, or its JSON key if it has another.
    pub key: usize,
    /// Where the other sinks end.
    pub ends: [usize; 8],
    /// Where the arena ended when the element began.
    pub bases: [usize; 32],
    classes: [u8; 256],
    input: [u8; INPUT_BYTES],
    /// The sinks, the table of names, and in the last byte the one that was written last.
    pub memory: [u8; MEMORY_BYTES],
}

impl Parser {
    pub const fn new() -> Parser {
        Parser {
            position: 0,
            filled: 0,
            base: 0,
            sink: STREAM,
            end: 0,
            seen: 0,
            ascii: false,
            key: 0,
            ends: [0; 8],
            bases: [0; 32],
            classes: [0; 256],
            input: [0; INPUT_BYTES],
            memory: [0; MEMORY_BYTES],
        }
    }

    /// Fills the tables.
    pub fn start(&mut self) {
        self.memory[TABLE_AT..][..TABLE_BYTES].copy_from_slice(&TABLE);
        self.classes.fill(ANY | SPECIAL | NAME_END);
        self.classes[0x20..0x80].fill(ANY);
        for byte in b"\\][<&>\"' /=?;" {
            self.classes[*byte as usize] = ANY | SPECIAL | NAME_END;
        }
    }

    /// Makes `sink` the current one and returns where it ends.
    #[inline(never)]
    pub fn to(&mut self, sink: usize) -> usize {
        self.ends[self.sink & 7] = self.end;
        self.sink = sink;
        // A sink that was not used yet ends at 0; for others its first bits are set already.
        self.end = self.ends[sink & 7] | sink << SINK_SHIFT;
        self.end
    }

    /// Appends one byte to the sink.
    #[inline(never)]
    pub fn put(&mut self, byte: char) {
        self.memory[self.end & MEMORY] = byte as u8;
        self.end += 1;
    }

    /// Makes the sink end at `end`.
    #[inline(never)]
    pub fn truncate(&mut self, end: usize) {
        self.end = end;
    }

    /// The byte at `index` of the memory.
    #[inline(never)]
    pub fn byte_at(&self, index: usize) -> char {
        char::from(self.memory[index & MEMORY])
    }

    /// Moves plain bytes from the input to the sink, up to the first one of a class in `mask`, and
    /// takes that one off the input; 0 at the end of the input.
    pub fn scan(&mut self, mask: u8) -> char {
        loop {
            if self.end >= usize::from(LIMITS[self.sink & 7]) << 8 {
                self.empty();
            }
            let mut end = self.end;
            let mut position = self.position;
            loop {
                let byte = self.input[position & INPUT];
                position += 1;
                if self.classes[byte as usize] & mask != 0 {
                    self.end = end;
                    self.position = position;
                    if byte == 0 && position > self.filled && self.read() {
                        break;
                    }
                    return char::from(byte);
                }
                self.memory[end & MEMORY] = byte;
                end += 1;
            }
        }
    }

    /// Takes the next byte off the input; 0 at its end.
    #[inline(never)]
    pub fn next(&mut self) -> char {
        let byte = self.input[self.position & INPUT];
        if byte == 0 {
            return self.scan(ANY);
        }
        self.position += 1;
        char::from(byte)
    }

    /// Puts the byte that was taken last back on the input.
    #[inline(never)]
    pub fn unread(&mut self) {
        self.position -= 1;
    }

    /// Takes the next byte off the input if it is `byte`.
    #[inline(never)]
    pub fn accept(&mut self, byte: char) -> bool {
        let accepted = self.next() == byte;
        if !accepted {
            self.unread();
        }
        accepted
    }

    /// Whether the end of the input was taken off it.
    pub fn at_end(&self) -> bool {
        self.position > self.filled
    }

    /// Reads the next chunk; false at the end of the input.
    fn read(&mut self) -> bool {
        self.base = self
            .base
            .wrapping_add(self.filled.wrapping_sub(HISTORY_BYTES) as i32 as u64);
        self.input[0] = self.input[CHUNK_BYTES];
        self.input[1] = self.input[CHUNK_BYTES + 1];
        let count = input_read(&mut self.input[HISTORY_BYTES..][..CHUNK_BYTES]);
        self.filled = HISTORY_BYTES + count;
        self.input[self.filled & INPUT] = 0;
        self.position = HISTORY_BYTES + usize::from(count == 0);
        count != 0
    }

    /// Makes room in the sink if it is full.
    #[inline(never)]
    pub fn make_room(&mut self) {
        if self.end >= usize::from(LIMITS[self.sink & 7]) << 8 {
            self.empty();
        }
    }

    /// Empties the sink, or fails if its bytes are still needed.
    #[inline(never)]
    pub fn empty(&mut self) {
        self.require(self.sink <= VOID, texts::LIMIT);
        if self.sink == STREAM {
            output_write(&self.memory[..self.end & MEMORY]);
            self.memory[MEMORY] = self.byte_at(self.end.wrapping_sub(1)) as u8;
        }
        self.end = self.sink << SINK_SHIFT;
    }

    /// Notes that `element` occurred.
    #[inline(never)]
    pub fn mark(&mut self, element: Element) {
        self.seen |= 1 << element as u32;
    }

    /// Whether `element` occurred.
    #[inline(never)]
    pub fn has(&self, element: Element) -> bool {
        self.seen & 1 << element as u32 != 0
    }

    /// Fails unless what was read so far is well-formed.
    #[inline(never)]
    pub fn well_formed(&mut self, ok: bool) {
        self.require(ok, texts::MARKUP);
    }

    /// Fails with `error` and the offset of the byte that was taken last, unless `ok`.
    #[inline(never)]
    pub fn require(&mut self, ok: bool, error: Text) {
        if !ok {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: Text) -> ! {
        let error = if self.at_end() {
            texts::TRUNCATED
        } else {
            error
        };
        self.to(STREAM);
        self.truncate(0);
        self.text(error, 0);
        self.text(texts::AT_BYTE, 0);
        self.decimal(self.base.wrapping_add(self.position as u64) - 1);
        fail(1, &self.memory[..self.end & MEMORY])
    }

    fn decimal(&mut self, number: u64) {
        if number >= 10 {
            self.decimal(number / 10);
        }
        self.put(char::from(b'0' + (number % 10) as u8));
    }
}
