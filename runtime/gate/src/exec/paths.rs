//! Granted paths that somebody could have bent.
//!
//! A program that may write to a tree can put links into it. What is granted below that tree by another
//! rule would then lead wherever the link says.

use std::fs;
use std::path::{Component, Path, PathBuf};

use tenzik_policy::{ExecRule, Rules};

/// Links that are followed on the way to one path.
const LINKS_MAX: usize = 40;

/// Looks at everything that `rule` grants a program.
///
/// # Errors
/// Which path, and why it is not given.
pub(crate) fn check(rules: &Rules, rule: &ExecRule, protected: &[PathBuf]) -> Result<(), String> {
    for path in rule.read.iter().chain(&rule.write) {
        let others = rules.exec.iter().filter(|other| *other != rule);
        unbent(path, others)?;
    }
    for tree in &rule.write {
        if let Some(own) = protected.iter().find(|own| overlap(tree, own)) {
            return Err(format!(
                "{} may not be written to by a program: tenzik keeps its own files in {}",
                tree.display(),
                own.display()
            ));
        }
    }
    if let Some((path, own)) = rule.read.iter().find_map(|path| {
        let own = protected.iter().find(|own| path.starts_with(own))?;
        Some((path, own))
    }) {
        return Err(format!(
            "{} may not be given to a program: tenzik keeps its own files in {}",
            path.display(),
            own.display()
        ));
    }
    Ok(())
}

/// Looks whether `path` leads through a tree that a program of `rules` may write to.
///
/// # Errors
/// Through which one.
pub(crate) fn unbent<'a>(
    path: &Path,
    rules: impl Iterator<Item = &'a ExecRule>,
) -> Result<(), String> {
    let visited = visited(path);
    for rule in rules {
        for tree in &rule.write {
            let below = |place: &&PathBuf| *place != tree && place.starts_with(tree);
            if visited.iter().any(|place| below(&place)) {
                return Err(format!(
                    "{} lies in {}, where programs of rule {} may put links; grant {} itself",
                    path.display(),
                    tree.display(),
                    rule.name,
                    tree.display()
                ));
            }
        }
    }
    Ok(())
}

fn overlap(tree: &Path, own: &Path) -> bool {
    tree.starts_with(own) || own.starts_with(tree)
}

/// The path itself, every link on its way, and where it leads now.
fn visited(path: &Path) -> Vec<PathBuf> {
    let mut places = vec![path.to_owned()];
    let mut rest: Vec<PathBuf> = parts(path);
    let mut current = PathBuf::from("/");
    while let Some(part) = rest.pop() {
        if part == Path::new("..") {
            current.pop();
            continue;
        }
        let next = current.join(&part);
        let Ok(target) = fs::read_link(&next) else {
            current = next;
            continue;
        };
        places.push(next);
        if places.len() > LINKS_MAX {
            break;
        }
        if target.is_absolute() {
            current = PathBuf::from("/");
        }
        rest.extend(parts(&target));
    }
    places.push(current);
    places
}

/// The components of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().rev();
    parts
        .filter_map(|part| match part {
            Component::Normal(name) => Some(PathBuf::from(name)),
            Component::ParentDir => Some(PathBuf::from("..")),
            _ => None,
        })
        .collect()
}
