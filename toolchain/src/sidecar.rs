//! Names and source lines of a capsule, in a file beside it.
//!
//! ```text
//! sidecar := every byte of the capsule
//!            custom section "name"               function names (WebAssembly core specification)
//!            custom section "sourceMappingURL"   "data:application/json;base64," and a source map
//! ```
//!
//! The capsule's bytes stand first, so the two belong together if and only if the sidecar begins
//! with the capsule, and offsets are the same in both. The source map is revision 3 with offsets in
//! the file as columns. Its member `x_tenzik` holds what the format has no place for:
//!
//! ```text
//! {"version":1,"capsule_id":HEX,"callers":[[source,line,name,next],…],"inlined":[[offset,caller],…]}
//! ```
//!
//! A segment of the map names the innermost of the functions that were inlined into each other.
//! `inlined` says for the segment at an offset who called it, as an index into `callers`, and `next`
//! who called that one; -1 is nobody. Lines count from 0, `name` is an index into the map's names.
//!
//! A sidecar is a claim of who made it, like a manifest: reading it is bounded, and nothing but
//! messages for people follows from it.

mod debug_module;
mod expressions;
mod make;
mod paths;
mod source_map;
mod trace;

use std::collections::HashMap;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use wasmparser::{KnownCustom, Parser, Payload};

pub use debug_module::{DebugModule, Place};
pub use make::{Coverage, Making, NoSidecar, make_sidecar};

use crate::shown::shown;
use crate::size::{FunctionNames, function_shown};
use source_map::{Origin, Segment, SourceMap, decode};

/// The version of tenzik's own members of the source map.
const SIDECAR_VERSION: u32 = 1;

/// A larger sidecar is neither written nor read.
pub const SIDECAR_BYTES_MAX: usize = 16 << 20;

/// Functions that are inlined into each other and shown for one instruction.
const INLINED_MAX: usize = 16;

/// Longest name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 4_096;

const MAP_SECTION: &str = "sourceMappingURL";
const MAP_URL: &str = "data:application/json;base64,";

/// Source, line, name and the next caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Caller(u32, u32, i64, i64);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Extra {
    version: u32,
    capsule_id: String,
    callers: Vec<Caller>,
    inlined: Vec<(u32, u32)>,
}

/// A sidecar that has been read and belongs to its capsule.
#[derive(Debug)]
pub struct Sidecar {
    names: HashMap<u32, String>,
    files: HashMap<u32, String>,
    map: SourceMap<Extra>,
    segments: Vec<Segment>,
    inlined: HashMap<u32, u32>,
}

/// Why a sidecar is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarError {
    /// It is of another capsule.
    #[error(
        "it is not of this capsule; build the capsule again or name the sidecar that was written with it"
    )]
    OtherCapsule,
    /// It is too large.
    #[error("it has more than {SIDECAR_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not what `tenzik build` writes.
    #[error("{0}; build the capsule again")]
    Malformed(String),
}

impl Sidecar {
    /// Reads the sidecar of `capsule`.
    ///
    /// # Errors
    /// [`SidecarError`] when it is of another capsule or malformed.
    pub fn read(sidecar: &[u8], capsule: &[u8]) -> Result<Sidecar, SidecarError> {
        let malformed = |message: &str| SidecarError::Malformed(message.to_owned());
        if sidecar.len() > SIDECAR_BYTES_MAX {
            return Err(SidecarError::TooLarge);
        }
        if !sidecar.starts_with(capsule) || sidecar.len() == capsule.len() {
            return Err(SidecarError::OtherCapsule);
        }
        let (mut names, mut json) = (HashMap::new(), None);
        for payload in Parser::new(0).parse_all(sidecar) {
            let payload = payload.map_err(|_| malformed("it is not a sequence of sections"))?;
            let Payload::CustomSection(custom) = payload else {
                continue;
            };
            if custom.range().start < capsule.len() {
                continue;
            }
            if let KnownCustom::Name(section) = custom.as_known() {
                names = debug_module::function_names(section);
                names.retain(|_, name| name.len() <= NAME_BYTES_MAX);
            } else if custom.name() == MAP_SECTION {
                json = Some(
                    embedded_map(custom.data())
                        .ok_or_else(|| malformed("its source map is not embedded"))?,
                );
            }
        }
        let json = json.ok_or_else(|| malformed("it has no source map"))?;
        let map: SourceMap<Extra> = serde_json::from_slice(&json)
            .map_err(|_| malformed("its source map is not JSON of a source map"))?;
        let version = map.extra.as_ref().map(|extra| extra.version);
        if map.version != 3 || version != Some(SIDECAR_VERSION) {
            return Err(malformed("it is of another version"));
        }
        let segments = decode(&map.mappings, map.sources.len(), map.names.len())
            .ok_or_else(|| malformed("its mappings are malformed"))?;
        let inlined = map
            .extra
            .iter()
            .flat_map(|extra| extra.inlined.iter().copied())
            .collect();
        let mut read = Sidecar {
            names,
            files: HashMap::new(),
            map,
            segments,
            inlined,
        };
        read.find_files(sidecar);
        Ok(read)
    }

