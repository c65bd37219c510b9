//! New capsules: directories that build and run at once, made from texts in this program.

mod files;
mod name;
mod sdk;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::language::Language;
use name::check_name;

impl FromStr for Language {
    type Err = NewCapsuleError;

    fn from_str(text: &str) -> Result<Language, NewCapsuleError> {
        Language::named(text).ok_or_else(|| NewCapsuleError::UnknownLanguage {
            value: text.to_owned(),
        })
    }
}

/// A new capsule on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its directory.
    pub directory: PathBuf,
    /// Its files, relative to the directory, in alphabetical order.
    pub files: Vec<PathBuf>,
}

/// Why no capsule was made. Nothing of it is left on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewCapsuleError {
    /// There is no template for the language.
    #[error("there is no template for {value:?}; use rust, c, assemblyscript, zig or wat")]
    UnknownLanguage {
        /// What was asked for.
        value: String,
    },
    /// The name cannot be that of a crate.
    #[error("{name:?} cannot be the name of a capsule: {reason}")]
    InvalidName {
        /// The name.
        name: String,
        /// What a name must be.
        reason: &'static str,
    },
    /// Something is there already.
    #[error("{path} exists and is not an empty directory; choose another name or remove it")]
    Exists {
        /// Where the capsule would be.
        path: String,
    },
    /// A file cannot be written.
    #[error("cannot create {path}: {source}")]
    Write {
        /// Where the capsule would be.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// Makes the directory `parent/name` with a capsule that builds and runs as it is. Either all of
/// it appears or nothing does.
///
/// # Errors
/// [`NewCapsuleError`], also when the directory exists and is not empty.
pub fn new_capsule(
    parent: &Path,
    name: &str,
    language: Language,
) -> Result<Created, NewCapsuleError> {
    check_name(name)?;
    let directory = parent.join(name);
    let exists = || NewCapsuleError::Exists {
        path: directory.display().to_string(),
    };
    match fs::read_dir(&directory) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(exists());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(exists()),
        // Missing, or not readable: then creating it says why.
        Err(_) => {}
    }
    let files = files::render(language, name);
    write_all(parent, &directory, &files).map_err(|source| match source.kind() {
        io::ErrorKind::DirectoryNotEmpty
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory => exists(),
        _ => NewCapsuleError::Write {
            path: directory.display().to_string(),
            source,
        },
    })?;
    let mut files: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    files.sort();
    Ok(Created { directory, files })
}

/// Writes everything beside its place and renames it. A rename replaces nothing but an empty
/// directory.
fn write_all(parent: &Path, directory: &Path, files: &[(PathBuf, String)]) -> io::Result<()> {
    let temporary = tempfile::Builder::new()
        .prefix(".tenzik-new-")
        .tempdir_in(parent)?;
    // The temporary directory is private to the user; the capsule gets the usual permissions.
    let complete = temporary.path().join("capsule");
    for (path, content) in files {
        let path = complete.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    if cfg!(windows) && directory.is_dir() {
        fs::remove_dir(directory)?;
    }
    fs::rename(&complete, directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_directory_is_used_and_a_used_one_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("first")).unwrap();
        for language in Language::ALL {
            let name = if language == Language::Rust {
                "first"
            } else {
                language.name()
            };
            let created = new_capsule(parent.path(), name, language).unwrap();
            for file in &created.files {
                let content = fs::read_to_string(created.directory.join(file)).unwrap();
                assert!(!content.contains("{{"), "{}", file.display());
            }
            let error = new_capsule(parent.path(), name, language).unwrap_err();
            assert!(matches!(error, NewCapsuleError::Exists { .. }), "{error}");
        }
    }

    #[test]
    fn nothing_is_left_after_a_refusal() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("file"), "mine").unwrap();
        let error = new_capsule(parent.path(), "file", Language::Rust).unwrap_err();
        assert!(matches!(error, NewCapsuleError::Exists { .. }), "{error}");
        let error = new_capsule(&parent.path().join("absent"), "a", Language::Wat).unwrap_err();
        assert!(matches!(error, NewCapsuleError::Write { .. }), "{error}");
        let left: Vec<_> = fs::read_dir(parent.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["file"]);
        assert_eq!(
            fs::read_to_string(parent.path().join("file")).unwrap(),
            "mine"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_has_the_usual_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let usual = parent.path().join("usual");
        fs::create_dir(&usual).unwrap();
        let created = new_capsule(parent.path(), "a", Language::Wat).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&created.directory), mode(&usual));
    }

    #[test]
    fn the_text_template_assembles() {
        let files = files::render(Language::Wat, "a");
        let (_, text) = files
            .iter()
            .find(|(path, _)| path == Path::new("a.wat"))
            .unwrap();
        let wasm = wat::parse_str(text).unwrap();
        assert!(wasm.len() < 512, "{} bytes", wasm.len());
    }
}
