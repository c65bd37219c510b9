//! Makes a module smaller: several optimisers make candidates, the smallest valid one wins.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmparser::Validator;

use crate::binaryen::{STRATEGIES, WasmOpt};
use crate::host::Host;
use crate::prune::{prune, strip};
use crate::sections::SectionsError;

/// Names the built-in optimiser in reports. The first number counts changes of this crate that
/// change its output; the encoder decides the rest.
pub(crate) const BUILTIN: &str = "builtin 1 (walrus 0.28.0)";

/// Which optimisers may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OptimiserChoice {
    /// `auto`: the built-in one, and Binaryen when it is installed.
    #[default]
    Auto,
    /// `builtin`: the built-in one alone, so that the result does not depend on what is installed.
    Builtin,
    /// `binaryen`: both; it is an error if Binaryen is not installed.
    Binaryen,
}

impl FromStr for OptimiserChoice {
    type Err = FindOptimiserError;

    fn from_str(text: &str) -> Result<OptimiserChoice, FindOptimiserError> {
        match text {
            "auto" => Ok(OptimiserChoice::Auto),
            "builtin" => Ok(OptimiserChoice::Builtin),
            "binaryen" => Ok(OptimiserChoice::Binaryen),
            other => Err(FindOptimiserError::UnknownChoice {
                value: other.to_owned(),
            }),
        }
    }
}

/// The optimisers that are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optimiser {
    wasm_opt: Option<WasmOpt>,
}

impl Optimiser {
    /// Binaryen, if it is used.
    pub fn wasm_opt(&self) -> Option<&WasmOpt> {
        self.wasm_opt.as_ref()
    }
}

impl fmt::Display for Optimiser {
    /// All optimisers with their versions: equal text makes equal bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BUILTIN)?;
        match &self.wasm_opt {
            Some(wasm_opt) => write!(f, " + binaryen {}", wasm_opt.version()),
            None => Ok(()),
        }
    }
}

/// An optimiser that was asked for cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindOptimiserError {
    /// The name of the choice is wrong.
    #[error("there is no optimiser {value:?}; use auto, builtin or binaryen")]
    UnknownChoice {
        /// What was asked for.
        value: String,
    },
    /// Binaryen was asked for and is not installed.
    #[error(
        "wasm-opt is not on the search path; install Binaryen (on Debian: apt-get install binaryen) or use the builtin optimiser"
    )]
    NoBinaryen,
}

/// Finds the optimisers that `choice` asks for.
///
/// # Errors
/// [`FindOptimiserError::NoBinaryen`] when Binaryen is asked for and not installed.
pub fn find_optimiser(
    host: &Host,
    choice: OptimiserChoice,
) -> Result<Optimiser, FindOptimiserError> {
    let wasm_opt = match choice {
        OptimiserChoice::Builtin => None,
        OptimiserChoice::Auto | OptimiserChoice::Binaryen => WasmOpt::find(host),
    };
    if choice == OptimiserChoice::Binaryen && wasm_opt.is_none() {
        return Err(FindOptimiserError::NoBinaryen);
    }
    Ok(Optimiser { wasm_opt })
}

/// What an optimiser made of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidate {
    /// A valid module of this many bytes.
    Bytes(u64),
    /// No valid module, or one that is larger than its input, for this reason.
    Problem(String),
}

/// The smallest candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optimised {
    /// The module: valid, without custom sections, not larger than the original.
    pub bytes: Vec<u8>,
    /// The optimiser that made it, with its version and options.
    pub name: String,
    /// All optimisers in the order they were tried, and what came of it.
    pub candidates: Vec<(String, Candidate)>,
}

/// There is nothing to optimise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimiseError {
    /// The input is not a valid module.
    #[error("not a valid WebAssembly module: {message} (offset {offset:#x})")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where.
        offset: u64,
    },
    /// The input is a component.
    #[error(transparent)]
    Sections(#[from] SectionsError),
}

/// Makes `wasm` smaller without changing what a host sees of it. Exports other than `memory` and
/// `run` and all custom sections may be gone afterwards. The smallest valid candidate wins, the
/// earlier of equal ones; an optimiser that fails is only a note. Each run of an external
/// optimiser may take `timeout`.
///
/// Validity here means the WebAssembly specification, not what tenzik accepts.
///
/// # Errors
/// [`OptimiseError`] when `wasm` is not a valid core module.
pub fn optimise(
    host: &Host,
    optimiser: &Optimiser,
    wasm: &[u8],
    timeout: Duration,
) -> Result<Optimised, OptimiseError> {
    let stripped = strip(wasm)?;
    validate(wasm)?;
    let mut contest = Contest::begin(stripped);
    let pruned = match prune(wasm) {
        Ok(pruned) => contest.enter(BUILTIN.to_owned(), pruned),
        Err(error) => {
            contest.note(BUILTIN.to_owned(), error.to_string());
            None
        }
    };
    if let Some(wasm_opt) = &optimiser.wasm_opt {
        let input = pruned.unwrap_or_else(|| contest.best.clone());
        for (name, options) in STRATEGIES {
            let name = format!("binaryen {} {name}", wasm_opt.version());
            match wasm_opt.run(host, options, &input, timeout) {
                Ok(Some(bytes)) => {
                    contest.enter(name, bytes);
                }
                Ok(None) => contest.note(name, "the result is larger".to_owned()),
                Err(error) => contest.note(name, error.to_string()),
            }
        }
    }
    Ok(Optimised {
        bytes: contest.best,
        name: contest.best_name,
        candidates: contest.candidates,
    })
}

struct Contest {
    best: Vec<u8>,
    best_name: String,
    candidates: Vec<(String, Candidate)>,
}

impl Contest {
    /// The first candidate cannot be larger than the original, so the winner never is.
    fn begin(stripped: Vec<u8>) -> Contest {
        let name = "stripped".to_owned();
        let candidates = vec![(name.clone(), Candidate::Bytes(stripped.len() as u64))];
        Contest {
            best: stripped,
            best_name: name,
            candidates,
        }
    }

    /// Returns the bytes if they are valid.
    fn enter(&mut self, name: String, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if let Err(error) = validate(&bytes) {
            self.note(name, error.to_string());
            return None;
        }
        if bytes.len() < self.best.len() {
            self.best.clone_from(&bytes);
            self.best_name.clone_from(&name);
        }
        self.candidates
            .push((name, Candidate::Bytes(bytes.len() as u64)));
        Some(bytes)
    }

    fn note(&mut self, name: String, problem: String) {
        self.candidates.push((name, Candidate::Problem(problem)));
    }
}

fn validate(wasm: &[u8]) -> Result<(), OptimiseError> {
    match Validator::new().validate_all(wasm) {
        Ok(_) => Ok(()),
        Err(error) => Err(OptimiseError::Invalid {
            message: error.message().to_owned(),
            offset: error.offset() as u64,
        }),
    }
}
