//! Reading a module: bytes or text, never more than the limit.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tenzik_capsule::{Finding, FindingCode, Location, ModuleLimits, Validation};

/// Largest WebAssembly text that is read, in bytes.
pub const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Longest message of the assembler that is kept, in characters.
const MESSAGE_CHARS_MAX: usize = 600;

/// What a file holds.
#[derive(Debug)]
pub enum Loaded {
    /// The assembled bytes of a module, within the size limit or at most one byte over it.
    Bytes(Vec<u8>),
    /// The file was rejected without becoming a module: too large, or text that does not assemble.
    Rejected(Box<Validation>),
}

/// A file cannot be read. It says nothing about a capsule.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: {source}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Text that does not assemble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AssembleError(String);

/// Assembles WebAssembly text.
///
/// # Errors
/// [`AssembleError`] with line, column and the line itself.
pub fn assemble(text: &str) -> Result<Vec<u8>, AssembleError> {
    wat::parse_str(text).map_err(|error| AssembleError(printable(&error.to_string())))
}

/// Reads the module at `path`. Bytes that begin with `\0asm` are WebAssembly; otherwise a name that
/// ends in `.wat` is read as text, up to 1 MiB. A file over the size limit is not read.
///
/// # Errors
/// [`LoadError`] if the file cannot be opened or read.
pub fn load_module(path: &Path, limits: &ModuleLimits) -> Result<Loaded, LoadError> {
    load(path, limits).map_err(|source| LoadError {
        path: path.to_owned(),
        source,
    })
}

fn load(path: &Path, limits: &ModuleLimits) -> io::Result<Loaded> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a directory",
        ));
    }
    let named_text = path.extension().is_some_and(|extension| extension == "wat");
    let size = metadata.is_file().then_some(metadata.len());
    if let Some(size) = size.filter(|size| *size > limits.module_bytes_max) {
        let text = named_text && !begins_like_wasm(&mut file)?;
        if !text {
            return Ok(Loaded::Rejected(Box::new(Validation::too_large(
                size, limits,
            ))));
        }
        if size > TEXT_BYTES_MAX {
            return Ok(Loaded::Rejected(Box::new(text_too_large(size))));
        }
    }
    let most = if named_text {
        TEXT_BYTES_MAX.max(limits.module_bytes_max)
    } else {
        limits.module_bytes_max
    };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if !named_text || bytes.starts_with(b"\0asm") {
        return Ok(Loaded::Bytes(bytes));
    }
    Ok(read_text(bytes))
}

fn begins_like_wasm(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.by_ref().take(4).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head == b"\0asm")
}

fn read_text(bytes: Vec<u8>) -> Loaded {
    let size = bytes.len() as u64;
    if size > TEXT_BYTES_MAX {
        return Loaded::Rejected(Box::new(text_too_large(size)));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            return rejected(
                size,
                Location::at(offset),
                "the text is not UTF-8".to_owned(),
            );
        }
    };
    match assemble(&text) {
        Ok(bytes) => Loaded::Bytes(bytes),
        Err(error) => rejected(size, Location::default(), error.to_string()),
    }
}

fn rejected(size: u64, location: Location, message: String) -> Loaded {
    let finding = Finding::error(FindingCode::TextInvalid, location, message);
    Loaded::Rejected(Box::new(Validation::rejected(size, finding)))
}

fn text_too_large(size: u64) -> Validation {
    let message = format!("the text has {size} bytes; at most {TEXT_BYTES_MAX} are read");
    Validation::rejected(
        size,
        Finding::error(FindingCode::TextTooLarge, Location::default(), message),
    )
}

/// The assembler's message quotes the text: only printable ASCII and line breaks are kept.
fn printable(message: &str) -> String {
    message
        .chars()
        .take(MESSAGE_CHARS_MAX)
        .map(|character| {
            if character == '\n' || (' '..='~').contains(&character) {
                character
            } else {
                '?'
            }
        })
        .collect()
}
