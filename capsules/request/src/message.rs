//! Why a run fails.

use tenzik_sdk::{Status, fail};

/// Code of a run whose request is not acceptable.
pub const REQUEST: i32 = 1000;
/// Code of a run that cannot make sense of what it read.
pub const UNREADABLE: i32 = 1001;

/// Bytes of a message.
const MESSAGE_BYTES: usize = 512;

/// The message of a failure, put together. What does not fit is left out.
#[derive(Debug)]
pub struct Message {
    end: usize,
    bytes: [u8; MESSAGE_BYTES],
}

impl Message {
    /// A message that begins with `text`.
    #[inline(never)]
    pub fn new(text: &[u8]) -> Message {
        let mut message = Message {
            end: 0,
            bytes: [0; MESSAGE_BYTES],
        };
        message.text(text);
        message
    }

    /// Appends `text`.
    #[inline(never)]
    pub fn text(&mut self, text: &[u8]) {
        for byte in text {
            self.byte(*byte);
        }
    }

    /// Appends `number` in decimal.
    pub fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.end) {
            *slot = byte;
            self.end += 1;
        }
    }

    /// What was put together.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or(&[])
    }

    /// Ends the run.
    pub fn fail(&self, code: i32) -> ! {
        fail(code, self.bytes())
    }
}

/// Ends the run because `what` came to `status`. The codes are 1007 not found, 1008 there already,
/// 1009 deadline, 1010 more than granted, 1011 closed, 1012 the system.
#[inline(never)]
pub fn refuse(what: &[u8], status: Status) -> ! {
    let why: &[u8] = match status {
        Status::NotFound => b" is not there",
        Status::AlreadyExists => b" is there already",
        Status::TimedOut => b" passed its deadline",
        Status::Exceeded => b" needs more than the policy grants",
        Status::Closed => b" is closed",
        _ => b" failed in the system",
    };
    let mut message = Message::new(what);
    message.text(why);
    message.fail(REQUEST - status.number())
}
