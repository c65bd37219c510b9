//! Which files may be inputs of steps.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use tenzik_host_abi::Capability;
use tenzik_policy::{FileAccess, Policy, decide_file};

/// Most bytes of the path of an input file.
pub const INPUT_PATH_BYTES_MAX: usize = 4_096;

/// A file as the input of a step: below the scenario's directory, or in a tree of the step's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The scenario's directory.
    pub directory: PathBuf,
    /// The path, from there or absolute.
    pub path: PathBuf,
}

/// A file by the directory that it must not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// The directory.
    pub directory: PathBuf,
    /// The path below it; nothing but names.
    pub relative: PathBuf,
}

impl InputFile {
    /// The absolute path, without `.` and `..`. Links are not looked at.
    pub fn absolute(&self) -> PathBuf {
        normalised(&self.directory.join(&self.path))
    }

    /// Where it has to be resolved without leaving, which is what keeps links from leading out.
    ///
    /// # Errors
    /// Why it may not be an input, and what to do about it.
    pub fn admitted(&self, policy: &Policy) -> Result<Below, (String, String)> {
        let absolute = self.absolute();
        let directory = normalised(&self.directory);
        if let Ok(relative) = absolute.strip_prefix(&directory) {
            let relative = relative.to_owned();
            return Ok(Below {
                directory,
                relative,
            });
        }
        let is_granted = policy.grants.contains(Capability::FileRead);
        let bytes = absolute.as_os_str().as_bytes();
        match decide_file(&policy.rules, bytes, FileAccess::Read) {
            Ok(decision) if is_granted => Ok(Below {
                directory: decision.tree.path.clone(),
                relative: decision.relative,
            }),
            Ok(_) | Err(_) => Err((
                format!(
                    "the input file {} lies outside of the scenario's directory {}, and the step's policy lets no files there be read",
                    shown(&absolute),
                    shown(&directory)
                ),
                remedy(&absolute),
            )),
        }
    }
}

/// What to do about a file that is refused.
pub fn remedy(absolute: &Path) -> String {
    let tree = absolute.parent().unwrap_or(Path::new("/"));
    format!(
        "put it below that directory, or name a policy in grants: with [[files]] path = {}, access = [\"read\"]",
        shown(tree)
    )
}

fn shown(path: &Path) -> String {
    tenzik_capsule::escaped(&path.to_string_lossy())
}

fn normalised(path: &Path) -> PathBuf {
    let mut made = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(made.pop()),
            other => made.push(other),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use tenzik_policy::PolicyFile;

    use super::*;

    fn below(path: &str, policy: &str) -> Option<(String, String)> {
        let policy = PolicyFile::parse("p.toml", policy).unwrap().policy;
        let file = InputFile {
            directory: "/work/lab".into(),
            path: path.into(),
        };
        let below = file.admitted(&policy).ok()?;
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        Some((text(below.directory), text(below.relative)))
    }

    #[test]
    fn files_lie_below_the_scenario_or_in_a_tree_of_the_policy() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        let none = "version = 1\n";
        assert_eq!(below("a/b", none), pair("/work/lab", "a/b"));
        assert_eq!(below("/work/lab/a", none), pair("/work/lab", "a"));
        assert_eq!(below("a/../b", none), pair("/work/lab", "b"));
        for outside in ["../x", "/etc/passwd", "a/../../x", "/work/labs/x", "/"] {
            assert_eq!(below(outside, none), None, "{outside}");
        }
        let tree = "version = 1\n[[files]]\npath = \"/data\"\naccess = [\"read\"]\n";
        assert_eq!(below("../../data/x/y", tree), pair("/data", "x/y"));
        assert_eq!(below("/data/../etc/passwd", tree), None);
        let write = "version = 1\n[[files]]\npath = \"/data\"\naccess = [\"write\"]\nbytes = \"1MiB\"\nfiles = 4\n";
        assert_eq!(below("/data/x", write), None);
    }
}
