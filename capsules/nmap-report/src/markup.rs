//! Markup: the document, tags, declarations, comments and processing instructions.

use crate::grammar::*;
use crate::parser::{ARENA, DIFFERENT, MEMORY, NAME_END, NAMES, Parser, STREAM, Source, VOID};
use crate::texts;

impl<S: Source> Parser<S> {
    /// Reads the report to its end.
    pub fn document(&mut self) {
        self.to(ARENA);
        self.to(NAMES);
        self.put(DOCUMENT);
        if self.accept('\u{ef}') {
            self.expect(b"\xbb\xbf");
        }
        loop {
            let top = self.to(NAMES);
            let context = self.byte_at(top - 1);
            self.to(if context == CPE { ARENA } else { VOID });
            let mut byte = '<';
            if context == DOCUMENT {
                let first = self.next();
                byte = self.skip_space(first);
                if byte != first {
                    self.mark(DECLARATION);
                }
                if self.at_end() && self.has(NMAPRUN) {
                    self.to(STREAM);
                    self.put('\n');
                    return self.empty();
                }
            } else {
                self.characters('<');
            }
            self.require(byte == '<', texts::OUTSIDE);
            match self.next() {
                '/' => self.end_tag(context),
                '?' => self.instruction(),
                '!' => self.declaration(context),
                _ => {
                    self.unread();
                    self.start_tag(context);
                }
            }
            // From here on an XML declaration comes too late.
            self.mark(DECLARATION);
        }
    }

    fn start_tag(&mut self, parent: Element) {
        let start = self.to(NAMES);
        let byte = self.name(start);
        let mut element = self.find(parent, start);
        if element > RUNSTATS {
            element = UNKNOWN;
        }
        if parent == DOCUMENT {
            self.require(element == NMAPRUN, texts::ROOT);
            self.require(!self.has(NMAPRUN), texts::OUTSIDE);
        }
        self.put(element);
        if self.attributes(element, '/', byte) {
            self.to(NAMES);
            self.truncate(start);
            self.close(element);
        }
    }

    /// Reads the rest of a tag, which `byte` begins, to its `>`, and returns whether `slash` stood
    /// before that.
    fn attributes(&mut self, element: Element, slash: char, mut byte: char) -> bool {
        let top = usize::from(self.end);
        let mut hashes = 0u64;
        let json = self.open(element);
        // An element that was there before says nothing new.
        let context = if json == VOID { UNKNOWN } else { element };
        let closed = loop {
            let end = byte;
            byte = self.skip_space(end);
            if byte == slash {
                byte = self.next();
                self.well_formed(byte == '>');
                break true;
            }
            if byte == '>' {
                break false;
            }
            if byte == end {
                self.malformed();
            }
            self.unread();
            let start = self.to(NAMES);
            byte = self.name(start);
            // Most names are new by their hash alone.
            let bit = 1 << (self.hash & 63);
            if hashes & bit != 0 {
                let mut at = top;
                while at != start {
                    self.require(self.same(at, start) == DIFFERENT, texts::DUPLICATE);
                    at = self.end_of(at) + 1;
                }
            }
            hashes |= bit;
            let code = self.find(context, start);
            self.put(KEY);
            byte = self.skip_space(byte);
            if byte != '=' {
                self.malformed();
            }
            byte = self.next();
            byte = self.skip_space(byte);
            self.quote(byte);
            self.value(element, code, json, byte);
            byte = self.next();
        };
        self.to(NAMES);
        self.truncate(top);
        closed
    }

    fn end_tag(&mut self, context: Element) {
        let top = self.to(NAMES);
        let byte = self.name(top);
        // The open name is as long, and before it stands an element.
        let open = (2 * top - 1).wrapping_sub(usize::from(self.end));
        let same = self.same(open, top) != DIFFERENT && self.byte_at(open.wrapping_sub(1)) < ' ';
        self.require(same, texts::MISMATCH);
        let byte = self.skip_space(byte);
        self.well_formed(byte == '>');
        self.truncate(open);
        self.close(context);
    }

    /// Reads a processing instruction or the XML declaration; its `<?` was read.
    fn instruction(&mut self) {
        let start = self.to(NAMES);
        let byte = self.name(start);
        if self.find_folded(DOCUMENT, start) == DECLARATION {
            self.require(!self.has(DECLARATION), texts::DECLARATION);
            let closed = self.attributes(DECLARATION, '?', byte);
            self.require(closed && self.has(VERSION), texts::DECLARATION);
            self.seen &= (1 << VERSION as u32) - 1;
            return;
        }
        self.to(VOID);
        let next = self.skip_space(byte);
        self.unread();
        if next == byte {
            return self.expect(b"?>");
        }
        loop {
            self.skip_to('?');
            if self.accept('>') {
                return;
            }
        }
    }

    /// Reads the value of an attribute of the XML declaration. `code` is the context of its known
    /// values; in the declaration these contexts must ascend.
    pub(crate) fn declared(&mut self, code: char, quote: char) {
        let start = self.to(NAMES);
        self.characters(quote);
        let known = self.find_folded(code, start);
        self.require(
            known != UNKNOWN && self.seen < 1 << code as u32,
            texts::DECLARATION,
        );
        self.mark(code);
        self.mark(known);
    }

