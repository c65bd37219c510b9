//! What an undo would do, found out before anything is done.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Stat, fstat};

use crate::files::{
    FileError, KeptState, Target, TreePath, has_attributes, open_parent, open_regular,
};
use crate::run_id::RunId;

use super::error::{ConflictReason, UndoConflict, UndoError};
use super::manifest::{Change, ChangeState, Manifest, Written};
use super::restore::Within;

/// One change to undo.
pub(super) struct Step {
    pub(super) seq: u64,
    /// Tree and path together, for people.
    pub(super) shown: PathBuf,
    pub(super) change: Change,
    pub(super) what: What,
}

/// What to do about a change.
pub(super) enum What {
    /// The file is as it was before already.
    Nothing,
    /// Put the state before in place.
    Restore {
        parent: OwnedFd,
        name: OsString,
        /// What was seen; `None` if an earlier step of the plan leaves it, or nothing is there.
        seen: Option<Stat>,
    },
    /// The file cannot be put back.
    Leave,
}

/// The steps, in the order in which they are done, and the files that are not as the run left them.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) conflicts: Vec<UndoConflict>,
}

/// A directory and a name in it: the same file may be below two trees, or behind a link.
type Place = (u64, u64, OsString);

/// A file as an undo finds it.
enum Found {
    Absent,
    File(KeptState),
    Differs(ConflictReason),
}

impl Plan {
    /// Looks at every file that the run changed.
    pub(super) fn make(manifest: &Manifest, within: &Within<'_>) -> Result<Plan, UndoError> {
        let mut plan = Plan {
            steps: Vec::new(),
            conflicts: Vec::new(),
        };
        let mut later = HashMap::new();
        for (written, change) in manifest.changes().rev() {
            if matches!(change.state, ChangeState::Void | ChangeState::Undone) {
                continue;
            }
            let shown = written.tree.join(&written.path);
            let (what, conflict) = match open_place(&manifest.run, written, within)? {
                Ok((parent, name)) => judge(parent, name, &change, &mut later),
                Err(error) => {
                    let reason = ConflictReason::Unreachable(error.to_string());
                    (What::Leave, Some(reason))
                }
            };
            if let Some(reason) = conflict {
                plan.conflicts.push(UndoConflict {
                    path: shown.clone(),
                    reason,
                });
            }
            plan.steps.push(Step {
                seq: written.seq,
                shown,
                change,
                what,
            });
        }
        Ok(plan)
    }
}

/// The directory and the name of a file. The outer error ends the undo, the inner one is about this
/// file.
fn open_place(
    run: &RunId,
    written: &Written,
    within: &Within<'_>,
) -> Result<Result<(OwnedFd, OsString), FileError>, UndoError> {
    let (tree, path) = match within.locate(run, &written.tree, &written.path)? {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    let opened = TreePath::parse(&path).and_then(|parsed| {
        let parent = open_parent(&tree, &parsed).map_err(|source| FileError::Io {
            doing: "open the directory of",
            tree: written.tree.clone(),
            path: written.path.clone(),
            source,
        })?;
        Ok((parent, parsed.name().to_owned()))
    });
    Ok(opened)
}

fn judge(
    parent: OwnedFd,
    name: OsString,
    change: &Change,
    later: &mut HashMap<Place, Option<KeptState>>,
) -> (What, Option<ConflictReason>) {
    let unreachable = |error: String| {
        let reason = ConflictReason::Unreachable(error);
        (What::Leave, Some(reason))
    };
    let place = match fstat(&parent) {
        Ok(stat) => (stat.st_dev, stat.st_ino, name.clone()),
        Err(errno) => return unreachable(errno.to_string()),
    };
    let before = change.before.map(|before| before.state());
    let (found, seen) = match later.get(&place) {
        Some(None) => (Found::Absent, None),
        Some(Some(state)) => (Found::File(*state), None),
        None => match look(&parent, &name, change) {
            Ok(found) => found,
            Err(error) => return unreachable(error.to_string()),
        },
    };
    let conflict = match &found {
        Found::Absent if before.is_none() => None,
        Found::Absent => Some(ConflictReason::Gone),
        Found::File(state) if Some(*state) == before || *state == change.after => None,
        Found::File(state) => Some(difference(&change.after, state)),
        Found::Differs(reason) => Some(reason.clone()),
    };
    if conflict
        .as_ref()
        .is_some_and(|reason| !reason.can_be_forced())
    {
        return (What::Leave, conflict);
    }
    later.insert(place, before);
    let is_before = match found {
        Found::Absent => before.is_none(),
        Found::File(state) => Some(state) == before,
        Found::Differs(_) => false,
    };
    if is_before {
        return (What::Nothing, conflict);
    }
    (What::Restore { parent, name, seen }, conflict)
}

/// The file as it is. Content is read only if the size is one of the two that are expected.
fn look(
    parent: &OwnedFd,
    name: &OsString,
    change: &Change,
) -> std::io::Result<(Found, Option<Stat>)> {
    let (file, stat) = match open_regular(parent, name)? {
        Target::Absent => return Ok((Found::Absent, None)),
        Target::Other(kind) => return Ok((Found::Differs(ConflictReason::Kind(kind)), None)),
        Target::Regular { file, stat } => (file, stat),
    };
    let got = u64::try_from(stat.st_size).unwrap_or(0);
    let left = change.after.bytes;
    let expected = [Some(left), change.before.map(|before| before.state().bytes)];
    // A file that the run made may have got some from its directory; it is removed with them.
    let found = if change.before.is_some() && has_attributes(&file)? {
        Found::Differs(ConflictReason::Attributes)
    } else if !expected.contains(&Some(got)) {
        Found::Differs(ConflictReason::Size { left, got })
    } else {
        Found::File(KeptState::of(file, &stat)?)
    };
    Ok((found, Some(stat)))
}

fn difference(left: &KeptState, got: &KeptState) -> ConflictReason {
    if left.bytes != got.bytes {
        ConflictReason::Size {
            left: left.bytes,
            got: got.bytes,
        }
    } else if left.digest != got.digest {
        ConflictReason::Content
    } else {
        ConflictReason::Mode {
            left: left.mode,
            got: got.mode,
        }
    }
}
