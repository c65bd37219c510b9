//! `tenzik profile`: the numbers add up, the files read elsewhere, and no text gets out of place.

use std::collections::BTreeMap;

use crate::world::{World, documented, repository};

const CAPSULE: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func $count (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0))
    (func $copy
        (call $write (i32.const 0) (call $read (i32.const 0) (i32.const 100))))
    (func (export "run") (result i32)
        (call $copy)
        (call $count (i32.const 1000))))"#;

fn scan() -> String {
    let path = repository().join("docs/examples/scan.xml");
    path.to_str().unwrap().to_owned()
}

/// Fuel by stack.
fn parse(folded: &str) -> BTreeMap<String, u64> {
    let lines = folded.lines().map(|line| {
        let (stack, fuel) = line.rsplit_once(' ').unwrap();
        (stack.to_owned(), fuel.parse().unwrap())
    });
    lines.collect()
}

#[test]
fn folded_stacks_add_up_to_the_fuel_of_the_run() {
    let world = World::new();
    let scan = scan();
    let run = world
        .tenzik(["run", "nmap-parse", "--input", &scan, "--json"])
        .exits(0)
        .json();
    let profile = world
        .tenzik([
            "profile",
            "nmap-parse",
            "--input",
            &scan,
            "-o",
            "out.folded",
            "--json",
        ])
        .exits(0)
        .json();
    documented("profile", &profile);
    let stacks = parse(&String::from_utf8(world.read("out.folded")).unwrap());
    assert_eq!(stacks.len() as u64, profile["stacks"].as_u64().unwrap());
    let sum: u64 = stacks.values().sum();
    assert_eq!(Some(sum), run["usage"]["fuel"].as_u64());
    assert_eq!(profile["usage"]["fuel"], run["usage"]["fuel"]);
    assert_eq!(profile["usage"]["host_calls"], run["usage"]["host_calls"]);
    assert_eq!(profile["capsule_id"], run["capsule_id"]);
    let own = |function: &serde_json::Value| function["own_fuel"].as_u64().unwrap();
    let functions = profile["functions"].as_array().unwrap();
    assert_eq!(functions.iter().map(own).sum::<u64>(), sum);
    // Everything is the instance's or under `run`.
    let named = |name: &str| {
        let mut all = functions.iter();
        all.find(|function| function["name"] == name).unwrap()
    };
    let total = named("run")["total_fuel"].as_u64().unwrap();
    assert_eq!(total + own(named("[instance]")), sum);
    // The same again on standard output.
    let printed = world
        .tenzik(["profile", "nmap-parse", "--input", &scan, "-o", "-"])
        .exits(0);
    assert_eq!(printed.stdout, world.read("out.folded"));
}

#[test]
fn functions_have_their_names_and_calls() {
    let world = World::new();
    world.write("mine.wat", CAPSULE);
    let ended = world
        .tenzik(["profile", "./mine.wat", "--input-text", "abc", "-o", "-"])
        .exits(0);
    let stacks = parse(ended.text());
    let names: Vec<&str> = stacks.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "run",
            "run;copy",
            "run;copy;tenzik.input_read",
            "run;copy;tenzik.output_write",
            "run;count"
        ]
    );
    assert_eq!(stacks["run;copy;tenzik.input_read"], 107);
    let table = world
        .tenzik(["profile", "./mine.wat", "--input-text", "abc", "--top", "2"])
        .exits(0);
    let lines: Vec<&str> = table.text().lines().collect();
    assert_eq!(lines.len(), 4, "{}", table.text());
    assert!(
        lines[0].starts_with("ok: ") && lines[2].ends_with(" count"),
        "{}",
        table.text()
    );
    assert!(
        table.stderr.contains("3 more functions"),
        "{}",
        table.stderr
    );
}

/// Without names in the capsule, those of another file serve, if it is of the same functions.
#[test]
fn names_can_come_from_another_file() {
    let world = World::new();
    let stripped = CAPSULE
        .replace("$count", "")
        .replace("(call  (i32.const 1000))", "(call 2 (i32.const 1000))");
    world.write("stripped.wat", &stripped);
    world.write("named.wasm", tenzik_runtime::assemble(CAPSULE).unwrap());
    let stacks = |arguments: &[&str]| {
        let fixed = ["profile", "./stripped.wat", "-o", "-"];
        world
            .tenzik(fixed.iter().chain(arguments))
            .exits(0)
            .text()
            .to_owned()
    };
    assert!(stacks(&[]).contains("run;func[2] "));
    assert!(stacks(&["--names", "named.wasm"]).contains("run;count "));
    let fewer = tenzik_runtime::assemble("(module (func $a))").unwrap();
    for (name, bytes) in [
        ("fewer.wasm", fewer),
        ("none.wasm", Vec::new()),
        ("noise.wasm", vec![7; 999]),
    ] {
        world.write(name, bytes);
        let refused = world
            .tenzik(["profile", "./stripped.wat", "--names", name])
            .exits(2);
        assert!(refused.stderr.contains(name), "{}", refused.stderr);
    }
    world
        .tenzik(["profile", "./stripped.wat", "--names", "/dev/zero"])
        .exits(2);
}

