//! Scenarios through the command.

mod crash;
mod disk;
mod examples;
mod logs;
mod plan;
mod run;
mod stop;
mod sweep;

use std::process::Command;

use serde_json::Value;

use crate::world::{Ended, World, ended, repository};

/// The directory of example scenarios.
fn examples() -> std::path::PathBuf {
    repository().join("docs/examples")
}

/// The events of a run with `--json`.
fn events(run: &Ended) -> Vec<Value> {
    run.text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}\n{}", run.stderr)))
        .collect()
}

/// The id of the run.
fn run_id(run: &Ended) -> String {
    let events = events(run);
    let id = events.iter().find_map(|event| event["run"].as_str());
    id.unwrap_or_else(|| panic!("{events:?}")).to_owned()
}

/// What `tenzik show` says of the steps of a run: path, state.
fn states(world: &World, run: &str) -> Vec<(String, String)> {
    let shown = world.tenzik(["show", run, "--json"]).exits(0).json();
    let steps = shown["run"]["steps"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .iter()
        .map(|step| (text(&step["path"]), text(&step["state"])))
        .collect()
}

fn state(world: &World, run: &str, path: &str) -> String {
    let states = states(world, run);
    let found = states.iter().find(|(known, _)| known == path);
    found.unwrap_or_else(|| panic!("{states:?}")).1.clone()
}

/// A scenario with these steps, run with the event stream.
fn run_steps(world: &World, steps: &str) -> Ended {
    world.write("s.yaml", format!("version: 1\nname: test\nsteps:\n{steps}"));
    world.tenzik(["scenario", "run", "s.yaml", "--json"])
}

fn finished(mut command: Command) -> Ended {
    ended(command.output().unwrap())
}
