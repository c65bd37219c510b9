//! The manifest of a capsule: a custom section named `tenzik` at the end of the module.
//!
//! ```text
//! 00 <LEB128 length> 06 "tenzik" {"abi":1,"name":"word-count","needs":["hash"],"version":"0.1.0"}
//! ```
//!
//! The content is one JSON object in canonical form (RFC 8785): keys in alphabetical order, no
//! white space. It says what the author claims. A host derives what a capsule needs from its
//! imports and may only refuse more because of the manifest, never less.

use tenzik_capsule::{MANIFEST_SECTION, Manifest};
use tenzik_host_abi::{CapabilitySet, HostFunction, IMPORT_MODULE};
use wasm_encoder::{CustomSection, Section as _};
use wasmparser::{Parser, Payload};

use crate::sections::{SectionsError, section_ranges};

/// Why a module got no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are not a module.
    #[error(transparent)]
    Sections(#[from] SectionsError),
    /// The import section cannot be read.
    #[error("not a valid import section: {message} (offset {offset:#x})")]
    Imports {
        /// What is wrong.
        message: String,
        /// Where.
        offset: u64,
    },
    /// Name or version has no place in a manifest.
    #[error("{0}; change the name or version of the crate")]
    Claim(#[from] tenzik_capsule::ManifestError),
}

/// Appends the manifest to a module, in place of one that it has. What the capsule needs is
/// derived from its imports. A signature of the module is not valid afterwards.
///
/// # Errors
/// [`ManifestError`] when the bytes are not a module or the manifest is too large.
pub fn append_manifest(wasm: &[u8], name: &str, version: &str) -> Result<Vec<u8>, ManifestError> {
    let manifest = Manifest::new(name, version, needs(wasm)?)?.to_bytes();
    let mut with_manifest = Vec::with_capacity(wasm.len() + manifest.len() + 16);
    for section in section_ranges(wasm)? {
        if section.custom_name != Some(MANIFEST_SECTION) {
            with_manifest.extend_from_slice(wasm.get(section.range).unwrap_or_default());
        }
    }
    CustomSection {
        name: MANIFEST_SECTION.into(),
        data: manifest.into(),
    }
    .append_to(&mut with_manifest);
    Ok(with_manifest)
}

/// The capabilities that the imports of a module need. Imports that the table of host functions
/// does not have are left to the validator.
///
/// # Errors
/// [`ManifestError`] when the import section cannot be read.
pub fn needs(wasm: &[u8]) -> Result<CapabilitySet, ManifestError> {
    let broken = |error: wasmparser::BinaryReaderError| ManifestError::Imports {
        message: error.message().to_owned(),
        offset: error.offset() as u64,
    };
    let mut needs = CapabilitySet::EMPTY;
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(imports) = payload.map_err(broken)? {
            for import in imports.into_imports() {
                let import = import.map_err(broken)?;
                let function = HostFunction::find(import.name);
                let function = function.filter(|_| import.module == IMPORT_MODULE);
                if let Some(capability) = function.and_then(|function| function.needs) {
                    needs = needs.with(capability);
                }
            }
        }
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(imports: &str) -> Vec<u8> {
        wat::parse_str(format!(
            r#"(module {imports} (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#
        ))
        .unwrap()
    }

    fn content(wasm: &[u8]) -> String {
        let section = Parser::new(0)
            .parse_all(wasm)
            .find_map(|payload| match payload.unwrap() {
                Payload::CustomSection(custom) if custom.name() == MANIFEST_SECTION => {
                    Some(custom.data().to_vec())
                }
                _ => None,
            });
        String::from_utf8(section.unwrap()).unwrap()
    }

    #[test]
    fn content_is_canonical_and_needs_follow_from_the_imports() {
        let wasm = module(
            r#"(import "tenzik" "time_now_ms" (func (result i64)))
               (import "tenzik" "hash_finish" (func (param i32)))
               (import "tenzik" "hash_update" (func (param i32 i32)))
               (import "env" "random_bytes" (func (param i32 i32)))
               (import "tenzik" "output_write" (func (param i32 i32)))"#,
        );
        let with_manifest = append_manifest(&wasm, "clock", "1.2.3").unwrap();
        assert_eq!(
            content(&with_manifest),
            r#"{"abi":1,"name":"clock","needs":["hash","time"],"version":"1.2.3"}"#
        );
        assert!(with_manifest.starts_with(&wasm));
        wasmparser::Validator::new()
            .validate_all(&with_manifest)
            .unwrap();
    }

    #[test]
    fn a_second_manifest_replaces_the_first() {
        let wasm = module("");
        let first = append_manifest(&wasm, "a", "1.0.0").unwrap();
        let second = append_manifest(&first, "b", "2.0.0").unwrap();
        assert_eq!(second, append_manifest(&wasm, "b", "2.0.0").unwrap());
    }

    #[test]
    fn a_name_without_a_place_in_a_manifest_is_refused() {
        for name in ["", "two words", &"a".repeat(65)] {
            let error = append_manifest(&module(""), name, "1").unwrap_err();
            assert!(matches!(error, ManifestError::Claim(_)), "{error}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        assert!(append_manifest(b"garbage", "a", "1.0.0").is_err());
    }
}
