//! `tenzik size`, and sidecars: where bytes go and where runs trap.

use serde_json::Value;

use crate::world::{World, repository};

use super::authoring::has_toolchain;

fn prebuilt(name: &str) -> String {
    let path = repository().join(format!("capsules/prebuilt/{name}.wasm"));
    path.to_str().unwrap().to_owned()
}

fn sum(rows: &Value) -> u64 {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["bytes"].as_u64().unwrap()).sum()
}

#[test]
fn rows_add_up_to_the_file() {
    let world = World::new();
    let object = world
        .tenzik(["size", "nmap-parse", "--json"])
        .exits(0)
        .json();
    let bytes = std::fs::read(prebuilt("nmap-parse")).unwrap();
    assert_eq!(object["bytes"], bytes.len());
    assert_eq!(object["blake3"], blake3::hash(&bytes).to_hex().as_str());
    assert_eq!(sum(&object["pieces"]), bytes.len() as u64);
    assert_eq!(sum(&object["sections"]), bytes.len() as u64);
    let text = world.tenzik(["size", "nmap-parse", "--top", "3"]).exits(0);
    assert!(text.text().contains("function 3  run"), "{}", text.text());
    assert!(text.text().contains(" more\n"), "{}", text.text());
}

#[test]
fn growth_over_the_bound_is_a_regression() {
    let world = World::new();
    let (small, large) = (prebuilt("echo"), prebuilt("hash"));
    let object = world
        .tenzik(["size", &large, "--against", &small, "--json"])
        .exits(0)
        .json();
    let against = &object["against"];
    let changes = against["changes"].as_array().unwrap().iter();
    let growth: i64 = changes
        .map(|row| row["after"].as_i64().unwrap() - row["before"].as_i64().unwrap())
        .sum();
    assert_eq!(against["growth"], growth);
    assert!(growth > 0 && against["regression"] == false);

    let exact = growth.to_string();
    let less = (growth - 1).to_string();
    let size =
        |bound: &str| world.tenzik(["size", &large, "--against", &small, "--max-growth", bound]);
    size(&exact).exits(0);
    let ended = size(&less).exits(60);
    assert!(ended.stderr.contains("allowed is"), "{}", ended.stderr);
    size("1%").exits(60);
    size("1000%").exits(0);
    size("much").exits(2);
    // Smaller is never a regression.
    world
        .tenzik(["size", &small, "--against", &large, "--max-growth", "0"])
        .exits(0);
    world.tenzik(["size", &small, "--max-growth", "0"]).exits(2);
    let text = world.tenzik(["explain", "60"]).exits(0);
    assert!(text.text().contains("size_regression"), "{}", text.text());
}

#[test]
fn what_cannot_be_read_is_counted_and_said() {
    let world = World::new();
    let mut bytes = std::fs::read(prebuilt("hash")).unwrap();
    bytes.truncate(bytes.len() - 10);
    world.write("cut.wasm", &bytes);
    let ended = world.tenzik(["size", "cut.wasm", "--json"]).exits(10);
    assert_eq!(sum(&ended.json()["pieces"]), bytes.len() as u64);
    assert!(
        ended.stderr.contains("is cut off after"),
        "{}",
        ended.stderr
    );
    world.write("garbage.wasm", "no module");
    world.tenzik(["size", "garbage.wasm"]).exits(10);
    world.write("broken.wat", "(module (func");
    world.tenzik(["size", "broken.wat"]).exits(10);
    world.write("large.wasm", vec![0; (16 << 20) + 1]);
    world.tenzik(["size", "large.wasm"]).exits(13);
    world.tenzik(["size", "missing.wasm"]).exits(1);
    world.tenzik(["size", "nosuch"]).exits(127);
}

