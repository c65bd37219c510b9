//! What a program writes to its standard error, and how it ended.

use request::{Message, REQUEST, refuse};
use tenzik_sdk::{LogLevel, Process, ProcessEnd, Status, log_bytes};

/// Bytes of standard error that are logged: a quarter of what the profiles allow.
const LOG_BYTES: usize = 16 << 10;
/// Messages that are logged.
const LOG_MESSAGES: usize = 400;
/// Bytes of a line that make one message; a longer line makes several.
const LINE_BYTES: usize = 256;

/// The first line of standard error, or the beginning of it.
#[derive(Debug)]
pub struct FirstLine {
    length: usize,
    bytes: [u8; LINE_BYTES],
}

impl FirstLine {
    /// The line.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

/// Logs what `process` writes to its standard error as warnings, line by line. Beyond a bound the
/// last message says so, and the rest stays unread.
pub fn log_errors(process: &mut Process) -> FirstLine {
    let mut first = FirstLine {
        length: 0,
        bytes: [0; LINE_BYTES],
    };
    let mut line = [0; LINE_BYTES];
    let mut filled = 0;
    let mut bytes = 0;
    let mut messages = 0;
    loop {
        let mut chunk = [0; LINE_BYTES];
        let count = process.read_error(&mut chunk);
        for byte in chunk
            .iter()
            .take(count)
            .chain(&[b'\n'][..usize::from(count == 0)])
        {
            let ends = matches!(byte, b'\n' | b'\r');
            if let (false, Some(slot)) = (ends, line.get_mut(filled)) {
                *slot = *byte;
                filled += 1;
            }
            if filled == LINE_BYTES || ends && filled > 0 {
                if messages == 0 {
                    first.bytes = line;
                    first.length = filled;
                }
                messages += 1;
                bytes += filled;
                if messages > LOG_MESSAGES || bytes > LOG_BYTES {
                    log_bytes(
                        LogLevel::Warning,
                        b"standard error goes on; the rest is not logged",
                    );
                    return first;
                }
                log_bytes(LogLevel::Warning, line.get(..filled).unwrap_or(&[]));
                filled = 0;
            }
        }
        if count == 0 {
            return first;
        }
    }
}

/// Waits for the end of `process`, called `name`, and ends the run unless it exited with 0. The code
/// is that of the process; 256 and the number of a signal that ended it; 1009 if it passed its
/// deadline; 1010 if it wrote more than its rule allows.
pub fn finish(process: Process, name: &[u8], first: &FirstLine) {
    finish_with(process, name, first, 0);
}

/// Like [`finish`], with another exit code that is a good one.
pub fn finish_with(process: Process, name: &[u8], first: &FirstLine, good: u8) {
    let (code, text, number): (i32, &[u8], u8) = match process.wait() {
        Ok(ProcessEnd::Code(code)) if code == good => return,
        Ok(ProcessEnd::Code(code)) => (i32::from(code), b" ended with exit code ", code),
        Ok(ProcessEnd::Signal(signal)) => {
            (256 + i32::from(signal), b" was ended by signal ", signal)
        }
        Err(Status::Exceeded) => {
            let mut message = Message::new(name);
            message.text(b" wrote more than its rule allows");
            message.fail(REQUEST - Status::Exceeded.number())
        }
        Err(status) => refuse(name, status),
    };
    let mut message = Message::new(name);
    message.text(text);
    message.number(usize::from(number));
    if first.length > 0 {
        message.text(b": ");
        message.text(first.bytes());
    }
    message.fail(code)
}
