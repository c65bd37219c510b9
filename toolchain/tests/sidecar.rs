//! Sidecars say what is certain, optimisers that misbehave are a note, and nothing of it changes a
//! capsule.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail like the tests themselves"
)]

use std::path::Path;
use std::time::Duration;

use tenzik_toolchain::sidecar::{
    Coverage, DebugModule, Making, NoSidecar, Sidecar, SidecarError, make_sidecar,
};
use tenzik_toolchain::size::FunctionNames as _;
use tenzik_toolchain::{
    Candidate, CapsuleOptions, Host, Language, Optimised, Optimiser, OptimiserChoice,
    append_manifest, build_capsule, find_optimiser, find_rust, new_capsule, optimise,
};

const TIMEOUT: Duration = Duration::from_secs(60);

fn builtin(host: &Host) -> Optimiser {
    find_optimiser(host, OptimiserChoice::Builtin).unwrap()
}

/// Every function with a name; `extra` goes into the first body.
fn module(extra: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
            (memory (export "memory") 1) (func $unused nop)
            (func $small (param i32) (result i32) {extra} local.get 0 i32.const 7 i32.div_u)
            (func $run (export "run") (result i32) (local i32)
                (local.set 0 (i32.load8_u (i32.const 3)))
                (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 90))))
                (if (local.get 0) (then (call $fail (i32.const 1) (i32.const 2) (i32.const 3))))
                (call $small (local.get 0))))"#
    ))
    .unwrap()
}

