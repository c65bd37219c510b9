//! Reads what a child process writes. Each function runs in a thread of its own.

use std::io::{self, Read};
use std::sync::mpsc::SyncSender;

/// A longer line of standard error is handed on in pieces of this size.
const LINE_BYTES_MAX: usize = 16 << 10;

/// What a reader saw.
pub(super) enum Event {
    /// A piece of standard output.
    Stdout(Vec<u8>),
    /// A line of standard error, without its end.
    Line(String),
    /// The end of one of the two.
    Closed,
}

/// A read error counts as the end: what was read before it is what there is. A send fails when
/// nobody waits for the process any more.
pub(super) fn send_chunks(mut from: impl Read, to: &SyncSender<Event>) {
    let mut buffer = vec![0; LINE_BYTES_MAX];
    while let Some(chunk) = read_some(&mut from, &mut buffer) {
        if to.send(Event::Stdout(chunk.to_vec())).is_err() {
            return;
        }
    }
    let _ = to.send(Event::Closed);
}

pub(super) fn send_lines(mut from: impl Read, to: &SyncSender<Event>) {
    let mut buffer = vec![0; LINE_BYTES_MAX];
    let mut line = Vec::new();
    while let Some(chunk) = read_some(&mut from, &mut buffer) {
        for byte in chunk {
            if *byte != b'\n' {
                line.push(*byte);
            }
            if *byte == b'\n' || line.len() == LINE_BYTES_MAX {
                if to
                    .send(Event::Line(String::from_utf8_lossy(&line).into_owned()))
                    .is_err()
                {
                    return;
                }
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        let _ = to.send(Event::Line(String::from_utf8_lossy(&line).into_owned()));
    }
    let _ = to.send(Event::Closed);
}

fn read_some<'b>(from: &mut impl Read, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    loop {
        match from.read(buffer) {
            Ok(0) => return None,
            Ok(count) => return buffer.get(..count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
