//! `tenzik.toml`: what is built from the directory of a capsule that is not written in Rust.
//!
//! ```toml
//! name = "word-count"
//! version = "0.1.0"
//! language = "c"              # c, assemblyscript, zig or wat
//! source = "word-count.c"     # in C also a list of files
//! ```
//!
//! What a capsule needs is not declared: it follows from its imports. A Rust capsule has the same
//! facts in its `Cargo.toml`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::language::Language;
use crate::printable::printable;

/// Name of the file.
pub const PROJECT_FILE: &str = "tenzik.toml";

/// The largest file that is read.
const PROJECT_BYTES_MAX: u64 = 64 << 10;
/// The most source files of one capsule.
const SOURCES_MAX: usize = 256;

/// A capsule's directory and what its `tenzik.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The directory.
    pub directory: PathBuf,
    /// Name of the capsule.
    pub name: String,
    /// Version of the capsule.
    pub version: String,
    /// What it is written in; not Rust.
    pub language: Language,
    /// The files that are compiled, below the directory: one, and in C at least one.
    pub sources: Vec<String>,
}

/// A `tenzik.toml` that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is too large.
    #[error("{path} has more than {PROJECT_BYTES_MAX} bytes; it holds four short lines")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// It is not TOML, or has other keys than it should.
    #[error("{path} is not a capsule's file: {message}; it has name, version, language and source")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong and in which line.
        message: String,
    },
    /// The language has no compiler here.
    #[error(
        "{path}: language {value:?} is none of c, assemblyscript, zig and wat{}",
        rust_hint(value)
    )]
    Language {
        /// The file.
        path: String,
        /// What it says.
        value: String,
    },
    /// There is no source, or too many.
    #[error("{path}: source names {count} files; {language} takes {expected}")]
    SourceCount {
        /// The file.
        path: String,
        /// How many.
        count: usize,
        /// The language.
        language: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A source that could mean something outside of the directory, or an option.
    #[error(
        "{path}: source {source_path:?} is not a file below the directory; name it without .. and a leading / or -"
    )]
    SourcePath {
        /// The file.
        path: String,
        /// The source.
        source_path: String,
    },
}

fn rust_hint(value: &str) -> &'static str {
    if value == "rust" {
        "; a Rust capsule has a Cargo.toml instead"
    } else {
        ""
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectText {
    name: String,
    version: String,
    language: String,
    source: Sources,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Sources {
    One(String),
    Many(Vec<String>),
}

impl Project {
    /// Reads the `tenzik.toml` of `directory`; `None` if there is none.
    ///
    /// # Errors
    /// [`ProjectError`] if it cannot be read or followed.
    pub fn find(directory: &Path) -> Result<Option<Project>, ProjectError> {
        let file = directory.join(PROJECT_FILE);
        let path = file.display().to_string();
        let mut text = String::new();
        let read = File::open(&file)
            .and_then(|file| file.take(PROJECT_BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Ok(count) if count as u64 > PROJECT_BYTES_MAX => Err(ProjectError::TooLarge { path }),
            Ok(_) => Project::parse(directory, path, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ProjectError::Read { path, source }),
        }
    }

    fn parse(directory: &Path, path: String, text: &str) -> Result<Project, ProjectError> {
        let text: ProjectText = match toml::from_str(text) {
            Ok(text) => text,
            Err(error) => {
                let message = located(text, &error);
                return Err(ProjectError::Malformed { path, message });
            }
        };
        let language =
            Language::named(&text.language).filter(|language| *language != Language::Rust);
        let Some(language) = language else {
            let value = text.language;
            return Err(ProjectError::Language { path, value });
        };
        let sources = match text.source {
            Sources::One(source) => vec![source],
            Sources::Many(sources) => sources,
        };
        let (most, expected) = match language {
            Language::C => (SOURCES_MAX, "1 to 256"),
            _ => (1, "one"),
        };
        if sources.is_empty() || sources.len() > most {
            return Err(ProjectError::SourceCount {
                path,
                count: sources.len(),
                language: language.name(),
                expected,
            });
        }
        if let Some(source) = sources.iter().find(|source| !is_below(source)) {
            let source_path = source.clone();
            return Err(ProjectError::SourcePath { path, source_path });
        }
        Ok(Project {
            directory: directory.to_owned(),
            name: text.name,
            version: text.version,
            language,
            sources,
        })
    }
}

/// The message of a TOML error in one line, with the line it is about.
fn located(text: &str, error: &toml::de::Error) -> String {
    // It may quote the file.
    let message = printable(error.message().lines().next().unwrap_or_default());
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}

/// Whether a compiler takes `source` for a file below its working directory.
fn is_below(source: &str) -> bool {
    let mut components = Path::new(source).components().peekable();
    components.peek().is_some()
        && components.all(|component| matches!(component, Component::Normal(_)))
        && !source.starts_with('-')
        && !source.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Project, String> {
        Project::parse(Path::new("d"), "d/tenzik.toml".to_owned(), text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_source_or_a_list() {
        let rest = "name = \"a\"\nversion = \"0.1.0\"\nlanguage = \"c\"\n";
        let one = parse(&format!("{rest}source = \"a.c\"\n")).unwrap();
        assert_eq!(
            (one.language, one.sources),
            (Language::C, vec!["a.c".to_owned()])
        );
        let two = parse(&format!("{rest}source = [\"a.c\", \"more/b.c\"]\n")).unwrap();
        assert_eq!(two.sources, ["a.c", "more/b.c"]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_the_reason() {
        let whole = |language: &str, source: &str| {
            format!("name = \"a\"\nversion = \"1\"\nlanguage = \"{language}\"\nsource = {source}\n")
        };
        let many = format!("[{}]", "\"a.c\",".repeat(257));
        for (text, reason) in [
            (String::new(), "missing field"),
            ("name = 3\n".to_owned(), "line 1"),
            (
                whole("c", "\"a.c\"") + "flags = \"-O3\"\n",
                "line 5: unknown field `flags`",
            ),
            (whole("rust", "\"a.rs\""), "a Rust capsule has a Cargo.toml"),
            (whole("cobol", "\"a\""), "\"cobol\" is none of"),
            (
                whole("zig", "[\"a.zig\", \"b.zig\"]"),
                "2 files; zig takes one",
            ),
            (whole("c", "[]"), "0 files; c takes 1 to 256"),
            (whole("c", &many), "257 files"),
            (whole("c", "\"../a.c\""), "not a file below"),
            (whole("c", "\"/etc/passwd\""), "not a file below"),
            (whole("c", "\"-fplugin=x.so\""), "not a file below"),
            (whole("c", "\"\""), "not a file below"),
            ("\"\\u001b[31m\" = 1\n".to_owned(), "?[31m"),
            ("[".repeat(100_000), "line 1"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }

    #[test]
    fn a_directory_without_the_file_is_no_project_and_a_large_one_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Project::find(directory.path()).unwrap(), None);
        let file = directory.path().join(PROJECT_FILE);
        std::fs::write(&file, " ".repeat(100_000)).unwrap();
        let error = Project::find(directory.path()).unwrap_err();
        assert!(matches!(error, ProjectError::TooLarge { .. }), "{error}");
        std::fs::write(&file, b"\xff").unwrap();
        let error = Project::find(directory.path()).unwrap_err();
        assert!(matches!(error, ProjectError::Read { .. }), "{error}");
    }
}
