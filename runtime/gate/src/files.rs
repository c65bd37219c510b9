//! Files below granted trees: read in pieces, written atomically, with a backup of what was there.
//!
//! Each tree is opened once. A path is resolved below that descriptor as `openat2` with
//! `RESOLVE_BENEATH` does it (cap-std; on kernels without it, component by component): no `..`, no
//! absolute path, no link that leads outside, no link of /proc, also when a directory turns into a
//! link while the path is resolved. The last component is never followed when it is a link, and
//! only regular files are opened.
//!
//! A hard link cannot be told from a file: what another user linked into the tree can be read. It
//! is never written through, because a write makes a new file and renames it over the old name.

mod path;
mod protected;
mod tree;

mod reader;
mod replacement;
mod writer;

mod error;
mod metadata;
mod target;

pub use error::{FileError, PathProblem};
pub use path::{COMPONENT_BYTES_MAX, PATH_BYTES_MAX, RESERVED_PREFIX};
pub use reader::FileReader;
pub use writer::{Committed, FileWriter, WriteMode};

pub(crate) use metadata::{drop_access_list, has_attributes, own, set_mode};
pub(crate) use path::TreePath;
pub(crate) use target::{KeptState, Target, copy, open_regular, unchanged};
pub(crate) use tree::{open_parent, open_tree, resolved};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_policy::FileTree;

use crate::run_id::RunId;
use crate::undo::{Journal, UndoReport, UndoStore, Within};

use tree::OpenTree;

/// The granted trees of one run, open.
#[derive(Debug)]
pub struct FileTrees {
    trees: Vec<Arc<OpenTree>>,
    run: Arc<Run>,
}

/// What the writers of a run share.
#[derive(Debug)]
struct Run {
    id: RunId,
    store: UndoStore,
    /// Begun by the first writer.
    journal: Mutex<Option<Journal>>,
}

impl FileTrees {
    /// Opens `trees` for the run `run_id`; backups go below `state_dir`, which is made when the
    /// first file is written. What is in `protected` or below is neither read nor written.
    ///
    /// # Errors
    /// When a tree is no directory, is a link or cannot be opened, or when a tree that may be
    /// written to holds the state directory or lies in it.
    pub fn open(
        trees: &[FileTree],
        run_id: &RunId,
        state_dir: &Path,
        protected: &[PathBuf],
    ) -> Result<FileTrees, FileError> {
        let store = UndoStore::new(state_dir);
        let protected: Arc<[PathBuf]> = protected.into();
        let trees = trees
            .iter()
            .map(|grant| OpenTree::open(grant, store.directory(), &protected).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let run = Run {
            id: run_id.clone(),
            store,
            journal: Mutex::new(None),
        };
        Ok(FileTrees {
            trees,
            run: Arc::new(run),
        })
    }

    /// Opens the regular file at `path` below the tree with index `tree`.
    ///
    /// # Errors
    /// When the tree does not grant reading, or `path` names no regular file below it.
    pub fn read(&self, tree: usize, path: &Path) -> Result<FileReader, FileError> {
        let tree = self.tree(tree)?;
        tree.check_access("read", tree.grant.read)?;
        FileReader::open(tree, &TreePath::parse(path)?)
    }

    /// Begins to write the file at `path` below the tree with index `tree`. Nothing is visible
    /// under that name before [`FileWriter::commit`].
    ///
    /// # Errors
    /// When the tree does not grant it, `path` names something else than a regular file or nothing,
    /// or a quota is used up.
    pub fn create(
        &self,
        tree: usize,
        path: &Path,
        mode: WriteMode,
    ) -> Result<FileWriter, FileError> {
        let tree = self.tree(tree)?;
        match mode {
            WriteMode::Replace | WriteMode::New => tree.check_access("write", tree.grant.write)?,
            WriteMode::Append => {
                tree.check_access("append", tree.grant.append || tree.grant.write)?;
            }
        }
        let path = TreePath::parse(path)?;
        FileWriter::create(Arc::clone(tree), Arc::clone(&self.run), path, mode)
    }

    /// Undoes what an ended run changed, as [`UndoStore::undo`] does without force, below trees that
    /// may be written to. What it restores counts for no quota: a run wrote as much before. It is
    /// not itself in the undo store.
    ///
    /// # Errors
    /// When the run changed files elsewhere, or files are not as it left them.
    pub fn undo(&self, run: &RunId) -> Result<UndoReport, FileError> {
        let trees = self.trees.iter().filter(|tree| tree.grant.write);
        let trees: Vec<_> = trees.map(|tree| (tree.path(), tree.directory())).collect();
        Ok(self
            .run
            .store
            .undo_within(run, false, &Within::Trees(&trees))?)
    }

    /// Files that this run has committed, each time anew.
    pub fn changes(&self) -> u64 {
        let journal = self
            .run
            .journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        journal.as_ref().map_or(0, Journal::changes)
    }

    /// Ends the writing of this run: says in the store that nothing is left to clean up. Writers
    /// that were not committed are dropped before.
    ///
    /// # Errors
    /// When the store cannot be written; the next run cleans up then.
    pub fn finish(self) -> Result<(), FileError> {
        let mut journal = self
            .run
            .journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match journal.take() {
            Some(journal) => Ok(journal.end()?),
            None => Ok(()),
        }
    }

    fn tree(&self, index: usize) -> Result<&Arc<OpenTree>, FileError> {
        let count = self.trees.len();
        self.trees
            .get(index)
            .ok_or(FileError::NoTree { index, count })
    }
}

impl Run {
    /// Does `work` with the journal of the run, which it begins if need be.
    fn with_journal<T>(
        &self,
        work: impl FnOnce(&mut Journal) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if journal.is_none() {
            *journal = Some(self.store.begin(&self.id)?);
        }
        match journal.as_mut() {
            Some(journal) => work(journal),
            // Filled just above.
            None => Err(FileError::Closed),
        }
    }
}
