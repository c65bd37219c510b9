//! What stands under a name in a directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, PROC_SUPER_MAGIC, Stat, fstat, fstatfs, openat, statat,
};
use rustix::io::Errno;

use std::os::fd::AsFd;

/// The bits of a mode that `chmod` sets.
pub(crate) const MODE_BITS: u32 = 0o7777;
/// Bytes that are copied at a time.
const PIECE_BYTES: usize = 128 << 10;

/// What stands under a name.
#[derive(Debug)]
pub(crate) enum Target {
    /// Nothing.
    Absent,
    /// A regular file, open for reading.
    Regular {
        /// The file.
        file: File,
        /// What it was like when it was opened.
        stat: Stat,
    },
    /// Something else, by its name with an article.
    Other(&'static str),
}

/// Opens the regular file `name` in `parent`. Nothing else is opened: opening a FIFO or a device
/// can have effects of its own. What stands there is looked at first, and again after opening,
/// which does not wait if a FIFO came in between.
pub(crate) fn open_regular(parent: impl AsFd, name: &OsStr) -> io::Result<Target> {
    let parent: BorrowedFd<'_> = parent.as_fd();
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            if let Some(kind) = other_kind(&stat) {
                return Ok(Target::Other(kind));
            }
        }
        Err(Errno::NOENT) => return Ok(Target::Absent),
        Err(errno) => return Err(errno.into()),
    }
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match openat(parent, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Target::Absent),
        Err(Errno::LOOP) => return Ok(Target::Other("a symbolic link")),
        Err(errno) => return Err(errno.into()),
    };
    let stat = fstat(&file)?;
    Ok(match other_kind(&stat) {
        Some(kind) => Target::Other(kind),
        // Memory and environment of processes, also of this one, are files there.
        None if fstatfs(&file)?.f_type == PROC_SUPER_MAGIC => Target::Other("a file of /proc"),
        None => Target::Regular { file, stat },
    })
}

fn other_kind(stat: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("a directory"),
        FileType::Symlink => Some("a symbolic link"),
        FileType::Fifo => Some("a FIFO"),
        FileType::Socket => Some("a socket"),
        FileType::CharacterDevice => Some("a character device"),
        FileType::BlockDevice => Some("a block device"),
        FileType::Unknown => Some("of an unknown kind"),
    }
}

/// Whether two looks were at the same file in the same state.
pub(crate) fn unchanged(before: &Stat, after: &Stat) -> bool {
    let key = |stat: &Stat| {
        let (size, mode) = (stat.st_size, stat.st_mode);
        let changed = (
            stat.st_mtime,
            stat.st_mtime_nsec,
            stat.st_ctime,
            stat.st_ctime_nsec,
        );
        (
            stat.st_dev,
            stat.st_ino,
            size,
            mode,
            stat.st_uid,
            stat.st_gid,
            changed,
        )
    };
    key(before) == key(after)
}

/// Content and mode of a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptState {
    /// Its size.
    pub(crate) bytes: u64,
    /// BLAKE3 of its content.
    pub(crate) digest: blake3::Hash,
    /// Its mode, as `chmod` sets it.
    pub(crate) mode: u32,
}

impl KeptState {
    /// Reads `file` from its beginning to its end.
    pub(crate) fn of(file: File, stat: &Stat) -> io::Result<KeptState> {
        let (bytes, digest) = copy(file, &mut [])?;
        Ok(KeptState {
            bytes,
            digest,
            mode: stat.st_mode & MODE_BITS,
        })
    }
}

/// Copies `from` into all of `into`; its size and digest.
pub(crate) fn copy(
    mut from: impl Read,
    into: &mut [&mut dyn io::Write],
) -> io::Result<(u64, blake3::Hash)> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok((hasher.count(), hasher.finalize())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &piece[..count];
        hasher.update(bytes);
        for file in &mut *into {
            file.write_all(bytes)?;
        }
    }
}
