//! `tenzik bench`: what is exact is exact, what is measured has its shape, and a base is only data.

use serde_json::{Value, json};

use crate::world::{World, documented, repository};

const FAST: [&str; 4] = ["--duration", "60ms", "--threads", "1,2"];

fn bench(world: &World, arguments: &[&str]) -> crate::world::Ended {
    world.tenzik(["bench"].iter().chain(arguments).chain(&FAST))
}

fn echo(world: &World) -> Value {
    bench(world, &["echo", "--input-text", "hello", "--json"])
        .exits(0)
        .json()
}

#[test]
fn a_result_has_the_documented_shape_and_exact_fuel() {
    let world = World::new();
    let result = echo(&world);
    let run = world
        .tenzik(["run", "echo", "--input-text", "hello", "--json"])
        .exits(0)
        .json();
    documented("bench", &result);
    assert_eq!(result["format"], "tenzik-bench-1");
    assert_eq!(result["status"], "ok");
    let fuel = &run["usage"]["fuel"];
    assert_eq!(
        result["fuel"],
        json!({ "units": fuel, "min": fuel, "constant": true })
    );
    for field in ["memory_bytes", "output_bytes", "host_calls"] {
        assert_eq!(result[field], run["usage"][field], "{field}");
    }
    assert_eq!(result["capsule_id"], run["capsule_id"]);
    let ordered = |times: &Value| {
        let fields = ["min_ns", "p50_ns", "p95_ns", "p99_ns", "max_ns"];
        let numbers: Vec<u64> = fields
            .iter()
            .map(|field| times[field].as_u64().unwrap())
            .collect();
        assert!(numbers.is_sorted() && numbers[0] > 0, "{times}");
        assert!(times["samples"].as_u64().unwrap() > 0);
    };
    ordered(&result["cold"]["total"]);
    let warm = result["warm"].as_array().unwrap();
    let words: Vec<&str> = warm
        .iter()
        .map(|row| row["receipts"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["none", "each"]);
    warm.iter().for_each(ordered);
    assert!(
        warm.iter()
            .all(|row| row["runs_per_sample"].as_u64().unwrap() >= 1)
    );
    let throughput = result["throughput"].as_array().unwrap();
    let rows: Vec<(u64, &str)> = throughput
        .iter()
        .map(|row| {
            (
                row["threads"].as_u64().unwrap(),
                row["receipts"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [(1, "none"), (1, "each"), (2, "none"), (2, "each")]);
    for row in throughput {
        let rate = |field: &str| row[field].as_u64().unwrap();
        assert!(rate("min") > 0 && rate("min") <= rate("runs_per_second"));
        assert!(rate("runs_per_second") <= rate("max"));
    }
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let world = World::new();
    for (receipts, rows) in [("none", 1), ("each", 1), ("both", 2)] {
        let result = bench(&world, &["echo", "--receipts", receipts, "--json"])
            .exits(0)
            .json();
        assert_eq!(result["warm"].as_array().unwrap().len(), rows);
    }
    for wrong in [
        ["--threads", "0"],
        ["--threads", "257"],
        ["--threads", "x"],
        ["--duration", "1ms"],
        ["--duration", "2h"],
        ["--max-regress", "5"],
        ["--receipts", "some"],
    ] {
        world
            .tenzik(["bench", "echo"].iter().chain(&wrong))
            .exits(2);
    }
}

#[test]
fn only_runs_that_succeed_are_measured() {
    let world = World::new();
    let module = |end: &str| {
        format!(r#"(module (memory (export "memory") 1) (func (export "run") (result i32) {end}))"#)
    };
    for (end, exit, code) in [
        ("(unreachable)", 21, "trap_unreachable"),
        ("(loop (br 0)) (i32.const 0)", 22, "fuel_exhausted"),
        ("(i32.const 7)", 20, "capsule_failure"),
    ] {
        world.write("mine.wat", module(end));
        let object = bench(&world, &["./mine.wat", "--json"]).exits(exit).json();
        assert_eq!(object["error"]["code"], code);
        let message = object["error"]["message"].as_str().unwrap();
        assert!(message.contains("only runs that succeed"), "{message}");
    }
}

/// Seed and time are fixed, so a capsule that asks for them does the same each time.
#[test]
fn a_capsule_that_asks_for_chance_uses_the_same_fuel_each_time() {
    let world = World::new();
    let dice = |seed: &str| {
        let arguments = [
            "dice", "--grant", "random", "--grant", "time", "--seed", seed, "--json",
        ];
        bench(&world, &arguments).exits(0).json()
    };
    let (one, again) = (dice("1"), dice("1"));
    assert_eq!(one["fuel"], again["fuel"]);
    assert_eq!(one["fuel"]["constant"], true);
    world.write("base.json", one.to_string());
    let against = [
        "dice",
        "--grant",
        "random",
        "--grant",
        "time",
        "--seed",
        "2",
        "--against",
        "base.json",
    ];
    let refused = bench(&world, &against).exits(2);
    assert!(
        refused.stderr.contains("the seed \"1\", not 2"),
        "{}",
        refused.stderr
    );
}

fn against(world: &World, base: &Value, more: &[&str]) -> crate::world::Ended {
    world.write("base.json", base.to_string());
    let fixed = ["echo", "--input-text", "hello", "--against", "base.json"];
    let all: Vec<&str> = fixed.iter().chain(more).copied().collect();
    bench(world, &all)
}

/// A base whose times no machine reaches, in one direction or the other.
fn doctored(base: &Value, p50_ns: u64, fuel: u64) -> Value {
    let mut base = base.clone();
    for row in base["warm"].as_array_mut().unwrap() {
        row["p50_ns"] = json!(p50_ns);
        row["noise_ns"] = json!(0);
    }
    base["fuel"]["units"] = json!(fuel);
    base
}

#[test]
fn a_regression_exits_60_and_only_with_a_bound() {
    let world = World::new();
    let base = echo(&world);
    let fuel = base["fuel"]["units"].as_u64().unwrap();
    let slow = 1_000_000_000_000;
    let bound = ["--max-regress", "1000", "--json"];
    let exact = ["--max-regress", "0", "--json"];

    against(&world, &doctored(&base, slow, fuel), &exact).exits(0);
    let none = against(&world, &doctored(&base, slow, fuel + 1), &["--json"])
        .exits(0)
        .json();
    assert_eq!(none["comparison"]["rows"][0]["regressed"], false);

    // One unit of fuel is a regression when none is allowed.
    let ended = against(&world, &doctored(&base, slow, fuel - 1), &exact).exits(60);
    let object = ended.json();
    assert_eq!(
        (&object["status"], &object["exit"]),
        (&json!("regression"), &json!(60))
    );
    assert_eq!(
        object["comparison"]["rows"][0],
        json!({ "what": "fuel", "base": fuel - 1, "now": fuel, "noise": 0, "regressed": true })
    );
    assert!(
        ended.stderr.contains("regression over the allowed bound"),
        "{}",
        ended.stderr
    );
    against(&world, &doctored(&base, slow, fuel - 1), &bound).exits(0);
    against(&world, &doctored(&base, slow, fuel - 1), &["--json"]).exits(0);

    let object = against(&world, &doctored(&base, 0, fuel), &bound)
        .exits(60)
        .json();
    let rows = object["comparison"]["rows"].as_array().unwrap();
    let regressed: Vec<bool> = rows
        .iter()
        .map(|row| row["regressed"].as_bool().unwrap())
        .collect();
    assert_eq!(regressed, [false, true, true]);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let world = World::new();
    let base = echo(&world);
    let mut elsewhere = doctored(&base, 0, 1 << 40);
    elsewhere["machine"]["cpu"] = json!("another \u{1b}[31m one");
    let ended = against(&world, &elsewhere, &["--max-regress", "0"]).exits(0);
    assert!(
        ended.stderr.contains("times are not compared"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\u{1b}'));

    let mut priced = doctored(&base, 1_000_000_000_000, 1);
    priced["cost_model"] = json!("tenzik-fuel-0");
    let ended = against(&world, &priced, &["--max-regress", "0"]).exits(0);
    assert!(
        ended.stderr.contains("fuel is not compared"),
        "{}",
        ended.stderr
    );

    let mut other = base.clone();
    other["capsule"] = json!("./older.wasm");
    let ended = against(&world, &other, &[]).exits(0);
    assert!(ended.stderr.contains("older.wasm"), "{}", ended.stderr);

    world.write("base.json", base.to_string());
    let refused = bench(
        &world,
        &["echo", "--input-text", "hallo", "--against", "base.json"],
    )
    .exits(2);
    assert!(refused.stderr.contains("an input"), "{}", refused.stderr);
}

#[test]
fn a_base_is_read_strictly_and_up_to_a_limit() {
    let world = World::new();
    let base = echo(&world);
    let text = base.to_string();
    let with = |field: &str, value: Value| {
        let mut changed = base.clone();
        changed[field] = value;
        changed.to_string()
    };
    let twice = text.replacen('{', "{\"format\":\"tenzik-bench-1\",", 1);
    let row = base["warm"][0].clone();
    let cases = [
        String::new(),
        "null".to_owned(),
        "[".repeat(100_000),
        text[..text.len() / 2].to_owned(),
        text.clone() + "x",
        twice,
        with("format", json!("tenzik-bench-2")),
        with("format", json!("\u{1b}[31m")),
        with("fuel", json!({ "units": -1, "constant": true })),
        with("fuel", json!({ "units": 1e300, "constant": true })),
        with(
            "warm",
            json!([{ "receipts": "none", "p50_ns": "1", "noise_ns": 0 }]),
        ),
        with("warm", Value::Array(vec![row; 1_001])),
        text.clone() + &" ".repeat(1 << 20),
    ];
    for case in cases {
        world.write("base.json", &case);
        let ended = bench(
            &world,
            &["echo", "--input-text", "hello", "--against", "base.json"],
        )
        .exits(2);
        assert!(
            ended.stderr.contains("base.json is no base"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains('\u{1b}'));
    }
    world
        .tenzik(["bench", "echo", "--against", "nosuch"])
        .exits(1);
    world
        .tenzik(["bench", "echo", "--against", "/dev/zero"])
        .exits(2);
    // Fields of later versions are passed over.
    world.write("base.json", with("later", json!(1)));
    bench(
        &world,
        &["echo", "--input-text", "hello", "--against", "base.json"],
    )
    .exits(0);
}

#[test]
fn a_result_in_a_file_is_a_base() {
    let world = World::new();
    let scan = repository().join("docs/examples/scan.xml");
    let scan = scan.to_str().unwrap();
    let table = bench(
        &world,
        &[
            "nmap-parse",
            "--input",
            scan,
            "-o",
            "base.json",
            "--svg",
            "out.svg",
        ],
    )
    .exits(0);
    for word in ["fuel", "cold", "warm", "throughput", "p99"] {
        assert!(table.text().contains(word), "{}", table.text());
    }
    let written: Value = serde_json::from_slice(&world.read("base.json")).unwrap();
    assert_eq!(written["fuel"]["constant"], true);
    let compared = bench(
        &world,
        &["nmap-parse", "--input", scan, "--against", "base.json"],
    )
    .exits(0);
    assert!(compared.text().contains("fuel: "), "{}", compared.text());
    let svg = String::from_utf8(world.read("out.svg")).unwrap();
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    for path in ["base.json", scan] {
        let fixed = [
            "nmap-parse",
            "--input",
            scan,
            "--against",
            "base.json",
            "--svg",
            path,
        ];
        bench(&world, &fixed).exits(2);
    }
}
