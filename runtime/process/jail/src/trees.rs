//! Which trees a root needs so that the granted paths mean inside what they mean outside.
//!
//! A granted path may lead over symbolic links, such as `/lib` to `usr/lib`: the links are kept, and the tree they
//! lead to is granted. That is for trees to read only, and never for links that a granted writer could have made: a
//! path to write to has to be named as it is.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

/// Most symbolic links on the way to one tree; the kernel's own limit.
const LINKS_MAX: usize = 40;
/// Most trees of one specification.
const TREES_MAX: usize = 1024;
/// What every root has of its own and cannot be granted.
const OWN: [&str; 2] = ["/dev", "/proc"];

/// The trees and links of a root.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Trees {
    /// Trees without symbolic links in their paths, parents before what lies in them.
    pub(crate) binds: Vec<Bind>,
    /// Symbolic links and where they lead.
    pub(crate) links: BTreeMap<PathBuf, PathBuf>,
}

/// One tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bind {
    /// Its path, outside and inside.
    pub(crate) path: PathBuf,
    /// Whether it is a directory, or else a regular file.
    pub(crate) directory: bool,
    /// Whether it may be written to.
    pub(crate) write: bool,
    /// Whether it lies in a tree before it.
    pub(crate) nested: bool,
}

/// A tree that cannot be granted, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadTree {
    pub(crate) path: Vec<u8>,
    pub(crate) reason: String,
}

/// Finds the trees and links for what may be read and written.
pub(crate) fn resolve(read: &[Vec<u8>], write: &[Vec<u8>]) -> Result<Trees, BadTree> {
    let bad = |path: &[u8], reason: String| BadTree {
        path: path.to_vec(),
        reason,
    };
    if read.len() + write.len() > TREES_MAX {
        let many = read.len() + write.len();
        return Err(bad(
            b"/",
            format!("{many} trees are granted, of {TREES_MAX} at most; grant fewer, larger ones"),
        ));
    }
    let mut found: BTreeMap<PathBuf, (bool, bool)> = BTreeMap::new();
    let mut links = BTreeMap::new();
    let mut writable = Vec::new();
    for path in write {
        let (real, directory) = walk(path, &mut |at, target| {
            Err(format!(
                "{} is a symbolic link to {}; a tree to write to has to be named as it is",
                at.display(),
                target.display()
            ))
        })
        .map_err(|reason| bad(path, reason))?;
        writable.push(real.clone());
        found.insert(real, (directory, true));
    }
    for path in read {
        let (real, directory) = walk(path, &mut |at, target| {
            if writable.iter().any(|tree| at.starts_with(tree)) {
                return Err(format!(
                    "the link {} lies in a tree that may be written to",
                    at.display()
                ));
            }
            links.insert(at.to_owned(), target.to_owned());
            Ok(())
        })
        .map_err(|reason| bad(path, reason))?;
        found.entry(real).or_insert((directory, false));
    }
    Ok(Trees {
        binds: arrange(found),
        links,
    })
}

/// Parents first, without trees that one before them holds already with the same right.
fn arrange(found: BTreeMap<PathBuf, (bool, bool)>) -> Vec<Bind> {
    // Paths compare by component, so that a parent comes before what lies in it.
    let mut binds: Vec<Bind> = Vec::new();
    for (path, (directory, write)) in found {
        let around = binds.iter().rev().find(|bind| path.starts_with(&bind.path));
        if around.is_some_and(|bind| bind.write == write) {
            continue;
        }
        let nested = around.is_some();
        binds.push(Bind {
            path,
            directory,
            write,
            nested,
        });
    }
    binds
}

/// Follows `path` component by component and tells `on_link` of every symbolic link. Gives the path without links and
/// whether it is a directory.
fn walk(
    path: &[u8],
    on_link: &mut dyn FnMut(&Path, &Path) -> Result<(), String>,
) -> Result<(PathBuf, bool), String> {
    let path = Path::new(OsStr::from_bytes(path));
    let mut ahead: Vec<PathBuf> = components(path)?;
    let mut real = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if name.as_os_str() == ".." {
            real.pop();
            continue;
        }
        real.push(&name);
        let metadata =
            fs::symlink_metadata(&real).map_err(|error| format!("{}: {error}", real.display()))?;
        if !metadata.is_symlink() {
            continue;
        }
        links += 1;
        if links > LINKS_MAX {
            return Err(format!("more than {LINKS_MAX} symbolic links on the way"));
        }
        let target =
            fs::read_link(&real).map_err(|error| format!("{}: {error}", real.display()))?;
        on_link(&real, &target)?;
        real.pop();
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        ahead.extend(target_components(&target));
    }
    judge(&real).map(|directory| (real, directory))
}

/// Refuses what cannot be a tree, and tells whether it is a directory.
fn judge(real: &Path) -> Result<bool, String> {
    if real == Path::new("/") {
        return Err(
            "the whole root cannot be granted; name the trees that the program needs".to_owned(),
        );
    }
    if let Some(own) = OWN.iter().find(|own| real.starts_with(own)) {
        return Err(format!(
            "every process has a {own} of its own; drop it from the trees"
        ));
    }
    let kind = fs::symlink_metadata(real)
        .map_err(|error| format!("{}: {error}", real.display()))?
        .file_type();
    match kind {
        _ if kind.is_dir() => Ok(true),
        _ if kind.is_file() => Ok(false),
        _ if kind.is_fifo() => {
            Err("it is a FIFO; only directories and regular files can be granted".to_owned())
        }
        _ if kind.is_socket() => {
            Err("it is a socket; only directories and regular files can be granted".to_owned())
        }
        _ => Err("it is a device; only directories and regular files can be granted".to_owned()),
    }
}

/// The names in a granted path, last first.
fn components(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_absolute() {
        return Err("it is not an absolute path".to_owned());
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err("it has a \"..\" in it; name the tree without".to_owned());
    }
    Ok(target_components(path))
}

fn target_components(path: &Path) -> Vec<PathBuf> {
    let named = |part: Component<'_>| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    };
    path.components().rev().filter_map(named).collect()
}