    /// Reads a comment, a CDATA section or a document type declaration; its `<!` was read.
    fn declaration(&mut self, context: Element) {
        match self.next() {
            '-' => {
                let byte = self.next();
                self.well_formed(byte == '-');
                self.to(VOID);
                loop {
                    self.skip_to('-');
                    if self.accept('-') {
                        let byte = self.next();
                        return self.require(byte == '>', texts::COMMENT);
                    }
                }
            }
            '[' if context != DOCUMENT => {
                self.expect(b"CDATA[");
                self.characters(']');
            }
            byte => {
                self.well_formed(
                    byte == 'D' && self.seen & (1 << NMAPRUN as u32 | 1 << DOCTYPE as u32) == 0,
                );
                self.expect(b"OCTYPE");
                self.mark(DOCTYPE);
                self.doctype();
            }
        }
    }

    fn doctype(&mut self) {
        // What comes next: 4 the name, 3 a keyword or nothing, 2 and 1 that many literals, 0 nothing.
        let mut rest = 4;
        let mut byte = self.next();
        loop {
            let end = byte;
            byte = self.skip_space(end);
            self.require(byte != '[', texts::SUBSET);
            if byte == '>' {
                return self.well_formed(rest % 3 == 0);
            }
            self.well_formed(byte != end && rest != 0);
            if rest < 3 {
                self.to(VOID);
                self.quote(byte);
                self.skip_to(byte);
                byte = self.next();
                rest -= 1;
            } else {
                self.unread();
                let start = self.to(NAMES);
                byte = self.name(start);
                self.truncate(start);
                rest = if rest == 4 {
                    3
                } else {
                    self.find(DOCTYPE, start) as u32
                };
                self.well_formed(rest != 0);
            }
        }
    }

    /// Appends a name to the names, which end at `start`, and returns the byte after it. The memory
    /// has a [`NAME_STOP`] behind the name.
    pub(crate) fn name(&mut self, start: usize) -> char {
        loop {
            let byte = self.scan(NAME_END);
            if byte < '\u{80}' {
                if start == usize::from(self.end) {
                    self.malformed();
                }
                self.hash(start);
                return byte;
            }
            self.literal(byte);
        }
    }

    /// Ends the name at `start` of the memory with a [`NAME_STOP`], and notes its hash.
    fn hash(&mut self, start: usize) {
        let end = usize::from(self.end);
        self.memory[end] = NAME_STOP as u8;
        self.hash = hash(
            self.memory[start & MEMORY],
            self.memory[(end - 1) & MEMORY],
            end - start,
        );
    }

    /// The code in `context` of the name at `start` of the memory, whose hash was noted last.
    pub(crate) fn find(&mut self, context: Element, start: usize) -> char {
        self.key = place(context, self.hash);
        let end = self.same(self.key, start);
        let code = self.byte_at(end);
        if code >= TEXT_AS {
            self.key = end + 1;
        }
        code
    }

    /// Where the name at `at` of the memory ends if it is the one at `start`, else [`DIFFERENT`].
    #[inline(never)]
    fn same(&self, at: usize, start: usize) -> usize {
        let mut at = at;
        let mut start = start;
        loop {
            let byte = self.memory[at & MEMORY];
            let other = self.memory[start & MEMORY];
            if byte != other {
                return if byte < 0x20 && other < 0x20 {
                    at
                } else {
                    DIFFERENT
                };
            }
            at += 1;
            start += 1;
        }
    }

    /// Where the first byte below 0x20 is in the memory from `at` on.
    #[inline(never)]
    pub(crate) fn end_of(&self, at: usize) -> usize {
        let mut at = at;
        while self.memory[at & MEMORY] >= 0x20 {
            at += 1;
        }
        at
    }

    /// Like [`find`](Parser::find) without regard to the case of letters; the names end before the
    /// name then.
    fn find_folded(&mut self, context: Element, start: usize) -> char {
        let mut at = usize::from(self.end);
        while at > start {
            at -= 1;
            self.memory[at & MEMORY] |= 0x20;
        }
        self.hash(start);
        self.truncate(start);
        self.find(context, start)
    }

    /// The first byte from `byte` on that is not white space.
    #[inline(never)]
    fn skip_space(&mut self, byte: char) -> char {
        let mut byte = byte;
        while matches!(byte, ' ' | '\t' | '\n' | '\r') {
            byte = self.next();
        }
        byte
    }

    /// Moves characters to the sink up to `end` and takes that off the input.
    #[inline(never)]
    fn skip_to(&mut self, end: char) {
        loop {
            let byte = self.next();
            if byte == end {
                return;
            }
            self.literal(byte);
        }
    }

    #[inline(never)]
    fn quote(&mut self, byte: char) {
        if byte != '"' && byte != '\'' {
            self.malformed();
        }
    }

    fn expect(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let other = self.next();
            self.well_formed(other == char::from(*byte));
        }
    }
}
