//! A file that is read in pieces.

use std::fs::File;
use std::io::{self, Read};

use super::error::FileError;
use super::path::TreePath;
use super::target::{Target, open_regular};
use super::tree::OpenTree;

/// A regular file below a granted tree, open for reading. It keeps the file that it was opened
/// with: replacing the name changes nothing, writing into the file does.
#[derive(Debug)]
pub struct FileReader {
    file: File,
    bytes: u64,
}

impl FileReader {
    pub(super) fn open(tree: &OpenTree, path: &TreePath) -> Result<FileReader, FileError> {
        let parent = tree.parent(path)?;
        match open_regular(&parent, path.name()) {
            Ok(Target::Regular { file, stat }) => {
                let bytes = u64::try_from(stat.st_size).unwrap_or(0);
                Ok(FileReader { file, bytes })
            }
            Ok(Target::Other(kind)) => Err(FileError::NotRegular {
                tree: tree.path().to_owned(),
                path: path.as_path().to_owned(),
                kind,
            }),
            Ok(Target::Absent) => Err(FileError::NotFound {
                tree: tree.path().to_owned(),
                path: path.as_path().to_owned(),
            }),
            Err(source) => Err(tree.error("read", path, source)),
        }
    }

    /// Its size when it was opened. It may have another one at the end.
    pub fn size(&self) -> u64 {
        self.bytes
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