#[test]
fn a_treemap_is_a_picture_and_never_the_module() {
    let world = World::new();
    world.tenzik(["size", "hash", "--svg", "a.svg"]).exits(0);
    world.tenzik(["size", "hash", "--svg", "b.svg"]).exits(0);
    let svg = String::from_utf8(world.read("a.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("of 5,120 B allowed"), "{svg}");
    assert_eq!(world.read("a.svg"), world.read("b.svg"));
    let bytes = std::fs::read(prebuilt("hash")).unwrap();
    world.write("mine.wasm", &bytes);
    world
        .tenzik(["size", "mine.wasm", "--svg", "mine.wasm"])
        .exits(2);
    assert_eq!(world.read("mine.wasm"), bytes);
}

/// A capsule that traps in the way that the first byte of its input says.
const TRAPPING: &str = r#"//! Traps in several ways.

#![no_std]

use tenzik_sdk::Input;

fn divide(by: i32) -> i32 {
    if by == 0 { core::arch::wasm32::unreachable() } else { 100 / by }
}

#[inline(never)]
fn element(list: &[u8], at: usize) -> u8 {
    list[at]
}

#[inline(never)]
fn ratio(left: i32, right: i32) -> i32 {
    left / right
}

fn run() -> i32 {
    let mut input = Input::<16>::new();
    let way = input.next().unwrap_or(0);
    let other = input.next().unwrap_or(0);
    let list = [way, other, 3];
    let result = match way {
        b'i' => i32::from(element(&list, usize::from(other))),
        b'd' => ratio(i32::from(way), i32::from(other - b'0')),
        b'u' => divide(i32::from(other - b'0')),
        b'l' => loop { input.next(); },
        _ => 0,
    };
    i32::from(result == 12345)
}

tenzik_sdk::capsule!(run);
"#;

/// The line of the text that has `what`, from 1.
fn line_of(what: &str) -> u64 {
    let place = TRAPPING.lines().position(|line| line.contains(what));
    place.unwrap() as u64 + 1
}

#[test]
fn a_trap_names_function_file_and_line() {
    let world = World::new();
    if !has_toolchain(&world) {
        return;
    }
    world.tenzik(["new", "trapping"]).exits(0);
    world.write("trapping/src/lib.rs", TRAPPING);
    for optimiser in ["builtin", "auto"] {
        let object = world
            .tenzik(["build", "trapping", "--optimiser", optimiser, "--json"])
            .exits(0)
            .json();
        let capsule = world.read("trapping/trapping.wasm");
        let sidecar = world.read("trapping/trapping.debug.wasm");
        let report = &object["report"]["sidecar"];
        println!("{report}");
        assert_eq!(report["output"], "trapping/trapping.debug.wasm");
        assert_eq!(report["size"], sidecar.len());
        assert_eq!(report["problem"], Value::Null);
        let coverage = &report["coverage"];
        assert_eq!(coverage["functions"], coverage["functions_named"]);
        assert!(sidecar.starts_with(&capsule));
        let sized = world
            .tenzik(["size", "trapping/trapping.wasm", "--json"])
            .exits(0)
            .json();
        assert_eq!(sized["sidecar"], "trapping/trapping.debug.wasm");
        let pieces = sized["pieces"].as_array().unwrap().iter();
        let mut names = pieces.filter_map(|piece| piece["name"].as_str());
        let function = match optimiser {
            "builtin" => "trapping::ratio",
            _ => "::next",
        };
        assert!(names.any(|name| name.ends_with(function)), "{sized}");
        let text = String::from_utf8_lossy(&capsule);
        assert!(!text.contains("lib.rs:") && !text.contains("ratio"));

        let arguments = ["profile", "trapping/trapping.wasm", "--input-text", "d1"];
        let profile = world.tenzik(arguments).exits(0);
        assert!(
            profile.text().contains("tenzik_sdk::"),
            "{}",
            profile.text()
        );

        for (input, function, what) in [
            ("i\u{7f}", "element", "list[at]"),
            ("d0", "ratio", "left / right"),
            ("u0", "run", "unreachable()"),
        ] {
            let arguments = ["run", "trapping/trapping.wasm", "--input-text", input];
            let ended = world.tenzik(arguments).exits(21);
            let line = line_of(what);
            let place = format!("src/lib.rs:{line}");
            println!("{}", ended.stderr);
            let first = ended.stderr.lines().next().unwrap();
            // Not every version of Binaryen keeps every line; none may name another one.
            let name = object["report"]["optimiser"].as_str().unwrap();
            let certain = name.starts_with("builtin") || name.starts_with("binaryen 108 ");
            if !certain && !first.contains(" at src/") {
                continue;
            }
            assert!(first.contains(&place), "{input}: {}", ended.stderr);
            let ended = world
                .tenzik(arguments.into_iter().chain(["--json"]))
                .exits(21);
            let object = ended.json();
            let steps = object["trap"].as_array().unwrap();
            let known = steps
                .iter()
                .any(|step| step["line"] == line && step["file"] == "src/lib.rs");
            assert!(known, "{object}");
            let named = steps.iter().any(|step| {
                step["name"]
                    .as_str()
                    .is_some_and(|name| name.ends_with(function))
            });
            assert!(named, "{object}");
        }
    }
    // Fuel and limits have a place too.
    let endless = [
        "run",
        "trapping/trapping.wasm",
        "--input-text",
        "l",
        "--json",
    ];
    let ended = world.tenzik(endless).exits(25);
    assert!(!ended.json()["trap"].as_array().unwrap().is_empty());
    let ended = world
        .tenzik(endless.into_iter().chain(["--fuel", "5000"]))
        .exits(22);
    assert!(!ended.json()["trap"].as_array().unwrap().is_empty());
    let text = world.tenzik(["inspect", "trapping/trapping.wasm"]).exits(0);
    assert!(text.text().contains("trapping.debug.wasm"));
}

const TRAP: &str = r#"(module (memory (export "memory") 1)
    (func $inner unreachable)
    (func (export "run") (result i32) call $inner i32.const 0))"#;

#[test]
fn a_sidecar_of_another_capsule_is_not_used() {
    let world = World::new();
    world.write("a.wat", TRAP);
    world.tenzik(["build", "a.wat"]).exits(0);
    let ended = world.tenzik(["run", "a.wasm"]).exits(21);
    assert!(ended.stderr.contains("NAME.debug.wasm"), "{}", ended.stderr);
    let object = world.tenzik(["run", "a.wasm", "--json"]).exits(21).json();
    let steps = object["trap"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{object}");
    assert_eq!(
        (&steps[0]["function"], &steps[1]["function"]),
        (&0.into(), &1.into())
    );
    assert_eq!(steps[0]["line"], Value::Null);

    let capsule = world.read("a.wasm");
    let mut changed = capsule.clone();
    *changed.last_mut().unwrap() ^= 1;
    let forged = [&capsule[..], b"\x00\x08\x02xx\x1b[31m"].concat();
    for bytes in [
        &b""[..],
        b"garbage",
        &capsule,
        &changed,
        &forged,
        &[0xff; 4096],
    ] {
        world.write("a.debug.wasm", bytes);
        let ended = world.tenzik(["run", "a.wasm"]).exits(21);
        let said = ended.stderr.contains("a.debug.wasm is not used");
        assert!(said && !ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
        world
            .tenzik(["run", "a.wasm", "--sidecar", "a.debug.wasm"])
            .exits(2);
        world
            .tenzik(["size", "a.wasm", "--sidecar", "a.debug.wasm"])
            .exits(2);
        world.tenzik(["size", "a.wasm"]).exits(0);
    }
    world
        .tenzik(["run", "a.wasm", "--sidecar", "missing"])
        .exits(1);
    // Without a trap nobody looks.
    world.tenzik(["run", "echo"]).exits(0);
}
