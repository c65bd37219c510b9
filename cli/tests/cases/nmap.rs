//! The main job: reports that nmap wrote, the reference, and reports that nobody should write.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{World, has, repository};

fn corpus(kind: &str) -> Vec<PathBuf> {
    let directory = repository().join("capsules/nmap-parse/tests").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "{} has {} files",
        directory.display(),
        files.len()
    );
    files
}

fn parse(world: &World, report: &Path) -> serde_json::Value {
    world
        .tenzik(["run", "nmap-parse", "--input", report.to_str().unwrap()])
        .exits(0)
        .json()
}

#[test]
fn good_reports() {
    let world = World::new();
    for path in corpus("ok") {
        let expected: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        assert_eq!(parse(&world, &path), expected, "{}", path.display());
    }
}

#[test]
fn bad_reports_fail_with_the_place() {
    let world = World::new();
    for path in corpus("bad") {
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let ended = world
            .tenzik(["run", "nmap-parse", "--input", path.to_str().unwrap()])
            .exits(20);
        assert!(
            ended.stderr.contains(expected.trim_end()),
            "{}: {}",
            path.display(),
            ended.stderr
        );
        assert!(
            expected.contains("at byte "),
            "{}: {expected}",
            path.display()
        );
    }
}

#[test]
fn a_truncated_report_is_never_accepted() {
    let world = World::new();
    let report = std::fs::read(repository().join("docs/examples/scan.xml")).unwrap();
    let end = report
        .windows(10)
        .rposition(|window| window == b"</nmaprun>")
        .unwrap()
        + 10;
    // Every cut inside the document; a coarser step keeps the test short.
    for cut in (0..end).step_by(41).chain(end - 12..end) {
        world.write("cut.xml", &report[..cut]);
        let ended = world
            .tenzik(["run", "nmap-parse", "--input", "cut.xml"])
            .exits(20);
        assert!(
            ended.stderr.contains("at byte "),
            "cut at {cut}: {}",
            ended.stderr
        );
    }
}

#[test]
fn nmap_itself() {
    if !has("nmap", "--version") || !has("python3", "--version") {
        return;
    }
    let world = World::new();
    // Two services that answer nothing, and a port where nobody is.
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = [
        first.local_addr().unwrap().port(),
        second.local_addr().unwrap().port(),
    ];
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let ports = format!("{},{},{closed}", open[0], open[1]);
    let report = world.path("scan.xml");
    let status = Command::new("nmap")
        .args([
            "-sT",
            "-n",
            "-p",
            &ports,
            "-oX",
            report.to_str().unwrap(),
            "127.0.0.1",
        ])
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let parsed = parse(&world, &report);
    let found = parsed["hosts"][0]["ports"].as_array().unwrap();
    let state = |port: u16| {
        found
            .iter()
            .find(|entry| entry["port"] == port)
            .map(|entry| entry["state"].clone())
    };
    assert_eq!(state(open[0]).unwrap(), "open");
    assert_eq!(state(open[1]).unwrap(), "open");
    assert_eq!(state(closed).unwrap(), "closed");
    assert_eq!(parsed["hosts"][0]["addresses"][0]["addr"], "127.0.0.1");
    assert_eq!(parsed["runstats"]["up"], 1);
    // The reference, which shares no code with the capsule.
    let reference = Command::new("python3")
        .arg(repository().join("capsules/nmap-parse/tests/reference.py"))
        .arg(&report)
        .output()
        .unwrap();
    assert!(
        reference.status.success(),
        "{}",
        String::from_utf8_lossy(&reference.stderr)
    );
    let expected: serde_json::Value = serde_json::from_slice(&reference.stdout).unwrap();
    assert_eq!(parsed, expected);
}

#[test]
fn a_hundred_megabytes_need_no_more_memory_than_one() {
    let world = World::new();
    let text = std::fs::read_to_string(repository().join("docs/examples/scan.xml")).unwrap();
    let start = text.find("<host ").unwrap();
    let end = text.find("<runstats").unwrap();
    let report = |bytes: usize| {
        let mut report = text[..start].to_owned();
        while report.len() < bytes {
            report.push_str(&text[start..end]);
        }
        report.push_str(&text[end..]);
        report
    };
    let run = |bytes: usize| {
        world.write("large.xml", report(bytes));
        let arguments = [
            "run",
            "nmap-parse",
            "--input",
            "large.xml",
            "--time",
            "300s",
            "--output",
            "large.json",
            "--json",
        ];
        let child = world
            .command(arguments)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        peak_memory(child)
    };
    // A short run may end between two looks at its peak: the largest of three is the peak.
    let small = [run(1 << 20), run(1 << 20), run(1 << 20)];
    let small_guest = small[0].0;
    let small_host = small.iter().map(|run| run.1).max().unwrap();
    let (large_guest, large_host) = run(100 << 20);
    assert_eq!(small_guest, large_guest, "guest memory");
    assert!(large_guest <= 2 * 65_536, "{large_guest}");
    assert!(
        large_host <= small_host + (1 << 20),
        "host memory: {large_host} for 100 MB, {small_host} for 1 MB"
    );
}

/// Guest memory from the usage, and peak resident memory of the process from the kernel.
fn peak_memory(mut child: std::process::Child) -> (u64, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stdout, &mut text).map(|_| text)
    });
    // The peak only grows, so the last look before the end is as good as any.
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak_of(&status).unwrap_or(peak);
        std::thread::yield_now();
    }
    assert!(child.wait().unwrap().success());
    let text = reader.join().unwrap().unwrap();
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    (object["usage"]["memory_bytes"].as_u64().unwrap(), peak)
}

/// None for a process that is ending: it has no memory any more.
fn peak_of(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
}
