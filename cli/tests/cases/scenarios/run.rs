//! `scenario run` and what it leaves: exit codes, states, outputs, reuse, reports.

use crate::world::{World, documented};

use super::{events, run_id, run_steps, state, states};

#[test]
fn values_flow_from_step_to_step() {
    let world = World::new();
    let run = run_steps(
        &world,
        "  - let: { name: world }\n  - id: hello\n    run: { capsule: echo, input: \"hello ${{ vars.name }}\" }\n  \
         - id: digest\n    run: { capsule: hash, input: \"${{ steps.hello.output }}\", output: lines }\n  \
         - id: told\n    report: { title: t, rows: '[{\"digest\": steps.digest.output[0]}]', formats: [table, json] }\n",
    )
    .exits(0);
    let id = run_id(&run);
    for step in ["hello", "digest", "told"] {
        assert_eq!(state(&world, &id, step), "ok");
    }
    let expected = blake3::hash(b"hello world").to_hex();
    let table = world
        .tenzik(["report", &id, "--step", "told", "--format", "table"])
        .exits(0);
    assert!(table.text().contains(&expected[..40]), "{}", table.text());
    for event in events(&run) {
        documented("scenario run", &event);
    }
    let mut shown = world.tenzik(["show", &id, "--json"]).exits(0).json();
    let mut report = world
        .tenzik(["report", &id, "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(shown["run"].take(), report);
    documented("show", &shown);
    // The use of a job is described with the events.
    for step in report["steps"].as_array_mut().unwrap() {
        for attempt in step["attempts"].as_array_mut().unwrap() {
            attempt["usage"].take();
        }
    }
    report["counts"].take();
    documented("report", &report);
    documented("runs", &world.tenzik(["runs", "--json"]).exits(0).json());
}

#[test]
fn a_failed_step_stops_the_rest() {
    let world = World::new();
    let run = run_steps(
        &world,
        "  - { id: bad, run: { capsule: nmap-parse, input: nonsense } }\n  \
         - { id: needs-it, run: { capsule: echo, input: \"${{ steps.bad.output }}\" } }\n  \
         - { id: later, run: echo, after: [bad] }\n",
    )
    .exits(50);
    let id = run_id(&run);
    let states = states(&world, &id);
    let states: Vec<(&str, &str)> = states
        .iter()
        .map(|(p, s)| (p.as_str(), s.as_str()))
        .collect();
    assert_eq!(
        states,
        [
            ("bad", "failed"),
            ("needs-it", "skipped"),
            ("later", "skipped")
        ]
    );
    let shown = world.tenzik(["show", &id]).exits(0);
    assert!(shown.text().contains("bad"), "{}", shown.text());
}

#[test]
fn on_error_continue_skips_only_what_needs_it() {
    let world = World::new();
    let run = run_steps(
        &world,
        "  - { id: bad, run: { capsule: nmap-parse, input: nonsense }, on_error: continue }\n  \
         - { id: needs-it, run: { capsule: echo, input: \"${{ steps.bad.output }}\" } }\n  \
         - { id: other, run: echo }\n  \
         - { id: later, run: { capsule: echo, input: \"${{ steps.bad.status }}\" } }\n",
    )
    .exits(50);
    let id = run_id(&run);
    let found = ["bad", "needs-it", "other", "later"].map(|step| state(&world, &id, step));
    assert_eq!(found, ["failed", "skipped", "ok", "ok"]);
}

#[test]
fn loops_keep_every_output() {
    let world = World::new();
    let run = run_steps(
        &world,
        "  - id: each\n    for_each: [a, b, c, d, e]\n    parallel: 3\n    do:\n      \
         - { id: say, run: { capsule: echo, input: \"${{ item }}${{ index }}\" } }\n  \
         - id: all\n    run: { capsule: echo, input: \"${{ steps.each.output.join(\\\",\\\") }}\" }\n  \
         - id: check\n    run: { capsule: hash, input: \"${{ steps.all.output }}\" }\n    when: steps.all.output == 'a0,b1,c2,d3,e4'\n",
    )
    .exits(0);
    let id = run_id(&run);
    assert_eq!(state(&world, &id, "check"), "ok");
    assert_eq!(state(&world, &id, "each[3].say"), "ok");
}

#[test]
fn an_expression_that_fails_says_where() {
    let world = World::new();
    let run = run_steps(
        &world,
        "  - { id: text, run: { capsule: echo, input: abc } }\n  - { id: bad, run: echo, when: steps.text.output > 3 }\n",
    )
    .exits(50);
    let shown = world
        .tenzik(["show", &run_id(&run), "--json"])
        .exits(0)
        .json();
    let message = shown["run"]["steps"][1]["message"].as_str().unwrap();
    assert!(message.contains("5:"), "{message}");
}

#[test]
fn pure_results_are_used_again_and_effects_are_not() {
    let world = World::new();
    let steps = "  - { id: a, run: { capsule: echo, input: one } }\n  - { id: b, run: { capsule: hash, input: \"${{ steps.a.output }}\" } }\n  - { id: dice, run: dice }\n";
    let reused = |run: &crate::world::Ended| -> Vec<String> {
        events(run)
            .iter()
            .filter(|event| event["event"] == "step_ended" && event["reused"] == true)
            .map(|event| event["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(reused(&run_steps(&world, steps).exits(0)), none);
    assert_eq!(reused(&run_steps(&world, steps).exits(0)), ["a", "b"]);
    let changed = steps.replace("input: one", "input: two");
    assert_eq!(reused(&run_steps(&world, &changed).exits(0)), none);
    // What was reused is told to people too.
    world.write("s.yaml", format!("version: 1\nname: test\nsteps:\n{steps}"));
    let told = world.tenzik(["scenario", "run", "s.yaml"]).exits(0);
    assert!(told.text().contains("reused"), "{}", told.text());
}

#[test]
fn what_is_not_granted_is_refused_and_in_the_journal() {
    let world = World::new();
    world.write(
        "p.toml",
        "version = 1\ngrants = []\n[[exec]]\nname = \"date\"\nprogram = \"/usr/bin/date\"\nargs = [\"{a}\"]\nread = [\"/usr\", \"/lib\", \"/lib64\"]\n[exec.holes.a]\ntype = \"enum\"\nvalues = [\"-u\"]\noption = true\n",
    );
    world.write(
        "s.yaml",
        "version: 1\nname: test\npolicies: { p: p.toml }\nvars: { flag: -R }\nsteps:\n  - { id: date, exec: [date, \"${{ vars.flag }}\"], grants: p }\n",
    );
    let run = world
        .tenzik(["scenario", "run", "s.yaml", "--json"])
        .exits(50);
    let ended = events(&run)
        .into_iter()
        .find(|event| event["event"] == "step_ended")
        .unwrap();
    assert_eq!(
        (ended["code"].as_str(), ended["exit"].as_u64()),
        (Some("exec_refused"), Some(30))
    );
    let journal = world.tenzik(["journal", "export", "--jsonl"]).exits(0);
    assert!(
        journal.text().contains("exec_refused"),
        "{}",
        journal.text()
    );
    world.tenzik(["journal", "verify"]).exits(0);
}

#[test]
fn receipts_of_jobs_verify() {
    let world = World::new();
    world.write(
        "p.toml",
        "version = 1\ngrants = []\n[[exec]]\nname = \"date\"\nprogram = \"/usr/bin/date\"\nargs = [\"-u\"]\nread = [\"/usr\", \"/lib\", \"/lib64\", \"/etc/ld.so.cache\"]\n",
    );
    world.write(
        "s.yaml",
        "version: 1\nname: test\npolicies: { p: p.toml }\nsteps:\n  - { id: date, exec: [date, -u], grants: p }\n",
    );
    let run = world
        .tenzik(["scenario", "run", "s.yaml", "--json"])
        .exits(0);
    let job = events(&run)
        .iter()
        .find_map(|event| event["job"].as_str().map(str::to_owned))
        .unwrap();
    let shown = world
        .tenzik(["job", "show", &job, "--json"])
        .exits(0)
        .json();
    world
        .tenzik(["job", "artifact", &job, "receipt.json", "-o", "r.json"])
        .exits(0);
    world.tenzik(["receipt", "verify", "r.json"]).exits(0);
    assert_eq!(
        shown["provenance"]["stages"][0]["processes"][0]["argv"][1]
            .as_str()
            .unwrap_or("-u"),
        "-u"
    );
}
