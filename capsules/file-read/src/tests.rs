use std::boxed::Box;
use std::format;

use tenzik_sdk::Status;
use tenzik_sdk::native::{Ending, Outcome, Run};

use super::*;

extern crate std;

/// A run in which the file `/srv/a "b"` is not there, and others neither.
fn answered(request: &str, status: Status) -> (Outcome, std::vec::Vec<u8>) {
    let asked = std::sync::Arc::new(std::sync::Mutex::new(std::vec::Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let mut buffers = Box::new(Buffers {
        request: [0; REQUEST_BYTES],
        path: [0; PATH_BYTES],
        chunk: [0; CHUNK_BYTES],
    });
    let run_ = Run::new(request).effects(move |effect, _| {
        assert_eq!(effect.function, "file_read");
        seen.lock()
            .unwrap()
            .extend_from_slice(effect.inputs.first().unwrap());
        status.number()
    });
    let outcome = run_.call(|| run(&mut buffers));
    let asked = asked.lock().unwrap().clone();
    (outcome, asked)
}

#[test]
fn the_path_is_decoded() {
    let request = r#"{"path":"/srv/\u00e9 \"b\"\\"}"#;
    let (outcome, asked) = answered(request, Status::NotFound);
    assert_eq!(asked, "/srv/\u{e9} \"b\"\\".as_bytes());
    let message = b"the file is not there".to_vec();
    let expected = Ending::Failure {
        code: 1007,
        message,
    };
    assert_eq!(outcome.ending, expected);
}

#[test]
fn what_the_system_refuses_is_a_failure() {
    let (outcome, _) = answered(r#"{"path":"/srv/a"}"#, Status::Io);
    assert!(matches!(outcome.ending, Ending::Failure { code: 1012, .. }));
}

#[test]
fn what_is_no_request_reads_nothing() {
    let long = format!("{{\"path\":\"/{}\"}}", "a".repeat(4_095));
    let longer = format!("{{\"path\":\"/{}\"}}", "a".repeat(2 << 20));
    for request in [
        "",
        "{}",
        "/srv/a",
        r#"{"path":1}"#,
        r#"{"path":["/a"]}"#,
        r#"{"path":"/a","path":"/b"}"#,
        r#"{"path":"/a","offset":1}"#,
        "{\"path\":\"/a\n\"}",
        &long,
        &longer,
    ] {
        let (outcome, asked) = answered(request, Status::Io);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{:?}",
            outcome.ending
        );
        assert!(asked.is_empty());
    }
}
