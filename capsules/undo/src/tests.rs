use tenzik_sdk::Status;
use tenzik_sdk::native::{Ending, Outcome, Run};

use super::*;

extern crate std;

fn answered(request: &str, number: i32) -> Outcome {
    let run = Run::new(request).effects(move |effect, _| {
        assert_eq!(
            (effect.function, effect.inputs),
            ("file_undo", &[b"0a1b".as_slice()][..])
        );
        number
    });
    run.call(undo)
}

#[test]
fn a_run_is_undone() {
    let output = answered(r#"{"run":"0a\u0031b"}"#, 0).into_output();
    assert_eq!(output, b"{\"undone\":\"0a\\u0031b\"}\n");
}

#[test]
fn what_cannot_be_undone_is_a_failure() {
    for (status, expected) in [(Status::NotFound, 1007), (Status::Io, 1012)] {
        let outcome = answered(r#"{"run":"0a1b"}"#, status.number());
        let Ending::Failure { code, .. } = outcome.ending else {
            panic!("{:?}", outcome.ending);
        };
        assert_eq!(code, expected);
        assert!(outcome.output.is_empty());
    }
}

#[test]
fn what_is_no_request_undoes_nothing() {
    let long = std::format!("{{\"run\":\"{}\"}}", "a".repeat(257));
    for request in [
        "",
        "{}",
        "0a1b",
        r#"{"run":1}"#,
        r#"{"run":"0a1b","force":true}"#,
        &long,
    ] {
        let outcome = answered(request, 0);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{request}"
        );
    }
}
