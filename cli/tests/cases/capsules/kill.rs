//! The capsule kill.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};

use serde_json::json;

use super::{example, failed, program, refused, run};
use crate::world::World;

/// Field 22 of `/proc/PID/stat`, which counts from behind the name in parentheses.
fn start_of(child: &Child) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(19).unwrap().to_owned()
}

fn asked(child: &Child, start: &str, signal: &str) -> String {
    json!({ "pid": child.id(), "start": start, "signal": signal }).to_string()
}

/// A process of the program that the policy names is signalled, and no other.
#[test]
fn a_process_is_ended_by_its_identity() {
    let Some(sleep) = program("sleep") else {
        return;
    };
    let world = World::new();
    example(
        &world,
        "kill",
        &[("/usr/bin/sleep", sleep.to_str().unwrap())],
    );
    let mut child = Command::new(&sleep).arg("600").spawn().unwrap();
    let start = start_of(&child);

    refused(&world, "kill", asked(&child, &start, "STOP"));
    refused(&world, "kill", asked(&child, &start, "SIGTERM"));
    let ended = run(&world, "kill", asked(&child, "1", "TERM"));
    failed(ended, 1007, "the process is not there");
    let own = json!({ "pid": std::process::id(), "start": "1", "signal": "TERM" }).to_string();
    assert_ne!(run(&world, "kill", own).code, 0);
    assert!(child.try_wait().unwrap().is_none());

    let expected = json!({ "pid": child.id(), "signal": "TERM" });
    let ended = run(&world, "kill", asked(&child, &start, "TERM")).exits(0);
    assert_eq!(ended.json(), expected);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    let again = run(&world, "kill", asked(&child, &start, "TERM"));
    failed(again, 1007, "the process is not there");
}
