//! Every measurement, as tables.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use ::extism::Plugin;
use tenzik_runtime::evidence::ReceiptBatch;
use tenzik_runtime::{EngineOptions, NodeKey};

use crate::AnyError;
use crate::contender::cosmwasm::Cosmwasm;
use crate::contender::tenzik::{BATCH_RECEIPTS, Tenzik};
use crate::contender::wasmi::Wasmi;
use crate::contender::wasmtime::{Code, text};
use crate::contender::{extism, process};
use crate::guests::unseen;
use crate::live;
use crate::measure::{Contender, Measured, measure};
use crate::workload::{Workload, workloads};

/// Names of the competitors, as the tables have them.
pub mod name {
    pub const FLOOR: &str = "wasmtime, bare: the floor";
    pub const MERGING: &str = "wasmtime, bare, functions merged";
    pub const TENZIK: &str = "**tenzik**";
    pub const TENZIK_BATCHED: &str = "**tenzik**, receipts, 1,024 per signature";
    pub const TENZIK_SIGNED: &str = "**tenzik**, receipts, one signature each";
    pub const EXTISM_FRESH: &str = "Extism, fresh plugin";
    pub const EXTISM_REUSED: &str = "Extism, reused plugin (no isolation)";
    pub const COSMWASM: &str = "cosmwasm-vm, pinned";
    pub const WASMI: &str = "wasmi, no metering";
    pub const PROCESS: &str = "process, /bin/cat";
    pub const EXTISM: &str = "Extism";
    pub const COSMWASM_STORED: &str = "cosmwasm-vm";
}

/// Distinct capsules that are run in turn.
const DISTINCT: usize = 1_000;

/// Live instances that are looked at.
const LIVE: usize = 1_000;

/// One table: for every workload what was measured.
pub struct Table {
    pub columns: Vec<&'static str>,
    pub measured: Vec<Vec<Measured>>,
}

