//! Every text of the capsule, in one string: a text is one small number in the code.
//!
//! A text may contain elements; see [`Parser::text`](crate::parser::Parser::text).

use crate::grammar::{
    ADDRESS, CPE, Element, FINISHED, HOST, HOSTNAME, HOSTS as RUN_HOSTS, NMAPRUN, OSMATCH, PORT,
    SCRIPT, SERVICE, STATE, STATUS,
};

/// Where a text begins in [`TEXTS`]; it ends before the next zero.
pub type Text = usize;

macro_rules! texts {
    ($($name:ident = $text:literal;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "named for the texts")]
        enum Index {
            $($name),*
        }

        const ALL: &[&str] = &[$($text),*];

        $(pub const $name: Text = start_of(Index::$name as usize);)*
    };
}

texts! {
    MARKUP = "malformed markup";
    CHARACTER = "illegal character";
    DECLARATION = "bad XML declaration";
    UTF8 = "invalid UTF-8";

    HOSTS = "\"hosts\":[";
    PORTS = "\"ports\":[";
    SCRIPTS = "\"scripts\":[";
    STRING_END = "\"";
    OBJECT_END = "}";
    NMAPRUN_END = "\x0b],\"runstats\":{\x04\x05}}";
    HOST_END = "\x0d]\x0c,\"addresses\":[\x07],\"hostnames\":[\x06],\"os\":[\x08]}";
    PORT_END = "\x10]\x0e\x0f,\"cpe\":[\x09]}";

    TRUNCATED = "unexpected end";
    REFERENCE = "bad reference";
    TEXT_END = "]]> in text";
    LESS = "< in attribute value";
    COMMENT = "-- in comment";
    DUPLICATE = "duplicate attribute";
    MISMATCH = "mismatched end tag";
    OUTSIDE = "content outside root";
    ROOT = "root is not nmaprun";
    SUBSET = "internal DTD subset";
    NUMBER = "bad number";
    LIMIT = "too deep or large";
    AT_BYTE = " at byte ";
}

// The elements in the texts above.
const _: () = {
    const fn are(elements: &[Element], codes: &[u8]) -> bool {
        let mut index = 0;
        while index < elements.len() {
            if elements[index] as u8 != codes[index] {
                return false;
            }
            index += 1;
        }
        elements.len() == codes.len()
    }
    assert!(are(&[HOST, FINISHED, RUN_HOSTS], b"\x0b\x04\x05"));
    assert!(are(
        &[PORT, STATUS, ADDRESS, HOSTNAME, OSMATCH],
        b"\x0d\x0c\x07\x06\x08"
    ));
    assert!(are(&[SCRIPT, STATE, SERVICE, CPE], b"\x10\x0e\x0f\x09"));
};

/// The length of [`TEXTS`].
pub const TEXTS_BYTES: usize = start_of(ALL.len());

/// The texts, each with a zero behind it.
pub const TEXTS: [u8; TEXTS_BYTES] = {
    let mut bytes = [0; TEXTS_BYTES];
    let mut at = 0;
    let mut index = 0;
    while index < ALL.len() {
        let text = ALL[index].as_bytes();
        let mut from = 0;
        while from < text.len() {
            bytes[at] = text[from];
            from += 1;
            at += 1;
        }
        at += 1;
        index += 1;
    }
    bytes
};

/// What ends the JSON of each element; for most of them nothing, the end of a text.
pub static ENDS: [u8; 32] = {
    let mut ends = [(HOSTS - 1) as u8; 32];
    ends[ADDRESS as usize] = OBJECT_END as u8;
    ends[OSMATCH as usize] = OBJECT_END as u8;
    ends[SCRIPT as usize] = OBJECT_END as u8;
    ends[CPE as usize] = STRING_END as u8;
    ends[NMAPRUN as usize] = NMAPRUN_END as u8;
    ends[HOST as usize] = HOST_END as u8;
    ends[PORT as usize] = PORT_END as u8;
    ends
};

const fn start_of(index: usize) -> Text {
    let mut start = 0;
    let mut before = 0;
    while before < index {
        start += ALL[before].len() + 1;
        before += 1;
    }
    start
}
