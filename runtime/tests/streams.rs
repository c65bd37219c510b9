//! Inputs and outputs outside of memory.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tenzik_runtime::{
    EngineFailure, FaultCode, Input, InputStream, Limits, Output, OutputStream, Policy, Status,
};

use crate::fixture;
use crate::world::{Unsized, pooled, request, run, run_request, wasm};

/// Longer than the wall limit of the runs that wait.
const WAIT: Duration = Duration::from_millis(700);
const WALL_US: u64 = 600_000;

fn echo() -> Vec<u8> {
    wasm(&std::fs::read_to_string(&fixture::named("ok/echo").path).unwrap())
}

/// `size` bytes that nobody keeps.
struct Zeros {
    left: usize,
}

impl InputStream for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.left.min(buffer.len());
        buffer[..count].fill(0);
        self.left -= count;
        Ok(count)
    }
}

/// Counts what is written.
struct Counter(Arc<Mutex<u64>>);

impl OutputStream for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        *self.0.lock().unwrap() += bytes.len() as u64;
        Ok(())
    }
}

#[test]
fn a_hundred_megabytes_go_through_one_page() {
    const SIZE: usize = 100_000_000;
    let written = Arc::new(Mutex::new(0));
    let mut request = request(Input::Stream(Box::new(Zeros { left: SIZE })));
    request.output = Output::Stream(Box::new(Counter(Arc::clone(&written))));
    request.commit = true;
    let policy = Policy::default();
    let patient = Limits {
        wall_us_base: 60_000_000,
        ..policy.limits
    };
    let outcome = run_request(
        &echo(),
        &Policy {
            limits: patient,
            ..policy
        },
        request,
    );
    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(outcome.usage.memory_bytes, 65_536);
    assert_eq!(
        (outcome.usage.input_bytes, outcome.usage.output_bytes),
        (SIZE as u64, SIZE as u64)
    );
    assert_eq!(*written.lock().unwrap(), SIZE as u64);
    assert!(outcome.output.is_empty());
    let commitments = outcome.commitments.unwrap();
    assert!(commitments.input_complete);
    assert_eq!(commitments.input, commitments.output);
}

/// Gives its bytes after some time.
struct Late {
    /// Never sent to: waiting for it is what takes the time.
    never: Receiver<()>,
    waits: bool,
    left: usize,
}

impl Late {
    fn input(waits: bool) -> (Input, Sender<()>) {
        let (sender, never) = channel();
        (
            Input::Stream(Box::new(Late {
                never,
                waits,
                left: 3,
            })),
            sender,
        )
    }
}

impl InputStream for Late {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        while self.left > 0 && since.elapsed() < WAIT {
            let _ = self.never.recv_timeout(WAIT);
        }
        let count = self.left.min(buffer.len());
        buffer[..count].fill(b'x');
        self.left -= count;
        Ok(count)
    }

    fn waits(&self) -> bool {
        self.waits
    }
}

#[test]
fn waiting_for_others_is_not_charged() {
    let policy = Policy::default();
    let limits = Limits {
        wall_us_base: WALL_US,
        wall_us_per_input_mib: 0,
        ..policy.limits
    };
    let policy = Policy { limits, ..policy };
    let (input, _sender) = Late::input(true);
    let outcome = run(&echo(), &policy, input);
    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(outcome.output, b"xxx");
    assert!(outcome.usage.io_wait_us >= WALL_US);
    assert!(outcome.usage.wall_us < WALL_US);

    let (input, _sender) = Late::input(false);
    let outcome = run(&echo(), &policy, input);
    assert!(
        matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::TimeExceeded),
        "{:?}",
        outcome.status
    );
    assert_eq!(outcome.usage.io_wait_us, 0);
}

/// Fails after some bytes, or is interrupted before each.
struct Faulty {
    good: usize,
    interrupted: bool,
    error: Option<io::ErrorKind>,
}

impl InputStream for Faulty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match (self.good, self.error) {
            (0, Some(kind)) => Err(kind.into()),
            (0, None) => Ok(0),
            _ => {
                self.good -= 1;
                buffer[0] = b'g';
                Ok(1)
            }
        }
    }
}

#[test]
fn an_interrupted_read_is_repeated() {
    let input = Input::Stream(Box::new(Faulty {
        good: 5,
        interrupted: false,
        error: None,
    }));
    assert_eq!(run(&echo(), &Policy::default(), input).output, b"ggggg");
}

#[test]
fn an_input_that_breaks_says_nothing_about_the_capsule() {
    let policy = Policy::default();
    let examination = pooled().examine(&echo(), &policy);
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = pooled().prepare(capsule).unwrap();
    let broken = Faulty {
        good: 5,
        interrupted: false,
        error: Some(io::ErrorKind::BrokenPipe),
    };
    let failure = pooled()
        .execute(&prepared, permit, request(Input::Stream(Box::new(broken))))
        .unwrap_err();
    let EngineFailure::Input { source, .. } = failure else {
        panic!("{failure}")
    };
    assert_eq!(source.kind(), io::ErrorKind::BrokenPipe);
}

/// Breaks with the first byte.
struct Full;

impl OutputStream for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn an_output_that_breaks_says_nothing_about_the_capsule() {
    let policy = Policy::default();
    let examination = pooled().examine(&echo(), &policy);
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = pooled().prepare(capsule).unwrap();
    let mut request = request(Input::from(b"abc".as_slice()));
    request.output = Output::Stream(Box::new(Full));
    let failure = pooled().execute(&prepared, permit, request).unwrap_err();
    let EngineFailure::Output { offset: 0, source } = failure else {
        panic!("{failure}")
    };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
}

/// What is committed to is what was read, or all of it when that is asked for.
#[test]
fn commitments_cover_the_input() {
    let reads_four = wasm(
        r#"(module (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (i32.sub (call $read (i32.const 0) (i32.const 4)) (i32.const 4))))"#,
    );
    let bytes = b"abcdefgh";
    let commit = |input: Input, whole: bool| {
        let mut request = request(input);
        request.commit = true;
        request.commit_whole_input = whole;
        let commitments = run_request(&reads_four, &Policy::default(), request)
            .commitments
            .unwrap();
        (
            commitments.input,
            commitments.input_complete,
            commitments.input_bytes,
        )
    };
    let digest = |bytes: &[u8]| *blake3::hash(bytes).as_bytes();
    assert_eq!(
        commit(Input::from(bytes.as_slice()), false),
        (digest(bytes), true, 8)
    );
    assert_eq!(
        commit(Unsized::input(bytes), false),
        (digest(b"abcd"), false, 4)
    );
    assert_eq!(
        commit(Unsized::input(bytes), true),
        (digest(bytes), true, 8)
    );
}
