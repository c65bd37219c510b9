//! What tells runs apart in stores.

use std::fmt;
use std::str::FromStr;

/// Most characters of a run's id.
pub const RUN_ID_BYTES_MAX: usize = 64;

/// The id of a run: 1 to 64 of `0-9 A-Z a-z _ -`, beginning with a letter or digit. It is also the
/// name of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// A text that is no id of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunIdError {
    /// Nothing, or too much.
    #[error(
        "a run id has 1 to {RUN_ID_BYTES_MAX} characters, this one has {bytes}; copy it from the receipt or from tenzik undo --list"
    )]
    Length {
        /// Its bytes.
        bytes: usize,
    },
    /// Another character.
    #[error(
        "a run id consists of 0-9, A-Z, a-z, _ and -, and does not begin with _ or -; offset {offset} is none of these; copy it from the receipt or from tenzik undo --list"
    )]
    Character {
        /// Where, in bytes.
        offset: usize,
    },
}

impl RunId {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<RunId, RunIdError> {
        if text.is_empty() || text.len() > RUN_ID_BYTES_MAX {
            return Err(RunIdError::Length { bytes: text.len() });
        }
        let fits = |offset: usize, byte: u8| {
            byte.is_ascii_alphanumeric() || (offset > 0 && matches!(byte, b'_' | b'-'))
        };
        match text
            .bytes()
            .enumerate()
            .find(|(offset, byte)| !fits(*offset, *byte))
        {
            Some((offset, _)) => Err(RunIdError::Character { offset }),
            None => Ok(RunId(text.to_owned())),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_never_a_path() {
        for good in [
            "0",
            "0123456789abcdef0123456789abcdef",
            "a-B_9",
            &"x".repeat(64),
        ] {
            assert_eq!(good.parse::<RunId>().unwrap().as_str(), good);
        }
        for (bad, offset) in [
            (".", 0),
            ("..", 0),
            ("a/b", 1),
            ("-f", 0),
            ("a\0", 1),
            ("é", 0),
        ] {
            assert_eq!(
                bad.parse::<RunId>(),
                Err(RunIdError::Character { offset }),
                "{bad}"
            );
        }
        for bad in ["", &"x".repeat(65)] {
            assert_eq!(
                bad.parse::<RunId>(),
                Err(RunIdError::Length { bytes: bad.len() })
            );
        }
    }
}
