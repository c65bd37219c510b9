//! Builds capsules with the compilers of this machine.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail like the tests themselves"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tenzik_toolchain::{
    BuildOptions, BuildReport, BuildRustError, BuiltCapsule, Candidate, CapsuleOptions,
    CheckStatus, Host, Language, OptimiseError, Optimiser, OptimiserChoice, ProcessError,
    RustToolchain, append_manifest, build_capsule, build_rust, doctor, find_optimiser, find_rust,
    new_capsule, optimise, sections,
};
use wasmparser::{Parser, Payload, Validator};

const TIMEOUT: Duration = Duration::from_secs(60);

/// The compilers of this machine, at most one of each kind. Without any, building cannot be
/// tested: that is an error where it must be (CI), and is said aloud elsewhere.
fn toolchains() -> Vec<(Host, RustToolchain)> {
    let host = Host::from_env();
    let found: Vec<_> = match std::env::var_os("TENZIK_WASM_TOOLCHAIN") {
        Some(way) if way != "auto" => vec![host],
        _ => ["rustup", "debian"]
            .map(|way| host.clone().with_rust_way(way))
            .into(),
    };
    let found: Vec<_> = found
        .into_iter()
        .filter_map(|host| find_rust(&host).ok().map(|rust| (host, rust)))
        .collect();
    if found.is_empty() {
        let message =
            "NOT TESTED: no Rust compiler for wasm32-unknown-unknown; run scripts/setup-wasm";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
    }
    found
}

fn options(target_dir: PathBuf) -> CapsuleOptions {
    let build = BuildOptions {
        target_dir: Some(target_dir),
        ..BuildOptions::default()
    };
    CapsuleOptions {
        build,
        ..CapsuleOptions::default()
    }
}

fn builtin(host: &Host) -> Optimiser {
    find_optimiser(host, OptimiserChoice::Builtin).unwrap()
}

/// Builds the crate; what cargo says is shown if it fails.
fn build(
    host: &Host,
    rust: &RustToolchain,
    optimiser: &Optimiser,
    directory: &Path,
) -> BuiltCapsule {
    let options = options(directory.join("target"));
    build_capsule(host, rust, optimiser, directory, &options, &mut |line| {
        eprintln!("{line}")
    })
    .unwrap()
}

fn template(parent: &Path, name: &str) -> PathBuf {
    std::fs::create_dir_all(parent).unwrap();
    new_capsule(parent, name, Language::Rust).unwrap().directory
}

fn assert_no_machine_path(wasm: &[u8], directory: &Path) {
    let text = String::from_utf8_lossy(wasm);
    let mut paths: Vec<String> = vec!["/root".into(), "/home".into(), "/usr".into(), "/tmp".into()];
    paths.push(directory.display().to_string());
    for path in paths {
        assert!(!text.contains(&path), "the module contains {path}");
    }
}

fn exports_and_imports(wasm: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut exports, mut imports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::ExportSection(section) => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.to_owned()),
                );
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    imports.push(format!("{}.{}", import.module, import.name));
                }
            }
            _ => {}
        }
    }
    exports.sort();
    imports.sort();
    (exports, imports)
}

