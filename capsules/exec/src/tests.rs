use std::string::String;
use std::vec;
use std::vec::Vec;

use scripted::{Processes, Scripted, ends, writes};
use tenzik_sdk::native::{Ending, Outcome};
use tenzik_sdk::{LogLevel, Status};

use super::*;

extern crate std;

const REQUEST: &str = r#"{"argv": ["tool", "--flag"]}"#;

fn run(request: &str, processes: &Processes) -> Outcome {
    let mut buffers = std::boxed::Box::new(Buffers {
        request: [0; REQUEST_BYTES],
        chunk: [0; CHUNK_BYTES],
    });
    processes.run(request).call(|| exec(&mut buffers))
}

fn failure(code: i32, message: &str) -> Ending {
    Ending::Failure {
        code,
        message: message.as_bytes().to_vec(),
    }
}

#[test]
fn output_is_passed_on_byte_for_byte() {
    let every: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 256) as u8)
        .collect();
    let processes = Processes::new([writes(&every)]);
    assert_eq!(run(REQUEST, &processes).into_output(), every);
    assert_eq!(processes.requests(), [REQUEST]);
}

#[test]
fn standard_error_is_the_log() {
    let process = ends(0, "first line\n\r\nsecond \u{e9} line\nunfinished");
    let outcome = run(REQUEST, &Processes::new([process]));
    assert_eq!(outcome.ending, Ending::Ok);
    let lines: Vec<&str> = outcome
        .log
        .iter()
        .map(|entry| entry.message.as_str())
        .collect();
    assert_eq!(lines, ["first line", "second \u{e9} line", "unfinished"]);
    assert!(
        outcome
            .log
            .iter()
            .all(|entry| entry.level == LogLevel::Warning)
    );
}

#[test]
fn a_flood_of_errors_is_cut_with_a_note() {
    for flood in [
        vec![b'e'; 1 << 20],
        b"e\n".repeat(1 << 19),
        b"\xff\n".repeat(1 << 19),
    ] {
        let process = Scripted {
            stderr: flood,
            ..writes("output")
        };
        let outcome = run(REQUEST, &Processes::new([process]));
        assert_eq!(outcome.ending, Ending::Ok);
        let logged: usize = outcome.log.iter().map(|entry| entry.message.len()).sum();
        assert!(logged < 20_000, "{logged}");
        let last = outcome.log.last().unwrap();
        assert_eq!(
            last.message,
            "standard error goes on; the rest is not logged"
        );
    }
}

#[test]
fn the_end_of_the_program_is_the_end_of_the_run() {
    let cases = [
        (1, 1, "the program ended with exit code 1: no such thing"),
        (
            255,
            255,
            "the program ended with exit code 255: no such thing",
        ),
        (
            256 + 9,
            265,
            "the program was ended by signal 9: no such thing",
        ),
        (
            Status::TimedOut.number(),
            1009,
            "the program passed its deadline",
        ),
        (
            Status::Exceeded.number(),
            1010,
            "the program wrote more than its rule allows",
        ),
    ];
    for (end, code, message) in cases {
        let process = ends(end, "\nno such thing\nmore\n");
        let outcome = run(REQUEST, &Processes::new([process]));
        assert_eq!(outcome.ending, failure(code, message));
    }
    let outcome = run(REQUEST, &Processes::new([ends(3, "")]));
    let expected = failure(3, "the program ended with exit code 3");
    assert_eq!(outcome.ending, expected);
}

#[test]
fn a_long_first_line_is_cut_in_the_message() {
    let outcome = run(REQUEST, &Processes::new([ends(1, "x".repeat(5_000))]));
    let message = String::from("the program ended with exit code 1: ") + &"x".repeat(256);
    assert_eq!(outcome.ending, failure(1, &message));
}

#[test]
fn endless_output_ends_with_the_limit_of_the_run() {
    let process = Scripted {
        endless: true,
        ..writes("y")
    };
    let outcome = run(REQUEST, &Processes::new([process]));
    let Ending::Fault { code, .. } = outcome.ending else {
        panic!("{:?}", outcome.ending);
    };
    assert_eq!(code, "output_exceeded");
}

#[test]
fn what_is_no_request_starts_nothing() {
    let long = std::format!("{{\"argv\":[\"{}\"]}}", "a".repeat(2 << 20));
    for request in [
        "",
        "{}",
        "[]",
        "tool",
        r#"{"argv":"tool"}"#,
        r#"{"argv":[]}"#,
        r#"{"argv":["tool",1]}"#,
        r#"{"argv":["tool"],"shell":true}"#,
        r#"{"argv":["tool"]}x"#,
        "{\"argv\":[\"a\nb\"]}",
        "{\"argv\":[\"a\0b\"]}",
        &long,
    ] {
        let processes = Processes::new([writes("started")]);
        let outcome = run(request, &processes);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{:?}",
            outcome.ending
        );
        assert!(processes.requests().is_empty() && outcome.output.is_empty());
    }
}

#[test]
fn too_many_processes_are_a_failure() {
    let outcome = run(REQUEST, &Processes::new([]));
    let expected = failure(1010, "the program needs more than the policy grants");
    assert_eq!(outcome.ending, expected);
}
