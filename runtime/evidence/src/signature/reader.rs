//! Reading bytes in order, with numbers that have one writing only.

use super::{FormatError, FormatProblem};

/// Bytes and a position in them.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Where `bytes` begin in the file, so that errors name the place in the file.
    base: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at offset `base` of their file.
    pub(super) fn new(bytes: &'a [u8], base: usize) -> Reader<'a> {
        Reader {
            bytes,
            position: 0,
            base,
        }
    }

    /// The offset of the next byte in the file.
    pub(super) fn offset(&self) -> usize {
        self.base + self.position
    }

    /// Whether everything is read.
    pub(super) fn is_at_end(&self) -> bool {
        self.position == self.bytes.len()
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], FormatError> {
        let rest = &self.bytes[self.position..];
        let taken = rest.get(..len).ok_or_else(|| FormatError {
            offset: self.offset(),
            problem: FormatProblem::Ends {
                needed: len - rest.len(),
            },
        })?;
        self.position += len;
        Ok(taken)
    }

    /// The next `LEN` bytes.
    pub(super) fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], FormatError> {
        let mut array = [0; LEN];
        array.copy_from_slice(self.take(LEN)?);
        Ok(array)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A byte that must have one value.
    pub(super) fn known(&mut self, what: &'static str, expected: u8) -> Result<(), FormatError> {
        let offset = self.offset();
        let found = self.byte()?;
        if found == expected {
            return Ok(());
        }
        let problem = FormatProblem::Unknown {
            what,
            found,
            expected,
        };
        Err(FormatError { offset, problem })
    }

    /// An unsigned LEB128 number of at most 32 bits in its shortest writing.
    pub(super) fn number(&mut self) -> Result<usize, FormatError> {
        let offset = self.offset();
        let failed = |problem| Err(FormatError { offset, problem });
        let mut number: u64 = 0;
        for index in 0..5 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 != 0 {
                continue;
            }
            if byte == 0 && index > 0 {
                return failed(FormatProblem::NumberPadded);
            }
            return match u32::try_from(number) {
                Ok(number) => Ok(number as usize),
                Err(_) => failed(FormatProblem::NumberLong),
            };
        }
        failed(FormatProblem::NumberLong)
    }

    /// A number from 1 to `count_max`.
    pub(super) fn count(
        &mut self,
        what: &'static str,
        count_max: usize,
    ) -> Result<usize, FormatError> {
        let offset = self.offset();
        let problem = match self.number()? {
            0 => FormatProblem::None { what },
            count if count > count_max => FormatProblem::TooMany {
                what,
                count,
                count_max,
            },
            count => return Ok(count),
        };
        Err(FormatError { offset, problem })
    }

    /// A number and then that many bytes, as a reader of them alone.
    pub(super) fn sized(&mut self) -> Result<Reader<'a>, FormatError> {
        let len = self.number()?;
        let base = self.offset();
        Ok(Reader::new(self.take(len)?, base))
    }

    /// Everything that is not yet read.
    pub(super) fn rest(self) -> &'a [u8] {
        &self.bytes[self.position..]
    }

    /// Refuses bytes that nobody asked for.
    pub(super) fn finish(self, what: &'static str) -> Result<(), FormatError> {
        if self.is_at_end() {
            return Ok(());
        }
        let problem = FormatProblem::Trailing {
            what,
            bytes: self.bytes.len() - self.position,
        };
        Err(FormatError {
            offset: self.offset(),
            problem,
        })
    }
}

/// Appends a number in its shortest LEB128 writing.
pub(super) fn push_number(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends the length of `bytes` and then `bytes`.
pub(super) fn push_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    push_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_and_have_one_writing() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u32::MAX as usize] {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            assert_eq!(Reader::new(&bytes, 0).number(), Ok(number));
            if bytes.len() < 5 {
                let last = bytes.len() - 1;
                bytes[last] |= 0x80;
                bytes.push(0);
                let error = Reader::new(&bytes, 7).number().unwrap_err();
                assert_eq!(
                    (error.offset, error.problem),
                    (7, FormatProblem::NumberPadded)
                );
            }
        }
    }

    #[test]
    fn numbers_of_more_than_32_bits_are_refused() {
        for bytes in [[0xff, 0xff, 0xff, 0xff, 0x1f], [0xff; 5]] {
            let error = Reader::new(&bytes, 0).number().unwrap_err();
            assert_eq!(error.problem, FormatProblem::NumberLong);
        }
        let error = Reader::new(&[0x80], 0).number().unwrap_err();
        assert_eq!(error.problem, FormatProblem::Ends { needed: 1 });
    }
}
