//! Whole processes: `tenzik run echo` and `tenzik validate`, beside `wasmtime run` where that is
//! installed and beside the smallest process there is.
//!
//! Needs the release binary: `cargo build --release --bin tenzik`.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/tenzik")
}

fn call(program: &Path, arguments: &[&str]) {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(
        status.success(),
        "{} {arguments:?} failed",
        program.display()
    );
}

fn processes(criterion: &mut Criterion) {
    let tenzik = binary();
    assert!(
        tenzik.exists(),
        "build the binary first: cargo build --release --bin tenzik"
    );
    let echo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capsules/prebuilt/echo.wasm");
    let echo = echo.to_string_lossy().into_owned();
    let mut group = criterion.benchmark_group("process");
    group.sample_size(50);
    group.bench_function("true", |bencher| {
        bencher.iter(|| call(Path::new("true"), &[]))
    });
    group.bench_function("tenzik_run_echo", |bencher| {
        bencher.iter(|| call(&tenzik, &["run", "echo", "--input-text", "hello"]));
    });
    group.bench_function("tenzik_validate", |bencher| {
        bencher.iter(|| call(&tenzik, &["validate", &echo]))
    });
    let wasmtime = Path::new("wasmtime");
    if Command::new(wasmtime)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok()
    {
        // An empty function: the peer has no host functions for echo.
        let empty = std::env::temp_dir().join(format!("tenzik-bench-{}.wasm", std::process::id()));
        let module =
            wat::parse_str("(module (func (export \"_start\")))").expect("the text assembles");
        std::fs::write(&empty, module).expect("the temporary directory is writable");
        let path = empty.to_string_lossy().into_owned();
        group.bench_function("wasmtime_run_empty", |bencher| {
            bencher.iter(|| call(wasmtime, &["run", &path]))
        });
        let _ = std::fs::remove_file(&empty);
    } else {
        eprintln!("NOT MEASURED: wasmtime is not installed");
    }
    group.finish();
}

criterion_group!(benches, processes);
criterion_main!(benches);
