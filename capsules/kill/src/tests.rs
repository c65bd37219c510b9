use tenzik_sdk::Status;
use tenzik_sdk::native::{Ending, Outcome, Run};

use super::*;

extern crate std;

const REQUEST: &str = r#"{"pid":4711,"start":"987654","signal":"TERM"}"#;

fn answered(request: &str, number: i32) -> Outcome {
    let run = Run::new(request).effects(move |effect, _| {
        assert_eq!(effect.function, "process_signal");
        assert_eq!(effect.inputs, [REQUEST.as_bytes()]);
        number
    });
    run.call(kill)
}

#[test]
fn a_signal_is_sent() {
    let output = answered(REQUEST, 0).into_output();
    assert_eq!(output, b"{\"pid\":4711,\"signal\":\"TERM\"}\n");
}

#[test]
fn a_process_that_is_gone_is_a_failure() {
    let outcome = answered(REQUEST, Status::NotFound.number());
    let message = b"the process is not there".to_vec();
    assert_eq!(
        outcome.ending,
        Ending::Failure {
            code: 1007,
            message
        }
    );
}

#[test]
fn what_is_no_request_signals_nothing() {
    for request in [
        "",
        "{}",
        "4711",
        r#"{"pid":"4711","start":"987654","signal":"TERM"}"#,
        r#"{"pid":-1,"start":"987654","signal":"TERM"}"#,
        r#"{"pid":4711,"signal":"TERM"}"#,
        r#"{"pid":4711,"start":987654,"signal":"TERM"}"#,
        r#"{"pid":4711,"start":"987654","signal":15}"#,
        r#"{"pid":4711,"start":"987654","signal":"TERM","all":true}"#,
    ] {
        let outcome = answered(request, 0);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{request}"
        );
    }
}
