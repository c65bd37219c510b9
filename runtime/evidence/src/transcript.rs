//! The effects of a run, in the order in which they happened.
//!
//! A transcript has one entry for each host call that acts on the world outside of the run. Its
//! canonical bytes, version 1:
//!
//! ```text
//! transcript := magic entry*
//! magic      := "tenzik transcript 1\n"      20 bytes
//! entry      := name_len                     1 byte, 1 to 64
//!               name                         name_len bytes, a lowercase letter, then a-z 0-9 _
//!               request                      32 bytes, BLAKE3 of what the capsule asked for
//!               result                       32 bytes, BLAKE3 of what it was answered
//! ```
//!
//! The commitment is the BLAKE3 digest of these bytes. A run without effects commits to the bytes
//! of the empty transcript, the magic alone.

use crate::checked_text::check_name;
use crate::{Digest, TextError};

/// The most entries of a transcript.
pub const TRANSCRIPT_ENTRIES_MAX: usize = 65_536;

const MAGIC: &[u8] = b"tenzik transcript 1\n";
const NAME_BYTES_MAX: usize = 64;

/// The effects of one run.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    entries: Vec<TranscriptEntry>,
    commitment: TranscriptCommitment,
}

/// The commitment to a transcript of any length, without its entries.
#[derive(Clone, Debug, Default)]
pub struct TranscriptCommitment {
    /// Has consumed the bytes so far. `None` before the first entry, so that runs without effects,
    /// the common case, pay nothing.
    hasher: Option<Box<blake3::Hasher>>,
}

impl TranscriptCommitment {
    /// The commitment of a run without effects so far.
    pub fn new() -> TranscriptCommitment {
        TranscriptCommitment::default()
    }

    /// Appends an effect.
    pub fn push(&mut self, entry: &TranscriptEntry) {
        let hasher = self.hasher.get_or_insert_with(|| {
            let mut hasher = Box::new(blake3::Hasher::new());
            hasher.update(MAGIC);
            hasher
        });
        entry.write_to(|bytes| {
            hasher.update(bytes);
        });
    }

    /// The commitment to the effects so far.
    pub fn commit(&self) -> Digest {
        match &self.hasher {
            Some(hasher) => hasher.finalize().into(),
            None => Digest::of(MAGIC),
        }
    }
}

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptEntry {
    function: String,
    request: Digest,
    result: Digest,
}

/// The transcript has [`TRANSCRIPT_ENTRIES_MAX`] entries and takes no more, which has to end the
/// run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transcript is full: it has {TRANSCRIPT_ENTRIES_MAX} entries")]
pub struct TranscriptFull;

/// Why bytes are not a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// Another format or version.
    #[error("is not a tenzik transcript of version 1")]
    Magic,
    /// The name of a host function is not acceptable.
    #[error("entry {entry}: the name of the function {problem}")]
    Function {
        /// Entry, from 0.
        entry: usize,
        /// What is wrong.
        problem: TextError,
    },
    /// The bytes end within an entry.
    #[error("entry {entry} is not complete")]
    Truncated {
        /// Entry, from 0.
        entry: usize,
    },
    /// More entries than allowed.
    #[error("has more than {TRANSCRIPT_ENTRIES_MAX} entries")]
    TooLong,
}

impl TranscriptEntry {
    /// A call of `function`, with the digests of its request and result.
    ///
    /// # Errors
    /// When the name is not in snake case or longer than 64 bytes.
    pub fn new(
        function: &str,
        request: Digest,
        result: Digest,
    ) -> Result<TranscriptEntry, TextError> {
        check_name(function, NAME_BYTES_MAX)?;
        Ok(TranscriptEntry {
            function: function.to_owned(),
            request,
            result,
        })
    }

    /// Name of the host function.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Digest of what the capsule asked for.
    pub fn request(&self) -> &Digest {
        &self.request
    }

    /// Digest of what it was answered.
    pub fn result(&self) -> &Digest {
        &self.result
    }

    /// Passes its bytes on.
    fn write_to(&self, mut write: impl FnMut(&[u8])) {
        // The name has at most 64 bytes.
        write(&[self.function.len() as u8]);
        write(self.function.as_bytes());
        write(self.request.as_bytes());
        write(self.result.as_bytes());
    }
}

impl Transcript {
    /// The transcript of a run without effects.
    pub fn new() -> Transcript {
        Transcript::default()
    }

    /// Appends an effect.
    ///
    /// # Errors
    /// When the transcript is full.
    pub fn push(&mut self, entry: TranscriptEntry) -> Result<(), TranscriptFull> {
        if self.entries.len() == TRANSCRIPT_ENTRIES_MAX {
            return Err(TranscriptFull);
        }
        self.commitment.push(&entry);
        self.entries.push(entry);
        Ok(())
    }

    /// The effects so far.
    pub fn entries(&self) -> &[TranscriptEntry] {
        &self.entries
    }

    /// The commitment to the effects so far.
    pub fn commit(&self) -> Digest {
        self.commitment.commit()
    }

    /// Its canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for entry in &self.entries {
            entry.write_to(|bytes| out.extend_from_slice(bytes));
        }
        out
    }

    /// The transcript with these canonical bytes.
    ///
    /// # Errors
    /// When they are not those of a transcript of version 1.
    pub fn parse(bytes: &[u8]) -> Result<Transcript, TranscriptError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(TranscriptError::Magic)?;
        let mut transcript = Transcript::new();
        while !rest.is_empty() {
            let entry = parse_entry(&mut rest, transcript.entries.len())?;
            transcript
                .push(entry)
                .map_err(|TranscriptFull| TranscriptError::TooLong)?;
        }
        Ok(transcript)
    }
}

fn parse_entry(rest: &mut &[u8], entry: usize) -> Result<TranscriptEntry, TranscriptError> {
    let truncated = TranscriptError::Truncated { entry };
    let name_len = *rest.split_off_first().ok_or(truncated)?;
    let name = rest.split_off(..usize::from(name_len)).ok_or(truncated)?;
    let mut digest = || {
        let (digest, tail) = rest.split_first_chunk::<32>().ok_or(truncated)?;
        *rest = tail;
        Ok(Digest::from_bytes(*digest))
    };
    let (request, result) = (digest()?, digest()?);
    // Whatever is not UTF-8 is not a name either.
    TranscriptEntry::new(std::str::from_utf8(name).unwrap_or("?"), request, result)
        .map_err(|problem| TranscriptError::Function { entry, problem })
}
