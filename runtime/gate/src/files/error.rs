//! Why a file was not read or written.

use std::io;
use std::path::PathBuf;

use crate::EffectKind;
use crate::undo::UndoError;

use super::path::{COMPONENT_BYTES_MAX, PATH_BYTES_MAX, RESERVED_PREFIX};

/// Why a file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A granted tree cannot be opened.
    #[error(
        "cannot open the granted tree {path:?}: {source}; correct the path in [[files]], or its permissions"
    )]
    TreeOpen {
        /// The tree.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A granted tree is a symbolic link.
    #[error("the granted tree {path:?} is a symbolic link; name the directory itself in [[files]]")]
    TreeIsLink {
        /// The tree.
        path: PathBuf,
    },
    /// A granted tree is not absolute.
    #[error("the granted tree {path:?} is not an absolute path; write it from / in [[files]]")]
    TreeNotAbsolute {
        /// The tree.
        path: PathBuf,
    },
    /// A capsule could change the backups.
    #[error(
        "the granted tree {tree:?} and the undo store {store:?} lie in each other, so a capsule could change backups; grant a smaller tree, or set XDG_STATE_HOME to another place"
    )]
    TreeHoldsStore {
        /// The tree.
        tree: PathBuf,
        /// The store.
        store: PathBuf,
    },
    /// No tree with this index.
    #[error("there is no granted tree {index}, only {count}")]
    NoTree {
        /// The index.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The tree does not grant it.
    #[error("the tree {tree:?} does not grant {access}; add {access:?} to its access in [[files]]")]
    Access {
        /// The tree.
        tree: PathBuf,
        /// What was asked for.
        access: &'static str,
    },
    /// The path is none that can be below a tree.
    #[error("the path {path:?} {problem}")]
    Path {
        /// The path, shortened to 256 bytes.
        path: PathBuf,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// The path leads out of the tree.
    #[error(
        "{path:?} leads out of the tree {tree:?}; name a file below it, and no link that points outside"
    )]
    Escape {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
    },
    /// It is one of tenzik's own files.
    #[error(
        "{path:?} below {tree:?} lies in {own:?}, where tenzik keeps its own files, which no capsule reads or writes; name another file, or grant a smaller tree"
    )]
    Protected {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
        /// What is tenzik's.
        own: PathBuf,
    },
    /// There is no such file.
    #[error("{path:?} below {tree:?} does not exist")]
    NotFound {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
    },
    /// There is such a file.
    #[error("{path:?} below {tree:?} exists already; choose another name, or replace it")]
    AlreadyExists {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
    },
    /// It is no regular file.
    #[error("{path:?} below {tree:?} is {kind} and no regular file; name a regular file")]
    NotRegular {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A quota of a tree.
    #[error(
        "the tree {tree:?} grants {max} {what} for each run; {spent} are used and {asked} more were asked for; raise `{key}` in [[files]]"
    )]
    Quota {
        /// The tree.
        tree: PathBuf,
        /// What is counted.
        what: &'static str,
        /// The key in the policy.
        key: &'static str,
        /// What was asked for.
        asked: u64,
        /// What was used before.
        spent: u64,
        /// The quota.
        max: u64,
    },
    /// Something else changed it at the same time.
    #[error(
        "{path:?} below {tree:?} was changed by something else while it was written, and is left as it is; try again"
    )]
    Changed {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
    },
    /// A new file could not be given to the owner of the old one.
    #[error(
        "{path:?} below {tree:?} belongs to user {uid} and group {gid}, and a new file cannot be given to them: {source}; run tenzik as that user"
    )]
    Owner {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Why.
        source: io::Error,
    },
    /// It has what a replaced file would lose.
    #[error(
        "{path:?} below {tree:?} has extended attributes or an access control list, which a replaced file would lose; remove them with setfattr -x or setfacl -b, or choose another file"
    )]
    Attributes {
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
    },
    /// The writer failed before or is finished.
    #[error("this file cannot be written any more: an earlier write failed; begin it again")]
    Closed,
    /// The system refused.
    #[error("cannot {doing} {path:?} below {tree:?}: {source}; check permissions and free space")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The tree.
        tree: PathBuf,
        /// The path below it.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The backup or its journal failed, so nothing was changed.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing.
    #[error("is empty; name a file below the tree")]
    Empty,
    /// From the root.
    #[error("is absolute; write it from the tree on")]
    Absolute,
    /// Upwards.
    #[error("has a component `..`; write the path without it")]
    Parent,
    /// No file name at the end.
    #[error("ends with / or /., so it names a directory; name a file")]
    Directory,
    /// A zero byte.
    #[error("has a zero byte at offset {0}; remove it")]
    Zero(usize),
    /// Too long.
    #[error("has {0} bytes, more than {PATH_BYTES_MAX}; grant a tree nearer to the file")]
    TooLong(usize),
    /// A component that is too long.
    #[error("has a component of {0} bytes, more than {COMPONENT_BYTES_MAX}; choose a shorter name")]
    ComponentTooLong(usize),
    /// A name that tenzik uses.
    #[error(
        "ends with a name that begins with `{RESERVED_PREFIX}`, which temporary files of tenzik have; choose another name"
    )]
    Reserved,
}

impl FileError {
    /// What kind of "no" it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            FileError::NotFound { .. } => EffectKind::NotFound,
            FileError::AlreadyExists { .. } => EffectKind::AlreadyExists,
            FileError::Quota { .. } => EffectKind::Exceeded,
            FileError::Access { .. }
            | FileError::Path { .. }
            | FileError::Escape { .. }
            | FileError::Protected { .. }
            | FileError::NotRegular { .. }
            | FileError::NoTree { .. }
            | FileError::TreeHoldsStore { .. } => EffectKind::Refused,
            FileError::Undo(error) => error.kind(),
            FileError::TreeOpen { .. }
            | FileError::TreeIsLink { .. }
            | FileError::TreeNotAbsolute { .. }
            | FileError::Changed { .. }
            | FileError::Owner { .. }
            | FileError::Attributes { .. }
            | FileError::Closed
            | FileError::Io { .. } => EffectKind::Io,
        }
    }
}
