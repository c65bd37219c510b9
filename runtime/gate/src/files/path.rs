//! Paths below a tree.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::error::{FileError, PathProblem};

/// Most bytes of a path below a tree.
pub const PATH_BYTES_MAX: usize = 4095;
/// Most bytes of each of its components.
pub const COMPONENT_BYTES_MAX: usize = 255;
/// How names of temporary files begin. No path of a capsule may end with such a name.
pub const RESERVED_PREFIX: &str = ".tenzik-temp-";

/// A path that could be below a tree: relative, without `..`, ending with the name of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreePath {
    path: PathBuf,
    name: OsString,
}

impl TreePath {
    pub(crate) fn parse(path: &Path) -> Result<TreePath, FileError> {
        let refused = |problem| {
            let bytes = path.as_os_str().as_bytes();
            let shown = &bytes[..bytes.len().min(256)];
            FileError::Path {
                path: OsStr::from_bytes(shown).into(),
                problem,
            }
        };
        check(path).map_err(refused)?;
        // Without `.` and doubled slashes, so that a file has one path apart from links.
        let path: PathBuf = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect();
        match path.file_name().map(OsStr::to_owned) {
            Some(name) => Ok(TreePath { path, name }),
            None => Err(refused(PathProblem::Directory)),
        }
    }

    /// The whole path, from the tree on.
    pub(crate) fn as_path(&self) -> &Path {
        &self.path
    }

    /// The directory, from the tree on; empty for the tree itself.
    pub(crate) fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The last component.
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }
}

fn check(path: &Path) -> Result<(), PathProblem> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        return Err(PathProblem::Empty);
    }
    if bytes.len() > PATH_BYTES_MAX {
        return Err(PathProblem::TooLong(bytes.len()));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(PathProblem::Zero(offset));
    }
    if bytes.starts_with(b"/") {
        return Err(PathProblem::Absolute);
    }
    let parts = || bytes.split(|byte| *byte == b'/');
    if parts().any(|part| part == b"..") {
        return Err(PathProblem::Parent);
    }
    if let Some(part) = parts().find(|part| part.len() > COMPONENT_BYTES_MAX) {
        return Err(PathProblem::ComponentTooLong(part.len()));
    }
    match parts().next_back() {
        None | Some(b"" | b".") => Err(PathProblem::Directory),
        Some(name) if name.starts_with(RESERVED_PREFIX.as_bytes()) => Err(PathProblem::Reserved),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_into_one_form() {
        for (text, form) in [
            ("a", "a"),
            ("a//b", "a/b"),
            ("./a/./b", "a/b"),
            ("a\n\"\u{7f}", "a\n\"\u{7f}"),
        ] {
            let path = TreePath::parse(Path::new(text)).unwrap();
            assert_eq!(path.as_path(), Path::new(form));
            assert_eq!(path.parent().join(path.name()), Path::new(form));
        }
        let odd = OsStr::from_bytes(b"d\xff/\xfe\x01 name");
        assert_eq!(TreePath::parse(Path::new(odd)).unwrap().as_path(), odd);
    }

    #[test]
    fn other_paths_are_refused_for_what_they_are() {
        use PathProblem::*;
        let cases = [
            ("", Empty),
            ("/", Absolute),
            ("/etc/passwd", Absolute),
            ("..", Parent),
            ("a/../b", Parent),
            ("a/..", Parent),
            ("../../etc/passwd", Parent),
            (".", Directory),
            ("a/", Directory),
            ("a/.", Directory),
            ("./", Directory),
            ("a\0b", Zero(1)),
            (&"a/".repeat(2048), TooLong(4096)),
            (&"a".repeat(256), ComponentTooLong(256)),
            (".tenzik-temp-x", Reserved),
            ("d/.tenzik-temp-", Reserved),
        ];
        for (text, expected) in cases {
            match TreePath::parse(Path::new(text)) {
                Err(FileError::Path { problem, path }) => {
                    assert_eq!(problem, expected, "{text}");
                    assert!(path.as_os_str().len() <= 256);
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
