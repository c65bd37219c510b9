//! The parser's state, and how bytes move: from the input to a sink.
//!
//! Input that is copied and input that is skipped take the same path, so that one loop does all
//! scanning; what it found is appended to the sink by words. A sink is a region of the memory:
//!
//! | sink | bytes | when it is full |
//! |---|---|---|
//! | [`STREAM`] | JSON that can be written | is written to the output |
//! | [`VOID`] | what nobody wants; runs of bytes are not even moved there | starts again |
//! | [`NAMES`] | names of the open elements, then of the current tag's attributes | the run fails |
//! | [`ARENA`] | JSON that waits for the end of its host or port | the run fails |
//!
//! A sink counts as full [`SLACK_BYTES`] before its end, and this is looked at only before a run of
//! bytes, before a text and before a character; none of them appends more than that.

use tenzik_sdk::output_write;

use crate::grammar::{Element, TABLE, TABLE_BYTES};
use crate::texts::{self, TEXTS, TEXTS_BYTES, Text};

/// Bytes that one host call reads.
pub const CHUNK_BYTES: usize = 4096;
/// Where in the memory chunks are.
const INPUT_AT: usize = 0x2800;
/// Where in the memory the table of names is.
pub const TABLE_AT: usize = 0x2200;
/// Stands for no place of a name; a zero is there.
pub const DIFFERENT: usize = TABLE_AT;
/// Where in the memory the texts are.
pub const TEXTS_AT: usize = TABLE_AT + TABLE_BYTES;

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
/// Where the arena ends.
const ARENA_END: usize = 0xfe00;
/// A chunk, and what is appended besides before the next look.
const SLACK_BYTES: usize = CHUNK_BYTES + 256;
/// Where each sink counts as full, in units of 256 bytes.
const LIMITS: [u8; 8] = [
    ((8192 - SLACK_BYTES) >> 8) as u8,
    (TABLE_AT >> 8) as u8 - 1,
    ((4 * 8192 - SLACK_BYTES) >> 8) as u8,
    0,
    ((ARENA_END - SLACK_BYTES) >> 8) as u8,
    0,
    0,
    0,
];

const MEMORY_BYTES: usize = 64 << 10;
/// Makes any number an index into the memory.
pub const MEMORY: usize = MEMORY_BYTES - 1;
/// Bytes are moved by words, so that behind the memory one must be left.
const WORD_BYTES: usize = 8;

/// The highest class of the bytes that end a run of plain text or of a plain attribute value.
pub const SPECIAL: u8 = 6;
/// The highest class of the bytes that end a run of plain name bytes.
pub const NAME_END: u8 = 13;

const TABLES_BYTES: usize = TABLE_BYTES + TEXTS_BYTES;
/// The table of names and the texts.
static TABLES: [u8; TABLES_BYTES] = {
    let mut bytes = [0; TABLES_BYTES];
    let (table, texts) = bytes.split_at_mut(TABLE_BYTES);
    table.copy_from_slice(&TABLE);
    texts.copy_from_slice(&TEXTS);
    bytes
};

/// Where a report comes from.
pub trait Source {
    /// Fills `buffer` and returns how many bytes were written: all of it unless the report ends before.
    fn read(&mut self, buffer: &mut [u8]) -> usize;

    /// Ends the run because the report is not one; `message` says why and where.
    fn fail(&mut self, message: &[u8]) -> !;
}

