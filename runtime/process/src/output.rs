//! One output of a process: a pipe, what is kept of it unread, and its bounds.

use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

/// Bytes that are read at a time when nobody waits for them.
const PIECE_BYTES: usize = 64 << 10;

/// One output of a process.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: Option<OwnedFd>,
    kept: VecDeque<u8>,
    bytes_max: u64,
    kept_bytes_max: u64,
    /// Bytes received within bounds.
    pub(crate) received: u64,
    /// Bytes received and never read.
    pub(crate) dropped: u64,
}

/// What a look into a pipe gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// This many bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The end.
    End,
    /// More than the bound. What is within was taken; nothing more comes.
    Exceeded,
}

impl Output {
    pub(crate) fn new(pipe: OwnedFd, bytes_max: u64, kept_bytes_max: u64) -> Output {
        Output {
            pipe: Some(pipe),
            kept: VecDeque::new(),
            bytes_max,
            kept_bytes_max,
            received: 0,
            dropped: 0,
        }
    }

    /// The pipe, until it ends.
    pub(crate) fn pipe(&self) -> Option<&OwnedFd> {
        self.pipe.as_ref()
    }

    /// Lets go of the pipe.
    pub(crate) fn close(&mut self) {
        self.pipe = None;
    }

    /// Moves what is kept to the front of `buffer`.
    pub(crate) fn take_kept(&mut self, buffer: &mut [u8]) -> usize {
        // Reading from a deque in memory does not fail.
        let mut taken = 0;
        while taken < buffer.len() {
            match self.kept.read(&mut buffer[taken..]) {
                Ok(count) if count > 0 => taken += count,
                _ => break,
            }
        }
        if self.kept.is_empty() && self.kept.capacity() > PIECE_BYTES {
            self.kept = VecDeque::new();
        }
        taken
    }

    /// Reads what is there into `buffer`, without waiting. With `Exceeded`, the second number says how many bytes of
    /// `buffer` are within the bound.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> Result<(Took, usize), Errno> {
        let Some(pipe) = &self.pipe else {
            return Ok((Took::End, 0));
        };
        let count = match rustix::io::read(pipe, &mut *buffer) {
            Ok(0) => {
                self.close();
                return Ok((Took::End, 0));
            }
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok((Took::Nothing, 0)),
            Err(error) => return Err(error),
        };
        let room = self.bytes_max - self.received;
        if count as u64 > room {
            self.received = self.bytes_max;
            self.close();
            return Ok((Took::Exceeded, room as usize));
        }
        self.received += count as u64;
        Ok((Took::Bytes(count), count))
    }

    /// Reads one piece of what is there and keeps it. Keeping more than the bound is `Exceeded`.
    pub(crate) fn keep(&mut self) -> Result<Took, Errno> {
        let mut piece = [0; PIECE_BYTES];
        let (took, within) = self.take(&mut piece)?;
        let room = self.kept_bytes_max.saturating_sub(self.kept.len() as u64);
        if within as u64 > room {
            self.dropped += within as u64;
            self.close();
            return Ok(Took::Exceeded);
        }
        self.kept.extend(&piece[..within]);
        Ok(took)
    }

    /// Reads one piece of what is there and drops it, and with it everything that was kept.
    pub(crate) fn drain(&mut self) -> Result<Took, Errno> {
        self.drop_kept();
        let mut piece = [0; PIECE_BYTES];
        let (took, within) = self.take(&mut piece)?;
        self.dropped += within as u64;
        Ok(took)
    }

    /// Drops everything that was kept.
    pub(crate) fn drop_kept(&mut self) {
        self.dropped += self.kept.len() as u64;
        self.kept = VecDeque::new();
    }
}
