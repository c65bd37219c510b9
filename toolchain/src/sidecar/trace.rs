//! Follows instructions through the optimisers, without changing what those make.
//!
//! The functions of the module get their own numbers as names, and each instruction its own place
//! as a source line. Then the optimiser runs again, and what comes out says where it came from. It
//! counts only if it is the very module that the plain run made.

use std::collections::HashMap;
use std::time::Duration;

use wasm_encoder::{NameMap, NameSection, Section as _};
use wasmparser::{KnownCustom, Parser, Payload};

use super::debug_module::function_names;
use super::expressions::match_instructions;
use super::source_map::{Origin, Segment, SourceMap, decode, encode};
use crate::binaryen::STRATEGIES;
use crate::host::Host;
use crate::optimise::{BUILTIN, Optimised, Optimiser};
use crate::prune::{prune, prune_traced, strip};
use crate::sections::SectionsError;
use crate::size::functions;

/// Where functions and instructions of a module come from in another.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Function indices.
    pub(super) functions: HashMap<u32, u32>,
    /// Offsets of instructions in the files.
    pub(super) instructions: HashMap<usize, usize>,
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub(super) enum TraceError {
    #[error("{0}")]
    Sections(#[from] SectionsError),
    #[error("{optimiser} makes another module when it is asked where instructions come from")]
    Differs { optimiser: String },
    #[error("{optimiser} did not say where instructions come from: {message}")]
    Failed { optimiser: String, message: String },
}

/// Follows what `optimised` was made from, `compiled`, to its own bytes.
pub(super) fn trace(
    host: &Host,
    optimiser: &Optimiser,
    compiled: &[u8],
    optimised: &Optimised,
    timeout: Duration,
) -> Result<Trace, TraceError> {
    let stripped = strip(compiled)?;
    let plain = Trace::same_code(compiled, &stripped)?;
    if optimised.name == "stripped" {
        return Ok(plain);
    }
    let failed = |optimiser: &str, message: String| TraceError::Failed {
        optimiser: optimiser.to_owned(),
        message,
    };
    let (pruned, by_prune) = match prune(compiled) {
        Ok(_) => through_prune(&stripped)?,
        // The optimisers that ran after it had the stripped module.
        Err(_) => (stripped, Trace::default()),
    };
    let after_prune = match by_prune.functions.is_empty() {
        true => plain,
        false => by_prune.after(&plain),
    };
    if optimised.name == BUILTIN {
        return Ok(after_prune);
    }
    let wasm_opt = optimiser.wasm_opt();
    let strategy = wasm_opt.and_then(|wasm_opt| {
        let named =
            |name: &str| format!("binaryen {} {name}", wasm_opt.version()) == optimised.name;
        STRATEGIES
            .iter()
            .find(|(name, _)| named(name))
            .map(|(_, options)| (wasm_opt, *options))
    });
    let Some((wasm_opt, options)) = strategy else {
        return Err(failed(&optimised.name, "it is not known".to_owned()));
    };
    let (tagged, map) = (with_tags(&pruned)?, places(&pruned)?);
    let traced = wasm_opt
        .run_traced(host, options, &tagged, &map, timeout)
        .map_err(|error| failed(&optimised.name, error.to_string()))?;
    if strip(&traced.wasm)? != optimised.bytes {
        return Err(TraceError::Differs {
            optimiser: optimised.name.clone(),
        });
    }
    let by_binaryen = read_places(&traced.wasm, &traced.source_map, &pruned)
        .ok_or_else(|| failed(&optimised.name, "its source map is malformed".to_owned()))?;
    Ok(by_binaryen.after(&after_prune))
}

fn through_prune(stripped: &[u8]) -> Result<(Vec<u8>, Trace), TraceError> {
    let failed = |message: String| TraceError::Failed {
        optimiser: BUILTIN.to_owned(),
        message,
    };
    let plain = prune(stripped).map_err(|error| failed(error.to_string()))?;
    let (wasm, moved) =
        prune_traced(&with_tags(stripped)?).map_err(|error| failed(error.to_string()))?;
    if strip(&wasm)? != plain {
        return Err(TraceError::Differs {
            optimiser: BUILTIN.to_owned(),
        });
    }
    let trace = Trace::between(&wasm, stripped, moved.into_iter())?;
    Ok((plain, trace))
}

impl Trace {
    /// Two modules with the same code at different offsets: one has other custom sections before
    /// its code, or longer numbers in it. Functions whose instructions differ are left out.
    pub(super) fn same_code(from: &[u8], to: &[u8]) -> Result<Trace, SectionsError> {
        let (imported_from, from) = functions(from)?;
        let (imported_to, to) = functions(to)?;
        let mut trace = Trace::default();
        if imported_from != imported_to || from.len() != to.len() {
            return Ok(trace);
        }
        trace
            .functions
            .extend((0..imported_to).map(|index| (index, index)));
        for (index, (from, to)) in (imported_to..).zip(from.iter().zip(&to)) {
            let (from, to) = (&from.instructions, &to.instructions);
            let pairs = || from.iter().zip(to);
            if from.len() == to.len() && pairs().all(|((from, _), (to, _))| from == to) {
                trace.functions.insert(index, index);
                let places = pairs().map(|((_, from), (_, to))| (to.start, from.start));
                trace.instructions.extend(places);
            }
        }
        Ok(trace)
    }

    /// Checks pairs of new and old offset: both must be instructions. Functions go by the tags.
    fn between(
        to: &[u8],
        from: &[u8],
        moved: impl Iterator<Item = (usize, usize)>,
    ) -> Result<Trace, SectionsError> {
        let (imported, from) = functions(from)?;
        let (_, to_functions) = functions(to)?;
        let starts = |functions: &[crate::size::FunctionCode<'_>]| {
            let instructions = functions.iter().flat_map(|function| &function.instructions);
            instructions
                .map(|(_, range)| range.start)
                .collect::<std::collections::HashSet<_>>()
        };
        let (from_starts, to_starts) = (starts(&from), starts(&to_functions));
        let is_known =
            |(to, from): &(usize, usize)| to_starts.contains(to) && from_starts.contains(from);
        Ok(Trace {
            functions: tags(to, imported, from.len())?,
            instructions: moved.filter(is_known).collect(),
        })
    }

    /// This trace continued by the one of what it begins with.
    fn after(&self, before: &Trace) -> Trace {
        let functions = self.functions.iter();
        let instructions = self.instructions.iter();
        Trace {
            functions: functions
                .filter_map(|(to, from)| Some((*to, *before.functions.get(from)?)))
                .collect(),
            instructions: instructions
                .filter_map(|(to, from)| Some((*to, *before.instructions.get(from)?)))
                .collect(),
        }
    }
}

/// Binaryen's own names for functions without a name, so that ours change nothing that goes by
/// their order.
fn tag(index: u32, imported: u32) -> String {
    match index.checked_sub(imported) {
        Some(defined) => defined.to_string(),
        None => format!("fimport${index}"),
    }
}

/// The module with every function named by its number.
fn with_tags(wasm: &[u8]) -> Result<Vec<u8>, SectionsError> {
    let (imported, defined) = functions(wasm)?;
    let count = imported + u32::try_from(defined.len()).unwrap_or(0);
    let (mut names, mut section) = (NameMap::new(), NameSection::new());
    for index in 0..count {
        names.append(index, &tag(index, imported));
    }
    section.functions(&names);
    let mut tagged = wasm.to_vec();
    section.append_to(&mut tagged);
    Ok(tagged)
}

/// The old index of each function that still has its number.
fn tags(wasm: &[u8], imported: u32, defined: usize) -> Result<HashMap<u32, u32>, SectionsError> {
    let count = imported + u32::try_from(defined).unwrap_or(0);
    let known: HashMap<String, u32> = (0..count)
        .map(|index| (tag(index, imported), index))
        .collect();
    let mut found = HashMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(custom) = payload.map_err(crate::sections::malformed)?
            && let KnownCustom::Name(section) = custom.as_known()
        {
            let names = function_names(section).into_iter();
            found.extend(names.filter_map(|(index, name)| Some((index, *known.get(&name)?))));
        }
    }
    Ok(found)
}

