//! Markup: the document, tags, declarations, comments and processing instructions.

use crate::characters::is_space;
use crate::grammar::*;
use crate::parser::{ARENA, MEMORY, NAME_END, NAMES, Parser, STREAM, VOID};
use crate::texts;

impl Parser {
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
                byte = self.next();
                if self.at_end() && self.has(NMAPRUN) {
                    self.to(STREAM);
                    self.put('\n');
                    return self.empty();
                }
            } else {
                self.characters('<');
            }
            if byte == '<' {
                match self.next() {
                    '/' => self.end_tag(context),
                    '?' => self.instruction(),
                    '!' => self.declaration(context),
                    _ => {
                        self.unread();
                        self.start_tag(context);
                    }
                }
            } else {
                self.require(is_space(byte), texts::OUTSIDE);
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
        let top = self.end;
        let json = self.open(element);
        // An element that was there before says nothing new.
        let context = if json == VOID { UNKNOWN } else { element };
        let closed = loop {
            let spaced = is_space(byte);
            byte = self.skip_space(byte);
            if byte == slash {
                byte = self.next();
                self.well_formed(byte == '>');
                break true;
            }
            if byte == '>' {
                break false;
            }
            self.well_formed(spaced);
            self.unread();
            let start = self.to(NAMES);
            byte = self.name(start);
            self.put(KEY);
            // Among the names of this tag the first equal one must be the new one.
            self.find_from(top, start);
            self.require(self.key == start, texts::DUPLICATE);
            let code = self.find(context, start);
            byte = self.skip_space(byte);
            self.well_formed(byte == '=');
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
        let mut at = self.end;
        let mut open = top - 1;
        // Both names are compared from their ends; before the open one stands an element.
        loop {
            at -= 1;
            open -= 1;
            let other = self.byte_at(open);
            if at < top {
                self.require(other < ' ', texts::MISMATCH);
                break;
            }
            self.require(other == self.byte_at(at), texts::MISMATCH);
        }
        let byte = self.skip_space(byte);
        self.well_formed(byte == '>');
        self.truncate(open + 1);
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
        if !is_space(byte) {
            self.unread();
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
    pub fn declared(&mut self, code: char, quote: char) {
        let start = self.to(NAMES);
        self.characters(quote);
        let known = self.find_folded(code, start);
        self.require(
            known != UNKNOWN && self.seen < 1 << code as u32,
            texts::DECLARATION,
        );
        self.mark(code);
        self.ascii |= known == ASCII;
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
            let spaced = is_space(byte);
            byte = self.skip_space(byte);
            self.require(byte != '[', texts::SUBSET);
            if byte == '>' {
                return self.well_formed(rest % 3 == 0);
            }
            self.well_formed(spaced && rest != 0);
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
    /// has a zero behind the name.
    pub fn name(&mut self, start: usize) -> char {
        loop {
            let byte = self.scan(NAME_END);
            if byte < '\u{80}' {
                self.well_formed(start != self.end);
                self.memory[self.end & MEMORY] = 0;
                return byte;
            }
            self.literal(byte);
        }
    }

    /// The code in `context` of the name at `start` of the memory.
    pub fn find(&mut self, context: Element, start: usize) -> char {
        self.find_from(usize::from(CONTEXT_STARTS[context as usize & 31]), start)
    }

    /// The code of the first row from `at` on with the name at `start` of the memory.
    fn find_from(&mut self, mut at: usize, start: usize) -> char {
        loop {
            self.key = at;
            let mut name = start;
            let mut byte;
            loop {
                byte = self.memory[at & MEMORY];
                at += 1;
                if byte < 0x20 || byte != self.memory[name & MEMORY] {
                    break;
                }
                name += 1;
            }
            if byte == 0 || byte < 0x20 && self.memory[name & MEMORY] < 0x20 {
                let code = char::from(byte);
                if code >= TEXT_AS {
                    self.key = at;
                }
                return code;
            }
            while byte >= 0x20 {
                byte = self.memory[at & MEMORY];
                at += 1;
            }
        }
    }

    /// Like [`find`](Parser::find) without regard to the case of letters; the names end before the
    /// name then.
    fn find_folded(&mut self, context: Element, start: usize) -> char {
        let mut at = self.end;
        while at > start {
            at -= 1;
            self.memory[at & MEMORY] |= 0x20;
        }
        self.truncate(start);
        self.find(context, start)
    }

    /// The first byte from `byte` on that is not white space.
    #[inline(never)]
    fn skip_space(&mut self, byte: char) -> char {
        let mut byte = byte;
        while is_space(byte) {
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
        self.well_formed(byte == '"' || byte == '\'');
    }

    fn expect(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let other = self.next();
            self.well_formed(other == char::from(*byte));
        }
    }
}
