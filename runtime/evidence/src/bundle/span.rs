//! Ranges of a file, read without moving anybody else's place in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

/// A range of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// Reads a range of a file. Many may read the same file at a time.
#[derive(Clone, Debug)]
pub struct SpanReader {
    file: Arc<File>,
    span: Span,
    at: u64,
}

impl SpanReader {
    pub(super) fn new(file: Arc<File>, span: Span) -> SpanReader {
        SpanReader { file, span, at: 0 }
    }

    /// Bytes of the range.
    pub fn total_bytes(&self) -> u64 {
        self.span.bytes
    }

    /// Starts over from the first byte.
    pub fn rewind(&mut self) {
        self.at = 0;
    }
}

impl Read for SpanReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.span.bytes.saturating_sub(self.at);
        let room = buffer
            .len()
            .min(usize::try_from(rest).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let offset = self.span.offset.saturating_add(self.at);
        let count = self.file.read_at(buffer, offset)?;
        if count == 0 {
            let message = format!("the file ends at byte {offset}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SpanReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.span.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
