//! Bounded reading of small text files below a root.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// Bytes of one file that are looked at. `/proc/stat` has what matters at its beginning.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A tree with `proc` and `sys` in it, and a buffer that is used again.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    buffer: Vec<u8>,
}

impl Files {
    pub(crate) fn new(root: PathBuf) -> Files {
        Files {
            root,
            buffer: vec![0; TEXT_BYTES_MAX],
        }
    }

    /// The text of a file, or its beginning; nothing if it cannot be read, is empty or not UTF-8.
    pub(crate) fn text(&mut self, name: impl AsRef<Path>) -> Option<&str> {
        // A FIFO in the place of a file must not hold the thread.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::open(self.root.join(name), flags, Mode::empty()).ok()?;
        let mut file = File::from(file);
        let mut length = 0;
        // Few and large reads: the kernel writes the text anew for most of them.
        while let Some(rest) = self
            .buffer
            .get_mut(length..)
            .filter(|rest| !rest.is_empty())
        {
            match file.read(rest) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        let text = std::str::from_utf8(self.buffer.get(..length)?).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// A file that holds one number.
    pub(crate) fn number(&mut self, name: impl AsRef<Path>) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }
}

/// The number of bytes in a line such as `MemTotal:  16384 kB`.
pub(crate) fn kib_line(text: &str, key: &str) -> Option<u64> {
    let value = after(text, key)?;
    let (number, unit) = value.split_once(' ')?;
    if unit.trim() != "kB" {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(1024)
}

/// What follows `key` in the first line that begins with it.
pub(crate) fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .map(str::trim)
}

/// A finite number that is not negative.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// `path` below `base`, without steps upwards.
pub(crate) fn below(base: &Path, path: &str) -> PathBuf {
    let names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    names.fold(base.to_owned(), |path, name| path.join(name))
}
