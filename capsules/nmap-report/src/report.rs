//! The JSON of the report.

use crate::grammar::*;
use crate::parser::{ARENA, CHUNK_BYTES, NAMES, Parser, STREAM, Source, TEXTS_AT, VOID};
use crate::texts::{self, Text};

const fn bits<const N: usize>(elements: [Element; N]) -> u32 {
    let mut bits = 0;
    let mut index = 0;
    while index < N {
        bits |= 1 << elements[index] as u32;
        index += 1;
    }
    bits
}

/// Elements that are written as they are read. Each but the first is an item of the array that its
/// parent writes.
const STREAMED: u32 = bits([NMAPRUN, HOST, PORT, SCRIPT]);
/// Items of such an array.
const ITEMS: u32 = bits([HOST, PORT, SCRIPT]);
/// Elements whose attributes become keys of their parent's object.
const SCALARS: u32 = bits([FINISHED, HOSTS, STATUS, STATE, SERVICE]);
/// Numbers have at most 15 digits.
const NUMBER_LIMIT: u64 = 1_000_000_000_000_000;
/// Elements that are a JSON value of their own.
const VALUES: u32 = STREAMED | bits([ADDRESS, OSMATCH, CPE]);

impl<S: Source> Parser<S> {
    /// Begins the JSON of `element` and returns the sink for its attributes. That is the arena if
    /// an array was begun in the object to which they belong, and the void if the same element was
    /// there before.
    pub(crate) fn open(&mut self, element: Element) -> usize {
        let bit = 1 << element as u32;
        self.bases[element as usize & 31] = self.to(ARENA);
        self.to(STREAM);
        if ITEMS & bit != 0 {
            self.array(element);
            self.separator();
        }
        let mut sink = if (self.seen & STREAMED) >> element as u32 > 1 {
            ARENA
        } else {
            STREAM
        };
        if self.seen & SCALARS & bit != 0 {
            sink = VOID;
        }
        self.mark(element);
        self.to(sink);
        if sink == ARENA && element > DOCTYPE {
            self.put(element);
        }
        if VALUES & bit != 0 {
            self.put(if element == CPE { '"' } else { '{' });
        }
        sink
    }

    /// Ends the JSON of `element`, and with a streamed one what waited for that.
    pub(crate) fn close(&mut self, element: Element) {
        let base = self.bases[element as usize & 31];
        self.to(if element < NMAPRUN { ARENA } else { STREAM });
        self.text(Text::from(texts::ENDS[element as usize & 31]), base);
        if STREAMED >> element as u32 & 1 != 0 {
            self.ends[ARENA] = base as u16;
            self.seen &= (2 << element as u32) - 1;
        }
    }

    /// Reads an attribute value up to `quote`, and writes it to the sink `json` if `code` says so.
    pub(crate) fn value(&mut self, element: Element, code: char, json: usize, quote: char) {
        if element == DECLARATION {
            return self.declared(code, quote);
        }
        if code < TEXT {
            self.to(VOID);
            return self.characters(quote);
        }
        let mut number = None;
        if code as u32 & NUMBER_BIT != 0 {
            let start = self.to(NAMES);
            self.characters(quote);
            number = Some(self.number(start));
            self.truncate(start);
        }
        self.to(json);
        self.key_of(element);
        if let Some(number) = number {
            return self.decimal(number);
        }
        self.put('"');
        self.characters(quote);
        self.put('"');
    }

    /// The decimal number from `start` to the end of the sink.
    fn number(&mut self, start: usize) -> u64 {
        let mut number = 0u64;
        let mut at = start;
        self.require(at != usize::from(self.end), texts::NUMBER);
        loop {
            let digit = u64::from(self.byte_at(at) as u32).wrapping_sub('0' as u64);
            number = (number * 10).wrapping_add(digit);
            self.require(digit < 10 && number < NUMBER_LIMIT, texts::NUMBER);
            at += 1;
            if at == usize::from(self.end) {
                return number;
            }
        }
    }

    /// Appends the JSON key of the attribute that was found last; the name of a host has none.
    #[inline(never)]
    fn key_of(&mut self, element: Element) {
        self.separator();
        if element != HOSTNAME {
            self.put('"');
            self.append(self.key, self.end_of(self.key));
            self.put('"');
            self.put(':');
        }
    }

    /// Appends `text`. An item in it stands for the beginning of its array, another element for
    /// what it left in the arena from `base` on.
    pub(crate) fn text(&mut self, text: Text, base: usize) {
        self.make_room();
        let mut at = TEXTS_AT + text;
        loop {
            let stop = self.end_of(at);
            self.append(at, stop);
            let byte = self.byte_at(stop);
            at = stop + 1;
            if byte == UNKNOWN {
                return;
            } else if ITEMS >> byte as u32 & 1 != 0 {
                self.array(byte);
            } else {
                self.release(byte, base);
            }
        }
    }

    /// Appends what `element` left in the arena from `base` on, with commas between the pieces.
    fn release(&mut self, element: Element, base: usize) {
        let end = usize::from(self.ends[ARENA]);
        self.memory[end] = 0;
        let mut at = base;
        while at != end {
            let other = self.byte_at(at);
            let mut start = at + 1;
            at = self.end_of(start);
            if other == element && start != at {
                self.separator();
                while start != at {
                    self.make_room();
                    let stop = at.min(start + CHUNK_BYTES);
                    self.append(start, stop);
                    start = stop;
                }
            }
        }
    }

    /// Begins the array of `item`s unless that was done.
    fn array(&mut self, item: Element) {
        if self.seen & 1 << item as u32 == 0 {
            self.mark(item);
            self.separator();
            let text = match item {
                HOST => texts::HOSTS,
                PORT => texts::PORTS,
                _ => texts::SCRIPTS,
            };
            self.text(text, 0);
        }
    }

    /// Appends a comma unless an object, an array or a piece in the arena has just begun.
    fn separator(&mut self) {
        let last = self.byte_at(usize::from(self.end).wrapping_sub(1)) as u32;
        if last >= 0x20 && last | 0x20 != '{' as u32 {
            self.put(',');
        }
    }
}