#[test]
fn a_run_that_does_not_succeed_is_profiled_and_exits_as_it_would() {
    let world = World::new();
    for (end, exit, status) in [
        ("(unreachable)", 21, "fault"),
        ("(i32.const 3)", 20, "failure"),
        ("(loop (br 0)) (i32.const 0)", 22, "fault"),
        (
            "(i32.div_u (i32.const 1) (call $count (i32.const 5)))",
            21,
            "fault",
        ),
    ] {
        let text = CAPSULE.replace("(call $count (i32.const 1000))", end);
        world.write("mine.wat", &text);
        let run = world
            .tenzik(["run", "./mine.wat", "--json"])
            .exits(exit)
            .json();
        let profile = world
            .tenzik(["profile", "./mine.wat", "-o", "out", "--json"])
            .exits(exit)
            .json();
        assert_eq!(profile["status"], status);
        documented("profile", &profile);
        assert_eq!(profile["error"], run["error"]);
        let sum: u64 = parse(&String::from_utf8(world.read("out")).unwrap())
            .values()
            .sum();
        assert_eq!(profile["usage"]["fuel"].as_u64(), Some(sum), "{end}");
        assert_eq!(run["usage"]["fuel"].as_u64(), Some(sum), "{end}");
        assert_eq!(profile["usage"]["fuel_exact"], run["usage"]["fuel_exact"]);
    }
    let endless = CAPSULE.replace(
        "(call $count (i32.const 1000))",
        "(loop (br 0)) (i32.const 0)",
    );
    world.write("mine.wat", endless);
    let arguments = [
        "profile",
        "./mine.wat",
        "--fuel",
        "1000000000000",
        "--time",
        "50ms",
    ];
    let ended = world.tenzik(arguments).exits(23);
    assert!(
        ended.stderr.contains("no exact profile"),
        "{}",
        ended.stderr
    );
}

/// Names are text of the capsule: a folded line stays one line, a picture stays a picture.
#[test]
fn hostile_names_stay_in_their_places() {
    let world = World::new();
    let name = r#"$"a;b 9\0a<script>\"&\1b[31m\e2\80\ae]]>""#;
    let text = CAPSULE.replace("$count", name);
    world.write("mine.wat", &text);
    let ended = world
        .tenzik(["profile", "./mine.wat", "-o", "out", "--svg", "out.svg"])
        .exits(0);
    assert!(
        ended
            .stdout
            .iter()
            .all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte))
    );
    let folded = String::from_utf8(world.read("out")).unwrap();
    assert_eq!(folded.lines().count(), 5, "{folded}");
    let frames = folded.lines().find(|line| line.contains("script")).unwrap();
    assert_eq!(frames.matches(';').count(), 1, "{frames}");
    let svg = String::from_utf8(world.read("out.svg")).unwrap();
    assert!(
        svg.contains("&lt;script&gt;") && !svg.contains("<script"),
        "{svg}"
    );
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'), "{svg}");
}

#[test]
fn a_flame_graph_is_the_same_each_time_and_well_formed() {
    let world = World::new();
    let scan = scan();
    for name in ["one.svg", "two.svg"] {
        world
            .tenzik(["profile", "nmap-parse", "--input", &scan, "--svg", name])
            .exits(0);
    }
    assert_eq!(world.read("one.svg"), world.read("two.svg"));
    let svg = String::from_utf8(world.read("one.svg")).unwrap();
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("script") && !svg.contains("href") && !svg.contains("NaN"));
    for tag in ["g", "title", "text", "style", "svg"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let opened =
            svg.matches(&format!("{open}>")).count() + svg.matches(&format!("{open} ")).count();
        assert_eq!(opened, svg.matches(&close).count(), "{tag}");
    }
    assert!(svg.contains("tenzik.output_write"));
}

#[test]
fn results_never_replace_what_is_read() {
    let world = World::new();
    world.write("mine.wat", CAPSULE);
    world.write("input", "abc");
    for arguments in [
        ["--output", "mine.wat"],
        ["--svg", "mine.wat"],
        ["--output", "input"],
        ["--svg", "./input"],
    ] {
        let fixed = ["profile", "./mine.wat", "--input", "input"];
        let refused = world.tenzik(fixed.iter().chain(&arguments)).exits(2);
        assert!(
            refused.stderr.contains("are the same file"),
            "{}",
            refused.stderr
        );
    }
    let twice = ["profile", "./mine.wat", "--output", "x", "--svg", "x"];
    world.tenzik(twice).exits(2);
    world
        .tenzik(["profile", "./mine.wat", "--output", "-", "--json"])
        .exits(2);
    assert_eq!(world.read("input"), b"abc");
}

#[test]
fn what_may_not_run_is_not_profiled() {
    let world = World::new();
    let rejected = CAPSULE.replace("output_write", "exec");
    world.write("mine.wat", rejected);
    let object = world
        .tenzik(["profile", "./mine.wat", "--json"])
        .exits(11)
        .json();
    assert_eq!(object["error"]["code"], "import_unknown");
    world.tenzik(["profile", "nosuch"]).exits(127);
    world
        .tenzik(["profile", "json-select", "--deny", "json"])
        .exits(30);
    world
        .tenzik(["profile", "echo", "--input", "nosuch"])
        .exits(1);
}

/// Recursion as deep as the stack allows: the file stays small.
#[test]
fn deep_recursion_makes_a_small_file() {
    let world = World::new();
    let text = r#"(module (memory (export "memory") 1)
        (func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $down (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 0))))
        (func (export "run") (result i32) (call $down (i32.const 5000))))"#;
    world.write("deep.wat", text);
    let ended = world.tenzik(["profile", "./deep.wat", "-o", "-"]).exits(0);
    assert!(ended.text().contains("down;[deeper] "));
    assert!(ended.text().lines().count() < 100 && ended.stdout.len() < 100_000);
}
