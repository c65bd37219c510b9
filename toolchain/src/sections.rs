//! What the bytes of a module are spent on.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

/// A stretch of a module: its header or one section with the section's own header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// `header`, the section's name in the WebAssembly specification, or `custom "…"` with
    /// everything but printable ASCII escaped.
    pub name: String,
    /// Where it begins.
    pub offset: u64,
    /// Its bytes, including id and length.
    pub size: u64,
}

/// The bytes are not a sequence of sections.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionsError {
    /// The module ends in the middle, or a section header is wrong.
    #[error("not a WebAssembly module: {message} (offset {offset:#x})")]
    Malformed {
        /// What is wrong.
        message: String,
        /// Where.
        offset: u64,
    },
    /// It is a component, which has no such sections.
    #[error("this is a component; tenzik runs core modules")]
    Component,
}

/// Lists the sections of a module in file order. Their sizes sum to the size of the file. What is
/// in the sections is not checked.
///
/// # Errors
/// [`SectionsError`] when the file does not consist of sections.
pub fn sections(wasm: &[u8]) -> Result<Vec<Section>, SectionsError> {
    let ranges = section_ranges(wasm)?;
    Ok(ranges
        .into_iter()
        .map(|section| section.describe())
        .collect())
}

pub(crate) struct SectionRange<'a> {
    id: Option<u8>,
    pub(crate) custom_name: Option<&'a str>,
    pub(crate) range: Range<usize>,
}

impl SectionRange<'_> {
    fn describe(&self) -> Section {
        Section {
            name: section_name(self.id, self.custom_name),
            offset: self.range.start as u64,
            size: self.range.len() as u64,
        }
    }
}

/// What a section is called; the header has no id.
pub(crate) fn section_name(id: Option<u8>, custom_name: Option<&str>) -> String {
    match (custom_name, id) {
        (Some(name), _) => format!("custom \"{}\"", name.escape_default()),
        (None, None) => "header".to_owned(),
        (None, Some(id)) => match NAMES.get(usize::from(id)) {
            Some(name) => (*name).to_owned(),
            None => format!("unknown {id}"),
        },
    }
}

/// Names by section id (WebAssembly core specification, "Binary Format: Modules").
const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// What wasmparser says, as an error of this crate.
pub(crate) fn malformed(error: wasmparser::BinaryReaderError) -> SectionsError {
    SectionsError::Malformed {
        message: error.message().to_owned(),
        offset: error.offset() as u64,
    }
}

/// The stretches that a module consists of.
pub(crate) fn section_ranges(wasm: &[u8]) -> Result<Vec<SectionRange<'_>>, SectionsError> {
    if wasm.get(..8) == Some(COMPONENT_HEADER) {
        return Err(SectionsError::Component);
    }
    let mut ranges = Vec::new();
    let mut end = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(malformed)?;
        let (id, content) = match &payload {
            Payload::Version { range, .. } => (None, range.clone()),
            other => match other.as_section() {
                Some((id, content)) => (Some(id), content),
                None => continue,
            },
        };
        let custom_name = match &payload {
            Payload::CustomSection(custom) => Some(custom.name()),
            _ => None,
        };
        // A section's content follows its id and length directly, so it begins where the one
        // before it ended.
        ranges.push(SectionRange {
            id,
            custom_name,
            range: end..content.end,
        });
        end = content.end;
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wasm: &[u8]) -> Vec<String> {
        sections(wasm)
            .unwrap()
            .into_iter()
            .map(|section| section.name)
            .collect()
    }

    #[test]
    fn sizes_sum_to_the_file() {
        let wasm = wat::parse_str(
            r#"(module (import "tenzik" "log" (func (param i32 i32 i32))) (memory (export "memory") 1)
                (global i32 (i32.const 1)) (func (export "run") (result i32) i32.const 0)
                (data (i32.const 0) "x") (@custom "a\"\1b[31mb" "content"))"#,
        )
        .unwrap();
        let sections = sections(&wasm).unwrap();
        assert_eq!(
            sections.iter().map(|section| section.size).sum::<u64>(),
            wasm.len() as u64
        );
        let mut offset = 0;
        for section in &sections {
            assert_eq!(section.offset, offset);
            offset += section.size;
        }
        let expected = [
            "header", "type", "import", "function", "memory", "global", "export", "code", "data",
        ];
        assert_eq!(names(&wasm)[..9], expected);
        assert!(
            names(&wasm)
                .iter()
                .any(|name| name == r#"custom "a\"\u{1b}[31mb""#),
            "{:?}",
            names(&wasm)
        );
    }

    #[test]
    fn every_truncation_is_an_error_or_sums_up() {
        let wasm =
            wat::parse_str(r#"(module (memory 1) (func (export "run") (result i32) i32.const 0))"#)
                .unwrap();
        for length in 0..wasm.len() {
            if let Ok(sections) = sections(&wasm[..length]) {
                assert_eq!(
                    sections.iter().map(|section| section.size).sum::<u64>(),
                    length as u64
                );
            }
        }
        assert!(matches!(
            sections(b""),
            Err(SectionsError::Malformed { .. })
        ));
        assert!(matches!(
            sections(b"\0asm\x0d\0\x01\0"),
            Err(SectionsError::Component)
        ));
    }
}
