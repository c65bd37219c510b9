//! Samples of recorded trees, whole and spoilt.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tenzik_telemetry::{Machine, Pressure, Sample, SamplerOptions};

pub(crate) fn tree(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/trees")
        .join(name)
}

pub(crate) fn options(root: &Path) -> SamplerOptions {
    SamplerOptions {
        root: root.to_owned(),
        ..SamplerOptions::new(std::env::temp_dir(), || 1_795_000_000_000)
    }
}

fn look(root: &Path) -> Sample {
    Machine::new(options(root)).look()
}

/// A copy that a test may spoil.
fn copy(name: &str) -> tempfile::TempDir {
    fn copied(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copied(&entry.path(), &target),
                false => drop(fs::copy(entry.path(), target).unwrap()),
            }
        }
    }
    let home = tempfile::tempdir().unwrap();
    copied(&tree(name), home.path());
    home
}

const FILES: [&str; 7] = [
    "stat",
    "meminfo",
    "loadavg",
    "pressure/cpu",
    "pressure/memory",
    "pressure/io",
    "self/status",
];

#[test]
fn a_recorded_machine_is_read() {
    let sample = look(&tree("plain"));
    assert_eq!(
        (sample.id, sample.at_ms, sample.window_ms),
        (1, 1_795_000_000_000, 0)
    );
    assert_eq!((sample.cpus, sample.load1), (Some(2), Some(1.25)));
    assert_eq!(sample.cpu_percent, None, "the first sample has no window");
    let memory = sample.memory.unwrap();
    assert_eq!(memory.total_bytes, 24_684_084 * 1024);
    assert!(!memory.is_control_group);
    let pressure = |some_avg10, full| {
        Some(Pressure {
            some_avg10,
            full_avg10: Some(full),
        })
    };
    assert_eq!(sample.cpu_pressure, pressure(12.34, 0.0));
    assert_eq!(sample.memory_pressure, pressure(1.5, 0.75));
    assert_eq!(sample.io_pressure, pressure(3.0, 2.0));
    let own = sample.own.unwrap();
    assert_eq!(
        (own.resident_bytes, own.resident_peak_bytes, own.threads),
        (40 << 20, 50 << 20, 7)
    );
    assert!(sample.disk.unwrap().total_bytes > 0);
}

#[test]
fn the_share_of_processors_is_over_the_window() {
    let home = copy("plain");
    let stat = home.path().join("proc/stat");
    let mut machine = Machine::new(options(home.path()));
    let cases = [
        ("cpu  100 0 100 800 0 0 0 0 0 0\n", None),
        // 30 of 100 ticks were used; waiting for disks is no use.
        ("cpu  120 0 105 860 10 0 5 0 0 0\n", Some(30.0)),
        // Nothing passed.
        ("cpu  120 0 105 860 10 0 5 0 0 0\n", None),
        // Idle time went back by a tick.
        ("cpu  220 0 105 859 10 0 5 0 0 0\n", Some(100.0)),
        // Everything went back.
        ("cpu  1 0 1 8 0 0 0 0 0 0\n", None),
        ("cpu  1 0 1 18 0\n", Some(0.0)),
        ("cpu  1 0\n", None),
        ("cpu  -1 0 1 18 0\n", None),
        ("cpu  18446744073709551615 1 1 18 0\n", None),
        ("cpu  18446744073709551614 0 0 1 0\n", None),
        ("", None),
    ];
    for (text, percent) in cases {
        fs::write(&stat, text).unwrap();
        assert_eq!(machine.look().cpu_percent, percent, "{text}");
    }
}

#[test]
fn the_lowest_limit_of_a_control_group_is_the_memory() {
    let memory = look(&tree("group")).memory.unwrap();
    assert!(memory.is_control_group);
    assert_eq!(memory.total_bytes, 1 << 30);
    // 768 MiB, of which 256 MiB of files can be dropped.
    assert_eq!(memory.available_bytes, 512 << 20);
    assert!((memory.used_percent() - 50.0).abs() < 1e-9);

    let memory = look(&tree("group1")).memory.unwrap();
    assert_eq!(
        (memory.total_bytes, memory.is_control_group),
        (2 << 30, true)
    );
    assert_eq!(memory.available_bytes, 1 << 30);
}

/// Values are there or not, never out of range, whatever a file says.
fn sane(sample: &Sample) {
    if let Some(memory) = sample.memory {
        assert!(memory.total_bytes > 0 && memory.available_bytes <= memory.total_bytes);
        assert!((0.0..=100.0).contains(&memory.used_percent()));
    }
    for pressure in [
        sample.cpu_pressure,
        sample.memory_pressure,
        sample.io_pressure,
    ] {
        let pressure = pressure.unwrap_or_default();
        assert!((0.0..=100.0).contains(&pressure.some_avg10), "{pressure:?}");
    }
    assert!(sample.load1.is_none_or(f64::is_finite));
    assert!(
        sample
            .cpu_percent
            .is_none_or(|share| (0.0..=100.0).contains(&share))
    );
}

