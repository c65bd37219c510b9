//! Makes the sidecar of a capsule that was just built.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use wasm_encoder::{CustomSection, NameMap, NameSection, Section as _};

use super::debug_module::{DebugModule, Place, Places};
use super::source_map::{Origin, Segment, SourceMap, encode};
use super::trace::{Trace, TraceError, trace};
use super::{Caller, Extra, MAP_SECTION, MAP_URL, SIDECAR_BYTES_MAX, SIDECAR_VERSION};
use crate::host::Host;
use crate::optimise::{Optimised, Optimiser};
use crate::prune::strip;
use crate::size::functions;

/// What a capsule was made from.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// The module as the compiler made it, which was given to the optimisers.
    pub compiled: &'a [u8],
    /// The same module from a build with debug information.
    pub debug: &'a DebugModule,
    /// What the optimisers made of it.
    pub optimised: &'a Optimised,
    /// The capsule, with its manifest.
    pub capsule: &'a [u8],
}

/// How much a sidecar knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Functions of the capsule that have a body.
    pub functions: u64,
    /// Those of them with a name.
    pub functions_named: u64,
    /// Instructions of the capsule.
    pub instructions: u64,
    /// Those of them with a source line.
    pub instructions_located: u64,
}

/// Why there is no sidecar. The capsule is none the worse.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoSidecar(String);

impl From<TraceError> for NoSidecar {
    fn from(error: TraceError) -> NoSidecar {
        NoSidecar(error.to_string())
    }
}

impl From<crate::sections::SectionsError> for NoSidecar {
    fn from(error: crate::sections::SectionsError) -> NoSidecar {
        NoSidecar(error.to_string())
    }
}

/// Makes the sidecar of a capsule: its bytes, followed by names and source lines. What is not
/// certain is left out: a function whose code differs between the two compilations, and an
/// instruction that an optimiser made up.
///
/// # Errors
/// [`NoSidecar`] when an optimiser does not say where its instructions come from.
pub fn make_sidecar(
    host: &Host,
    optimiser: &Optimiser,
    making: &Making<'_>,
    timeout: Duration,
) -> Result<(Vec<u8>, Coverage), NoSidecar> {
    let Making {
        compiled,
        debug,
        optimised,
        capsule,
    } = *making;
    if strip(capsule)? != optimised.bytes {
        return Err(NoSidecar(
            "the capsule is not what the optimiser made".to_owned(),
        ));
    }
    let optimised_trace = trace(host, optimiser, compiled, optimised, timeout)?;
    let to_debug = Trace::same_code(&debug.wasm, compiled)?;
    let places = Places::read(debug)?;
    let (debug_imported, debug_bodies) = functions(&debug.wasm)?;
    let debug_ranges: Vec<_> = debug_bodies.into_iter().map(|body| body.range).collect();
    // The function that an instruction was compiled in: an optimiser may have inlined it.
    let function_at = |offset: usize| {
        let after = debug_ranges.partition_point(|range| range.start <= offset);
        let index = debug_imported + u32::try_from(after.checked_sub(1)?).ok()?;
        places.name(index).map(str::to_owned)
    };
    let mut writing = Writing::default();
    let (imported, bodies) = functions(capsule)?;
    let mut names = NameMap::new();
    let count = imported + u32::try_from(bodies.len()).unwrap_or(0);
    for index in 0..count {
        let old = optimised_trace.functions.get(&index);
        let old = old.and_then(|index| to_debug.functions.get(index));
        if let Some(name) = old.and_then(|index| places.name(*index)) {
            names.append(index, name);
            writing.coverage.functions_named += u64::from(index >= imported);
        }
    }
    writing.coverage.functions = bodies.len() as u64;
    for body in &bodies {
        for (_, range) in &body.instructions {
            let old = optimised_trace.instructions.get(&range.start);
            let old = old.and_then(|offset| to_debug.instructions.get(offset));
            let mut chain = old.map(|offset| places.at(*offset)).unwrap_or_default();
            if let (Some(outermost), Some(offset)) = (chain.last_mut(), old) {
                outermost.function = function_at(*offset).or(outermost.function.take());
            }
            writing.instruction(range.start, &chain);
        }
        writing.segment(body.range.end, None, None);
    }
    let sidecar = writing.finish(capsule, &names)?;
    Ok(sidecar)
}

