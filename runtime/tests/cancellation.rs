//! Ending a run from another thread.

use std::io;
use std::sync::mpsc::{Sender, channel};

use tenzik_runtime::{CancelToken, FaultCode, Input, InputStream, Limits, Outcome, Policy, Status};

use crate::world::{request, run_request, wasm};

/// Empty, and tells when it is read.
struct Telling(Sender<()>);

impl InputStream for Telling {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let _ = self.0.send(());
        Ok(0)
    }
}

/// A capsule that reads its input, so that the test knows it runs, and then does this for ever.
fn endless(body: &str) -> Vec<u8> {
    wasm(&format!(
        r#"(module
            (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
            (memory (export "memory") 1)
            (func (export "run") (result i32)
                (drop (call $read (i32.const 0) (i32.const 1)))
                (loop $for_ever {body} (br $for_ever))
                (i32.const 0)))"#
    ))
}

/// An hour of everything: only cancellation ends the run.
fn patient() -> Policy {
    let policy = Policy::default();
    let limits = Limits {
        fuel_base: 1 << 60,
        host_calls_base: 1 << 40,
        wall_us_base: 3_600_000_000,
        ..policy.limits
    };
    Policy { limits, ..policy }
}

fn cancelled_while_running(body: &str) -> Outcome {
    let bytes = endless(body);
    let (sender, reading) = channel();
    let cancel = CancelToken::new();
    let mut request = request(Input::Stream(Box::new(Telling(sender))));
    request.cancel = Some(cancel.clone());
    std::thread::scope(|scope| {
        let run = scope.spawn(|| run_request(&bytes, &patient(), request));
        reading.recv().unwrap();
        cancel.cancel();
        run.join().unwrap()
    })
}

fn assert_cancelled(outcome: &Outcome) {
    let Status::Fault(fault) = &outcome.status else {
        panic!("{:?}", outcome.status)
    };
    assert_eq!(fault.code, FaultCode::Cancelled);
    assert!(fault.machine_bound());
}

#[test]
fn a_loop_without_calls_is_cancelled() {
    assert_cancelled(&cancelled_while_running(""));
}

#[test]
fn a_loop_of_host_calls_is_cancelled() {
    assert_cancelled(&cancelled_while_running("(drop (call $time_now_ms))"));
}

#[test]
fn a_run_cancelled_before_it_starts_makes_no_host_call() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let (sender, reading) = channel();
    let mut request = request(Input::Stream(Box::new(Telling(sender))));
    request.cancel = Some(cancel);
    assert_cancelled(&run_request(&endless(""), &patient(), request));
    assert!(reading.recv().is_err());
}

#[test]
fn a_token_cancels_only_the_runs_that_have_it() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let short = wasm(
        r#"(module (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (drop (call $time_now_ms)) (i32.const 0)))"#,
    );
    let mut with = request(Input::empty());
    with.cancel = Some(cancel);
    assert_cancelled(&run_request(&short, &Policy::default(), with));
    assert_eq!(
        run_request(&short, &Policy::default(), request(Input::empty())).status,
        Status::Ok
    );
}