/// The state, with what is used most in front: small offsets make small code.
#[repr(C)]
pub struct Parser<S> {
    /// Where in the memory the next byte of the input is.
    position: u16,
    /// Where in the memory the chunk ends and a zero stands.
    filled: u16,
    /// What to add to a place in the chunk for the offset in the report.
    base: u64,
    /// The current sink.
    pub(crate) sink: usize,
    /// Where the current sink ends. A place of 16 bits is in the memory without a check.
    pub(crate) end: u16,
    /// A bit for each element: whether it occurred in the current run, host or port.
    pub(crate) seen: u32,
    /// Where the name that was found last is in the memory, or its JSON key if it has another.
    pub(crate) key: usize,
    /// The hash of the name that was read last.
    pub(crate) hash: usize,
    /// Where the other sinks end.
    pub(crate) ends: [u16; 8],
    /// Where the arena ended when the element began.
    pub(crate) bases: [usize; 32],
    /// For each byte the class of the runs that it ends: all up to [`SPECIAL`], those of names up to
    /// [`NAME_END`], else none.
    classes: [u8; 256],
    /// The sinks, the tables, the chunk, and in the last byte the one that was written last.
    pub(crate) memory: [u8; MEMORY_BYTES + WORD_BYTES],
    /// What is read.
    pub source: S,
}

impl<S> Parser<S> {
    /// A parser of the report in `source`.
    pub const fn new(source: S) -> Parser<S> {
        Parser {
            position: 0,
            filled: 0,
            base: 0,
            sink: STREAM,
            end: 0,
            seen: 0,
            key: 0,
            hash: 0,
            ends: [0; 8],
            bases: [0; 32],
            classes: [0; 256],
            memory: [0; MEMORY_BYTES + WORD_BYTES],
            source,
        }
    }
}

impl<S: Source> Parser<S> {
    /// Fills the tables.
    pub fn start(&mut self) {
        self.memory[TABLE_AT..][..TABLES_BYTES].copy_from_slice(&TABLES);
        self.classes[0x20..0x80].fill(u8::MAX);
        let mut class = 0;
        for byte in b"\\]<&\"'[> /=?;" {
            class += 1;
            self.classes[*byte as usize] = class;
        }
    }

    /// Makes `sink` the current one and returns where it ends.
    #[inline(never)]
    pub(crate) fn to(&mut self, sink: usize) -> usize {
        self.ends[self.sink & 7] = self.end;
        self.sink = sink;
        // A sink that was not used yet ends at 0; for others its first bits are set already.
        let end = usize::from(self.ends[sink & 7]) | sink << SINK_SHIFT;
        self.end = end as u16;
        end
    }

    /// Appends one byte to the sink.
    #[inline(never)]
    pub(crate) fn put(&mut self, byte: char) {
        self.memory[usize::from(self.end)] = byte as u8;
        self.end += 1;
    }

    /// Makes the sink end at `end`.
    #[inline(never)]
    pub(crate) fn truncate(&mut self, end: usize) {
        self.end = end as u16;
    }

    /// The byte at `index` of the memory.
    #[inline(never)]
    pub(crate) fn byte_at(&self, index: usize) -> char {
        char::from(self.memory[index & MEMORY])
    }

    /// Appends the bytes of the memory from `start` up to `stop` to the sink, and maybe garbage
    /// behind its end.
    #[inline(never)]
    pub(crate) fn append(&mut self, start: usize, stop: usize) {
        if self.sink == VOID {
            return;
        }
        let mut from = start;
        let mut to = usize::from(self.end);
        self.end = (to + stop - start) as u16;
        while from < stop {
            let word: [u8; WORD_BYTES] = *self.memory[from & MEMORY..]
                .first_chunk()
                .unwrap_or(&[0; WORD_BYTES]);
            if let Some(to) = self.memory[to & MEMORY..].first_chunk_mut::<WORD_BYTES>() {
                *to = word;
            }
            from += WORD_BYTES;
            to += WORD_BYTES;
        }
    }

    /// Moves plain bytes from the input to the sink, up to the first one whose class is at most
    /// `class`, and takes that one off the input; 0 at the end of the input.
    pub(crate) fn scan(&mut self, class: u8) -> char {
        loop {
            self.make_room();
            let start = usize::from(self.position);
            let mut position = start;
            let mut byte;
            loop {
                byte = self.memory[position & MEMORY];
                position += 1;
                if self.classes[byte as usize] <= class {
                    break;
                }
            }
            self.position = position as u16;
            self.append(start, position - 1);
            if byte != 0 || !self.more() {
                return char::from(byte);
            }
        }
    }

