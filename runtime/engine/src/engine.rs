//! The engine: compiles capsules and runs them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_capsule::{Capsule, CapsuleId};
use tenzik_policy::{Limits, Permit};
use wasmtime::{Linker, Module};

use crate::cache::Cache;
use crate::code_store::{self, CodeStore};
use crate::config::{EngineOptions, Tier, Variant, config};
use crate::cost::COST_MODEL;
use crate::execute;
use crate::failure::EngineFailure;
use crate::input::Input;
use crate::instances::Instances;
use crate::linker::linker;
use crate::memories::{Memories, REUSED_BYTES_MAX};
use crate::optimise::{Optimiser, optimise};
use crate::outcome::Outcome;
use crate::prepared::{Compiled, PreparedCapsule, needs_epoch};
use crate::request::RunRequest;
use crate::state::RunState;
use crate::stored_code;
use crate::ticker::{Ticker, Ticking};

/// Variants kept at a time; each stack size is one.
const VARIANTS_MAX: usize = 16;

/// Longest input in memory that is worth no more than quick code: a parser takes about a millisecond
/// for it, which is what quick code saves.
const QUICK_INPUT_BYTES_MAX: u64 = 128 << 10;

/// Effort from which registers are assigned in a single pass: below it a capsule of 5 KB compiles in
/// about 0.1 s at worst. Larger modules may take as much more.
const REGISTER_EFFORT_MAX: u64 = 1_000_000;

/// Bytes of a module to which that effort belongs.
const REGISTER_EFFORT_BYTES: u64 = 5_120;

/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 65_536;

/// Compiles and runs capsules. Shared by reference between threads.
pub struct Engine {
    compiler: Arc<Compiler>,
    optimiser: Optimiser,
    ticker: Ticker,
    optimise_after_us: Option<u64>,
}

/// Compiles capsules and keeps what it compiled, by the digest of the capsule and the variant of
/// the engine.
pub(crate) struct Compiler {
    targets: Mutex<HashMap<Variant, Arc<Target>>>,
    cache: Cache<(CapsuleId, Variant), Arc<Compiled>>,
    memories: Memories,
    code_store: Option<Arc<CodeStore>>,
    /// None where nothing is counted.
    instances: Option<Arc<Instances>>,
}

/// A wasmtime engine and its linker.
struct Target {
    engine: wasmtime::Engine,
    linker: Linker<Box<RunState>>,
}

impl Engine {
    /// An engine with these options. Where the address space has no room for as many memories as
    /// there may be instances, its runs are slower and need little of it.
    ///
    /// # Errors
    /// [`EngineFailure::Setup`] if wasmtime does not support this machine.
    pub fn new(options: &EngineOptions) -> Result<Engine, EngineFailure> {
        let compiler = Compiler {
            targets: Mutex::new(HashMap::new()),
            cache: Cache::new(options.cache_modules_max),
            memories: Memories::new(options.pool_instances),
            code_store: options.code_store.clone(),
            instances: (options.pool_instances > 0)
                .then(|| Arc::new(Instances::new(options.pool_instances))),
        };
        let engine = Engine {
            compiler: Arc::new(compiler),
            optimiser: Optimiser::default(),
            ticker: Ticker::default(),
            optimise_after_us: options.optimise_after_us,
        };
        let plain = variant(&Limits::DEFAULT, false);
        let first = match options.optimise_after_us {
            Some(_) => plain.quick(),
            None => plain,
        };
        engine.compiler.target(first)?;
        Ok(engine)
    }