/// A source map that says of every byte of the file that it is on the line of its offset.
fn byte_map(wasm: &[u8], source: &str) -> Vec<u8> {
    // One byte further in the file and one line further down in the source.
    let mappings = vec!["CACA"; wasm.len()].join(",");
    format!(r#"{{"version":3,"sources":["{source}"],"names":[],"mappings":"{mappings}"}}"#)
        .into_bytes()
}

fn debug(wasm: Vec<u8>) -> DebugModule {
    let source_map = Some(byte_map(&wasm, "/home/me/work/src/a.ts"));
    DebugModule {
        wasm,
        source_map,
        path_names: vec![("/home/me/work".to_owned(), ".".to_owned())],
    }
}

fn optimised(host: &Host, optimiser: &Optimiser, wasm: &[u8]) -> (Optimised, Vec<u8>) {
    let optimised = optimise(host, optimiser, wasm, TIMEOUT).unwrap();
    let capsule = append_manifest(&optimised.bytes, "a", "1.0.0").unwrap();
    (optimised, capsule)
}

fn make(
    host: &Host,
    optimiser: &Optimiser,
    compiled: &[u8],
    debug: &DebugModule,
) -> Result<(Vec<u8>, Vec<u8>, Coverage), NoSidecar> {
    let (optimised, capsule) = optimised(host, optimiser, compiled);
    let making = Making {
        compiled,
        debug,
        optimised: &optimised,
        capsule: &capsule,
    };
    let (sidecar, coverage) = make_sidecar(host, optimiser, &making, TIMEOUT)?;
    Ok((capsule, sidecar, coverage))
}

#[test]
fn names_and_lines_follow_the_code_through_every_optimiser() {
    let host = Host::from_env();
    let wasm = module("");
    for choice in [OptimiserChoice::Builtin, OptimiserChoice::Auto] {
        let optimiser = find_optimiser(&host, choice).unwrap();
        let (capsule, sidecar, coverage) =
            make(&host, &optimiser, &wasm, &debug(wasm.clone())).unwrap();
        println!("{optimiser}: {coverage:?}");
        assert!(sidecar.starts_with(&capsule));
        assert_eq!(coverage.functions, coverage.functions_named);
        assert!(coverage.instructions_located * 2 > coverage.instructions);
        let read = Sidecar::read(&sidecar, &capsule).unwrap();
        assert_eq!(read.function(0).as_deref(), Some("fail"));
        assert!((1..=coverage.functions as u32).any(|index| read.name(index) == Some("run")));

        // The division is the only one, before and after; inlined, it is where the call was.
        let division = |wasm: &[u8], or: u8| {
            let places = wasm.iter().enumerate();
            let places: Vec<usize> = places
                .filter(|(_, byte)| [0x6e, or].contains(byte))
                .map(|(place, _)| place)
                .collect();
            assert!(!places.is_empty());
            places
        };
        let lines: Vec<u32> = division(&capsule, 0x6e)
            .into_iter()
            .filter_map(|place| {
                let place = read.places(place as u64).into_iter().next()?;
                assert_eq!(place.file.as_deref(), Some("src/a.ts"));
                place.line
            })
            .collect();
        // The map counts from 0 with the first byte, and people from 1.
        let expected = division(&wasm, 0x10);
        let known = |line: &u32| expected.contains(&(*line as usize - 1));
        assert!(lines.iter().all(known), "{lines:?} {expected:?}");
        assert!(!lines.is_empty());
    }
}

#[test]
fn code_that_differs_is_unknown_and_not_guessed() {
    let host = Host::default();
    let wasm = module("");
    let other = debug(module("i32.const 1 drop"));
    let (capsule, sidecar, coverage) = make(&host, &builtin(&host), &wasm, &other).unwrap();
    assert_eq!((coverage.functions, coverage.functions_named), (2, 1));
    let read = Sidecar::read(&sidecar, &capsule).unwrap();
    let names: Vec<_> = (0..4).filter_map(|index| read.function(index)).collect();
    assert_eq!(names, ["fail", "run"]);

    let none = debug(wat::parse_str("(module (func $run nop))").unwrap());
    let (_, _, coverage) = make(&host, &builtin(&host), &wasm, &none).unwrap();
    assert_eq!(
        (coverage.functions_named, coverage.instructions_located),
        (0, 0)
    );
}

#[test]
fn hostile_sidecars_are_refused_or_bounded() {
    let host = Host::default();
    let wasm = module("");
    let debug = debug(wasm.clone());
    let (capsule, sidecar, _) = make(&host, &builtin(&host), &wasm, &debug).unwrap();
    let ask = |read: &Sidecar| {
        for offset in (0..capsule.len() as u64).chain([u64::from(u32::MAX), u64::MAX]) {
            let places = read.places(offset);
            assert!(places.len() <= 16);
            for place in places {
                assert!(place.file.unwrap().is_ascii());
            }
        }
        for index in 0..9 {
            assert!(read.function(index).is_none_or(|name| name.len() < 1_000));
        }
    };
    for length in 0..sidecar.len() {
        let error = Sidecar::read(&sidecar[..length], &capsule).err().unwrap();
        assert_eq!(error == SidecarError::OtherCapsule, length <= capsule.len());
    }
    for place in 0..sidecar.len() {
        let mut flipped = sidecar.clone();
        flipped[place] ^= 1 << (place % 8);
        match Sidecar::read(&flipped, &capsule) {
            Ok(read) => ask(&read),
            Err(error) => assert_eq!(error == SidecarError::OtherCapsule, place < capsule.len()),
        }
    }
    let huge = vec![0; (16 << 20) + 1];
    assert_eq!(
        Sidecar::read(&huge, &capsule).err(),
        Some(SidecarError::TooLarge)
    );

    let with_map = |json: &str| {
        use base64::Engine as _;
        let json = base64::engine::general_purpose::STANDARD.encode(json);
        let url = format!("data:application/json;base64,{json}");
        let custom = wat::parse_str(format!(
            r#"(module (@custom "sourceMappingURL" "{}{url}"))"#,
            length(&url)
        ));
        [&capsule[..], &custom.unwrap()[8..]].concat()
    };
    // Callers in a circle, and names that are terminal sequences.
    let circle = r#"{"version":3,"sources":["a\u001b[31m"],"names":["n\u202e"],"mappings":"AAAAA",
        "x_tenzik":{"version":1,"capsule_id":"","callers":[[0,1,0,1],[0,2,0,0]],"inlined":[[0,0]]}}"#;
    let read = Sidecar::read(&with_map(circle), &capsule).unwrap();
    assert_eq!(read.places(9).len(), 16);
    assert_eq!(read.places(9)[0].file.as_deref(), Some("a\\u{1b}[31m"));
    ask(&read);
    for wrong in [
        "",
        "[]",
        r#"{"version":3,"mappings":""}"#,
        r#"{"version":3,"mappings":"","x_tenzik":{"version":2,"capsule_id":"","callers":[],"inlined":[]}}"#,
        r#"{"version":3,"mappings":"AAAA","x_tenzik":{"version":1,"capsule_id":"","callers":[],"inlined":[]}}"#,
        &"[".repeat(100_000),
    ] {
        let error = Sidecar::read(&with_map(wrong), &capsule).err().unwrap();
        assert!(matches!(error, SidecarError::Malformed(_)), "{error}");
    }
}