    /// Takes the next byte off the input; 0 at its end.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> char {
        loop {
            let byte = self.memory[usize::from(self.position)];
            self.position += 1;
            if byte != 0 || !self.more() {
                return char::from(byte);
            }
        }
    }

    /// Whether the zero that was taken off the input is the end of a chunk, and there is another.
    #[inline(never)]
    fn more(&mut self) -> bool {
        self.at_end() && self.read()
    }

    /// Puts the byte that was taken last back on the input.
    #[inline(never)]
    pub(crate) fn unread(&mut self) {
        self.position -= 1;
    }

    /// Takes the next byte off the input if it is `byte`.
    #[inline(never)]
    pub(crate) fn accept(&mut self, byte: char) -> bool {
        let accepted = self.next() == byte;
        if !accepted {
            self.unread();
        }
        accepted
    }

    /// Whether the end of the input was taken off it.
    pub(crate) fn at_end(&self) -> bool {
        self.position > self.filled
    }

    /// Reads the next chunk; false at the end of the input.
    fn read(&mut self) -> bool {
        self.base = self
            .base
            .wrapping_add(u64::from(self.filled))
            .wrapping_sub(INPUT_AT as u64);
        self.memory[INPUT_AT - 2] = self.memory[INPUT_AT + CHUNK_BYTES - 2];
        self.memory[INPUT_AT - 1] = self.memory[INPUT_AT + CHUNK_BYTES - 1];
        let count = self
            .source
            .read(&mut self.memory[INPUT_AT..][..CHUNK_BYTES]);
        self.filled = (INPUT_AT + count) as u16;
        self.memory[usize::from(self.filled)] = 0;
        self.position = INPUT_AT as u16 + u16::from(count == 0);
        count != 0
    }

    /// Makes room in the sink if it is full.
    #[inline(never)]
    pub(crate) fn make_room(&mut self) {
        if usize::from(self.end) >= usize::from(LIMITS[self.sink & 7]) << 8 {
            self.empty();
        }
    }

    /// Empties the sink, or fails if its bytes are still needed.
    #[inline(never)]
    pub(crate) fn empty(&mut self) {
        self.require(self.sink <= VOID, texts::LIMIT);
        if self.sink == STREAM {
            output_write(&self.memory[..usize::from(self.end)]);
            self.memory[MEMORY] = self.byte_at(usize::from(self.end).wrapping_sub(1)) as u8;
        }
        self.end = (self.sink << SINK_SHIFT) as u16;
    }

    /// Notes that `element` occurred.
    #[inline(never)]
    pub(crate) fn mark(&mut self, element: Element) {
        self.seen |= 1 << element as u32;
    }

    /// Whether `element` occurred.
    #[inline(never)]
    pub(crate) fn has(&self, element: Element) -> bool {
        self.seen & 1 << element as u32 != 0
    }

    /// Fails because what was read so far is not well-formed; where each name comes by, this behind
    /// a branch is faster than [`well_formed`](Parser::well_formed).
    #[inline(always)]
    pub(crate) fn malformed(&mut self) {
        self.require(false, texts::MARKUP);
    }

    /// Fails unless what was read so far is well-formed.
    #[inline(always)]
    pub(crate) fn well_formed(&mut self, ok: bool) {
        self.require(ok, texts::MARKUP);
    }

    /// Fails with `error` and the offset of the byte that was taken last, unless `ok`.
    #[inline(never)]
    pub(crate) fn require(&mut self, ok: bool, error: Text) {
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
        self.source.fail(&self.memory[..usize::from(self.end)])
    }

    /// Appends `number` in decimal.
    pub(crate) fn decimal(&mut self, number: u64) {
        if number >= 10 {
            self.decimal(number / 10);
        }
        self.put(char::from(b'0' + (number % 10) as u8));
    }
}
