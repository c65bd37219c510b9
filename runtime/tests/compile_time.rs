//! How long the slowest modules that are accepted take to compile. The numbers are printed, not
//! judged, for they are the machine's:
//!
//! ```text
//! cargo test --release -p tenzik-runtime --test runtime -- --test-threads 1 --nocapture compile_time
//! ```

use std::time::Instant;

use tenzik_runtime::{EngineOptions, Input, Policy, Profile, Runtime};
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
    let room = size - FRAME_BYTES - 60;
    let mut probes: Vec<(String, Vec<u8>)> = Vec::new();
    let choices: &[u32] = if size > 5_120 {
        &[10, 100]
    } else {
        &[10, 100, 500, 1_000, 2_000]
    };
    for &locals in choices {
        // As many of each as both the bytes and the structural limits allow.
        let units = |unit_bytes: usize| (240_000 / locals as usize).min(room / unit_bytes);
        let local = |unit: usize| u32::try_from(unit).unwrap() % locals;
        let mut probe = |name: &str, body: &dyn Fn(&mut InstructionSink<'_>)| {
            probes.push((format!("{name}, {locals} locals"), module(1, locals, body)));
        };
        probe("br_table", &|sink| {
            sink.block(BlockType::Empty).i32_const(0);
            sink.br_table((0..units(1) - 2).map(|_| 0), 0).end();
        });
        probe("loops in loops", &|sink| {
            let units = (units(16) / 2).min(1_000);
            (0..units).for_each(|_| {
                sink.loop_(BlockType::Empty);
            });
            (0..units).for_each(|unit| {
                increment(sink, local(unit)).i32_const(0).br_if(0).end();
            });
        });
        probe("loops in a loop", &|sink| {
            sink.loop_(BlockType::Empty);
            let carried = locals.min(u32::try_from(room / 20).unwrap());
            let units = (units(8) / 2).min((room - carried as usize * 9) / 8);
            (0..units).for_each(|_| {
                sink.loop_(BlockType::Empty).i32_const(0).br_if(0).end();
            });
            (0..carried).for_each(|local| {
                increment(sink, local);
            });
            sink.i32_const(0).br_if(0).end();
        });
        probe("ways out of a loop", &|sink| {
            sink.block(BlockType::Empty).loop_(BlockType::Empty);
            let carried = locals.min(u32::try_from(room / 25).unwrap());
            let units = units(4).min((room - carried as usize * 13) / 4) - 2;
            (0..units).for_each(|_| {
                sink.i32_const(0).br_if(1);
            });
            (0..carried).for_each(|local| {
                increment(sink, local);
            });
            sink.i32_const(0).br_if(0).end().end();
            (0..carried).for_each(|local| {
                sink.local_get(local).drop();
            });
        });
        probe("ways back in a loop", &|sink| {
            sink.loop_(BlockType::Empty);
            (0..units(13) - 1).for_each(|unit| {
                increment(sink, local(unit)).i32_const(0).br_if(0);
            });
            sink.end();
        });
        probe("ifs", &|sink| {
            (0..units(15)).for_each(|unit| {
                sink.local_get(local(unit))
                    .i32_wrap_i64()
                    .if_(BlockType::Empty);
                sink.i64_const(1).local_set(local(unit)).end();
            });
        });
        probe("br_table to nested blocks", &|sink| {
            let units = u32::try_from((units(12) / 2).min(1_000)).unwrap();
            (0..units).for_each(|_| {
                sink.block(BlockType::Empty);
            });
            sink.local_get(0)
                .i32_wrap_i64()
                .br_table(0..units - 1, units - 1);
            (0..units).for_each(|unit| {
                increment(sink.end(), unit % locals);
            });
        });
        probe("indirect calls in a loop", &|sink| {
            sink.loop_(BlockType::Empty);
            let carried = locals.min(u32::try_from(room / 20).unwrap());
            (0..(room - carried as usize * 9) / 6).for_each(|_| {
                sink.i32_const(0).call_indirect(0, 1);
            });
            (0..carried).for_each(|local| {
                increment(sink, local);
            });
            sink.i32_const(0).br_if(0).end();
        });
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
            fill(sink, room.min(3_000), 3, |sink, _| {
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

fn increment<'s, 'b>(sink: &'s mut InstructionSink<'b>, local: u32) -> &'s mut InstructionSink<'b> {
    sink.local_get(local)
        .i64_const(1)
        .i64_add()
        .local_set(local)
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
    for (name, bytes) in probes(size) {
        let examination = tenzik_runtime::Examination::of(&bytes, policy);
        let Some((capsule, permit)) = examination.admitted() else {
            let finding = examination.first_error().unwrap();
            println!(
                "{:>6} B   rejected  {name}: {}",
                bytes.len(),
                finding.message
            );
            continue;
        };
        let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
        let before = reset_peak();
        let start = Instant::now();
        runtime
            .prepare_for(capsule, permit.limits(), &Input::empty())
            .unwrap();
        let millis = start.elapsed().as_millis();
        let kib = peak_kib().saturating_sub(before);
        println!("{:>6} B {millis:>6} ms {kib:>7} KiB  {name}", bytes.len());
    }
}

#[test]
fn of_capsules_of_five_kilobytes() {
    report(5_120, &Policy::default());
}

#[test]
fn of_modules_of_64_kib() {
    report(64 << 10, &Profile::Development.policy());
}