/// A length in LEB128, as escapes of WebAssembly text.
fn length(text: &str) -> String {
    let mut rest = text.len();
    let mut escapes = String::new();
    loop {
        let more = rest >> 7 != 0;
        escapes += &format!("\\{:02x}", rest & 0x7f | usize::from(more) << 7);
        rest >>= 7;
        if !more {
            return escapes;
        }
    }
}

#[test]
fn a_rust_capsule_has_a_sidecar_without_paths_of_this_machine() {
    for way in ["rustup", "debian"] {
        let host = Host::from_env().with_rust_way(way);
        let Ok(rust) = find_rust(&host) else {
            continue;
        };
        let parent = tempfile::tempdir().unwrap();
        let created = new_capsule(parent.path(), "tally", Language::Rust).unwrap();
        for choice in [OptimiserChoice::Builtin, OptimiserChoice::Auto] {
            let optimiser = find_optimiser(&host, choice).unwrap();
            let build = |options: &CapsuleOptions| {
                build_capsule(
                    &host,
                    &rust,
                    &optimiser,
                    &created.directory,
                    options,
                    &mut |_| {},
                )
                .unwrap()
            };
            let mut options = CapsuleOptions::default();
            options.build.target_dir = Some(created.directory.join("target"));
            let with = build(&options);
            options.sidecar = false;
            let without = build(&options);
            assert_eq!(with.bytes, without.bytes);
            assert_eq!((without.sidecar, without.report.sidecar), (None, None));

            let report = with.report.sidecar.unwrap();
            println!("{} {way}: {report:?}", with.report.optimiser);
            assert_eq!(report.problem, None);
            let coverage = report.coverage.unwrap();
            assert_eq!(coverage.functions, coverage.functions_named);
            assert!(coverage.instructions_located * 2 > coverage.instructions);
            let sidecar = with.sidecar.unwrap();
            let read = Sidecar::read(&sidecar, &with.bytes).unwrap();
            let mut places = Vec::new();
            for offset in 0..with.bytes.len() as u64 {
                places.extend(read.places(offset));
            }
            assert!(
                places
                    .iter()
                    .any(|place| place.file.as_deref() == Some("src/lib.rs"))
            );
            for place in places {
                let file = place.file.unwrap();
                let known = ["src/", "library/", "vendor/", "tenzik-sdk-"];
                assert!(known.iter().any(|known| file.starts_with(known)), "{file}");
            }
        }
    }
}

/// A program that stands in for wasm-opt: a shell script whose `$out` is the output file.
#[cfg(unix)]
fn fake_binaryen(directory: &Path, script: &str) -> Host {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.join("wasm-opt");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo wasm-opt version 999; exit; }}\n\
         traced=; while [ $# -gt 0 ]; do case $1 in -o) out=$2;; --output-source-map) traced=$2;; *.wasm) in=$1;; esac; shift; done\n\
         in=${{out%out.wasm}}in.wasm\n{script}\n"
    );
    // Renamed into place: a file that is still open for writing cannot be executed.
    let draft = directory.join("draft");
    std::fs::write(&draft, text).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(draft, &path).unwrap();
    let path = format!("{}:/usr/bin:/bin", directory.display());
    Host::default().with_path(path)
}