#[test]
fn the_rust_template_becomes_a_small_capsule() {
    for (host, rust) in toolchains() {
        let parent = tempfile::tempdir().unwrap();
        let directory = template(parent.path(), "word-count");
        let optimiser = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
        let BuiltCapsule { bytes, report, .. } = build(&host, &rust, &optimiser, &directory);
        println!("{}", serde_json::to_string_pretty(&report).unwrap());

        assert!(bytes.len() <= 5120, "{} bytes", bytes.len());
        Validator::new().validate_all(&bytes).unwrap();
        assert_no_machine_path(&bytes, parent.path());
        let (exports, imports) = exports_and_imports(&bytes);
        assert_eq!(exports, ["memory", "run"]);
        assert_eq!(imports, ["tenzik.input_read", "tenzik.output_write"]);
        assert!(bytes.ends_with(br#"{"abi":1,"name":"word-count","needs":[],"version":"0.1.0"}"#));

        assert_eq!(report.size, bytes.len() as u64);
        assert_eq!(
            report
                .sections
                .iter()
                .map(|section| section.size)
                .sum::<u64>(),
            report.size
        );
        assert_eq!(report.capsule_id, blake3::hash(&bytes).to_hex().as_str());
        let lock = std::fs::read(directory.join("Cargo.lock")).unwrap();
        assert_eq!(
            report.lock_hash,
            Some(blake3::hash(&lock).to_hex().to_string())
        );
        assert!(report.toolchain_id.starts_with(rust.compiler()));
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<BuildReport>(&text).unwrap(), report);
    }
}

#[test]
fn the_directory_does_not_change_the_bytes() {
    for (host, rust) in toolchains() {
        let parent = tempfile::tempdir().unwrap();
        let optimiser = builtin(&host);
        let [first, second] = ["a", "b/much/deeper"].map(|place| {
            let directory = template(&parent.path().join(place), "same");
            build(&host, &rust, &optimiser, &directory)
        });
        assert_eq!(first.bytes, second.bytes);
        assert_eq!(first.report, second.report);
        assert_eq!(first.sidecar, second.sidecar);
    }
}

/// A capsule in a workspace, with a dependency outside of it whose panics keep their location.
fn write_workspace(root: &Path) -> PathBuf {
    let write = |path: &str, content: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write(
        "sdk/Cargo.toml",
        "[package]\nname = \"sdk\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    write(
        "sdk/src/lib.rs",
        "#![no_std]\n#[panic_handler]\nfn panic(info: &core::panic::PanicInfo<'_>) -> ! {\n\
         if let Some(place) = info.location() { let file = place.file(); unsafe { write(file.as_ptr(), file.len()) } }\n\
         loop {}\n}\n\
         #[link(wasm_import_module = \"tenzik\")]\nunsafe extern \"C\" {\n\
         #[link_name = \"output_write\"]\nfn write(at: *const u8, length: usize);\n\
         #[link_name = \"time_now_ms\"]\nfn now() -> i64;\n}\n\
         pub fn time() -> i64 { unsafe { now() } }\n\
         pub fn third(numbers: &[i32]) -> i32 { if numbers.len() < 3 { panic!() } numbers[2] }\n",
    );
    write(
        "capsules/Cargo.toml",
        "[workspace]\nmembers = [\"one\"]\nresolver = \"3\"\n",
    );
    write(
        "capsules/one/Cargo.toml",
        "[package]\nname = \"one\"\nversion = \"2.0.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nsdk = { path = \"../../sdk\" }\n",
    );
    write(
        "capsules/one/src/lib.rs",
        "#![no_std]\n#[unsafe(no_mangle)]\npub extern \"C\" fn run() -> i32 {\n\
         let numbers = [1; 4];\nsdk::third(numbers.get(sdk::time() as usize..).unwrap())\n}\n",
    );
    root.join("capsules/one")
}

#[test]
fn paths_of_dependencies_outside_the_workspace_do_not_leak() {
    for (host, rust) in toolchains() {
        let parent = tempfile::tempdir().unwrap();
        let optimiser = builtin(&host);
        let [first, second] = ["a", "b/much/deeper"].map(|place| {
            let directory = write_workspace(&parent.path().join(place));
            build(&host, &rust, &optimiser, &directory)
        });
        let text = String::from_utf8_lossy(&first.bytes);
        assert!(
            text.contains("sdk-1.0.0/src/lib.rs"),
            "the fixture keeps no location"
        );
        assert_no_machine_path(&first.bytes, parent.path());
        assert_eq!(first.bytes, second.bytes);
        assert!(
            first
                .bytes
                .ends_with(br#"{"abi":1,"name":"one","needs":["time"],"version":"2.0.0"}"#)
        );
    }
}

#[test]
fn the_rust_template_passes_its_own_tests() {
    for (_, rust) in toolchains() {
        let parent = tempfile::tempdir().unwrap();
        let directory = template(parent.path(), "tested");
        let output = Command::new(rust.cargo())
            .args(["test", "--offline", "--lib"])
            .current_dir(&directory)
            .env("CARGO_TARGET_DIR", directory.join("target"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(!text.contains("warning"), "{text}");
    }
}

fn build_error(
    host: &Host,
    rust: &RustToolchain,
    directory: &Path,
    timeout: Duration,
) -> (BuildRustError, String) {
    let mut lines = String::new();
    let options = BuildOptions {
        target_dir: Some(directory.join("target")),
        timeout,
    };
    let error = build_rust(host, rust, directory, &options, &mut |line| {
        lines.push_str(line);
        lines.push('\n');
    });
    (error.unwrap_err(), lines)
}

#[test]
fn failures_say_what_to_do() {
    for (host, rust) in toolchains() {
        let parent = tempfile::tempdir().unwrap();
        let (error, _) = build_error(&host, &rust, parent.path(), TIMEOUT);
        assert!(
            matches!(error, BuildRustError::NoManifest { .. }),
            "{error}"
        );

        let directory = template(parent.path(), "broken");
        let (error, _) = build_error(&host, &rust, &directory, Duration::ZERO);
        assert!(
            matches!(
                error,
                BuildRustError::Process(ProcessError::TimedOut { .. })
            ),
            "{error}"
        );

        let source = directory.join("src/lib.rs");
        std::fs::write(&source, "#![no_std]\nfn run() -> i32 { false }\n").unwrap();
        let (error, lines) = build_error(&host, &rust, &directory, TIMEOUT);
        assert!(lines.contains("src/lib.rs:2"), "{lines}");
        assert!(
            error.to_string().starts_with("cargo build failed: "),
            "{error}"
        );
        std::fs::write(&source, "fn run() -> i32 { 0 }\n").unwrap();
        if rust.sysroot().is_some() {
            let (error, _) = build_error(&host, &rust, &directory, TIMEOUT);
            assert!(error.to_string().contains("no_std"), "{error}");
        }

        let manifest = directory.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replace("0.1.0", "0.2.0")).unwrap();
        let (error, _) = build_error(&host, &rust, &directory, TIMEOUT);
        assert!(
            error.to_string().contains("cargo update --workspace"),
            "{error}"
        );

        std::fs::write(&manifest, text.replace("cdylib", "rlib")).unwrap();
        let (error, _) = build_error(&host, &rust, &directory, TIMEOUT);
        assert!(matches!(error, BuildRustError::NotCdylib { .. }), "{error}");
        std::fs::write(
            &manifest,
            "[workspace]\nmembers = [\"vendor/tenzik-sdk\"]\n",
        )
        .unwrap();
        std::fs::remove_file(directory.join("Cargo.lock")).unwrap();
        let (error, _) = build_error(&host, &rust, &directory, TIMEOUT);
        assert!(matches!(error, BuildRustError::NoPackage { .. }), "{error}");
    }
}

const MODULES: [&str; 6] = [
    "(module)",
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#,
    r#"(module (memory (export "memory") 1) (global (export "__heap_base") i32 (i32.const 1024))
        (func $unused nop) (func (export "extra") call $unused)
        (func (export "run") (result i32) i32.const 0) (@custom "producers" "x"))"#,
    r#"(module (memory (export "memory") 1) (table 2 funcref) (elem (i32.const 0) $a $b)
        (func $a (result i32) i32.const 1) (func $b (result i32) i32.const 2)
        (func (export "run") (result i32) (call_indirect (result i32) (i32.const 1))) (data (i32.const 8) "text"))"#,
    r#"(module (import "tenzik" "time_now_ms" (func (result i64))) (memory (export "memory") 1 1)
        (func (export "run") (result i32) (i32.wrap_i64 (call 0)) (i32.trunc_sat_f32_s (f32.const 1)) i32.add))"#,
    r#"(module (memory (export "memory") 1) (func $two (result i32 i32) i32.const 1 i32.const 2)
        (func (export "run") (result i32) call $two drop i32.extend8_s) (func $start nop) (start $start))"#,
];

