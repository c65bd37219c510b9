//! Upkeep of the store: runs that were killed are ended, and old ones make room.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;

use crate::files::{TreePath, open_parent, open_tree};
use crate::run_id::RunId;

use super::error::UndoError;
use super::journal::{Journal, TempRole};
use super::manifest::Manifest;
use super::store::{MANIFEST, OPEN_MARKER, OpenRun, RUNS_MAX, STORE_BYTES_MAX, UndoStore};

impl UndoStore {
    /// Ends runs that were killed. What cannot be ended now is left for the next time.
    pub(super) fn clean_up(&self) -> Result<(), UndoError> {
        for entry in self.entries()?.into_iter().filter(|entry| entry.open) {
            match self.open(&entry.run) {
                Ok(Some(open)) if open.lock.is_none() => {}
                Ok(Some(open)) => match open.end() {
                    Ok(true) => {}
                    Ok(false) => self.remove(&entry.run)?,
                    Err(_) => {}
                },
                // It was killed before it began.
                Ok(None) => self.remove(&entry.run)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Removes the oldest ended runs until there is room for one more.
    pub(super) fn make_room(&self) -> Result<(), UndoError> {
        let mut entries = self.entries()?;
        entries.sort_by_key(|entry| entry.changed);
        let mut count = entries.len();
        let sizes: Vec<u64> = entries
            .iter()
            .map(|entry| backup_bytes(&self.directory().join(entry.run.as_str())))
            .collect();
        let mut bytes: u64 = sizes.iter().sum();
        for (entry, size) in entries.iter().zip(sizes) {
            if count < RUNS_MAX && bytes <= STORE_BYTES_MAX {
                break;
            }
            if !entry.open {
                self.remove(&entry.run)?;
                count -= 1;
                bytes -= size;
            }
        }
        Ok(())
    }

    /// Removes a run. Its marker goes first on and last off, so that a removal that was cut short
    /// is finished by the next one.
    fn remove(&self, run: &RunId) -> Result<(), UndoError> {
        let directory = self.directory().join(run.as_str());
        let marker = directory.join(OPEN_MARKER);
        File::create(&marker).map_err(UndoError::io("make", &marker))?;
        let manifest = directory.join(MANIFEST);
        match fs::remove_file(&manifest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(UndoError::io("remove", &manifest)(error));
            }
            _ => {}
        }
        fs::remove_dir_all(&directory).map_err(UndoError::io("remove", &directory))
    }

    pub(super) fn entries(&self) -> Result<Vec<Entry>, UndoError> {
        let names = match fs::read_dir(self.directory()) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(UndoError::io("list", self.directory())(error)),
        };
        let mut entries = Vec::new();
        for name in names {
            let name = name.map_err(UndoError::io("list", self.directory()))?;
            // Other things in the store are not touched: the lock, what a person put there.
            let Some(run) = name.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let directory = name.path();
            if !directory.is_dir() {
                continue;
            }
            let manifest = fs::symlink_metadata(directory.join(MANIFEST));
            let open = manifest.is_err() || directory.join(OPEN_MARKER).exists();
            let changed = manifest.and_then(|metadata| metadata.modified());
            entries.push(Entry {
                run,
                open,
                changed: changed.unwrap_or(SystemTime::UNIX_EPOCH),
            });
        }
        Ok(entries)
    }
}

/// A directory in the store.
pub(super) struct Entry {
    pub(super) run: RunId,
    /// Whether there may be something to clean up.
    open: bool,
    /// When its manifest was last written.
    pub(super) changed: SystemTime,
}

impl OpenRun {
    /// Ends a run that was killed: removes its temporary files. `false` if it has not even begun.
    fn end(self) -> Result<bool, UndoError> {
        let (Some(manifest), Some(lock)) = (&self.manifest, self.lock) else {
            return Ok(false);
        };
        remove_temporary_files(manifest)?;
        Journal::resume(manifest, &self.directory, lock)?.end()?;
        Ok(true)
    }
}

/// Removes what a run may have left beside the files that it wrote; how many there were.
///
/// # Errors
/// When one is there and cannot be removed. Trees and directories that are gone have none.
pub(super) fn remove_temporary_files(manifest: &Manifest) -> Result<u64, UndoError> {
    let mut count = 0;
    for written in &manifest.written {
        let Ok(path) = TreePath::parse(&written.path) else {
            continue;
        };
        let Ok(tree) = open_tree(&written.tree) else {
            continue;
        };
        let Ok(parent) = open_parent(&tree, &path) else {
            continue;
        };
        for role in TempRole::ALL {
            let name = role.name(&manifest.run, written.seq);
            match unlinkat(&parent, &name, AtFlags::empty()) {
                Ok(()) => count += 1,
                Err(Errno::NOENT) => {}
                Err(errno) => {
                    let path = written.tree.join(path.parent()).join(name);
                    return Err(UndoError::io("remove", &path)(errno));
                }
            }
        }
    }
    Ok(count)
}

/// Bytes of the backups in `directory`.
pub(super) fn backup_bytes(directory: &Path) -> u64 {
    let Ok(names) = fs::read_dir(directory) else {
        return 0;
    };
    let sizes = names.flatten().filter_map(|name| name.metadata().ok());
    sizes.map(|metadata| metadata.len()).sum()
}