    /// Functions of the capsule that have a body, by their first known line.
    fn find_files(&mut self, sidecar: &[u8]) {
        let (mut imported, mut bodies) = (0, Vec::new());
        for payload in Parser::new(0).parse_all(sidecar).map_while(Result::ok) {
            match payload {
                Payload::ImportSection(imports) => {
                    let imports = imports.into_imports().map_while(Result::ok);
                    let functions = imports.filter(|import| {
                        matches!(
                            import.ty,
                            wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                        )
                    });
                    imported += functions.count() as u32;
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.range()),
                _ => {}
            }
        }
        for (index, range) in (imported..).zip(bodies) {
            let first = self
                .segments
                .partition_point(|(at, _)| (*at as usize) < range.start);
            let mut within = self
                .segments
                .iter()
                .skip(first)
                .take_while(|(at, _)| (*at as usize) < range.end);
            let Some(offset) = within.find_map(|(at, origin)| origin.map(|_| *at)) else {
                continue;
            };
            // The outermost place is that of the function itself.
            let places = self.raw_places(offset);
            if let Some(file) = places
                .last()
                .and_then(|origin| self.map.sources.get(origin.source as usize))
            {
                self.files.insert(index, file.clone());
            }
        }
    }

    /// The places of the instruction at `offset`, innermost function first, printable; empty where
    /// nothing is known.
    pub fn places(&self, offset: u64) -> Vec<Place> {
        let Ok(offset) = u32::try_from(offset) else {
            return Vec::new();
        };
        let origins = self.raw_places(offset).into_iter();
        let text = |texts: &[String], index: u32| texts.get(index as usize).cloned();
        origins
            .map(|origin| Place {
                function: origin
                    .name
                    .and_then(|name| text(&self.map.names, name))
                    .map(|name| function_shown(&name)),
                file: text(&self.map.sources, origin.source).map(|file| shown(&file)),
                line: origin.line.checked_add(1),
            })
            .collect()
    }

    fn raw_places(&self, offset: u32) -> Vec<Origin> {
        let after = self.segments.partition_point(|(at, _)| *at <= offset);
        let segment = after
            .checked_sub(1)
            .and_then(|place| self.segments.get(place));
        let Some((at, Some(origin))) = segment else {
            return Vec::new();
        };
        let mut places = vec![*origin];
        let callers = self
            .map
            .extra
            .as_ref()
            .map(|extra| extra.callers.as_slice());
        let callers = callers.unwrap_or_default();
        let mut next = self.inlined.get(at).copied();
        // A hostile file may name callers in a circle.
        while let Some(Caller(source, line, name, following)) =
            next.and_then(|next| callers.get(next as usize)).copied()
        {
            if places.len() == INLINED_MAX {
                break;
            }
            let name = u32::try_from(name).ok();
            places.push(Origin {
                source,
                line,
                column: 0,
                name,
            });
            next = u32::try_from(following).ok();
        }
        places
    }

    /// The name of a function for people.
    pub fn function(&self, index: u32) -> Option<String> {
        self.names.get(&index).map(|name| function_shown(name))
    }
}

impl FunctionNames for Sidecar {
    fn name(&self, index: u32) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    fn file(&self, index: u32) -> Option<&str> {
        self.files.get(&index).map(String::as_str)
    }
}

/// Whether code in this file belongs to Rust's standard library.
pub fn is_library(file: &str) -> bool {
    file.starts_with("library/")
}

fn embedded_map(data: &[u8]) -> Option<Vec<u8>> {
    let mut reader = wasmparser::BinaryReader::new(data, 0);
    let length = reader.read_var_u32().ok()?;
    let url = reader.read_bytes(usize::try_from(length).ok()?).ok()?;
    let text = std::str::from_utf8(url).ok()?.strip_prefix(MAP_URL)?;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