#[test]
fn optimising_never_grows_and_stays_valid() {
    let host = Host::from_env();
    for choice in [OptimiserChoice::Builtin, OptimiserChoice::Auto] {
        let optimiser = find_optimiser(&host, choice).unwrap();
        for text in MODULES {
            let wasm = wat::parse_str(text).unwrap();
            let optimised = optimise(&host, &optimiser, &wasm, TIMEOUT).unwrap();
            assert!(optimised.bytes.len() <= wasm.len(), "{text}");
            Validator::new().validate_all(&optimised.bytes).unwrap();
            let names: Vec<String> = sections(&optimised.bytes)
                .unwrap()
                .into_iter()
                .map(|section| section.name)
                .collect();
            assert!(
                !names.iter().any(|name| name.starts_with("custom")),
                "{names:?}"
            );
            let sizes = optimised
                .candidates
                .iter()
                .filter_map(|(_, candidate)| match candidate {
                    Candidate::Bytes(size) => Some(*size),
                    Candidate::Problem(_) => None,
                });
            assert_eq!(sizes.min(), Some(optimised.bytes.len() as u64));
            let winner = optimised
                .candidates
                .iter()
                .find(|(name, _)| *name == optimised.name);
            assert_eq!(
                winner.unwrap().1,
                Candidate::Bytes(optimised.bytes.len() as u64)
            );
            let again = optimise(&host, &optimiser, &wasm, TIMEOUT).unwrap();
            assert_eq!(optimised, again);
        }
    }
}

