//! The request that a program is started with.

use request::{Message, REQUEST};
use tenzik_sdk::Process;

/// The request of `exec_start`, put together in a buffer from JSON that is valid already.
#[derive(Debug)]
pub struct Arguments<'a> {
    end: usize,
    buffer: &'a mut [u8],
}

impl<'a> Arguments<'a> {
    /// A request that begins with the texts in `json`, with commas between them.
    pub fn new(buffer: &'a mut [u8], json: &str) -> Arguments<'a> {
        let mut arguments = Arguments { end: 0, buffer };
        arguments.json(b"{\"argv\":[");
        arguments.json(json.as_bytes());
        arguments
    }

    /// Appends `json`.
    #[inline(never)]
    pub fn json(&mut self, json: &[u8]) {
        for byte in json {
            match self.buffer.get_mut(self.end) {
                Some(slot) => *slot = *byte,
                None => Message::new(b"the arguments of the program are too long").fail(REQUEST),
            }
            self.end += 1;
        }
    }

    /// Starts the program, with an empty standard input.
    pub fn start(mut self) -> Process {
        self.json(b"]}");
        crate::start(self.buffer.get(..self.end).unwrap_or(&[]))
    }
}
