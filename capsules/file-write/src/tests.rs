use std::boxed::Box;
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;
use std::{format, vec};

use tenzik_sdk::native::{Ending, Outcome, Run};

use super::*;

extern crate std;

/// What the gate was asked for: each call with its numbers and bytes.
type Calls = Vec<(&'static str, Vec<i32>, Vec<u8>)>;

/// A run in which the call of `refused` ends with a status.
fn answered(input: &[u8], refused: &'static str, status: Status) -> (Outcome, Calls) {
    let calls = Arc::new(Mutex::new(Calls::new()));
    let seen = Arc::clone(&calls);
    let mut buffers = Box::new(Buffers {
        chunk: [0; CHUNK_BYTES],
        line: [0; CHUNK_BYTES],
        path: [0; PATH_BYTES],
    });
    let run_ = Run::new(input).effects(move |effect, _| {
        let bytes = effect.inputs.first().copied().unwrap_or_default();
        let call = (effect.function, effect.numbers.to_vec(), bytes.to_vec());
        seen.lock().unwrap().push(call);
        match effect.function {
            function if function == refused => status.number(),
            "file_create" => 7,
            _ => 0,
        }
    });
    let outcome = run_.call(|| run(&mut buffers));
    let calls = calls.lock().unwrap().clone();
    (outcome, calls)
}

fn input(first: &str, bytes: &[u8]) -> Vec<u8> {
    [first.as_bytes(), b"\n", bytes].concat()
}

const HEADER: &str = r#"{"path":"/srv/\u0061","mode":"replace"}"#;

#[test]
fn refusals_of_the_host_are_failures() {
    let cases = [
        (
            "file_create",
            Status::AlreadyExists,
            1008,
            "the file is there already",
        ),
        (
            "file_create",
            Status::NotFound,
            1007,
            "the file is not there",
        ),
        (
            "file_commit",
            Status::Io,
            1012,
            "the file failed in the system",
        ),
    ];
    for (refused, status, code, message) in cases {
        let (outcome, calls) = answered(&input(HEADER, b""), refused, status);
        let message = message.as_bytes().to_vec();
        assert_eq!(outcome.ending, Ending::Failure { code, message });
        assert!(outcome.output.is_empty());
        assert_eq!(calls.last().unwrap().0, refused);
    }
}

#[test]
fn modes_have_numbers() {
    for (mode, number) in [("replace", 0), ("new", 1), ("append", 2)] {
        let header = format!("{{\"mode\":\"{mode}\",\"path\":\"/srv/\\u0061\"}}");
        let (_, calls) = answered(&input(&header, b""), "file_create", Status::Io);
        assert_eq!(calls, [("file_create", vec![number], b"/srv/a".to_vec())]);
    }
}

#[test]
fn what_is_no_request_creates_nothing() {
    let long = format!(
        "{{\"path\":\"/{}\",\"mode\":\"new\"}}\n",
        "a".repeat(40_000)
    );
    let inputs: [&[u8]; 10] = [
        b"",
        b"{\"path\":\"/a\",\"mode\":\"new\"}",
        b"\n{\"path\":\"/a\",\"mode\":\"new\"}",
        b"{\"path\":\"/a\"}\n",
        b"{\"path\":\"/a\",\"mode\":\"other\"}\n",
        b"{\"path\":\"/a\",\"mode\":0}\n",
        b"{\"path\":\"/a\",\"mode\":\"new\",\"mode\":\"new\"}\n",
        b"{\"path\":\"/a\",\"mode\":\"new\",\"owner\":\"root\"}\n",
        b"{\"path\":\"/a\xff\",\"mode\":\"new\"}\n",
        long.as_bytes(),
    ];
    for input in inputs {
        let (outcome, calls) = answered(input, "", Status::Io);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{:?}",
            outcome.ending
        );
        assert!(calls.is_empty());
    }
}

/// Needs the `tenzik` command, which hashes.
#[test]
fn bytes_of_any_size_arrive() {
    let header_bytes = HEADER.len() + 1;
    let sizes = [
        0,
        1,
        CHUNK_BYTES - header_bytes,
        CHUNK_BYTES - header_bytes + 1,
        100_000,
    ];
    for size in sizes {
        let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        let (outcome, calls) = answered(&input(HEADER, &content), "", Status::Io);
        let written: Vec<u8> = calls
            .iter()
            .filter(|call| call.0 == "file_write")
            .flat_map(|call| call.2.clone())
            .collect();
        assert!(written == content, "{size}");
        assert_eq!(calls.last().unwrap().0, "file_commit");
        let output = String::from_utf8(outcome.into_output()).unwrap();
        let begin = format!(
            "{{\"path\":\"/srv/\\u0061\",\"mode\":\"replace\",\"bytes\":{size},\"blake3\":\""
        );
        let digest = output.strip_prefix(&begin).unwrap();
        assert_eq!(digest.len(), 64 + 3, "{output}");
    }
    let (outcome, calls) = answered(&input(HEADER, b"data"), "file_write", Status::Exceeded);
    assert!(matches!(outcome.ending, Ending::Failure { code: 1010, .. }));
    assert_eq!(calls.last().unwrap().0, "file_write");
}
