//! A warm run through the façade with all limits, beside the floor; validation beside wasmparser.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use tenzik_benches::{ECHO, Floor, NMAP_PARSE, NMAP_REPORT, examined};
use tenzik_runtime::{EngineOptions, Input, RunRequest, Runtime, Status};

fn pair(criterion: &mut Criterion, name: &str, wasm: &[u8], input: &[u8]) {
    let input: Arc<[u8]> = Arc::from(input);
    let floor = Floor::new(wasm).expect("the floor is set up");
    let runtime = Runtime::new(&EngineOptions::default()).expect("the runtime is set up");
    let (examination, _) = examined(wasm).expect("the capsule is valid");
    let (capsule, permit) = examination.admitted().expect("the capsule is admitted");
    let prepared = runtime.prepare(capsule).expect("the capsule compiles");
    let run = || {
        let request = RunRequest::new(Input::Bytes(Arc::clone(&input)), 0, 0);
        runtime
            .execute(&prepared, permit, request)
            .expect("the machine works")
    };
    let outcome = run();
    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(
        outcome.output,
        floor.run(&input).expect("the floor works"),
        "both do the same work"
    );

    let mut group = criterion.benchmark_group(name);
    group.bench_function("floor", |bencher| {
        bencher.iter(|| black_box(floor.run(&input).expect("the floor works")))
    });
    group.bench_function("tenzik", |bencher| bencher.iter(|| black_box(run())));
    group.finish();
}

fn warm(criterion: &mut Criterion) {
    pair(criterion, "echo_1KB", ECHO, &[b'x'; 1_024]);
    pair(criterion, "nmap-parse_small", NMAP_PARSE, NMAP_REPORT);
}

fn validation(criterion: &mut Criterion) {
    let limits = tenzik_capsule::ModuleLimits::default();
    for (name, wasm) in [("validate_echo", ECHO), ("validate_nmap-parse", NMAP_PARSE)] {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("wasmparser", |bencher| {
            bencher.iter(|| {
                wasmparser::Validator::new_with_features(tenzik_capsule::ACCEPTED_FEATURES)
                    .validate_all(black_box(wasm))
                    .expect("valid")
            });
        });
        group.bench_function("tenzik", |bencher| {
            bencher.iter(|| tenzik_capsule::validate(black_box(wasm), &limits));
        });
        group.finish();
    }
}

criterion_group!(benches, warm, validation);
criterion_main!(benches);
