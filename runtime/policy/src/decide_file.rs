//! Whether a file may be touched.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use tenzik_capsule::escaped;

use crate::effect_refusal::{EffectCode, EffectRefusal, cited};
use crate::path::{is_below, normalised, shown};
use crate::rules::{FileTree, Rules};

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// It is read.
    Read,
    /// It is created or replaced.
    Write,
    /// Bytes are added to its end.
    Append,
}

impl FileAccess {
    /// Every access.
    pub const ALL: [FileAccess; 3] = [FileAccess::Read, FileAccess::Write, FileAccess::Append];

    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            FileAccess::Read => "read",
            FileAccess::Write => "write",
            FileAccess::Append => "append",
        }
    }
}

impl FileTree {
    /// Whether files below it may be touched in this way.
    pub const fn admits(&self, access: FileAccess) -> bool {
        match access {
            FileAccess::Read => self.read,
            FileAccess::Write => self.write,
            FileAccess::Append => self.append,
        }
    }
}

/// A file that may be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDecision<'a> {
    /// Index of the tree in [`Rules::files`].
    pub index: usize,
    /// The longest tree that the path lies in.
    pub tree: &'a FileTree,
    /// The path below the tree; never empty.
    pub relative: PathBuf,
    /// Indices of all trees that the path lies in, `index` among them. What is written counts
    /// against the quotas of each.
    pub charged: Vec<usize>,
}

/// Decides whether the file at `path` may be touched. Of the trees that the path lies in, the longest
/// decides alone: a tree inside of another may grant less.
///
/// The path is looked at as text. The tree has to be opened, and the rest resolved below it without
/// leaving it.
///
/// # Errors
/// [`EffectRefusal`] with the tree that does not grant the access, if there is one.
pub fn decide_file<'a>(
    rules: &'a Rules,
    path: &[u8],
    access: FileAccess,
) -> Result<FileDecision<'a>, EffectRefusal> {
    let asked = || {
        let name = access.name();
        format!("{name} of {}", escaped(&String::from_utf8_lossy(path)))
    };
    let refuse =
        |rules: Vec<String>, message: String| EffectRefusal::new(EffectCode::File, rules, message);
    if let Err(why) = normalised(path) {
        return Err(refuse(Vec::new(), format!("{} is refused: {why}", asked())));
    }
    let path = Path::new(OsStr::from_bytes(path));
    let charged = trees_of(rules, path);
    let longest = charged
        .iter()
        .filter_map(|index| Some((*index, rules.files.get(*index)?)))
        .max_by_key(|(_, tree)| tree.path.as_os_str().len());
    let Some((index, tree)) = longest else {
        let trees = rules.files.len();
        let message = format!(
            "{} is refused: it lies in none of the {trees} granted trees",
            asked()
        );
        return Err(refuse(Vec::new(), message));
    };
    let name = cited(&tree.origin, &shown(&tree.path));
    if !tree.admits(access) {
        let message = format!("{} is refused: {name} does not grant it", asked());
        return Err(refuse(vec![name], message));
    }
    match path.strip_prefix(&tree.path) {
        Ok(relative) if !relative.as_os_str().is_empty() => Ok(FileDecision {
            index,
            tree,
            relative: relative.to_owned(),
            charged,
        }),
        _ => {
            let message = format!(
                "{} is refused: it is the tree itself, not a file below it",
                asked()
            );
            Err(refuse(vec![name], message))
        }
    }
}

fn trees_of(rules: &Rules, path: &Path) -> Vec<usize> {
    let lies_in = |(_, tree): &(usize, &FileTree)| is_below(path, &tree.path);
    let trees = rules.files.iter().enumerate().filter(lies_in);
    trees.map(|(index, _)| index).collect()
}
