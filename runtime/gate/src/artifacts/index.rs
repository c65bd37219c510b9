//! Names of artifacts, and the index of a run.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Most bytes of a name.
pub const ARTIFACT_NAME_BYTES_MAX: usize = 128;

/// The name of an artifact: 1 to 128 of `A-Z a-z 0-9 . _ -`, not beginning with a full stop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactName(String);

/// A text that is no name of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactNameError {
    /// Nothing, or too much.
    #[error(
        "the name of an artifact has 1 to {ARTIFACT_NAME_BYTES_MAX} bytes, this one has {0}; choose another"
    )]
    Length(usize),
    /// Another character.
    #[error(
        "the name of an artifact consists of A-Z, a-z, 0-9, `.`, `_` and `-`, and does not begin with `.`; offset {0} is none of these; choose another"
    )]
    Character(usize),
}

/// A committed artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub name: ArtifactName,
    /// BLAKE3 of its content.
    pub digest: blake3::Hash,
    /// Its size.
    pub bytes: u64,
}

impl ArtifactName {
    /// Checks a name that a guest gave.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<ArtifactName, ArtifactNameError> {
        if bytes.is_empty() || bytes.len() > ARTIFACT_NAME_BYTES_MAX {
            return Err(ArtifactNameError::Length(bytes.len()));
        }
        let fits = |offset: usize, byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-')
                || (byte == b'.' && offset > 0)
        };
        let odd = bytes
            .iter()
            .enumerate()
            .find(|(offset, byte)| !fits(*offset, **byte));
        match (odd, std::str::from_utf8(bytes)) {
            (None, Ok(text)) => Ok(ArtifactName(text.to_owned())),
            (Some((offset, _)), _) => Err(ArtifactNameError::Character(offset)),
            (None, Err(error)) => Err(ArtifactNameError::Character(error.valid_up_to())),
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ArtifactName {
    type Err = ArtifactNameError;

    fn from_str(text: &str) -> Result<ArtifactName, ArtifactNameError> {
        ArtifactName::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    blake3: &'a str,
    bytes: u64,
}

impl Artifact {
    /// Its line in the index, with its line feed.
    pub(super) fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let line = Line {
            name: self.name.as_str(),
            blake3: &self.digest.to_hex(),
            bytes: self.bytes,
        };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_paths_and_never_hidden() {
        for good in ["a", "report.json", "A-b_c.9", "a..b", &"x".repeat(128)] {
            assert_eq!(good.parse::<ArtifactName>().unwrap().as_str(), good);
        }
        for (bad, offset) in [
            (".", 0),
            ("..", 0),
            (".a", 0),
            ("a/b", 1),
            ("a\0", 1),
            ("a b", 1),
            ("ä", 0),
        ] {
            assert_eq!(
                bad.parse::<ArtifactName>(),
                Err(ArtifactNameError::Character(offset)),
                "{bad}"
            );
        }
        assert_eq!(
            ArtifactName::from_bytes(b"a\xff"),
            Err(ArtifactNameError::Character(1))
        );
        for bad in ["", &"x".repeat(129)] {
            assert_eq!(
                bad.parse::<ArtifactName>(),
                Err(ArtifactNameError::Length(bad.len()))
            );
        }
    }
}
