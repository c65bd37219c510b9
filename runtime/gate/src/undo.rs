//! The undo store: what every change of a file replaced, and how to put it back.
//!
//! ```text
//! <state>/undo/                 mode 0700
//!   lock                        held while a change is made or undone, so that changes do not mix
//!   <run id>/
//!     manifest.jsonl            one JSON object in each line, only ever appended to; locked by the run
//!     open                      there until the run has ended in order
//!     1.before, 2.before, …     what the files had before each change
//! ```
//!
//! Before a change its backup and its line in the manifest are on disk. So after a kill at any
//! moment a file is as it was or as it should become, and the manifest tells which.

mod error;
mod journal;
mod manifest;
mod plan;
mod restore;
mod store;
mod upkeep;

pub use error::{ConflictReason, UndoConflict, UndoError};
pub use restore::{RestoreAction, Restored, UndoReport};
pub use store::{
    MANIFEST_BYTES_MAX, RUN_BACKUP_BYTES_MAX, RUNS_MAX, STORE_BYTES_MAX, UndoRun, UndoRunState,
    UndoStore, UndoneChange,
};

pub(crate) use journal::{Journal, TempRole};
pub(crate) use restore::Within;
