//! The sections of a file, by nothing but their ids and lengths.

use std::ops::Range;

use super::Problem;

/// Every module begins with these bytes (core specification, "Binary Format: Modules").
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// Sections that are told apart.
const SECTIONS_MAX: usize = 10_000;

/// One section: where it and its content are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) id: u8,
    pub(super) whole: Range<usize>,
    pub(super) content: Range<usize>,
}

/// The frames of a file in order.
pub(super) struct Frames {
    /// Whether the file begins like a module; else there are no frames.
    pub(super) header: bool,
    pub(super) frames: Vec<Frame>,
    /// Where the last frame ends.
    pub(super) end: usize,
    /// Why `end` is not the end of the file.
    pub(super) problem: Option<Problem>,
}

/// Splits a file into sections. The frames touch; what is behind the last one is no section.
pub(super) fn frames(wasm: &[u8]) -> Frames {
    let problem = |message: &str, offset: usize| {
        Some(Problem {
            message: message.to_owned(),
            offset: offset as u64,
        })
    };
    let mut found = Frames {
        header: wasm.starts_with(HEADER),
        frames: Vec::new(),
        end: 0,
        problem: None,
    };
    if !found.header {
        let message = match wasm {
            [0, b'a', b's', b'm', 13, ..] => "a component, which has no such sections",
            _ => "does not begin like a WebAssembly module",
        };
        found.problem = problem(message, 0);
        return found;
    }
    found.end = HEADER.len();
    while let Some((id, rest)) = wasm.get(found.end..).and_then(<[u8]>::split_first) {
        let at = found.end;
        if found.frames.len() == SECTIONS_MAX {
            let message = format!("more than {SECTIONS_MAX} sections; the rest is not told apart");
            found.problem = problem(&message, at);
            break;
        }
        let Some((length, used)) = unsigned(rest) else {
            found.problem = problem("the length of a section is cut off or too large", at + 1);
            break;
        };
        let content = at + 1 + used;
        let whole = usize::try_from(length).ok();
        let end = whole.and_then(|length| content.checked_add(length));
        let Some(end) = end.filter(|end| *end <= wasm.len()) else {
            let left = wasm.len() - content;
            let message = format!("a section of {length} bytes is cut off after {left}");
            found.problem = problem(&message, at);
            break;
        };
        found.frames.push(Frame {
            id: *id,
            whole: at..end,
            content: content..end,
        });
        found.end = end;
    }
    found
}

/// An unsigned LEB128 number of at most 32 bits, and how many bytes it takes.
fn unsigned(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (value <= u64::from(u32::MAX)).then_some((value, index + 1));
        }
    }
    None
}
