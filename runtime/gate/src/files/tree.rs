//! A granted tree, open.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tenzik_policy::FileTree;

use super::error::FileError;
use super::path::TreePath;
use super::protected;

/// A granted tree, its descriptor, and what of its quotas is used.
#[derive(Debug)]
pub(crate) struct OpenTree {
    directory: Dir,
    pub(super) grant: FileTree,
    spent: Mutex<Spent>,
    protected: Arc<[PathBuf]>,
}

#[derive(Debug, Default)]
struct Spent {
    bytes: u64,
    files: u64,
}

impl OpenTree {
    /// Opens the tree of `grant`, which must not hold `store` nor lie in it if it can be written to.
    pub(super) fn open(
        grant: &FileTree,
        store: &Path,
        protected: &Arc<[PathBuf]>,
    ) -> Result<OpenTree, FileError> {
        let directory = open_tree(&grant.path)?;
        if grant.write || grant.append {
            let (tree, store) = (resolved(&grant.path), resolved(store));
            if tree.starts_with(&store) || store.starts_with(&tree) {
                let tree = grant.path.clone();
                return Err(FileError::TreeHoldsStore { tree, store });
            }
        }
        Ok(OpenTree {
            directory,
            grant: grant.clone(),
            spent: Mutex::default(),
            protected: Arc::clone(protected),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.grant.path
    }

    pub(super) fn directory(&self) -> &Dir {
        &self.directory
    }

    /// The directory that `path` is in, unless `path` is one of tenzik's own files.
    pub(super) fn parent(&self, path: &TreePath) -> Result<OwnedFd, FileError> {
        let parent =
            open_parent(&self.directory, path).map_err(|error| self.error("open", path, error))?;
        match protected::find(&self.protected, &parent, path.name()) {
            None => Ok(parent),
            Some(own) => Err(FileError::Protected {
                tree: self.grant.path.clone(),
                path: path.as_path().to_owned(),
                own: own.to_owned(),
            }),
        }
    }

    pub(super) fn check_access(
        &self,
        access: &'static str,
        granted: bool,
    ) -> Result<(), FileError> {
        if granted {
            return Ok(());
        }
        Err(FileError::Access {
            tree: self.grant.path.clone(),
            access,
        })
    }

    /// Takes one file from the quota.
    pub(super) fn spend_file(&self) -> Result<(), FileError> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = spent.files;
        spent.files = self.spend(("files", "files"), now, 1, self.grant.files_max)?;
        Ok(())
    }

    /// Takes `bytes` from the quota: all of them or none.
    pub(super) fn spend_bytes(&self, bytes: u64) -> Result<(), FileError> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = spent.bytes;
        spent.bytes = self.spend(("bytes", "bytes"), now, bytes, self.grant.bytes_max)?;
        Ok(())
    }

    fn spend(
        &self,
        (what, key): (&'static str, &'static str),
        spent: u64,
        asked: u64,
        max: u64,
    ) -> Result<u64, FileError> {
        let after = spent.checked_add(asked).filter(|after| *after <= max);
        after.ok_or_else(|| {
            let tree = self.grant.path.clone();
            FileError::Quota {
                tree,
                what,
                key,
                asked,
                spent,
                max,
            }
        })
    }

    /// The error for what the system said about `path`.
    pub(super) fn error(
        &self,
        doing: &'static str,
        path: &TreePath,
        source: io::Error,
    ) -> FileError {
        let (tree, path) = (self.grant.path.clone(), path.as_path().to_owned());
        if is_escape(&source) {
            return FileError::Escape { tree, path };
        }
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT | Errno::NOTDIR) => FileError::NotFound { tree, path },
            _ => FileError::Io {
                doing,
                tree,
                path,
                source,
            },
        }
    }
}

/// Opens a tree by its path, which is not a symbolic link itself.
pub(crate) fn open_tree(path: &Path) -> Result<Dir, FileError> {
    if !path.is_absolute() {
        return Err(FileError::TreeNotAbsolute {
            path: path.to_owned(),
        });
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(directory) => Ok(Dir::from_std_file(File::from(directory))),
        Err(_) if path.is_symlink() => Err(FileError::TreeIsLink {
            path: path.to_owned(),
        }),
        Err(errno) => Err(FileError::TreeOpen {
            path: path.to_owned(),
            source: errno.into(),
        }),
    }
}

/// The directory that `path` is in, resolved below `directory`. It can be read and synchronised.
pub(crate) fn open_parent(directory: &Dir, path: &TreePath) -> io::Result<OwnedFd> {
    let parent = path.parent();
    let found: OwnedFd = if parent.as_os_str().is_empty() {
        directory.try_clone()?.into_std_file().into()
    } else {
        directory.open_dir(parent)?.into_std_file().into()
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&found, ".", flags, Mode::empty())?)
}

/// Whether cap-std found that a path leads outside: an error of its own, without a number.
pub(crate) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

/// `path` without links, as far as it exists.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(found) = existing.canonicalize() {
            return rest.iter().rev().fold(found, |path, part| path.join(part));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                existing = parent;
            }
            _ => return path.to_owned(),
        }
    }
}
