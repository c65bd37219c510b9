//! The program to execute: opened once, examined, and given on as that descriptor.

use std::fs::{self, File, FileType};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use tenzik_jail::FileStamp;

use crate::error::StartError;
use crate::process::Cancelled;
use crate::spec::ProcessSpec;

/// Most bytes of a script's first line that are looked at.
const LINE_BYTES_MAX: usize = 256;
/// Bytes that are hashed between two looks whether the caller gave up.
const HASH_BYTES: usize = 1 << 20;

/// A program that may be executed.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its file; what is executed.
    pub(crate) file: File,
    /// Its path without symbolic links.
    pub(crate) path: PathBuf,
    /// What the file looked like.
    pub(crate) stamp: FileStamp,
}

impl Program {
    /// Opens and examines the program of `spec`.
    pub(crate) fn open(
        spec: &ProcessSpec,
        cancelled: Cancelled<'_>,
    ) -> Result<Program, StartError> {
        let path = &spec.program;
        if !path.is_absolute() {
            return Err(StartError::NotAbsolute { path: path.clone() });
        }
        let fail = |source: io::Error| StartError::Open {
            path: path.clone(),
            source,
        };
        let real = if spec.follow {
            fs::canonicalize(path).map_err(fail)?
        } else {
            path.clone()
        };
        let mut file = open_regular(path, &real)?;
        let metadata = file.metadata().map_err(fail)?;
        if metadata.mode() & 0o111 == 0 {
            return Err(StartError::NotExecutable {
                path: path.clone(),
                mode: metadata.mode() & 0o7777,
            });
        }
        check_format(path, &mut file)?;
        let before = stamp(&metadata);
        if let Some(expected) = &spec.blake3 {
            check_pin(path, &mut file, expected, cancelled)?;
        }
        if stamp(&file.metadata().map_err(fail)?) != before {
            return Err(StartError::Changed { path: path.clone() });
        }
        Ok(Program {
            file,
            path: real,
            stamp: before,
        })
    }
}

/// Opens `real` for reading if it is a regular file. Nothing else is opened: that can wait, or act.
fn open_regular(path: &Path, real: &Path) -> Result<File, StartError> {
    let fail = |source: io::Error| StartError::Open {
        path: path.to_owned(),
        source,
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found: OwnedFd = match openat2(CWD, real, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(found) => found,
        Err(Errno::LOOP) => {
            return Err(StartError::Symlink {
                path: path.to_owned(),
                resolved: fs::canonicalize(path).ok(),
            });
        }
        Err(error) => return Err(fail(error.into())),
    };
    let found = File::from(found);
    let kind = found.metadata().map_err(fail)?.file_type();
    if !kind.is_file() {
        return Err(StartError::NotAFile {
            path: path.to_owned(),
            kind: kind_name(kind),
        });
    }
    // The same file, now to be read.
    File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).map_err(fail)
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        _ if kind.is_dir() => "directory",
        _ if kind.is_symlink() => "symbolic link",
        _ if kind.is_fifo() => "FIFO",
        _ if kind.is_socket() => "socket",
        _ => "device",
    }
}

/// Refuses scripts, whose interpreter would be what is executed, and all that is no ELF file.
fn check_format(path: &Path, file: &mut File) -> Result<(), StartError> {
    let fail = |source: io::Error| StartError::Open {
        path: path.to_owned(),
        source,
    };
    let mut start = Vec::with_capacity(LINE_BYTES_MAX);
    file.by_ref()
        .take(LINE_BYTES_MAX as u64)
        .read_to_end(&mut start)
        .map_err(fail)?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = line.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let interpreter = line.trim_ascii().escape_ascii().to_string();
        return Err(StartError::Script {
            path: path.to_owned(),
            interpreter,
        });
    }
    if !start.starts_with(b"\x7fELF") {
        return Err(StartError::NotElf {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Compares the digest of the file with the pin.
fn check_pin(
    path: &Path,
    file: &mut File,
    expected: &[u8; 32],
    cancelled: Cancelled<'_>,
) -> Result<(), StartError> {
    let fail = |source: io::Error| StartError::Open {
        path: path.to_owned(),
        source,
    };
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; HASH_BYTES];
    loop {
        if cancelled() {
            return Err(StartError::Cancelled);
        }
        let count = file.read(&mut piece).map_err(fail)?;
        if count == 0 {
            break;
        }
        hasher.update(&piece[..count]);
    }
    let found = hasher.finalize();
    let expected = blake3::Hash::from_bytes(*expected);
    if found == expected {
        return Ok(());
    }
    Err(StartError::PinDiffers {
        path: path.to_owned(),
        expected: expected.to_hex().to_string(),
        found: found.to_hex().to_string(),
    })
}

fn stamp(metadata: &fs::Metadata) -> FileStamp {
    FileStamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        bytes: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}
