//! Streams: back-pressure, bounds, and what is kept.

use std::cell::Cell;
use std::fs;
use std::time::{Duration, Instant};

use tenzik_process::{Exit, Process, ProcessError, Stream, Written};

use crate::suite::Test;
use crate::support::{hostile, never, read_all, run, start};

pub const TESTS: &[Test] = &[
    ("streams::what_is_written_comes_back", echo),
    (
        "streams::both_streams_flooded_do_not_block_each_other",
        both,
    ),
    (
        "streams::caps_end_the_process_behind_the_last_byte_within",
        caps,
    ),
    ("streams::a_gigabyte_needs_no_memory", gigabyte),
    ("streams::what_is_kept_unread_is_bounded", kept),
    ("streams::what_nobody_reads_is_dropped_and_counted", dropped),
    (
        "streams::standard_input_is_bounded_and_may_be_closed",
        stdin,
    ),
    (
        "streams::a_process_that_never_reads_holds_nobody_longer_than_its_deadline",
        never_reads,
    ),
    ("streams::every_call_can_be_cancelled", cancelled),
];

fn echo() {
    let mut spec = hostile("cat", &[]);
    spec.stdin = true;
    let mut process = start(&spec).unwrap();
    let sent: Vec<u8> = (0..900_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    // More than the pipes hold: the echo is kept while it is written.
    assert_eq!(process.write(&sent, &never).unwrap(), Written::All);
    process.close_stdin();
    assert_eq!(read_all(&mut *process, Stream::Stdout), sent);
    assert_eq!(process.wait(&never).unwrap(), Exit::Code(0));
    assert_eq!(process.usage().stdin_bytes, sent.len() as u64);
    assert_eq!(process.write(b"late", &never).unwrap(), Written::Closed);
}

fn both() {
    let mut spec = hostile("both", &["5000000"]);
    spec.stderr_bytes_max = 64 << 20;
    for first in [Stream::Stdout, Stream::Stderr] {
        let mut process = start(&spec).unwrap();
        assert_eq!(read_all(&mut *process, first).len(), 5_000_000);
        let second = if first == Stream::Stdout {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        assert_eq!(read_all(&mut *process, second).len(), 5_000_000);
        assert_eq!(process.wait(&never).unwrap(), Exit::Code(0));
    }
}

fn caps() {
    for (stream, name) in [(Stream::Stdout, "stdout"), (Stream::Stderr, "stderr")] {
        for (bytes, end) in [
            ("100000", Exit::Code(0)),
            ("100001", Exit::Exceeded(stream)),
        ] {
            let mut spec = hostile("flood", &[name, bytes]);
            (spec.stdout_bytes_max, spec.stderr_bytes_max) = (100_000, 100_000);
            let mut process = start(&spec).unwrap();
            assert_eq!(read_all(&mut *process, stream).len(), 100_000);
            assert_eq!(process.wait(&never).unwrap(), end, "{name} {bytes}");
        }
        // Nobody reads: the bound holds all the same.
        let mut spec = hostile("flood", &[name, "1000000000000"]);
        (spec.stdout_bytes_max, spec.stderr_bytes_max) = (10_000_000, 10_000_000);
        let mut process = start(&spec).unwrap();
        assert_eq!(process.wait(&never).unwrap(), Exit::Exceeded(stream));
        let usage = process.usage();
        assert_eq!(usage.stdout_bytes + usage.stderr_bytes, 10_000_000);
        assert_eq!(
            usage.stdout_bytes_dropped + usage.stderr_bytes_dropped,
            10_000_000
        );
    }
}

fn gigabyte() {
    const GIGABYTE: u64 = 1 << 30;
    let mut spec = hostile("flood", &["stdout", &GIGABYTE.to_string()]);
    spec.stdout_bytes_max = GIGABYTE;
    let mut process = start(&spec).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let before = resident_bytes();
    let (mut total, mut most) = (0, 0);
    loop {
        let count = process.read(Stream::Stdout, &mut buffer, &never).unwrap();
        if count == 0 {
            break;
        }
        total += count as u64;
        if total % (64 << 20) == 0 {
            most = most.max(resident_bytes());
        }
    }
    assert_eq!(total, GIGABYTE);
    assert_eq!(process.wait(&never).unwrap(), Exit::Code(0));
    println!("    resident before {before}, at most {most} bytes");
    assert!(most < before + (4 << 20), "{before} {most}");
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn kept() {
    let mut spec = hostile("both", &["3000000"]);
    spec.stderr_bytes_max = 64 << 20;
    spec.buffer_bytes_max = 1 << 20;
    let mut process = start(&spec).unwrap();
    read_all(&mut *process, Stream::Stderr);
    assert_eq!(
        process.wait(&never).unwrap(),
        Exit::Exceeded(Stream::Stdout)
    );
}

fn dropped() {
    let mut process = start(&hostile("flood", &["stdout", "300000"])).unwrap();
    let mut some = [0; 1000];
    assert_eq!(
        process.read(Stream::Stdout, &mut some, &never).unwrap(),
        1000
    );
    assert_eq!(process.wait(&never).unwrap(), Exit::Code(0));
    let usage = process.usage();
    assert_eq!(
        (usage.stdout_bytes, usage.stdout_bytes_dropped),
        (300_000, 299_000)
    );
}

fn stdin() {
    let mut spec = hostile("cat", &[]);
    spec.stdin = true;
    spec.stdin_bytes_max = 10;
    let mut process = start(&spec).unwrap();
    assert_eq!(process.write(b"01234567", &never).unwrap(), Written::All);
    assert_eq!(process.write(b"890", &never).unwrap(), Written::Exceeded);
    assert_eq!(process.write(b"89", &never).unwrap(), Written::All);
    process.close_stdin();
    assert_eq!(read_all(&mut *process, Stream::Stdout), b"0123456789");
    drop(process);
    let mut spec = hostile("close_stdin", &[]);
    spec.stdin = true;
    let mut process = start(&spec).unwrap();
    let mut line = [0; 7];
    assert_eq!(process.read(Stream::Stdout, &mut line, &never).unwrap(), 7);
    assert_eq!(process.write(&[0; 1000], &never).unwrap(), Written::Closed);
    // Without a standard input it finds the end at once.
    assert_eq!(run(&hostile("cat", &[])).stdout, "");
}

fn never_reads() {
    let mut spec = hostile("never_reads", &[]);
    spec.stdin = true;
    spec.stdin_bytes_max = 1 << 30;
    spec.deadline = Duration::from_millis(300);
    let mut process = start(&spec).unwrap();
    let started = Instant::now();
    assert_eq!(
        process.write(&vec![0; 1 << 20], &never).unwrap(),
        Written::Closed
    );
    assert_eq!(process.wait(&never).unwrap(), Exit::TimedOut);
    println!(
        "    deadline 300 ms, dead after {} ms",
        started.elapsed().as_millis()
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

fn cancelled() {
    let mut spec = hostile("never_ends", &[]);
    spec.stdin = true;
    spec.stdin_bytes_max = 1 << 30;
    type Call = fn(&mut dyn Process, &dyn Fn() -> bool) -> Result<(), ProcessError>;
    let calls: [Call; 4] = [
        |process, given_up| {
            process
                .read(Stream::Stdout, &mut [0; 100], given_up)
                .map(drop)
        },
        |process, given_up| {
            process
                .read(Stream::Stderr, &mut [0; 100], given_up)
                .map(drop)
        },
        |process, given_up| process.write(&vec![0; 1 << 20], given_up).map(drop),
        |process, given_up| process.wait(given_up).map(drop),
    ];
    for call in calls {
        let mut process = start(&spec).unwrap();
        let looks = Cell::new(0);
        let given_up = || {
            looks.set(looks.get() + 1);
            looks.get() > 3
        };
        assert!(matches!(
            call(&mut *process, &given_up),
            Err(ProcessError::Cancelled)
        ));
    }
    assert!(matches!(
        crate::support::adapter_start_cancelled(&spec),
        Err(tenzik_process::StartError::Cancelled)
    ));
}
