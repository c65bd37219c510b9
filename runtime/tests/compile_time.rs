//! How long the slowest modules that are accepted take to compile. The numbers are printed, not
//! judged, for they are the machine's:
//!
//! ```text
//! cargo test --release -p tenzik-runtime --test main -- --test-threads 1 --nocapture compile_time
//! ```

use std::time::Instant;

use tenzik_runtime::{EngineOptions, Input, Limits, Policy, Profile, Runtime};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection,
    Function, FunctionSection, InstructionSink, MemorySection, MemoryType, Module, RefType,
    TableSection, TableType, TypeSection, ValType,
};

/// Bytes of a module besides the bodies of the probes.
const FRAME_BYTES: usize = 120;

/// A module with `functions` bodies that have `locals` i64 locals each and end when `body`, given the
/// bytes each may have, has written them.
fn module(functions: u32, locals: u32, body: impl Fn(&mut InstructionSink<'_>)) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([], []);
    let mut function_section = FunctionSection::new();
    function_section.function(0);
    let mut code = CodeSection::new();
    let mut run = Function::new([]);
    run.instructions().i32_const(0).end();
    code.function(&run);
    for _ in 0..functions {
        function_section.function(1);
        let mut function = Function::new([(locals, ValType::I64)]);
        body(&mut function.instructions());
        function.instructions().end();
        code.function(&function);
    }
    let mut tables = TableSection::new();
    let table = TableType {
        element_type: RefType::FUNCREF,
        minimum: 2,
        maximum: None,
        table64: false,
        shared: false,
    };
    tables.table(table);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("run", ExportKind::Func, 0);
    let mut elements = ElementSection::new();
    elements.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions(vec![0].into()),
    );
    let mut module = Module::new();
    module
        .section(&types)
        .section(&function_section)
        .section(&tables)
        .section(&memories)
        .section(&exports);
    module.section(&elements).section(&code);
    module.finish()
}

