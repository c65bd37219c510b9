//! The keys whose receipts are trusted.
//!
//! A trust file is UTF-8 text. Each line is blank, a comment that begins with `#`, or a public key
//! with an optional name after it:
//!
//! ```text
//! # machines of the build farm
//! d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a builder 1
//! ```
//!
//! A line `ssh-ed25519 BASE64 COMMENT`, as OpenSSH writes public keys, is a key too, with the comment
//! as its name. A file that begins with `-----BEGIN` is one PEM public key instead, and one of 33
//! bytes that begins with `01` a public key of wasmsign2. A directory is the union of its files,
//! except those whose name begins with a dot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::file::{self, FileError};
use crate::{KeyFormat, PublicKey, PublicKeyError, openssh_key};

/// The largest trust file in bytes.
pub const TRUST_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The most files in a trust directory.
pub const TRUST_DIRECTORY_FILES_MAX: usize = 1024;

const NAME_BYTES_MAX: usize = 128;

/// A set of trusted keys, each with an optional name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore {
    keys: BTreeMap<PublicKey, Option<String>>,
}

/// A key of a [`TrustStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedKey<'a> {
    /// The key.
    pub key: PublicKey,
    /// The name that the trust store gives it.
    pub name: Option<&'a str>,
}

/// Why a trust store could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file or directory itself.
    #[error("trust store: {0}")]
    File(#[from] FileError),
    /// A line that is neither a key, a comment nor blank.
    #[error("trust store {}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: TrustLineError,
    },
    /// A directory with too many files.
    #[error("trust store {} has more than {files_max} files", path.display())]
    TooManyFiles {
        /// The directory.
        path: PathBuf,
        /// The bound.
        files_max: usize,
    },
    /// The name to add does not fit on a line.
    #[error("name of the key {0}")]
    Name(TrustLineError),
    /// Another process holds the lock of the file.
    #[error(
        "trust store {} stays locked by another process; end that process and try again",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
}

/// What is wrong with a line of a trust file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustLineError {
    /// Not UTF-8.
    #[error("is not UTF-8")]
    Utf8,
    /// Not a public key.
    #[error("{0}")]
    Key(#[from] PublicKeyError),
    /// The name is too long.
    #[error("has more than {NAME_BYTES_MAX} bytes")]
    NameLong,
    /// The name could disturb a terminal, or would not survive a round trip.
    #[error("has a control character, a text direction mark, or blanks around it")]
    NameCharacter,
}

impl TrustStore {
    /// A store that trusts nobody.
    pub fn new() -> TrustStore {
        TrustStore::default()
    }

    /// Reads a trust file, a PEM public key, or a directory of such files.
    ///
    /// # Errors
    /// When the path or any file in it cannot be read, or has a line that is not understood.
    pub fn read(path: &Path) -> Result<TrustStore, TrustError> {
        let mut store = TrustStore::new();
        let failed = |source| FileError::Read {
            path: path.to_owned(),
            source,
        };
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            store.read_file(path)?;
            return Ok(store);
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if paths.len() == TRUST_DIRECTORY_FILES_MAX {
                let files_max = TRUST_DIRECTORY_FILES_MAX;
                return Err(TrustError::TooManyFiles {
                    path: path.to_owned(),
                    files_max,
                });
            }
            paths.push(entry.path());
        }
        paths.sort();
        paths.iter().try_for_each(|path| store.read_file(path))?;
        Ok(store)
    }

    /// Trusts a key. The first name of a key stays.
    ///
    /// Returns whether the key is new.
    ///
    /// # Errors
    /// When the name is too long or has characters that disturb a terminal.
    pub fn insert(&mut self, key: PublicKey, name: Option<&str>) -> Result<bool, TrustLineError> {
        name.map_or(Ok(()), check_name)?;
        let new = !self.keys.contains_key(&key);
        self.keys
            .entry(key)
            .or_insert_with(|| name.map(str::to_owned));
        Ok(new)
    }

    /// The entry of a key, when it is trusted.
    pub fn find(&self, key: &PublicKey) -> Option<TrustedKey<'_>> {
        self.keys.get_key_value(key).map(entry)
    }

    /// Every trusted key, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TrustedKey<'_>> {
        self.keys.iter().map(entry)
    }

    /// How many keys are trusted.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn read_file(&mut self, path: &Path) -> Result<(), TrustError> {
        let (bytes, _) = file::read(path, TRUST_FILE_BYTES_MAX)?;
        self.insert_text(&bytes)
            .map_err(|(line, problem)| TrustError::Line {
                path: path.to_owned(),
                line,
                problem,
            })
    }

    /// Adds the keys of a trust file or the key of a key file; an error comes with its line.
    fn insert_text(&mut self, bytes: &[u8]) -> Result<(), (usize, TrustLineError)> {
        let key = match KeyFormat::of(bytes) {
            KeyFormat::WasmsignPublic => PublicKey::from_wasmsign(bytes),
            _ if !bytes.starts_with(b"-----BEGIN") => return self.insert_lines(bytes),
            KeyFormat::PemPublic => {
                let pem = std::str::from_utf8(bytes).map_err(|_| (1, TrustLineError::Utf8))?;
                PublicKey::from_pem(pem)
            }
            format => Err(PublicKeyError::Format(format)),
        };
        let key = key.map_err(|error| (1, error.into()))?;
        self.insert(key, None).map_err(|problem| (1, problem))?;
        Ok(())
    }

    /// Adds the keys of a trust file; an error comes with its line.
    pub(crate) fn insert_lines(&mut self, bytes: &[u8]) -> Result<(), (usize, TrustLineError)> {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let failed = |problem| (index + 1, problem);
            if let Some((key, name)) = parse_line(line).map_err(failed)? {
                self.insert(key, name).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// The key and name on a line of a trust file; `None` for a comment or a blank line.
pub(crate) fn parse_line(line: &[u8]) -> Result<Option<(PublicKey, Option<&str>)>, TrustLineError> {
    let line = std::str::from_utf8(line)
        .map_err(|_| TrustLineError::Utf8)?
        .trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if KeyFormat::of(line.as_bytes()) == KeyFormat::OpenSshPublic {
        return Ok(Some(openssh_key::public_line(line)?));
    }
    let (key, name) = match line.split_once(char::is_whitespace) {
        Some((key, name)) => (key, Some(name.trim_start())),
        None => (line, None),
    };
    Ok(Some((key.parse::<PublicKey>()?, name)))
}

/// Checks that a name fits on a line and can be shown as it is.
pub(crate) fn check_name(name: &str) -> Result<(), TrustLineError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(TrustLineError::NameLong);
    }
    let disturbs = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if name.is_empty() || name.trim() != name || name.contains(disturbs) {
        return Err(TrustLineError::NameCharacter);
    }
    Ok(())
}

fn entry<'a>((key, name): (&PublicKey, &'a Option<String>)) -> TrustedKey<'a> {
    TrustedKey {
        key: *key,
        name: name.as_deref(),
    }
}
