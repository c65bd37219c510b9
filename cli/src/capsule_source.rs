//! What the word CAPSULE on the command line stands for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenzik_runtime::{
    Examination, Loaded, ModuleLimits, Policy, SignatureRule, TrustStore, Validation, escaped,
    load_module,
};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::first_party;
use crate::signed_file;

/// A capsule by path or by name. Nothing is guessed: a word with a `/`, or one that ends in `.wasm`
/// or `.wat`, is a path; any other word is the name of an embedded capsule, whatever files there are.
#[derive(Clone, Debug)]
pub(crate) enum CapsuleSource {
    /// A file.
    Path(PathBuf),
    /// A capsule inside the binary.
    Embedded(&'static first_party::EmbeddedCapsule),
    /// The capsule of a bundle, and the bundle's file.
    Bundle(Arc<[u8]>, PathBuf),
}

impl CapsuleSource {
    /// Reads the word.
    pub(crate) fn of(word: &OsStr) -> Result<CapsuleSource, Failure> {
        let bytes = word.as_encoded_bytes();
        if bytes.contains(&b'/') || bytes.ends_with(b".wasm") || bytes.ends_with(b".wat") {
            return Ok(CapsuleSource::Path(PathBuf::from(word)));
        }
        let word = word.to_string_lossy();
        first_party::find(&word)
            .map(CapsuleSource::Embedded)
            .ok_or_else(|| {
                let known = first_party::names().collect::<Vec<_>>().join(", ");
                let message = format!("unknown capsule {}; known are {known}", escaped(&word));
                Failure::new(
                    ExitCode::UnknownCommand,
                    "unknown_capsule",
                    message,
                    "for a file, write its path: ./NAME.wasm",
                )
            })
    }

    /// Reads the module.
    pub(crate) fn content(&self, limits: &ModuleLimits) -> Result<Loaded, Failure> {
        match self {
            CapsuleSource::Embedded(capsule) => Ok(Loaded::Bytes(capsule.bytes.to_vec())),
            CapsuleSource::Bundle(bytes, _) => Ok(Loaded::Bytes(bytes.to_vec())),
            CapsuleSource::Path(path) => load_file(path, limits),
        }
    }

    /// Reads and examines the module.
    pub(crate) fn examine(&self, policy: &Policy) -> Result<Examination, Failure> {
        match self {
            CapsuleSource::Embedded(capsule) => Ok(Examination::of(capsule.bytes, policy)),
            CapsuleSource::Bundle(bytes, _) => Ok(Examination::of(bytes, policy)),
            CapsuleSource::Path(path) => examine_file(path, policy),
        }
    }

    /// Reads and examines the module, which one of the trusted keys must have signed: inside it, or
    /// in the signature file that is named or beside it. Returns also which signature file was used.
    pub(crate) fn examine_signed(
        &self,
        policy: &Policy,
        trusted: &TrustStore,
        signature: Option<&Path>,
    ) -> Result<(Examination, Option<PathBuf>), Failure> {
        let found = signed_file::find_signature(self.path(), signature)?;
        let (path, detached) = found.unzip();
        let rule = SignatureRule {
            trusted,
            detached: detached.as_deref(),
        };
        let examination = match self {
            CapsuleSource::Embedded(capsule) => Examination::of_signed(capsule.bytes, policy, rule),
            CapsuleSource::Bundle(bytes, _) => Examination::of_signed(bytes, policy, rule),
            CapsuleSource::Path(path) => match load_file(path, &policy.limits.module_limits())? {
                Loaded::Bytes(bytes) => Examination::of_signed(&bytes, policy, rule),
                Loaded::Rejected(validation) => from(*validation, policy),
            },
        };
        Ok((examination, path))
    }

    /// The file of the module, unless it is inside the binary.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            CapsuleSource::Embedded(_) | CapsuleSource::Bundle(..) => None,
            CapsuleSource::Path(path) => Some(path),
        }
    }

    /// What an embedded capsule does.
    pub(crate) fn summary(&self) -> Option<&'static str> {
        match self {
            CapsuleSource::Embedded(capsule) => Some(capsule.summary),
            CapsuleSource::Path(_) | CapsuleSource::Bundle(..) => None,
        }
    }

    /// The capsule's name or path for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            CapsuleSource::Embedded(capsule) => capsule.name.to_owned(),
            CapsuleSource::Path(path) => crate::failure::shown(path),
            CapsuleSource::Bundle(_, path) => {
                format!("the capsule of {}", crate::failure::shown(path))
            }
        }
    }
}

/// Reads and examines the module in a file.
pub(crate) fn examine_file(path: &Path, policy: &Policy) -> Result<Examination, Failure> {
    Ok(match load_file(path, &policy.limits.module_limits())? {
        Loaded::Bytes(bytes) => Examination::of(&bytes, policy),
        Loaded::Rejected(validation) => from(*validation, policy),
    })
}

fn load_file(path: &Path, limits: &ModuleLimits) -> Result<Loaded, Failure> {
    load_module(path, limits)
        .map_err(|error| Failure::machine(error.to_string(), "check the path and its permissions"))
}

fn from(validation: Validation, policy: &Policy) -> Examination {
    Examination::from_validation(validation, policy)
}