/// A source map that says of each instruction which it is: instruction n is line n.
fn places(wasm: &[u8]) -> Result<Vec<u8>, SectionsError> {
    let segments: Vec<Segment> = instruction_offsets(wasm)?
        .into_iter()
        .zip(0..)
        .map(|(offset, line)| {
            let origin = Origin {
                source: 0,
                line,
                column: 0,
                name: None,
            };
            (u32::try_from(offset).unwrap_or(u32::MAX), Some(origin))
        })
        .collect();
    let map = SourceMap::<()> {
        version: 3,
        sources: vec!["instructions".to_owned()],
        names: Vec::new(),
        mappings: encode(&segments),
        extra: None,
    };
    Ok(serde_json::to_vec(&map).unwrap_or_default())
}

fn read_places(wasm: &[u8], map: &[u8], from: &[u8]) -> Option<Trace> {
    let map: SourceMap<()> = serde_json::from_slice(map).ok()?;
    let segments = decode(&map.mappings, map.sources.len(), map.names.len())?;
    let (_, functions) = functions(from).ok()?;
    let instructions = functions
        .into_iter()
        .flat_map(|function| function.instructions);
    let instructions: Vec<_> = instructions
        .map(|(operator, range)| (operator, range.start))
        .collect();
    let segments: Vec<(usize, usize)> = segments
        .into_iter()
        .filter_map(|(to, origin)| Some((to as usize, origin?.line as usize)))
        .collect();
    let moved = match_instructions(wasm, &segments, &instructions)?;
    Trace::between(wasm, from, moved.into_iter()).ok()
}

fn instruction_offsets(wasm: &[u8]) -> Result<Vec<usize>, SectionsError> {
    let (_, functions) = functions(wasm)?;
    let instructions = functions.iter().flat_map(|function| &function.instructions);
    Ok(instructions.map(|(_, range)| range.start).collect())
}
