//! Where the input of a run comes from.

use std::io;
use std::sync::Arc;

/// A stream of input bytes outside of memory.
pub trait InputStream: Send {
    /// Reads some bytes; 0 is the end.
    ///
    /// # Errors
    /// What the system says; it ends the run as a failure of the machine.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Bytes in all, if that is known.
    fn size_hint(&self) -> Option<u64> {
        None
    }

    /// Whether a read may wait for somebody outside, so that its time is not charged to the run.
    fn waits(&self) -> bool {
        false
    }

    /// Starts over from the first byte; false where that is not possible.
    ///
    /// # Errors
    /// What the system says.
    fn rewind(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

/// The input of a run.
pub enum Input {
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// A stream.
    Stream(Box<dyn InputStream>),
}

impl Input {
    /// No input.
    pub fn empty() -> Input {
        Input::Bytes(Arc::from([]))
    }

    /// Bytes in all, if that is known.
    pub(crate) fn size_hint(&self) -> Option<u64> {
        match self {
            Input::Bytes(bytes) => Some(bytes.len() as u64),
            Input::Stream(stream) => stream.size_hint(),
        }
    }
}

impl From<&[u8]> for Input {
    fn from(bytes: &[u8]) -> Input {
        Input::Bytes(Arc::from(bytes))
    }
}

/// The position in an input.
pub(crate) struct InputCursor {
    input: Input,
    offset: u64,
    ended: bool,
}

impl InputCursor {
    pub(crate) fn new(input: Input) -> InputCursor {
        InputCursor {
            input,
            offset: 0,
            ended: false,
        }
    }

    /// Bytes read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether all bytes were read. Bytes in memory know their end; a stream has to have said so.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.input {
            Input::Bytes(bytes) => self.offset == bytes.len() as u64,
            Input::Stream(_) => self.ended,
        }
    }

    /// All bytes, where they are in memory.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        match &self.input {
            Input::Bytes(bytes) => Some(bytes),
            Input::Stream(_) => None,
        }
    }

    /// Whether the input is a stream, so that a read may take long.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.input, Input::Stream(_))
    }

    /// Whether a read may wait for somebody outside.
    pub(crate) fn waits(&self) -> bool {
        matches!(&self.input, Input::Stream(stream) if stream.waits())
    }

    /// Fills `buffer` unless the input ends before.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = match &mut self.input {
            Input::Bytes(bytes) => {
                let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
                let rest = bytes.get(start..).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                count
            }
            Input::Stream(stream) => fill_from(stream.as_mut(), buffer, &mut self.ended)?,
        };
        self.offset += filled as u64;
        Ok(filled)
    }

    /// The input again from its first byte, where that is possible.
    pub(crate) fn into_rewound(self) -> io::Result<Option<Input>> {
        match self.input {
            Input::Bytes(bytes) => Ok(Some(Input::Bytes(bytes))),
            Input::Stream(mut stream) => Ok(stream.rewind()?.then_some(Input::Stream(stream))),
        }
    }
}

fn fill_from(
    stream: &mut dyn InputStream,
    buffer: &mut [u8],
    ended: &mut bool,
) -> io::Result<usize> {
    let mut filled = 0;
    while !*ended {
        let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        let room = rest.len();
        match stream.read(rest) {
            Ok(0) => *ended = true,
            Ok(count) => filled += count.min(room),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
