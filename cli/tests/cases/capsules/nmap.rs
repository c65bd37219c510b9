//! The capsule nmap-scan.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{example, failed, program, refused, run};
use crate::world::World;

/// A world with the example, changed.
pub(super) fn with_example(changes: &[(&str, &str)]) -> Option<World> {
    let nmap = program("nmap")?;
    let world = World::new();
    let mut all = vec![("/usr/bin/nmap", nmap.to_str().unwrap())];
    all.extend(changes);
    example(&world, "nmap", &all);
    Some(world)
}

pub(super) fn listener(address: &str) -> (TcpListener, u16) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

pub(super) fn request(target: &str, ports: &str) -> String {
    json!({ "target": target, "ports": ports }).to_string()
}

/// The findings are those of nmap outside of any isolation, read by nmap-parse.
#[test]
fn it_finds_what_nmap_finds() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    let (first, second) = (listener("127.0.0.1"), listener("127.0.0.1"));
    let closed = listener("127.0.0.1").1;
    let ports = format!("{},{},{closed}", first.1, second.1);
    let found = run(&world, "nmap-scan", request("127.0.0.1", &ports)).exits(0);
    let found = found.json();

    let report = world.path("scan.xml");
    let status = Command::new("nmap")
        .args(["-sT", "-n", "-Pn", "--unprivileged", "-p", &ports, "-oX"])
        .arg(&report)
        .arg("127.0.0.1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let parsed = world
        .tenzik(["run", "nmap-parse", "--input", report.to_str().unwrap()])
        .exits(0)
        .json();
    assert_eq!(found["hosts"], parsed["hosts"]);
    assert_eq!(found["runstats"], parsed["runstats"]);
    let open = |value: &Value| value["state"] == "open";
    let listed = found["hosts"][0]["ports"].as_array().unwrap();
    assert_eq!(listed.iter().filter(|port| open(port)).count(), 2);
}

#[test]
fn several_targets_are_one_scan() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    let (_there, port) = listener("127.0.0.2");
    let input = json!({ "targets": ["127.0.0.1", "127.0.0.2"], "ports": port.to_string() });
    let found = run(&world, "nmap-scan", input.to_string()).exits(0).json();
    let states: Vec<&Value> = found["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| &host["ports"][0]["state"])
        .collect();
    assert_eq!(states, ["closed", "open"]);
}

#[test]
fn hostile_values_start_nothing() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    for value in [
        "127.0.0.1;id",
        "-oN /etc/x",
        "-oN",
        "--script=x",
        "$(id)",
        "`id`",
        "127.0.0.1\n-oN",
        "127.0.0.1\0",
        "",
        " 127.0.0.1",
        "127.0.0.1 127.0.0.2",
        "\u{661}\u{662}\u{667}.0.0.1",
        "localhost",
        "127.1",
        "0x7f.0.0.1",
        "10.0.0.1",
        "0.0.0.0/0",
        "::1",
        "::ffff:127.0.0.1",
    ] {
        refused(&world, "nmap-scan", request(value, "1-1024"));
        refused(&world, "nmap-scan", request("127.0.0.1", value));
    }
    for ports in [
        "0", "65536", "-", "1-", "2-1", "T:80", "*", "http", "\u{661}", "01", "1,,2",
    ] {
        refused(&world, "nmap-scan", request("127.0.0.1", ports));
    }
    let long = request(&"1".repeat(2 << 20), "1");
    failed(
        run(&world, "nmap-scan", long),
        1000,
        "longer than 65536 bytes",
    );
    let long = request(&"1".repeat(60_000), "1");
    refused(&world, "nmap-scan", long);
}

#[test]
fn an_ungranted_target_gets_no_connection() {
    let Some(world) = with_example(&[("tcp:127.0.0.0/8", "tcp:127.0.0.1/32")]) else {
        return;
    };
    let (other, port) = listener("127.0.0.2");
    other.set_nonblocking(true).unwrap();
    for target in ["127.0.0.2", "127.0.0.0/8", "127.0.0.0/30"] {
        refused(&world, "nmap-scan", request(target, &port.to_string()));
    }
    assert_eq!(other.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    // The same from the template's side: what a rule admits, the broker still refuses.
    example(
        &world,
        "nmap",
        &[
            ("/usr/bin/nmap", program("nmap").unwrap().to_str().unwrap()),
            ("[\"tcp:127.0.0.0/8\"]", "[\"tcp:127.0.0.1/32\"]"),
            (
                "type = \"address\"",
                "type = \"enum\"\nvalues = [\"127.0.0.2\"]",
            ),
        ],
    );
    let found = run(&world, "nmap-scan", request("127.0.0.2", &port.to_string())).exits(0);
    assert_ne!(found.json()["hosts"][0]["ports"][0]["state"], "open");
    assert_eq!(other.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_scan_ends_at_its_deadline() {
    let Some(world) = with_example(&[("deadline = \"120s\"", "deadline = \"1s\"")]) else {
        return;
    };
    let ended = run(&world, "nmap-scan", request("127.0.0.0/24", "1-65535"));
    failed(ended, 1009, "nmap passed its deadline");
}

#[test]
fn a_report_over_the_cap_of_the_rule_is_none() {
    let small = "deadline = \"120s\"\nstdout_bytes = 600";
    let Some(world) = with_example(&[("deadline = \"120s\"", small)]) else {
        return;
    };
    let ended = run(&world, "nmap-scan", request("127.0.0.1", "1-8"));
    failed(ended, 1010, "nmap wrote more than its rule allows");
}

/// A program that writes no report.
#[test]
fn another_program_is_no_nmap() {
    let Some(echo) = program("echo") else { return };
    let Some(world) = with_example(&[]) else {
        return;
    };
    let changes = [("/usr/bin/nmap", echo.to_str().unwrap())];
    example(&world, "nmap", &changes);
    let ended = run(&world, "nmap-scan", request("127.0.0.1", "1"));
    failed(
        ended,
        1001,
        "the report of nmap: content outside root at byte 0",
    );
}