#[cfg(unix)]
#[test]
fn an_optimiser_that_misbehaves_is_a_note_and_loses() {
    let directory = tempfile::tempdir().unwrap();
    let small = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#,
    )
    .unwrap();
    std::fs::write(directory.path().join("small"), &small).unwrap();
    let small = format!("{}/small", directory.path().display());
    let wasm = module("");
    let plain = optimise(&Host::default(), &builtin(&Host::default()), &wasm, TIMEOUT).unwrap();
    for (script, problem) in [
        ("echo fatal: no >&2; exit 1".to_owned(), "fatal: no"),
        (
            "printf garbage > $out".to_owned(),
            "not a valid WebAssembly module",
        ),
        (
            format!("head -c 30 {small} > $out"),
            "not a valid WebAssembly module",
        ),
        (": > $out".to_owned(), "not a valid WebAssembly module"),
        ("cat $in $in > $out".to_owned(), "the result is larger"),
        ("exit 0".to_owned(), "cannot exchange files"),
        ("kill -9 $$".to_owned(), "signal: 9"),
    ] {
        let host = fake_binaryen(directory.path(), &script);
        let optimiser = find_optimiser(&host, OptimiserChoice::Binaryen).unwrap();
        let optimised = optimise(&host, &optimiser, &wasm, TIMEOUT).unwrap();
        assert_eq!(
            (&optimised.bytes, &optimised.name),
            (&plain.bytes, &plain.name)
        );
        let notes: Vec<_> = optimised.candidates[2..].iter().collect();
        assert_eq!(notes.len(), 2);
        for (name, candidate) in notes {
            assert!(name.starts_with("binaryen 999 "), "{name}");
            let Candidate::Problem(text) = candidate else {
                panic!("{script}: {candidate:?}");
            };
            assert!(text.contains(problem), "{script}: {text}");
        }
    }
    // One that is smaller and valid wins, and the report says which.
    let host = fake_binaryen(directory.path(), &format!("cp {small} $out"));
    let optimiser = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
    let optimised = optimise(&host, &optimiser, &wasm, TIMEOUT).unwrap();
    assert_eq!(optimised.name, "binaryen 999 -Oz");
}

#[cfg(unix)]
#[test]
fn an_optimiser_that_is_slow_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let host = fake_binaryen(directory.path(), "exec sleep 1000");
    let optimiser = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
    let wasm = module("");
    let optimised = optimise(&host, &optimiser, &wasm, Duration::from_secs(1)).unwrap();
    let (_, candidate) = optimised.candidates.last().unwrap();
    assert!(
        matches!(candidate, Candidate::Problem(text) if text.contains("was stopped after 1 s")),
        "{candidate:?}"
    );
}

#[cfg(unix)]
#[test]
fn an_optimiser_that_makes_something_else_when_it_is_traced_gives_no_sidecar() {
    let directory = tempfile::tempdir().unwrap();
    let small = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#,
    )
    .unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(file("small"), &small).unwrap();
    let wasm = module("");
    for (traced, problem) in [
        (
            "cp $in $out; echo '{\"version\":3,\"mappings\":\"\"}' > $traced",
            "makes another module",
        ),
        (
            "cp SMALL $out; echo nonsense > $traced",
            "its source map is malformed",
        ),
        ("cp SMALL $out", "did not say where"),
        ("exit 7", "did not say where"),
    ] {
        let script = format!("if [ -n \"$traced\" ]; then {traced}; else cp SMALL $out; fi");
        let host = fake_binaryen(directory.path(), &script.replace("SMALL", &file("small")));
        let optimiser = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
        let error = make(&host, &optimiser, &wasm, &debug(wasm.clone())).unwrap_err();
        assert!(error.to_string().contains(problem), "{traced}: {error}");
    }
    // One that makes the same but says nothing leaves everything unknown.
    let silent =
        "cp SMALL $out; [ -z \"$traced\" ] || echo '{\"version\":3,\"mappings\":\"\"}' > $traced";
    let host = fake_binaryen(directory.path(), &silent.replace("SMALL", &file("small")));
    let optimiser = find_optimiser(&host, OptimiserChoice::Auto).unwrap();
    let (_, _, coverage) = make(&host, &optimiser, &wasm, &debug(wasm.clone())).unwrap();
    assert_eq!(
        (coverage.functions_named, coverage.instructions_located),
        (0, 0)
    );
}