/// Repeats `unit`, which has about `unit_bytes` bytes, until `bytes` are full.
fn fill(
    sink: &mut InstructionSink<'_>,
    bytes: usize,
    unit_bytes: usize,
    unit: impl Fn(&mut InstructionSink<'_>, usize),
) {
    for index in 0..bytes / unit_bytes {
        unit(sink, index);
    }
}

/// Every probe of at most `size` bytes, with its name.
fn probes(size: usize) -> Vec<(String, Vec<u8>)> {
    let room = size - FRAME_BYTES;
    let mut probes: Vec<(String, Vec<u8>)> = Vec::new();
    for locals in [100, 500, 1_000, 2_000] {
        let branches = (1_000_000 / locals as usize).min(4_000);
        probes.push((
            format!("br_table, {locals} locals"),
            module(1, locals, |sink| {
                let targets = branches.min(room) - 2;
                sink.block(BlockType::Empty);
                sink.i32_const(0).br_table((0..targets).map(|_| 0), 0).end();
            }),
        ));
        probes.push((
            format!("br_if over nested loops, {locals} locals"),
            module(1, locals, |sink| {
                let units = (branches / 3).min(room / 12).min(1_000);
                (0..units).for_each(|_| {
                    sink.loop_(BlockType::Empty);
                });
                for unit in 0..units {
                    let local = u32::try_from(unit).unwrap() % locals;
                    sink.local_get(local)
                        .i64_const(1)
                        .i64_add()
                        .local_set(local);
                    sink.i32_const(0).br_if(0).end();
                }
            }),
        ));
        probes.push((
            format!("if-else chain, {locals} locals set"),
            module(1, locals, |sink| {
                for unit in 0..(branches / 2).min(room / 13) {
                    let local = u32::try_from(unit).unwrap() % locals;
                    sink.local_get(local)
                        .i32_wrap_i64()
                        .if_(BlockType::Empty)
                        .i64_const(1)
                        .local_set(local)
                        .end();
                }
            }),
        ));
        probes.push((
            format!("br_table to nested blocks, {locals} locals"),
            module(1, locals, |sink| {
                let units = u32::try_from((branches / 2).min(room / 10).min(1_000)).unwrap();
                (0..units).for_each(|_| {
                    sink.block(BlockType::Empty);
                });
                sink.local_get(0)
                    .i32_wrap_i64()
                    .br_table(0..units - 1, units - 1);
                (0..units).for_each(|unit| {
                    sink.end()
                        .local_get(unit % locals)
                        .i64_const(3)
                        .i64_mul()
                        .local_set((unit * 7) % locals);
                });
            }),
        ));
    }
    probes.push((
        "i64 arithmetic chain".to_owned(),
        module(1, 4, |sink| {
            sink.local_get(0);
            fill(sink, room, 4, |sink, _| {
                sink.local_get(1).i64_mul().i64_extend8_s();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "division chain".to_owned(),
        module(1, 4, |sink| {
            sink.local_get(0);
            fill(sink, room, 3, |sink, _| {
                sink.local_get(1).i64_div_s();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "deep operand stack".to_owned(),
        module(1, 4, |sink| {
            fill(sink, room, 3, |sink, _| {
                sink.local_get(0);
            });
            fill(sink, room - 3, 3, |sink, _| {
                sink.i64_add();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "float conversions".to_owned(),
        module(1, 4, |sink| {
            sink.local_get(0);
            fill(sink, room, 3, |sink, _| {
                sink.f64_convert_i64_u().i64_trunc_sat_f64_u().nop();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "float arithmetic with canonical NaNs".to_owned(),
        module(1, 4, |sink| {
            sink.local_get(0).f64_reinterpret_i64();
            fill(sink, room, 2, |sink, _| {
                sink.f64_sqrt().f64_nearest();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "trapping conversions".to_owned(),
        module(1, 4, |sink| {
            sink.local_get(0);
            fill(sink, room, 2, |sink, _| {
                sink.f64_convert_i64_u().i64_trunc_f64_u();
            });
            sink.drop();
        }),
    ));
    probes.push((
        "call_indirect".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 5, |sink, _| {
                sink.i32_const(0).call_indirect(0, 1);
            });
        }),
    ));
    probes.push((
        "calls".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 2, |sink, _| {
                sink.call(1);
            });
        }),
    ));
    probes.push((
        "bulk memory".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 9, |sink, _| {
                sink.i32_const(0).i32_const(0).i32_const(0).memory_fill(0);
            });
        }),
    ));
    probes.push((
        "table.set".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 8, |sink, _| {
                sink.i32_const(0).i32_const(0).table_get(0).table_set(0);
            });
        }),
    ));
    probes.push((
        "loads".to_owned(),
        module(1, 1, |sink| {
            sink.i32_const(0);
            fill(sink, room, 3, |sink, _| {
                sink.i32_load(memory_argument());
            });
            sink.drop();
        }),
    ));
    probes.push((
        "loops of nothing".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 3, |sink, _| {
                sink.loop_(BlockType::Empty).end();
            });
        }),
    ));
    probes.push((
        "blocks that branch".to_owned(),
        module(1, 0, |sink| {
            fill(sink, room, 7, |sink, _| {
                sink.block(BlockType::Empty).i32_const(0).br_if(0).end();
            });
        }),
    ));
    let smallest = u32::try_from(room / 4).unwrap().min(3_900);
    probes.push(("smallest functions".to_owned(), module(smallest, 0, |_| {})));
    let functions = u32::try_from(room / 60).unwrap().clamp(1, 9);
    probes.push((
        "functions of 2,000 locals".to_owned(),
        module(functions, 2_000, |sink| {
            for local in 0..u32::try_from(room / functions as usize / 6)
                .unwrap()
                .min(100)
            {
                sink.local_get(local).local_set(local + 1_000);
            }
        }),
    ));
    probes.push((
        "memory.grow in loops".to_owned(),
        module(1, 30, |sink| {
            fill(sink, room, 11, |sink, index| {
                let local = u32::try_from(index).unwrap() % 30;
                sink.loop_(BlockType::Empty)
                    .local_get(local)
                    .i32_wrap_i64()
                    .memory_grow(0)
                    .br_if(0)
                    .end();
            });
        }),
    ));
    probes
}

fn memory_argument() -> wasm_encoder::MemArg {
    wasm_encoder::MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    }
}

/// The most memory that the process had since `reset`, in KiB; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn reset_peak() -> u64 {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak_kib()
}

fn report(size: usize, policy: &Policy) {
    let mut lines = Vec::new();
    for (name, bytes) in probes(size) {
        let examination = tenzik_runtime::Examination::of(&bytes, policy);
        let Some((capsule, permit)) = examination.admitted() else {
            let finding = examination.first_error().unwrap();
            lines.push((
                0,
                format!(
                    "{:>9}        rejected {name}: {}",
                    bytes.len(),
                    finding.message
                ),
            ));
            continue;
        };
        let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
        let before = reset_peak();
        let start = Instant::now();
        let prepared = runtime
            .prepare_for(capsule, permit.limits(), &Input::empty())
            .unwrap();
        let micros = start.elapsed().as_micros();
        let kib = peak_kib().saturating_sub(before);
        drop(prepared);
        lines.push((
            micros,
            format!("{:>9} B {:>9} us {kib:>9} KiB  {name}", bytes.len(), micros),
        ));
    }
    lines.sort();
    for (_, line) in lines {
        println!("{line}");
    }
}

#[test]
fn of_capsules_of_five_kilobytes() {
    report(5_120, &Policy::default());
}

#[test]
fn of_modules_of_64_kib() {
    let mut policy = Profile::Development.policy();
    policy.limits = Limits {
        module_bytes_max: 64 << 10,
        ..policy.limits
    };
    report(64 << 10, &policy);
}
