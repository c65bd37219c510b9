//! What every compiler makes, whatever the language.

use crate::build_rust::Built;
use crate::language::Language;
use crate::project::Project;
use crate::rust::RustToolchain;

/// A module as a compiler and its linker made it, and how they did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The module.
    pub bytes: Vec<u8>,
    /// The capsule's name.
    pub name: String,
    /// The capsule's version.
    pub version: String,
    /// What it is written in.
    pub language: Language,
    /// The compiler's name for itself.
    pub compiler: String,
    /// The linker's name for itself; `None` where it is a part of the compiler.
    pub linker: Option<String>,
    /// The compiler as the section `producers` names it; `None` makes no such section.
    pub(crate) tool: Option<Tool>,
    /// The settings that every build in this language has.
    pub flags: Vec<String>,
    /// BLAKE3 of the lock file that was used, hexadecimal.
    pub lock_hash: Option<String>,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: String,
}

impl Tool {
    pub(crate) fn new(name: &'static str, version: &str) -> Tool {
        Tool {
            name,
            version: version.to_owned(),
        }
    }
}

impl Compiled {
    /// The module of a project, from a compiler that has nothing else to say.
    pub(crate) fn of(project: &Project, compiler: &str, bytes: Vec<u8>) -> Compiled {
        Compiled {
            bytes,
            name: project.name.clone(),
            version: project.version.clone(),
            language: project.language,
            compiler: compiler.to_owned(),
            linker: None,
            tool: None,
            flags: Vec::new(),
            lock_hash: None,
        }
    }

    /// The module of a crate.
    pub(crate) fn of_crate(rust: &RustToolchain, built: Built) -> Compiled {
        Compiled {
            bytes: built.bytes,
            name: built.name,
            version: built.version,
            language: Language::Rust,
            compiler: rust.compiler().to_owned(),
            linker: Some(rust.linker_version().to_owned()),
            tool: None,
            flags: built.flags,
            lock_hash: built.lock_hash,
        }
    }
}