/// Everything that was measured.
pub struct Results {
    pub rounds: usize,
    pub load: String,
    pub warm: Table,
    pub cold: Table,
    pub precompiled: Table,
    pub distinct: Table,
    pub threads: Vec<(&'static str, f64)>,
    pub live: Vec<(&'static str, u64)>,
}

/// Measures everything.
///
/// # Errors
/// A competitor that cannot do its work.
pub fn all(rounds: usize) -> Result<Results, AnyError> {
    let workloads = workloads()?;
    let table = |picked: &[usize], each: &dyn Fn(&Workload) -> Result<Vec<Measured>, AnyError>| {
        let picked = picked.iter().filter_map(|index| workloads.get(*index));
        let mut table = Table {
            columns: Vec::new(),
            measured: Vec::new(),
        };
        for workload in picked {
            eprintln!("measuring {}", workload.name);
            table.columns.push(workload.name);
            table.measured.push(each(workload)?);
        }
        Ok::<Table, AnyError>(table)
    };
    Ok(Results {
        rounds,
        load: crate::machine::load(),
        warm: table(&[0, 1, 2, 3], &|workload| warm(workload, rounds))?,
        cold: table(&[0, 2], &|workload| cold(workload, rounds))?,
        precompiled: table(&[0, 2], &|workload| precompiled(workload, rounds))?,
        distinct: table(&[2], &|workload| distinct(workload, rounds.min(11)))?,
        threads: crate::live::threads(rounds.min(21))?,
        live: live::measure(LIVE)?,
    })
}

/// Code is ready and was run before.
fn warm(workload: &Workload, rounds: usize) -> Result<Vec<Measured>, AnyError> {
    let input = &workload.input;
    let floor = Code::new()?.compile(&workload.capsule)?;
    let merging = Code::merging()?.compile(&workload.capsule)?;
    let tenzik = Tenzik::new(&EngineOptions::default())?;
    let admitted = tenzik.admit(&workload.capsule)?;
    tenzik.warm_up(&admitted, input)?;
    let key = NodeKey::generate()?;
    let batch = RefCell::new(ReceiptBatch::new(key.public_key()));
    let compiled = extism::compile(&workload.extism)?;
    let plugin = RefCell::new(Plugin::new_from_compiled(&compiled)?);
    let cosmwasm = Cosmwasm::new()?;
    let contract = cosmwasm.store(&workload.cosmwasm)?;
    cosmwasm.pin(&contract)?;
    let wasmi = Wasmi::new(&workload.capsule)?;
    let mut contenders = vec![
        Contender::new(name::FLOOR, || floor.run(input).map_err(text)),
        Contender::new(name::MERGING, || merging.run(input).map_err(text)),
        Contender::new(name::TENZIK, || tenzik.run(&admitted, input)),
        Contender::new(name::TENZIK_SIGNED, || {
            tenzik.run_signed(&admitted, &key, input)
        }),
        Contender::new(name::EXTISM_FRESH, || extism::run_fresh(&compiled, input)),
        Contender::new(name::EXTISM_REUSED, || {
            extism::run(&mut plugin.borrow_mut(), input)
        }),
        Contender::new(name::COSMWASM, || cosmwasm.run(&contract, input)),
        Contender::new(name::WASMI, || wasmi.run(input)),
    ];
    if workload.short {
        let run = || tenzik.run_batched(&admitted, &key, &mut batch.borrow_mut(), input);
        let batched = Contender::new(name::TENZIK_BATCHED, run).together(BATCH_RECEIPTS);
        contenders.insert(3, batched);
    }
    if workload.copies {
        contenders.push(Contender::new(name::PROCESS, || process::run(input)));
    }
    measure(contenders, rounds)
}

/// From the bytes of a module that nobody has seen to its output.
fn cold(workload: &Workload, rounds: usize) -> Result<Vec<Measured>, AnyError> {
    let input = &workload.input;
    let number = Cell::new(0_u64);
    let next = |module: &[u8]| {
        number.set(number.get() + 1);
        unseen(module, number.get())
    };
    let tenzik = Tenzik::new(&EngineOptions::default())?;
    let code = Code::new()?;
    let cosmwasm = Cosmwasm::new()?;
    let contenders = vec![
        Contender::new(name::FLOOR, || {
            let floor = code.compile(&next(&workload.capsule))?;
            floor.run(input).map_err(text)
        }),
        Contender::new(name::TENZIK, || {
            tenzik.run_bytes(&next(&workload.capsule), input)
        }),
        Contender::new(name::EXTISM, || {
            extism::run_fresh(&extism::compile(&next(&workload.extism))?, input)
        }),
        Contender::new(name::COSMWASM_STORED, || {
            cosmwasm.run(&cosmwasm.store(&next(&workload.cosmwasm))?, input)
        }),
        Contender::new(name::WASMI, || {
            Wasmi::new(&next(&workload.capsule))?.run(input)
        }),
    ];
    measure(contenders, rounds)
}

/// The bytes of a module whose compiled code is kept: in memory for tenzik and Extism, on disk for
/// wasmtime and cosmwasm-vm.
fn precompiled(workload: &Workload, rounds: usize) -> Result<Vec<Measured>, AnyError> {
    let input = &workload.input;
    let tenzik = Tenzik::new(&EngineOptions::default())?;
    tenzik.warm_up(&tenzik.admit(&workload.capsule)?, input)?;
    let code = Code::new()?;
    let stored = code.precompile(&workload.capsule)?;
    let compiled = extism::compile(&workload.extism)?;
    let contenders = vec![
        Contender::new(name::FLOOR, || code.load(&stored)?.run(input).map_err(text)),
        Contender::new(name::TENZIK, || tenzik.run_bytes(&workload.capsule, input)),
        Contender::new(name::EXTISM, || extism::run_fresh(&compiled, input)),
    ];
    measure(contenders, rounds)
}

/// A thousand modules in turn, all of them compiled before.
fn distinct(workload: &Workload, rounds: usize) -> Result<Vec<Measured>, AnyError> {
    let input = &workload.input;
    let options = EngineOptions {
        cache_modules_max: DISTINCT,
        optimise_after_us: Some(0),
        ..EngineOptions::default()
    };
    let tenzik = Tenzik::new(&options)?;
    let code = Code::new()?;
    let (mut bare, mut admitted, mut interpreted) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..DISTINCT {
        let module = unseen(&workload.capsule, number as u64);
        bare.push(code.compile(&module)?);
        admitted.push(tenzik.admit(&module)?);
        interpreted.push(Wasmi::new(&module)?);
    }
    let at = [Cell::new(0), Cell::new(0), Cell::new(0)];
    let step = |which: usize| {
        let now = at[which].get();
        at[which].set((now + 1) % DISTINCT);
        now
    };
    let contenders = vec![
        Contender::new(name::FLOOR, || bare[step(0)].run(input).map_err(text)),
        Contender::new(name::TENZIK, || {
            tenzik.run(&admitted[step(1)], &Arc::clone(input))
        }),
        Contender::new(name::WASMI, || interpreted[step(2)].run(input)),
    ];
    measure(contenders, rounds)
}
