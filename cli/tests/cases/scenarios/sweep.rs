//! The sweep over several hosts, each in a network namespace of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::world::{World, ended, not_tested};

use super::examples;

/// Hosts 10.77.0.2 to 10.77.0.4 behind a bridge; the first listens on two ports, the second on none,
/// the third on one. Then the arguments are executed. Everything ends with the PID namespace.
const NETWORK: &str = r#"
set -e
mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
ip link add name br0 type bridge
ip addr add 10.77.0.1/24 dev br0
ip link set br0 up
for n in 2 3 4; do
  ip netns add h$n
  ip link add v$n type veth peer name e$n
  ip link set e$n netns h$n
  ip link set v$n master br0 up
  ip -n h$n addr add 10.77.0.$n/24 dev e$n
  ip -n h$n link set e$n up
done
listen() { ip netns exec h$1 python3 -c '
import socket, sys, time
kept = []
for port in sys.argv[2:]:
    s = socket.create_server(("0.0.0.0", int(port)))
    kept.append(s)
open(sys.argv[1], "w").close()
time.sleep(600)
' "$2" $3 & }
listen 2 "$READY/2" "8001 8003"
listen 4 "$READY/4" "8002"
while ! [ -e "$READY/2" ] || ! [ -e "$READY/4" ]; do sleep 0.05; done
exec "$@"
"#;

fn in_network(world: &World, arguments: &[&str]) -> Command {
    let tenzik = world.command(arguments);
    let script = world.write("network.sh", NETWORK);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["-rnmpf", "--kill-child", "bash"])
        .arg(script)
        .arg(tenzik.get_program())
        .args(arguments)
        .current_dir(world.path(""))
        .env("READY", world.path(""))
        .env("XDG_CONFIG_HOME", world.path("config"))
        .env("XDG_STATE_HOME", world.path("state"))
        .env("TENZIK_CODE_CACHE", "off");
    command
}

#[test]
fn several_hosts_are_swept_in_parallel() {
    let world = World::new();
    for tool in ["unshare", "ip", "nmap", "python3"] {
        if Command::new(tool).arg("--help").output().is_err() {
            return not_tested(&format!("{tool} is not installed"));
        }
    }
    let policy = fs::read_to_string(examples().join("nmap.toml")).unwrap();
    world.write(
        "nmap.toml",
        policy.replace("tcp:127.0.0.0/8", "tcp:10.77.0.0/24"),
    );
    fs::copy(examples().join("sweep.yaml"), world.path("sweep.yaml")).unwrap();
    let run = in_network(
        &world,
        &[
            "scenario",
            "run",
            "sweep.yaml",
            "--no-guard",
            "--json",
            // A busy machine would have jobs wait until none runs.
            "--var",
            "network=10.77.0.0/29",
            "--var",
            "ports=8001-8003",
        ],
    );
    let run = { run }.output().unwrap();
    let run = ended(run);
    if run.code != 0 && run.text().is_empty() && run.stderr.contains("Operation not permitted") {
        return not_tested("no user and network namespaces here");
    }
    let run = run.exits(0);
    let id = super::run_id(&run);
    let findings = world
        .tenzik(["report", &id, "--step", "findings", "--format", "json"])
        .exits(0);
    let findings: Value = findings.json();
    let rows = findings["rows"]
        .as_array()
        .unwrap_or_else(|| panic!("{findings}"));
    let mut open: Vec<String> = rows
        .iter()
        .filter(|row| row["state"] == "open")
        .map(|row| format!("{}:{}", row["host"].as_str().unwrap(), row["port"]))
        .collect();
    open.sort();
    assert_eq!(open, ["10.77.0.2:8001", "10.77.0.2:8003", "10.77.0.4:8002"]);
    for (format, part) in [
        ("html", "<!doctype html>"),
        ("sarif", "\"2.1.0\""),
        ("table", "10.77.0.4"),
    ] {
        let report = world
            .tenzik(["report", &id, "--step", "findings", "--format", format])
            .exits(0);
        assert!(report.text().contains(part), "{}", report.text());
    }
    // Six addresses, at most four at a time, and really some of them at the same time.
    let events = super::events(&run);
    let (mut running, mut most) = (0_i32, 0);
    for event in &events {
        match event["event"].as_str() {
            Some("step_started") => running += 1,
            Some("step_ended") => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    assert!((2..=4).contains(&most), "{most}");
    let scans = events.iter().filter(|event| event["event"] == "step_ended");
    let scans = scans.filter(|event| event["path"].as_str().unwrap().ends_with(".scan"));
    assert_eq!(scans.count(), 6);
}
