//! `scenario check`, `plan` and `schema`: nothing is started, nothing is written.

use std::fs;

use crate::world::{World, documented};

use super::examples;

fn file(world: &World, text: &str) {
    world.write("s.yaml", text);
}

#[test]
fn problems_have_their_places() {
    let world = World::new();
    file(
        &world,
        "version: 1\nname: x\nsteps:\n  - id: a\n    run: ecko\n    nedds: [b]\n  - run: { capsule: echo, input: \"${{ steps.q.output }}\" }\n",
    );
    let checked = world
        .tenzik(["scenario", "check", "s.yaml", "--json"])
        .exits(2);
    let json = checked.json();
    documented("scenario check", &json);
    assert_eq!(json["error"]["code"], "scenario_malformed");
    let first = &json["problems"][0];
    assert_eq!(
        (first["line"].as_u64(), first["column"].as_u64()),
        (Some(6), Some(5))
    );
    assert!(
        first["remedy"].as_str().unwrap().contains("needs"),
        "{first}"
    );
    assert!(
        checked.stderr.contains("s.yaml:6:5: "),
        "{}",
        checked.stderr
    );
    file(
        &world,
        "version: 1\nname: x\nsteps:\n  - run: ecko\n  - run: { capsule: echo, input: \"${{ steps.q.output }}\" }\n",
    );
    let checked = world.tenzik(["scenario", "plan", "s.yaml"]).exits(2);
    for part in ["s.yaml:4:10: unknown capsule", "s.yaml:5:39: "] {
        assert!(checked.stderr.contains(part), "{part}\n{}", checked.stderr);
    }
}

#[test]
fn a_plan_says_what_would_happen_and_does_nothing() {
    let world = World::new();
    let sweep = examples().join("sweep.yaml");
    let sweep = sweep.to_str().unwrap();
    let plan = world.tenzik(["scenario", "plan", sweep]).exits(0);
    for part in [
        "group 1",
        "sweep: for_each",
        "scan: scan · nmap-scan",
        "grants scan: exec",
        "/usr/bin/nmap",
    ] {
        assert!(plan.text().contains(part), "{part}\n{}", plan.text());
    }
    let json = world
        .tenzik(["scenario", "plan", sweep, "--json"])
        .exits(0)
        .json();
    let mut shape = json.clone();
    shape["vars"] = serde_json::json!({});
    documented("scenario plan", &shape);
    assert_eq!(json["groups"][0][0], "targets");
    assert_eq!(json["programs"][0]["path"], "/usr/bin/nmap");
    let version = json["programs"][0]["version"].as_str().unwrap_or("nmap");
    assert!(version.starts_with("nmap"), "{version}");
    let dot = world.tenzik(["scenario", "plan", sweep, "--dot"]).exits(0);
    assert!(dot.text().starts_with("digraph"), "{}", dot.text());
    world
        .tenzik(["scenario", "plan", sweep, "--svg", "plan.svg"])
        .exits(0);
    assert!(
        String::from_utf8(world.read("plan.svg"))
            .unwrap()
            .contains("<svg")
    );
    assert!(!world.path("state").exists());
    let checked = world
        .tenzik(["scenario", "check", sweep, "--json"])
        .exits(0)
        .json();
    documented("scenario check", &checked);
    assert_eq!(checked["digest"], json["digest"]);
}

#[test]
fn variables_of_the_command_line_win_and_are_typed() {
    let world = World::new();
    file(
        &world,
        "version: 1\nname: x\nvars: { n: 1, s: a }\nsteps:\n  - run: echo\n",
    );
    let plan = |vars: &[&str]| {
        let words = ["scenario", "plan", "s.yaml", "--json"].iter().chain(vars);
        world.tenzik(words)
    };
    let json = plan(&["--var", "n=5", "--var", "s=5"]).exits(0).json();
    assert_eq!(json["vars"], serde_json::json!({ "n": 5, "s": "5" }));
    for wrong in ["n=x", "m=1", "=1", "n"] {
        plan(&["--var", wrong]).exits(2);
    }
}

#[test]
fn a_ceiling_bounds_the_policies_of_a_scenario() {
    let world = World::new();
    world.write("ceiling.toml", "version = 1\ngrants = []\n");
    let secrets = examples().join("secrets.yaml");
    let words = ["scenario", "check", secrets.to_str().unwrap()];
    world.tenzik(words).exits(0);
    let bounded = words.iter().chain(&["--ceiling", "ceiling.toml"]);
    let refused = world.tenzik(bounded).exits(2);
    assert!(
        refused.stderr.contains("secrets.yaml:"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_is_no_scenario_is_refused() {
    let world = World::new();
    fs::write(world.path("bytes.yaml"), b"version: 1\nname: \xff\n").unwrap();
    let refused = world.tenzik(["scenario", "check", "bytes.yaml"]).exits(2);
    assert!(
        refused.stderr.contains("bytes.yaml:2: not UTF-8"),
        "{}",
        refused.stderr
    );
    fs::write(world.path("big.yaml"), "#".repeat((4 << 20) + 1)).unwrap();
    world.tenzik(["scenario", "check", "big.yaml"]).exits(2);
    world.tenzik(["scenario", "check", "absent.yaml"]).exits(1);
    world.tenzik(["scenario", "check", "."]).exits(1);
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let world = World::new();
    let schema = world.tenzik(["scenario", "schema"]).exits(0).json();
    let committed = examples().join("../scenario.schema.json");
    let committed: serde_json::Value =
        serde_json::from_slice(&fs::read(committed).unwrap()).unwrap();
    assert_eq!(schema, committed);
}
