//! Writing the output through a buffer.

use crate::output_write;

/// The output of the run through a buffer of `N` bytes. Call [`flush`](Output::flush) at the end:
/// what is still in the buffer is not written when the writer goes away.
#[derive(Debug)]
pub struct Output<const N: usize> {
    filled: usize,
    buffer: [u8; N],
}

impl<const N: usize> Output<N> {
    /// A writer with an empty buffer.
    pub const fn new() -> Output<N> {
        Output {
            filled: 0,
            buffer: [0; N],
        }
    }

    /// Appends one byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        if self.filled >= N {
            self.flush();
        }
        if let Some(slot) = self.buffer.get_mut(self.filled) {
            *slot = byte;
            self.filled += 1;
        }
    }

    /// Appends `bytes`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Appends `number` in decimal.
    pub fn decimal(&mut self, number: u64) {
        let mut digits = [0; 20];
        let mut rest = number;
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        self.bytes(digits.get(digits.len() - count..).unwrap_or(&[]));
    }

    /// Hands the buffered bytes to the host.
    #[inline]
    pub fn flush(&mut self) {
        output_write(self.buffer.get(..self.filled).unwrap_or(&[]));
        self.filled = 0;
    }
}

impl<const N: usize> Default for Output<N> {
    fn default() -> Self {
        Output::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn decimal() {
        for (number, text) in [
            (0, "0"),
            (7, "7"),
            (10, "10"),
            (u64::MAX, "18446744073709551615"),
        ] {
            let mut output = Output::<32>::new();
            output.decimal(number);
            assert_eq!(output.buffer.get(..output.filled), Some(text.as_bytes()));
        }
    }
}
