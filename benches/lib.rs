//! What the benchmarks share: capsules, inputs, and the bare engine that serves as the floor.
//!
//! The floor is wasmtime set up for speed (its pool, resident memory), and without metering, limits,
//! validation and usage: a fresh instance per run, host functions that do nothing but move the bytes.

use std::sync::Arc;

use tenzik_runtime::{Examination, Policy, Profile};
use wasmtime::{
    Caller, Config, Enabled, Engine, Extern, Inlining, InstanceAllocationStrategy, InstancePre,
    Linker, Memory, Module, ModuleExport, PoolingAllocationConfig, Store,
};

/// The embedded capsule `echo`.
pub const ECHO: &[u8] = include_bytes!("../capsules/prebuilt/echo.wasm");

/// The embedded capsule `nmap-parse`: about 5 KB of code that does real work.
pub const NMAP_PARSE: &[u8] = include_bytes!("../capsules/prebuilt/nmap-parse.wasm");

/// A report that nmap wrote.
pub const NMAP_REPORT: &[u8] = include_bytes!("../docs/examples/scan.xml");

/// Instances of the floor that may live at the same time.
const INSTANCES: u32 = 64;

/// The input and output of a run of the floor.
pub struct FloorState {
    input: Arc<[u8]>,
    offset: usize,
    output: Vec<u8>,
    memory: Option<Memory>,
}

/// The bare engine with the host functions of an echo.
pub struct Bare {
    engine: Engine,
    linker: Linker<FloorState>,
}

/// A capsule on the bare engine.
pub struct Floor {
    instance_pre: InstancePre<FloorState>,
    run: ModuleExport,
    memory: ModuleExport,
}

type AnyError = Box<dyn std::error::Error>;

impl Bare {
    /// Sets the engine up.
    ///
    /// # Errors
    /// What wasmtime says.
    pub fn new() -> Result<Bare, AnyError> {
        Bare::with(Inlining::No)
    }

    /// Sets an engine up that merges functions into their callers, as tenzik does for a capsule that
    /// runs much.
    ///
    /// # Errors
    /// What wasmtime says.
    pub fn merging() -> Result<Bare, AnyError> {
        Bare::with(Inlining::Yes)
    }

    fn with(inlining: Inlining) -> Result<Bare, AnyError> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(INSTANCES)
            .total_memories(INSTANCES)
            .total_tables(INSTANCES)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(1 << 20)
            .max_unused_warm_slots(1)
            .pagemap_scan(Enabled::No);
        let mut config = Config::new();
        config.memory_init_cow(false).compiler_inlining(inlining);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("tenzik", "input_read", input_read)?;
        linker.func_wrap("tenzik", "output_write", output_write)?;
        linker.func_wrap(
            "tenzik",
            "fail",
            |_: i32, _: i32, _: i32| -> wasmtime::Result<()> {
                Err(wasmtime::Error::msg("the capsule failed"))
            },
        )?;
        Ok(Bare { engine, linker })
    }

    /// Compiles `wasm`.
    ///
    /// # Errors
    /// What wasmtime says.
    pub fn compile(&self, wasm: &[u8]) -> Result<Floor, AnyError> {
        self.link(&Module::from_binary(&self.engine, wasm)?)
    }

    /// Links compiled code.
    ///
    /// # Errors
    /// What wasmtime says.
    pub fn link(&self, module: &Module) -> Result<Floor, AnyError> {
        let export = |name: &str| module.get_export_index(name).ok_or("missing export");
        Ok(Floor {
            run: export("run")?,
            memory: export("memory")?,
            instance_pre: self.linker.instantiate_pre(module)?,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Floor {
    /// Compiles `wasm` on an engine of its own.
    ///
    /// # Errors
    /// What wasmtime says.
    pub fn new(wasm: &[u8]) -> Result<Floor, AnyError> {
        Bare::new()?.compile(wasm)
    }

    /// Runs the capsule in a fresh instance and returns its output.
    ///
    /// # Errors
    /// What wasmtime says, and a capsule that fails.
    pub fn run(&self, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
        let state = FloorState {
            input: Arc::clone(input),
            offset: 0,
            output: Vec::new(),
            memory: None,
        };
        let mut store = Store::new(self.instance_pre.module().engine(), state);
        let instance = self.instance_pre.instantiate(&mut store)?;
        store.data_mut().memory = instance
            .get_module_export(&mut store, &self.memory)
            .and_then(Extern::into_memory);
        let run = instance
            .get_module_export(&mut store, &self.run)
            .and_then(Extern::into_func)
            .ok_or("run")?;
        let code = run.typed::<(), i32>(&store)?.call(&mut store, ())?;
        if code != 0 {
            return Err("the capsule failed".into());
        }
        Ok(store.into_data().output)
    }
}

fn guest<'a>(
    caller: &'a mut Caller<'_, FloorState>,
    ptr: u32,
    len: u32,
) -> wasmtime::Result<(&'a mut [u8], &'a mut FloorState)> {
    let outside = || wasmtime::Error::msg("outside of the memory");
    let memory = caller.data().memory.ok_or_else(outside)?;
    let (data, state) = memory.data_and_store_mut(caller);
    let bytes = data
        .get_mut(ptr as usize..)
        .and_then(|rest| rest.get_mut(..len as usize))
        .ok_or_else(outside)?;
    Ok((bytes, state))
}

fn input_read(mut caller: Caller<'_, FloorState>, ptr: u32, len: u32) -> wasmtime::Result<u32> {
    let (bytes, state) = guest(&mut caller, ptr, len)?;
    let rest = state.input.get(state.offset..).unwrap_or_default();
    let count = rest.len().min(bytes.len());
    if let (Some(to), Some(from)) = (bytes.get_mut(..count), rest.get(..count)) {
        to.copy_from_slice(from);
    }
    state.offset += count;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn output_write(mut caller: Caller<'_, FloorState>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (bytes, state) = guest(&mut caller, ptr, len)?;
    state.output.extend_from_slice(bytes);
    Ok(())
}

/// The examination of `wasm` under the profile `default`, which has to admit it.
///
/// # Errors
/// The first finding.
pub fn examined(wasm: &[u8]) -> Result<(Examination, Policy), AnyError> {
    let policy = Profile::Default.policy();
    let examination = Examination::of(wasm, &policy);
    match examination.first_error() {
        Some(finding) => Err(finding.message.clone().into()),
        None => Ok((examination, policy)),
    }
}

/// A report of at least `bytes` bytes: the hosts of the example report, again and again.
pub fn report_of(bytes: usize) -> Vec<u8> {
    let text = NMAP_REPORT;
    let find = |needle: &[u8]| {
        text.windows(needle.len())
            .position(|window| window == needle)
    };
    let (Some(start), Some(end)) = (find(b"<host "), find(b"<runstats")) else {
        return Vec::new();
    };
    let (head, hosts, tail) = (&text[..start], &text[start..end], &text[end..]);
    let mut report = head.to_vec();
    while report.len() + tail.len() < bytes {
        report.extend_from_slice(hosts);
    }
    report.extend_from_slice(tail);
    report
}
