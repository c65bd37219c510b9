//! Turns what `gobuster dir` writes to standard output into one line of JSON:
//! `{"findings":[{"path","status","size","location"}]}`.
//!
//! ```text
//! /admin                (Status: 301) [Size: 312] [--> http://127.0.0.1/admin/]
//! ```
//!
//! `size` and `location` are absent where gobuster does not write them. Escape sequences of terminals
//! and what a carriage return overwrites are dropped; the banner, log lines and progress are
//! skipped. Any other line ends the run with code 1 and the number of the line.

#![no_std]

mod line;

use line::Line;
use tenzik_sdk::{Input, Output, fail};

/// Longest line.
const LINE_BYTES: usize = 16 << 10;

struct State {
    input: Input<4096>,
    output: Output<4096>,
    line: [u8; LINE_BYTES],
    number: u64,
    findings: u64,
}

fn gobuster_parse(state: &mut State) {
    state.output.bytes(b"{\"findings\":[");
    while let Some(length) = state.read_line() {
        state.number += 1;
        let text = state.line.get(..length).unwrap_or(&[]);
        match Line::parse(text) {
            Some(Line::Noise) => {}
            Some(Line::Finding(finding)) => {
                if state.findings > 0 {
                    state.output.byte(b',');
                }
                state.findings += 1;
                if !finding.write(&mut state.output) {
                    state.refuse(b" is not UTF-8");
                }
            }
            None => state.refuse(b" is not a line of gobuster dir"),
        }
    }
    state.output.bytes(b"]}\n");
    state.output.flush();
}

impl State {
    /// Reads a line to `line` and returns how long it is; `None` at the end of the input.
    fn read_line(&mut self) -> Option<usize> {
        self.input.peek()?;
        let mut length = 0;
        let mut returned = false;
        while let Some(byte) = self.input.next() {
            match byte {
                b'\n' => break,
                b'\r' => returned = true,
                0x1b => self.skip_sequence(),
                _ => {
                    if returned {
                        length = 0;
                        returned = false;
                    }
                    match self.line.get_mut(length) {
                        Some(slot) => *slot = byte,
                        None => {
                            self.number += 1;
                            self.refuse(b" has more than 16384 bytes")
                        }
                    }
                    length += 1;
                }
            }
        }
        Some(length)
    }

    /// Skips the rest of a control sequence: `[`, parameters, a letter.
    fn skip_sequence(&mut self) {
        if self.input.peek() == Some(b'[') {
            self.input.consume(1);
            while let Some(b'0'..=b'?') = self.input.peek() {
                self.input.consume(1);
            }
            self.input.consume(1);
        }
    }

    /// Ends the run because of the current line.
    fn refuse(&self, why: &[u8]) -> ! {
        let mut message = [0; 64];
        let mut end = 0;
        let mut append = |bytes: &[u8]| {
            for byte in bytes {
                if let Some(slot) = message.get_mut(end) {
                    *slot = *byte;
                    end += 1;
                }
            }
        };
        append(b"line ");
        let mut digits = 1_000_000_000_000_000;
        while digits > self.number && digits > 1 {
            digits /= 10;
        }
        while digits > 0 {
            append(&[b'0' + (self.number / digits % 10) as u8]);
            digits /= 10;
        }
        append(why);
        fail(1, message.get(..end).unwrap_or(&[]))
    }
}

tenzik_sdk::capsule!(
    gobuster_parse,
    State = State {
        input: Input::new(),
        output: Output::new(),
        line: [0; LINE_BYTES],
        number: 0,
        findings: 0,
    }
);

#[cfg(test)]
mod tests;
