//! Granted paths that somebody could have bent.
//!
//! A program that may write to a tree can put links into it. What is granted below that tree by another
//! rule would then lead wherever the link says.

use std::fs;
use std::path::{Component, Path, PathBuf};

use tenzik_policy::{ExecRule, Rules};

use crate::files::resolved;

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
    let trees = rule.write.iter().map(|tree| (tree, "written to by"));
    for (tree, given) in trees.chain(rule.read.iter().map(|tree| (tree, "given to"))) {
        if let Some(own) = protected.iter().find(|own| overlap(tree, own)) {
            return Err(format!(
                "{} may not be {given} a program: tenzik keeps its own files in {}; grant smaller trees, or keep these elsewhere (--journal, XDG_STATE_HOME)",
                tree.display(),
                own.display()
            ));
        }
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

/// Whether one lies in the other, as they are written or where their links lead.
fn overlap(tree: &Path, own: &Path) -> bool {
    let lie = |tree: &Path, own: &Path| tree.starts_with(own) || own.starts_with(tree);
    lie(tree, own) || lie(&resolved(tree), &resolved(own))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_and_own_files_overlap_in_both_directions_and_through_links() {
        let root = tempfile::TempDir::new().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("home/.config/tenzik")).unwrap();
        std::os::unix::fs::symlink(at("home"), at("link")).unwrap();
        let own = at("home/.config/tenzik");
        for tree in [
            "",
            "home",
            "home/.config",
            "home/.config/tenzik/deep",
            "link",
            "link/.config",
        ] {
            assert!(overlap(&at(tree), &own), "{tree}");
        }
        for tree in ["home/.config/tenzikx", "home/project", "other"] {
            assert!(!overlap(&at(tree), &own), "{tree}");
        }
    }
}
