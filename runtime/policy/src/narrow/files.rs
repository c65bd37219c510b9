//! Trees of files under a ceiling.
//!
//! What is left are the trees of both. Each grants what the longest trees of both that hold it grant,
//! which may be nothing: such a tree hides part of another, or carries a quota of the ceiling over
//! several trees of the policy.

use tenzik_host_abi::Capability;

use super::{Notes, Subject, exec::RULES_MAX};
use crate::ceiling::Ceiling;
use crate::decide_file::FileAccess;
use crate::path::{is_below, shown};
use crate::rules::FileTree;

pub(super) fn meet(asked: &[FileTree], ceiling: &Ceiling, notes: &mut Notes) -> Vec<FileTree> {
    let allowed = &ceiling.others().files;
    let mut met: Vec<FileTree> = Vec::new();
    for tree in asked.iter().chain(allowed) {
        if met.iter().all(|known| known.path != tree.path) && met.len() < RULES_MAX {
            met.push(meet_tree(tree, asked, allowed));
        }
    }
    let grants = |tree: &FileTree| {
        FileAccess::ALL
            .into_iter()
            .any(|access| tree.admits(access))
    };
    let granting: Vec<FileTree> = met.iter().filter(|tree| grants(tree)).cloned().collect();
    met.retain(|tree| {
        granting
            .iter()
            .any(|other| is_below(&tree.path, &other.path) || is_below(&other.path, &tree.path))
    });
    asked
        .iter()
        .for_each(|tree| note_change(tree, &met, ceiling, notes));
    met
}

/// What is granted at the path of `tree`.
fn meet_tree(tree: &FileTree, asked: &[FileTree], allowed: &[FileTree]) -> FileTree {
    let longest = |trees: &[FileTree], access: FileAccess| {
        let around = trees
            .iter()
            .filter(|other| is_below(&tree.path, &other.path));
        let longest = around.max_by_key(|other| other.path.as_os_str().len());
        longest.is_some_and(|other| other.admits(access))
    };
    let both = |access| longest(asked, access) && longest(allowed, access);
    let here = || {
        asked
            .iter()
            .chain(allowed)
            .filter(|other| other.path == tree.path)
    };
    FileTree {
        path: tree.path.clone(),
        read: both(FileAccess::Read),
        write: both(FileAccess::Write),
        append: both(FileAccess::Append),
        bytes_max: here()
            .map(|other| other.bytes_max)
            .min()
            .unwrap_or(tree.bytes_max),
        files_max: here()
            .map(|other| other.files_max)
            .min()
            .unwrap_or(tree.files_max),
        origin: tree.origin.clone(),
    }
}

fn note_change(tree: &FileTree, met: &[FileTree], ceiling: &Ceiling, notes: &mut Notes) {
    let name = shown(&tree.path);
    let inner: Vec<&FileTree> = met
        .iter()
        .filter(|other| is_below(&other.path, &tree.path))
        .collect();
    let own = met.iter().find(|other| other.path == tree.path);
    let around = ceiling
        .others()
        .files
        .iter()
        .filter(|other| is_below(&tree.path, &other.path));
    let bound = around.max_by_key(|other| other.path.as_os_str().len());
    let by = bound.map_or_else(|| ceiling.whole(), |bound| bound.origin.clone());
    let capability = match tree.write || tree.append {
        true => Capability::FileWrite,
        false => Capability::FileRead,
    };
    let subject = |key: &str| Subject::rule(capability, &tree.origin, &format!("{name} {key}"));
    let accesses = |tree: Option<&FileTree>| {
        let granted = FileAccess::ALL
            .into_iter()
            .filter(|access| tree.is_some_and(|tree| tree.admits(*access)));
        let names: Vec<&str> = granted.map(FileAccess::name).collect();
        if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut left = accesses(own);
    for other in inner
        .iter()
        .filter(|other| other.path != tree.path && bound.is_none())
    {
        left += &format!("; {} below {}", accesses(Some(other)), shown(&other.path));
    }
    if accesses(Some(tree)) != left {
        notes.add(subject("access"), (accesses(Some(tree)), left), &by);
    }
    for (key, asked, left) in [
        ("bytes", tree.bytes_max, bound.map(|bound| bound.bytes_max)),
        ("files", tree.files_max, bound.map(|bound| bound.files_max)),
    ] {
        if let Some(left) = left.filter(|left| *left < asked) {
            notes.add(subject(key), (asked.to_string(), left.to_string()), &by);
        }
    }
}
