//! Every oracle over its seeds, over changes of them, and over all inputs that the tree keeps.

use std::fs;
use std::path::Path;

use tenzik_oracles::{Dice, ORACLES, Oracle, executable_seed, executed, mutated, seeds};

/// Runs an oracle over its seeds and `rounds` inputs made from them.
fn run(name: &str, rounds: u64) {
    let oracle = named(name);
    let seeds = seeds(name);
    for seed in &seeds {
        (oracle.check)(seed);
    }
    let mut dice = Dice::new(1);
    for _ in 0..rounds {
        (oracle.check)(&mutated(&mut dice, &seeds));
    }
}

fn named(name: &str) -> &'static Oracle {
    ORACLES.iter().find(|oracle| oracle.name == name).unwrap()
}

#[test]
fn validator() {
    run("validator", 20_000);
}

#[test]
fn manifest() {
    run("manifest", 20_000);
}

#[test]
fn policy() {
    run("policy", 5_000);
}

#[test]
fn receipt() {
    run("receipt", 5_000);
}

#[test]
fn signature() {
    run("signature", 3_000);
}

#[test]
fn nmap() {
    run("nmap", 2_000);
}

#[test]
fn json_path() {
    run("json_path", 10_000);
}

#[test]
fn execute() {
    let ran = (1..=60).filter(|seed| executed(&executable_seed(*seed)));
    let ran = ran.count();
    println!("{ran} of 60 modules ran");
    assert!(ran > 30, "hardly a module is accepted");
}

/// What fuzzing kept: a small set of inputs that reaches much, and those that once broke a promise.
#[test]
fn kept_inputs() {
    for folder in ["corpus", "regressions"] {
        for oracle in ORACLES {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(folder)
                .join(oracle.name);
            // A folder is there once there is something to keep.
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                (oracle.check)(&fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }
}