    /// What names this engine in receipts: engine, version and compiler. Output and fuel of a run
    /// depend on nothing else.
    pub fn identity() -> &'static str {
        "wasmtime-48.0.8-cranelift"
    }

    /// Compiles `capsule` for runs with default limits and small inputs in memory; what other runs
    /// need is compiled when they come.
    ///
    /// # Errors
    /// [`EngineFailure::Compile`].
    pub fn prepare(&self, capsule: &Capsule) -> Result<PreparedCapsule, EngineFailure> {
        let prepared = PreparedCapsule::new(capsule.clone());
        let plain = self.variant_of(capsule, &Limits::DEFAULT, false);
        self.first_code(&prepared, plain, 0)?;
        Ok(prepared)
    }

    /// Compiles `capsule` for just the run described.
    ///
    /// # Errors
    /// [`EngineFailure::Compile`].
    pub fn prepare_for(
        &self,
        capsule: &Capsule,
        limits: &Limits,
        input: &Input,
    ) -> Result<PreparedCapsule, EngineFailure> {
        let prepared = PreparedCapsule::new(capsule.clone());
        let epoch = needs_epoch(limits, input.size_hint());
        let plain = self.variant_of(capsule, limits, epoch);
        match input {
            Input::Bytes(bytes) => self.first_code(&prepared, plain, bytes.len() as u64)?,
            Input::Stream(_) => prepared.compiled(plain, &self.compiler)?,
        };
        Ok(prepared)
    }

    /// Runs a capsule once, in a fresh instance.
    ///
    /// # Errors
    /// [`EngineFailure`] if tenzik or the machine failed; what the capsule did is in the outcome.
    pub fn execute(
        &self,
        prepared: &PreparedCapsule,
        permit: &Permit,
        request: RunRequest,
    ) -> Result<Outcome, EngineFailure> {
        let id = prepared.capsule().id();
        if permit.capsule_id() != id {
            return Err(EngineFailure::Permit {
                permit: permit.capsule_id().to_string(),
                capsule: id.to_string(),
            });
        }
        let limits = permit.limits();
        let epoch = needs_epoch(limits, request.input.size_hint());
        let plain = self.variant_of(prepared.capsule(), limits, epoch);
        if self.optimise_after_us.is_some()
            && let Some(first) = request.repeatable()
        {
            let outcome = self.run_repeatable(prepared, plain, limits, first)?;
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
        let compiled = prepared.compiled(plain, &self.compiler)?;
        self.run(&compiled, limits, request, epoch)
    }

    /// Runs what can be run again, on the fastest code that there is; nothing comes of a run whose
    /// verdict is that of plain code.
    fn run_repeatable(
        &self,
        prepared: &PreparedCapsule,
        plain: Variant,
        limits: &Limits,
        request: RunRequest,
    ) -> Result<Option<Outcome>, EngineFailure> {
        let input_bytes = request.input.size_hint().unwrap_or(u64::MAX);
        let first = self.first_code(prepared, plain, input_bytes)?;
        if let Some(faster) = first.optimised.code() {
            let request = RunRequest {
                bound_fuel: request.bound_fuel && faster.tier == Tier::Plain,
                ..request
            };
            let outcome = self.run(faster, limits, request, plain.epoch)?;
            return Ok(faster.tier.verdict(plain.tier, outcome));
        }
        let outcome = self.run(&first, limits, request, plain.epoch)?;
        if let Some(after_us) = self.optimise_after_us
            && first.optimised.is_due(outcome.usage.wall_us, after_us)
        {
            self.optimiser
                .ask(&self.compiler, prepared.capsule(), plain, &first);
        }
        Ok(first.tier.verdict(plain.tier, outcome))
    }

    /// The code for the first runs over inputs in memory of so many bytes.
    fn first_code(
        &self,
        prepared: &PreparedCapsule,
        plain: Variant,
        input_bytes: u64,
    ) -> Result<Arc<Compiled>, EngineFailure> {
        let tiered = self.optimise_after_us.is_some();
        let variant = if tiered && input_bytes <= QUICK_INPUT_BYTES_MAX {
            plain.quick()
        } else {
            plain
        };
        let first = prepared.compiled(variant, &self.compiler)?;
        if self.optimise_after_us == Some(0) && first.optimised.code().is_none() {
            optimise(&self.compiler, prepared.capsule(), plain, &first);
        }
        Ok(first)
    }

    /// Runs `compiled` once.
    fn run(
        &self,
        compiled: &Compiled,
        limits: &Limits,
        request: RunRequest,
        epoch: bool,
    ) -> Result<Outcome, EngineFailure> {
        let ticking = if epoch {
            Some(self.tick(compiled))
        } else {
            None
        };
        let _ticking = ticking
            .transpose()
            .map_err(|source| EngineFailure::Thread { bytes: 0, source })?;
        execute::execute(compiled, limits, request, epoch)
    }

    /// Makes compiled code of `compiled` look at the clock until what is returned is dropped.
    pub(crate) fn tick(&self, compiled: &Compiled) -> std::io::Result<Ticking> {
        self.ticker.tick(compiled.instance_pre.module().engine())
    }

    /// Runs that wait for an instance now.
    pub fn waiting_runs(&self) -> usize {
        let instances = &self.compiler.instances;
        instances.as_ref().map_or(0, |known| known.waiting())
    }

    /// Compiled capsules that are kept now.
    pub fn cached_modules(&self) -> usize {
        self.compiler.cache.len()
    }

    /// Whether the first runs of `prepared` with default limits and small inputs were enough to get
    /// faster code: see [`EngineOptions::optimise_after_us`].
    pub fn is_optimised(&self, prepared: &PreparedCapsule) -> bool {
        let plain = self.variant_of(prepared.capsule(), &Limits::DEFAULT, false);
        let first = self.first_code(prepared, plain, 0);
        first.is_ok_and(|first| first.optimised.code().is_some())
    }

    /// The variant of plain code for runs of `capsule`: a memory that starts larger than those that
    /// are used again is allocated for the run, and code that would take too long to optimise is not
    /// optimised.
    pub(crate) fn variant_of(&self, capsule: &Capsule, limits: &Limits, epoch: bool) -> Variant {
        let variant = variant(limits, epoch);
        let bytes = (capsule.bytes().len() as u64).max(REGISTER_EFFORT_BYTES);
        let effort_max = bytes.saturating_mul(REGISTER_EFFORT_MAX) / REGISTER_EFFORT_BYTES;
        let starts_large = capsule.memory_pages_min() > REUSED_BYTES_MAX / PAGE_BYTES;
        let tier = if capsule.register_effort() > effort_max {
            Tier::Quick
        } else {
            Tier::Plain
        };
        Variant {
            large_memory: variant.large_memory || starts_large,
            tier,
            ..variant
        }
    }

    /// A wasmtime engine for `variant`.
    pub(crate) fn wasmtime(&self, variant: Variant) -> Result<wasmtime::Engine, EngineFailure> {
        self.compiler.wasmtime(variant)
    }
}

