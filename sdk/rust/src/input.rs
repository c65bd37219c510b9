//! Reading the input byte by byte.

use crate::input_read;

/// The input of the run through a buffer of `N` bytes.
///
/// The input exists once: two readers would share its bytes.
#[derive(Debug)]
pub struct Input<const N: usize> {
    position: usize,
    filled: usize,
    offset: u64,
    buffer: [u8; N],
}

impl<const N: usize> Input<N> {
    /// A reader at the current position of the input. It reads nothing yet.
    pub const fn new() -> Input<N> {
        Input {
            position: 0,
            filled: 0,
            offset: 0,
            buffer: [0; N],
        }
    }

    /// How many bytes this reader has handed out.
    pub fn offset(&self) -> u64 {
        self.offset + self.position as u64
    }

    /// The bytes that are in the buffer, at least one unless the input has ended. They stay until
    /// [`consume`](Input::consume).
    #[inline]
    pub fn chunk(&mut self) -> &[u8] {
        if self.position >= self.filled {
            self.offset += self.filled as u64;
            self.position = 0;
            self.filled = input_read(&mut self.buffer);
        }
        self.buffer.get(self.position..self.filled).unwrap_or(&[])
    }

    /// Marks the first `count` bytes of the [`chunk`](Input::chunk) as handed out; all of it if it
    /// has fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.position = self.filled.min(self.position.saturating_add(count));
    }

    /// The next byte, which stays the next one; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        self.chunk().first().copied()
    }
}

impl<const N: usize> Default for Input<N> {
    fn default() -> Self {
        Input::new()
    }
}

impl<const N: usize> Iterator for Input<N> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.consume(1);
        byte
    }
}