#[test]
fn hostile_bytes_are_errors() {
    let host = Host::default();
    let optimiser = builtin(&host);
    let refused = |bytes: &[u8]| optimise(&host, &optimiser, bytes, TIMEOUT).is_err();
    assert!(refused(b""));
    assert!(refused(b"garbage"));
    assert!(refused(&[0xff; 4096]));
    assert!(refused(b"\0asm\x0d\0\x01\0"));
    assert!(refused(b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f"));

    for text in MODULES {
        let wasm = wat::parse_str(text).unwrap();
        let cases = (0..wasm.len()).map(|length| wasm[..length].to_vec());
        let flips = (0..wasm.len() * 8).map(|bit| {
            let mut flipped = wasm.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        for bytes in cases.chain(flips) {
            let _ = sections(&bytes);
            let _ = append_manifest(&bytes, "name", "1.0.0");
            match optimise(&host, &optimiser, &bytes, TIMEOUT) {
                Ok(optimised) => assert!(optimised.bytes.len() <= bytes.len()),
                Err(OptimiseError::Invalid { .. } | OptimiseError::Sections(_)) => {
                    assert!(Validator::new().validate_all(&bytes).is_err());
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn an_optimiser_that_is_not_there_is_an_error_only_when_it_is_asked_for() {
    let empty = tempfile::tempdir().unwrap();
    let host = Host::from_env().with_path(empty.path());
    assert!(find_optimiser(&host, OptimiserChoice::Binaryen).is_err());
    let auto = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
    assert_eq!(auto, builtin(&host));
    assert_eq!(auto.to_string(), "builtin 1 (walrus 0.28.0)");
}

#[test]
fn the_report_names_the_encoder_that_is_linked() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"))
        .unwrap();
    assert!(
        lock.contains("name = \"walrus\"\nversion = \"0.28.0\"\n"),
        "update BUILTIN in optimise.rs"
    );
}

#[test]
fn the_doctor_names_a_command_for_everything_that_is_missing() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = Host::from_env()
        .with_path(empty.path())
        .with_cache(empty.path())
        .with_rust_way("debian");
    for host in [Host::from_env(), nothing] {
        let report = doctor(&host);
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
        let names: Vec<&str> = report
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "cargo",
                "rust compiler for wasm",
                "wasm linker",
                "wasm-opt",
                "c compiler",
                "c for wasm",
                "assemblyscript",
                "zig"
            ]
        );
        for check in &report.checks {
            assert_eq!(
                check.status == CheckStatus::Ok,
                check.remedy.is_none(),
                "{check:?}"
            );
        }
    }
}