#[derive(Default)]
struct Writing {
    sources: Interned,
    names: Interned,
    segments: Vec<Segment>,
    callers: Vec<Caller>,
    caller_places: HashMap<Caller, u32>,
    /// The caller of the code that each segment begins, where it is inlined.
    inlined: Vec<(u32, u32)>,
    last_caller: Option<u32>,
    coverage: Coverage,
}

#[derive(Default)]
struct Interned {
    texts: Vec<String>,
    places: HashMap<String, u32>,
}

impl Interned {
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}

impl Writing {
    /// `chain` is the inlined function first, then where it was inlined.
    fn instruction(&mut self, offset: usize, chain: &[Place]) {
        self.coverage.instructions += 1;
        let mut known = chain
            .iter()
            .filter(|place| place.file.is_some() && place.line.is_some());
        let Some(innermost) = known.next() else {
            return self.segment(offset, None, None);
        };
        self.coverage.instructions_located += 1;
        let outer: Vec<&Place> = known.collect();
        let mut caller = None;
        for place in outer.into_iter().rev() {
            let origin = self.origin(place);
            caller = Some(self.caller(origin, caller));
        }
        let origin = self.origin(innermost);
        self.segment(offset, Some(origin), caller);
    }

    fn origin(&mut self, place: &Place) -> Origin {
        let file = place.file.as_deref().unwrap_or_default();
        Origin {
            source: self.sources.place(file),
            line: place.line.unwrap_or(1).saturating_sub(1),
            column: 0,
            name: place.function.as_deref().map(|name| self.names.place(name)),
        }
    }

    fn caller(&mut self, origin: Origin, next: Option<u32>) -> u32 {
        let caller = Caller(
            origin.source,
            origin.line,
            origin.name.map_or(-1, i64::from),
            next.map_or(-1, i64::from),
        );
        if let Some(place) = self.caller_places.get(&caller) {
            return *place;
        }
        let place = u32::try_from(self.callers.len()).unwrap_or(u32::MAX);
        self.callers.push(caller);
        self.caller_places.insert(caller, place);
        place
    }

    /// Begins a segment unless it would say what the one before says.
    fn segment(&mut self, offset: usize, origin: Option<Origin>, caller: Option<u32>) {
        let last = self.segments.last().map(|(_, origin)| *origin);
        if last == Some(origin) && self.last_caller == caller {
            return;
        }
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        self.segments.push((offset, origin));
        self.last_caller = caller;
        self.inlined.extend(caller.map(|caller| (offset, caller)));
    }

    fn finish(self, capsule: &[u8], names: &NameMap) -> Result<(Vec<u8>, Coverage), NoSidecar> {
        let map = SourceMap {
            version: 3,
            sources: self.sources.texts,
            names: self.names.texts,
            mappings: encode(&self.segments),
            extra: Some(Extra {
                version: SIDECAR_VERSION,
                capsule_id: blake3::hash(capsule).to_hex().to_string(),
                callers: self.callers,
                inlined: self.inlined,
            }),
        };
        let json = serde_json::to_vec(&map).map_err(|error| NoSidecar(error.to_string()))?;
        let url = format!(
            "{MAP_URL}{}",
            base64::engine::general_purpose::STANDARD.encode(json)
        );
        let mut content = Vec::new();
        wasm_encoder::Encode::encode(url.as_str(), &mut content);
        let mut section = NameSection::new();
        section.functions(names);
        let mut sidecar = capsule.to_vec();
        section.append_to(&mut sidecar);
        CustomSection {
            name: MAP_SECTION.into(),
            data: content.into(),
        }
        .append_to(&mut sidecar);
        if sidecar.len() > SIDECAR_BYTES_MAX {
            let message = format!(
                "it would have {} bytes; the limit is {SIDECAR_BYTES_MAX}",
                sidecar.len()
            );
            return Err(NoSidecar(message));
        }
        Ok((sidecar, self.coverage))
    }
}