fn variant(limits: &Limits, epoch: bool) -> Variant {
    Variant {
        epoch,
        stack_bytes: limits.stack_bytes_max,
        large_memory: limits.memory_bytes_max > REUSED_BYTES_MAX,
        tier: Tier::Plain,
    }
}

impl Compiler {
    /// The compiled code of `capsule` for `variant`, from the cache where it is there.
    pub(crate) fn compile(
        &self,
        capsule: &Capsule,
        variant: Variant,
    ) -> Result<Arc<Compiled>, EngineFailure> {
        let key = (capsule.id(), variant);
        if let Some(compiled) = self.cache.find(&key) {
            return Ok(compiled);
        }
        let compiled = Arc::new(self.translate(capsule, variant)?);
        self.cache.insert(key, Arc::clone(&compiled));
        Ok(compiled)
    }

    /// Compiles `capsule` and links it.
    pub(crate) fn translate(
        &self,
        capsule: &Capsule,
        variant: Variant,
    ) -> Result<Compiled, EngineFailure> {
        let target = self.target(variant)?;
        let module = self.module(&target.engine, capsule, variant)?;
        let instance_pre = target
            .linker
            .instantiate_pre(&module)
            .map_err(|error| EngineFailure::Compile(format!("{error:#}")))?;
        let instances = match variant.large_memory {
            true => None,
            false => self.instances.clone(),
        };
        Compiled::new(&module, instance_pre, variant.tier, instances)
    }

    /// The code of `capsule`: kept by an earlier process, or compiled now.
    fn module(
        &self,
        engine: &wasmtime::Engine,
        capsule: &Capsule,
        variant: Variant,
    ) -> Result<Module, EngineFailure> {
        let known = self.code_store.as_deref().map(|store| {
            let parts = [
                Engine::identity(),
                env!("CARGO_PKG_VERSION"),
                COST_MODEL,
                &format!("{variant:?}"),
                &capsule.id().to_string(),
            ];
            (
                store,
                code_store::name(store, engine, &parts.map(str::as_bytes)),
            )
        });
        if let Some((store, name)) = &known
            && let Some(module) = stored_code::find(engine, store, name)
        {
            return Ok(module);
        }
        let module = Module::from_binary(engine, capsule.bytes())
            .map_err(|error| EngineFailure::Compile(format!("{error:#}")))?;
        if let Some((store, name)) = &known {
            stored_code::keep(&module, store, name);
        }
        Ok(module)
    }

    fn target(&self, variant: Variant) -> Result<Arc<Target>, EngineFailure> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = targets.get(&variant) {
            return Ok(Arc::clone(target));
        }
        let engine = self.wasmtime(variant)?;
        let linker = linker(&engine).map_err(setup)?;
        let target = Arc::new(Target { engine, linker });
        if targets.len() >= VARIANTS_MAX {
            targets.clear();
        }
        targets.insert(variant, Arc::clone(&target));
        Ok(target)
    }

    fn wasmtime(&self, variant: Variant) -> Result<wasmtime::Engine, EngineFailure> {
        wasmtime::Engine::new(&config(variant, &self.memories))
            // The address space may have no room for a pool.
            .or_else(|_| wasmtime::Engine::new(&config(variant, &Memories::New)))
            .map_err(setup)
    }
}

fn setup(error: wasmtime::Error) -> EngineFailure {
    EngineFailure::Setup(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::Engine;

    #[test]
    fn receipts_name_the_engine_that_is_linked() {
        let lock = include_str!("../../../Cargo.lock").replace("\r\n", "\n");
        let version = Engine::identity()
            .strip_prefix("wasmtime-")
            .and_then(|rest| rest.strip_suffix("-cranelift"))
            .unwrap();
        let entry = format!("name = \"wasmtime\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{}", Engine::identity());
    }
}
