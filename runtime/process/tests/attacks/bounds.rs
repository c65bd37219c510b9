//! Bounds of time, memory, processes and files, and the end of whole trees.

use std::fs;
use std::time::{Duration, Instant};

use tenzik_process::{Exit, Stream};

use crate::suite::Test;
use crate::support::{eventually, hostile, marker, never, open_directory, run, start, survivors};

pub const TESTS: &[Test] = &[
    ("bounds::four_gigabytes_are_refused", four_gigabytes),
    ("bounds::processes_and_threads_are_bounded", processes),
    ("bounds::limits_are_what_was_asked", limits),
    ("bounds::files_and_the_private_tmp_are_bounded", files),
    (
        "bounds::a_process_that_never_ends_dies_at_its_deadline",
        deadline,
    ),
    ("bounds::a_fork_bomb_dies_whole", fork_bomb),
    ("bounds::hoppers_die_whole", hoppers),
    (
        "bounds::what_a_program_leaves_behind_dies_with_it",
        left_behind,
    ),
    ("bounds::kill_and_drop_leave_nobody", kill_and_drop),
];

fn four_gigabytes() {
    assert_eq!(
        run(&hostile("allocate", &["4294967296"])).stdout,
        "refused\n"
    );
    assert_eq!(
        run(&hostile("allocate", &["1000000"])).stdout,
        "allocated 1000000\n"
    );
}

fn processes() {
    let mut spec = hostile("threads", &[]);
    spec.processes_max = 5;
    // The first one is the program itself.
    assert_eq!(run(&spec).stdout, "started 4\n");
}

fn limits() {
    let mut spec = hostile("limits", &[]);
    (spec.memory_bytes_max, spec.processes_max) = (700 << 20, 7);
    (spec.descriptors_max, spec.file_bytes_max) = (99, 12345);
    assert_eq!(
        run(&spec).stdout,
        "address_space=734003200/734003200 processes=8/8 descriptors=99/99 core=0/0 file=12345/12345\n"
    );
}

fn files() {
    let directory = open_directory();
    let path = directory.path().join("file");
    let mut spec = hostile("fill", &[path.to_str().unwrap()]);
    spec.write = vec![directory.path().to_owned()];
    spec.file_bytes_max = 1 << 20;
    assert_eq!(run(&spec).stdout, "filled 1048576\n");
    assert_eq!(fs::metadata(&path).unwrap().len(), 1 << 20);
    let mut spec = hostile("fill", &["/tmp/file"]);
    spec.tmp_bytes_max = 2 << 20;
    let filled: u64 = run(&spec)
        .stdout
        .trim()
        .strip_prefix("filled ")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1 << 20..=2 << 20).contains(&filled), "{filled}");
    assert!(!std::path::Path::new("/tmp/file").exists());
}

fn deadline() {
    let marker = marker();
    let mut spec = hostile("never_ends", &[&marker]);
    spec.deadline = Duration::from_millis(200);
    let started = Instant::now();
    let ran = run(&spec);
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (Exit::TimedOut, "waiting\n")
    );
    println!(
        "    deadline 200 ms, dead after {} ms",
        started.elapsed().as_millis()
    );
    assert_eq!(survivors(&marker), []);
}

fn fork_bomb() {
    let marker = marker();
    let mut spec = hostile("fork_bomb", &[&marker]);
    spec.deadline = Duration::from_millis(500);
    spec.processes_max = 64;
    let mut process = start(&spec).unwrap();
    eventually("the bomb", || survivors(&marker).len() >= 32);
    let most = survivors(&marker).len();
    assert_eq!(process.wait(&never).unwrap(), Exit::TimedOut);
    let left = survivors(&marker).len();
    println!("    {most} processes seen of 64 allowed, {left} survivors");
    // Init and, for a moment, the child that was refused its name carry the marker as well.
    assert!(most <= 70 && left == 0);
}

fn hoppers() {
    let (mut rounds, mut left) = (0, 0);
    for round in 0..15_u64 {
        let marker = marker();
        let mut process = start(&hostile("hoppers", &["9", &marker])).unwrap();
        let mut line = [0; 8];
        assert_eq!(process.read(Stream::Stdout, &mut line, &never).unwrap(), 8);
        eventually("nine hoppers", || survivors(&marker).len() >= 9);
        match round % 3 {
            0 => drop(process),
            1 => {
                process.kill();
                assert_eq!(process.wait(&never).unwrap(), Exit::Killed);
            }
            _ => {
                process.kill();
                drop(process);
            }
        }
        rounds += 1;
        left += survivors(&marker).len();
    }
    println!("    {rounds} trees of 9 hoppers, {left} survivors");
    assert_eq!(left, 0);
}

fn left_behind() {
    let marker = marker();
    let ran = run(&hostile("daemon", &[&marker]));
    assert_eq!((ran.exit, ran.stdout.as_str()), (Exit::Code(0), "left\n"));
    assert_eq!(survivors(&marker), []);
}

fn kill_and_drop() {
    let marker = marker();
    let processes: Vec<_> = (0..8)
        .map(|_| start(&hostile("never_ends", &[&marker])).unwrap())
        .collect();
    assert!(survivors(&marker).len() >= 8);
    drop(processes);
    assert_eq!(survivors(&marker), []);
}