#[test]
fn files_cut_at_every_byte_give_less() {
    let home = copy("plain");
    for name in FILES {
        let file = home.path().join("proc").join(name);
        let text = fs::read(&file).unwrap();
        for length in 0..text.len() {
            fs::write(&file, text.get(..length).unwrap()).unwrap();
            sane(&look(home.path()));
        }
        fs::write(&file, text).unwrap();
    }
}

#[test]
fn nonsense_gives_nothing() {
    let huge = "9".repeat(400);
    let nonsense: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("zeros", vec![0; 4096]),
        ("not UTF-8", vec![0xff; 4096]),
        ("lines", vec![b'\n'; 1 << 20]),
        ("huge", format!("cpu  {huge} 1 1 1\nMemTotal: {huge} kB\nMemAvailable: {huge} kB\nsome avg10={huge} avg60=0\nVmRSS: {huge} kB\nThreads: {huge}\n").into_bytes()),
        ("over the bits", b"cpu  1 1 1 18446744073709551616\nMemTotal: 18014398509481985 kB\nMemAvailable: 1 kB\nsome avg10=1e400\n".to_vec()),
        ("negative", b"-1 -1 -1\ncpu  -1 -1 -1 -1\nMemTotal: -5 kB\nMemAvailable: -5 kB\nsome avg10=-3.0\nVmRSS: -1 kB\nThreads: -1\n".to_vec()),
        ("no numbers", b"nan nan\ncpu  nan nan nan nan\nMemTotal: nan kB\nsome avg10=nan\n".to_vec()),
        ("other unit", b"MemTotal: 10 MB\nMemAvailable: 1 MB\nVmRSS: 1 GB\n".to_vec()),
    ];
    for (what, bytes) in nonsense {
        let home = copy("plain");
        for name in FILES {
            fs::write(home.path().join("proc").join(name), &bytes).unwrap();
        }
        let sample = look(home.path());
        sane(&sample);
        let read = (sample.memory, sample.cpu_pressure, sample.own, sample.load1);
        assert_eq!(read, (None, None, None, None), "{what}");
    }
}

#[test]
fn more_available_than_there_is_counts_as_all() {
    let home = copy("plain");
    let meminfo = home.path().join("proc/meminfo");
    fs::write(&meminfo, "MemTotal: 10 kB\nMemAvailable: 99 kB\n").unwrap();
    assert!(look(home.path()).memory.unwrap().used_percent().abs() < f64::EPSILON);
    fs::write(&meminfo, "MemTotal: 0 kB\nMemAvailable: 0 kB\n").unwrap();
    assert_eq!(look(home.path()).memory, None);
    // Without an estimate of the kernel.
    fs::write(
        &meminfo,
        "MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 15 kB\n",
    )
    .unwrap();
    assert!((look(home.path()).memory.unwrap().used_percent() - 70.0).abs() < 1e-9);
}

#[test]
fn a_machine_without_files_says_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut options = options(home.path());
    options.state_directory = home.path().join("missing");
    let sample = Machine::new(options).look();
    let nothing = Sample {
        id: 1,
        at_ms: sample.at_ms,
        ..Sample::default()
    };
    assert_eq!(sample, nothing);
    assert_eq!(sample.to_json()["memory"], serde_json::Value::Null);
}

#[test]
fn what_is_no_file_holds_nothing_up() {
    let home = copy("plain");
    let proc = home.path().join("proc");
    for name in ["stat", "meminfo", "loadavg"] {
        fs::remove_file(proc.join(name)).unwrap();
    }
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        proc.join("stat"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    );
    made.unwrap();
    fs::create_dir(proc.join("meminfo")).unwrap();
    symlink("loadavg", proc.join("loadavg")).unwrap();
    let sample = look(home.path());
    assert_eq!(
        (sample.cpus, sample.memory, sample.load1),
        (None, None, None)
    );
    assert!(sample.cpu_pressure.is_some());
}

/// The path of a control group is no way out of the tree, and thousands of levels are not walked.
#[test]
fn paths_of_control_groups_stay_inside() {
    for path in ["/../../../outer", &"/deep".repeat(800), "//outer//./x"] {
        let home = copy("group");
        fs::write(home.path().join("proc/self/cgroup"), format!("0::{path}\n")).unwrap();
        let memory = look(home.path()).memory.unwrap();
        assert_eq!(memory.is_control_group, path.contains("outer"), "{path}");
    }
}

#[test]
fn the_json_of_a_sample() {
    let mut sample = look(&tree("plain"));
    sample.disk = None;
    let expected = serde_json::json!({
        "id": 1, "at_ms": 1_795_000_000_000_u64, "window_ms": 0, "cpu_percent": null, "cpus": 2,
        "load1": 1.25,
        "memory": {
            "total_bytes": 25_276_502_016_u64, "available_bytes": sample.memory.unwrap().available_bytes,
            "used_percent": sample.to_json()["memory"]["used_percent"], "control_group": false,
        },
        "pressure": {
            "cpu": {"some_avg10": 12.34, "full_avg10": 0.0},
            "memory": {"some_avg10": 1.5, "full_avg10": 0.75},
            "io": {"some_avg10": 3.0, "full_avg10": 2.0},
        },
        "disk": null,
        "own": {"resident_bytes": 41_943_040, "resident_peak_bytes": 52_428_800, "threads": 7},
    });
    assert_eq!(sample.to_json(), expected);
}
