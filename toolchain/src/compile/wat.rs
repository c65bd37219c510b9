//! WebAssembly text, which needs no compiler but this program.

use std::fs::File;
use std::io::Read as _;

use super::{CompileError, Job};
use crate::compiled::Compiled;
use crate::printable::printable;

/// The most bytes of text that are read.
const TEXT_BYTES_MAX: u64 = 1 << 20;

pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, CompileError> {
    let path = job.project.directory.join(job.source());
    let mut text = String::new();
    let read = File::open(&path)
        .and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|source| CompileError::Read {
            path: path.display().to_string(),
            source,
        })?;
    if read as u64 > TEXT_BYTES_MAX {
        return Err(CompileError::TextTooLarge {
            path: path.display().to_string(),
            limit: TEXT_BYTES_MAX,
        });
    }
    let bytes = ::wat::parse_str(&text).map_err(|error| CompileError::Failed {
        program: "the assembler",
        message: printable(&error.to_string()),
    })?;
    Ok(Compiled::of(job.project, "wat 1.254.2", bytes))
}
