//! What a compiler's own module says of its functions and instructions: the `name` section, and
//! DWARF or a source map.

use std::collections::HashMap;

use addr2line::gimli;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use super::paths::source_shown;
use super::source_map::{Segment, SourceMap, decode};
use crate::sections::{SectionsError, malformed};

/// Functions that are inlined into each other and kept for one instruction.
const INLINED_MAX: usize = 16;

/// Where code was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The function, as the compiler mangled it.
    pub function: Option<String>,
    /// The source file, without this machine's directories.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
}

/// A compiler's module with its debug information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugModule {
    /// The module, with a `name` section and, if it has any, DWARF sections.
    pub wasm: Vec<u8>,
    /// Its source map, for compilers that write one.
    pub source_map: Option<Vec<u8>>,
    /// What to call directories of this machine: pairs of path and name, the most specific last.
    pub path_names: Vec<(String, String)>,
}

/// The debug information of a module, ready to be asked.
pub(super) struct Places<'a> {
    names: HashMap<u32, String>,
    dwarf: Option<addr2line::Context<gimli::EndianSlice<'a, gimli::LittleEndian>>>,
    code_start: u64,
    map: Option<(SourceMap<()>, Vec<Segment>)>,
    path_names: Vec<(String, String)>,
}

impl<'a> Places<'a> {
    pub(super) fn read(debug: &'a DebugModule) -> Result<Places<'a>, SectionsError> {
        let mut code_start = 0;
        let mut names = HashMap::new();
        let mut customs: HashMap<&'a str, &'a [u8]> = HashMap::new();
        for payload in Parser::new(0).parse_all(&debug.wasm) {
            match payload.map_err(malformed)? {
                Payload::CodeSectionStart { range, .. } => code_start = range.start as u64,
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(section) = custom.as_known() {
                        names = function_names(section);
                    } else {
                        customs.insert(custom.name(), custom.data());
                    }
                }
                _ => {}
            }
        }
        let load = |id: gimli::SectionId| -> Result<_, gimli::Error> {
            let data = customs.get(id.name()).copied().unwrap_or_default();
            Ok(gimli::EndianSlice::new(data, gimli::LittleEndian))
        };
        let dwarf = customs
            .contains_key(".debug_line")
            .then(|| gimli::Dwarf::load(load))
            .and_then(Result::ok)
            .and_then(|dwarf| addr2line::Context::from_dwarf(dwarf).ok());
        let map = debug.source_map.as_deref().and_then(|json| {
            let map: SourceMap<()> = serde_json::from_slice(json).ok()?;
            let segments = decode(&map.mappings, map.sources.len(), map.names.len())?;
            Some((map, segments))
        });
        Ok(Places {
            names,
            dwarf,
            code_start,
            map,
            path_names: debug.path_names.clone(),
        })
    }

    pub(super) fn name(&self, function: u32) -> Option<&str> {
        self.names.get(&function).map(String::as_str)
    }

    /// The place of the instruction at `offset` in the file, innermost function first; empty where
    /// nothing is known.
    pub(super) fn at(&self, offset: usize) -> Vec<Place> {
        if let Some((map, segments)) = &self.map {
            return self.in_map(map, segments, offset).into_iter().collect();
        }
        let Some(dwarf) = &self.dwarf else {
            return Vec::new();
        };
        // DWARF for WebAssembly counts from the content of the code section.
        let Some(address) = (offset as u64).checked_sub(self.code_start) else {
            return Vec::new();
        };
        let addr2line::LookupResult::Output(Ok(mut frames)) = dwarf.find_frames(address) else {
            return Vec::new();
        };
        let mut places = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            if places.len() == INLINED_MAX {
                break;
            }
            let location = frame.location.as_ref();
            let name = frame.function.as_ref();
            let name = name.and_then(|name| name.raw_name().ok().map(|name| name.into_owned()));
            let line = location.and_then(|location| location.line);
            places.push(Place {
                function: name,
                file: location
                    .and_then(|location| location.file)
                    .map(|file| source_shown(file, &self.path_names)),
                // Line 0 stands for code that has none.
                line: line.filter(|line| *line > 0),
            });
        }
        let located = places.iter().any(|place| place.line.is_some());
        if located { places } else { Vec::new() }
    }

    fn in_map(&self, map: &SourceMap<()>, segments: &[Segment], offset: usize) -> Option<Place> {
        let offset = u32::try_from(offset).ok()?;
        let after = segments.partition_point(|(at, _)| *at <= offset);
        let (_, origin) = segments.get(after.checked_sub(1)?)?;
        let origin = (*origin)?;
        let file = map.sources.get(origin.source as usize)?;
        Some(Place {
            function: None,
            file: Some(source_shown(file, &self.path_names)),
            line: origin.line.checked_add(1),
        })
    }
}

/// The function names of a name section; what is malformed is passed over.
pub(super) fn function_names(section: wasmparser::NameSectionReader<'_>) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for name in section.into_iter().map_while(Result::ok) {
        if let Name::Function(functions) = name {
            for naming in functions.into_iter().map_while(Result::ok) {
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    names
}
