//! Calls with an effect, as the engine passes them to a gate that a test scripts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenzik_runtime::evidence::{Digest, Transcript};
use tenzik_runtime::gate::{
    Gate, GateCall, GateHalt, GateReply, GateReport, Recorder, Refused, Tape,
};
use tenzik_runtime::{
    Capability, EngineFailure, FaultCode, HOST_FUNCTIONS, Input, Limits, Outcome, Policy, Status,
};

use crate::world::{pooled, request, run_request, wasm};

/// One call as the gate saw it: function, numbers, inputs, length of the buffer.
type Seen = (String, Vec<i32>, Vec<Vec<u8>>, usize);

type Answer = Box<dyn FnMut(&GateCall<'_>, &mut [u8]) -> Result<GateReply, GateHalt> + Send>;

/// Answers as the test says, and keeps what it was asked.
struct Scripted {
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Answer,
}

impl Gate for Scripted {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let inputs = call.inputs.iter().map(|input| input.to_vec()).collect();
        self.seen.lock().unwrap().push((
            call.function.to_owned(),
            call.numbers.to_vec(),
            inputs,
            buffer.len(),
        ));
        (self.answer)(call, buffer)
    }

    fn finish(&mut self) -> GateReport {
        GateReport {
            run_id: Some("run".to_owned()),
            transcript: Transcript::new().commit(),
            calls: 0,
            processes: Vec::new(),
            artifacts: Vec::new(),
            files_changed: 0,
            signals: Vec::new(),
            problems: Vec::new(),
        }
    }
}

fn everything() -> Policy {
    let policy = Policy::default();
    Policy {
        grants: Capability::ALL
            .into_iter()
            .fold(policy.grants, |grants, capability| grants.with(capability)),
        ..policy
    }
}

/// Runs `body` with every host function as `$NAME`, memory with `text` at 64 and this gate.
fn run(
    policy: &Policy,
    body: &str,
    answer: impl FnMut(&GateCall<'_>, &mut [u8]) -> Result<GateReply, GateHalt> + Send + 'static,
) -> (Outcome, Vec<Seen>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let gate = Scripted {
        seen: Arc::clone(&seen),
        answer: Box::new(answer),
    };
    let mut request = request(Input::empty());
    request.gate = Some(Box::new(Recorder::new(gate, None)));
    let outcome = run_request(&module(body), policy, request);
    let seen = seen.lock().unwrap().clone();
    (outcome, seen)
}

fn module(body: &str) -> Vec<u8> {
    let words = |word: &str, types: &[tenzik_runtime::WasmType]| match types {
        [] => String::new(),
        types => {
            let names: Vec<&str> = types.iter().map(|wasm_type| wasm_type.name()).collect();
            format!("({word} {})", names.join(" "))
        }
    };
    let imports: String = HOST_FUNCTIONS
        .iter()
        .filter(|row| body.contains(&format!("${} ", row.name)))
        .map(|row| {
            format!(
                "(import \"tenzik\" \"{0}\" (func ${0} {1} {2}))\n",
                row.name,
                words("param", row.wasm_parameters),
                words("result", row.wasm_results)
            )
        })
        .collect();
    wasm(&format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (data (i32.const 64) "the text")
            (func (export "run") (result i32) (local $count i32) {body}))"#
    ))
}

fn ok(number: i32) -> Result<GateReply, GateHalt> {
    Ok(GateReply::number(number))
}

#[test]
fn calls_reach_the_gate_with_their_numbers_and_bytes() {
    let body = "
        (drop (call $exec_start (i32.const 64) (i32.const 8)))
        (drop (call $exec_write (i32.const 1) (i32.const 68) (i32.const 4)))
        (drop (call $exec_close (i32.const 1)))
        (drop (call $exec_read (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 16)))
        (drop (call $exec_wait (i32.const 1)))
        (drop (call $file_create (i32.const 64) (i32.const 3) (i32.const 2)))
        (drop (call $file_write (i32.const 5) (i32.const 64) (i32.const 0)))
        (drop (call $file_commit (i32.const 5)))
        (drop (call $file_undo (i32.const 64) (i32.const 1)))
        (drop (call $process_signal (i32.const 64) (i32.const 2)))
        (drop (call $artifact_create (i32.const 64) (i32.const 3)))
        (drop (call $artifact_write (i32.const 6) (i32.const 64) (i32.const 8)))
        (drop (call $artifact_commit (i32.const 6)))
        (drop (call $secret_open (i32.const 64) (i32.const 3)))
        (call $exec_write_secret (i32.const 1) (i32.const 7) )";
    let (outcome, seen) = run(&everything(), body, |_, _| ok(0));
    assert_eq!(outcome.status, Status::Ok);
    let call = |name: &str, numbers: &[i32], inputs: &[&str], buffer: usize| -> Seen {
        let inputs = inputs.iter().map(|input| input.as_bytes().to_vec());
        (name.to_owned(), numbers.to_vec(), inputs.collect(), buffer)
    };
    let expected = [
        call("exec_start", &[], &["the text"], 0),
        call("exec_write", &[1], &["text"], 0),
        call("exec_close", &[1], &[], 0),
        call("exec_read", &[1, 2], &[], 16),
        call("exec_wait", &[1], &[], 0),
        call("file_create", &[2], &["the"], 0),
        call("file_write", &[5], &[""], 0),
        call("file_commit", &[5], &[], 0),
        call("file_undo", &[], &["t"], 0),
        call("process_signal", &[], &["th"], 0),
        call("artifact_create", &[], &["the"], 0),
        call("artifact_write", &[6], &["the text"], 0),
        call("artifact_commit", &[6], &[], 0),
        call("secret_open", &[], &["the"], 0),
        call("exec_write_secret", &[1, 7], &[], 0),
    ];
    assert_eq!(seen, expected);
    assert_eq!(outcome.effects.unwrap().calls, 15);
}

#[test]
fn what_a_process_wrote_reaches_the_capsule_and_raises_the_limits() {
    let body = "
        (local.set $count (call $exec_read (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 5)))
        (call $output_write (i32.const 0) (local.get $count) )
        (i32.const 0)";
    let (outcome, _) = run(&everything(), body, |_, buffer| {
        buffer[..3].copy_from_slice(b"abc");
        Ok(GateReply {
            number: 3,
            // What limits grow with are the bytes of the transcript, whatever a gate says.
            read_bytes: 1_000,
            waited_ns: 0,
        })
    });
    assert_eq!(outcome.status, Status::Ok);
    assert_eq!(outcome.output, b"abc");
    assert_eq!(outcome.usage.effect_bytes, 3);
    let limits = Limits::DEFAULT;
    assert_eq!(outcome.usage.fuel_granted, limits.fuel(3));
    assert!(limits.fuel(3) > limits.fuel(0));
}

#[test]
fn what_processes_wrote_counts_as_input() {
    let mut policy = everything();
    policy.limits.input_bytes_max = 10;
    let read = "(drop (call $exec_read (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 4)))";
    let twice = |_: &GateCall<'_>, _: &mut [u8]| {
        Ok(GateReply {
            number: 4,
            read_bytes: 4,
            waited_ns: 0,
        })
    };
    let (outcome, _) = run(&policy, &format!("{read}{read}(i32.const 0)"), twice);
    assert_eq!(outcome.status, Status::Ok);
    let (outcome, _) = run(&policy, &format!("{read}{read}{read}(i32.const 0)"), twice);
    assert!(
        matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::InputExceeded)
    );
}

#[test]
fn files_are_read_as_results_are() {
    let body = "
        (local.set $count (call $file_read (i32.const 64) (i32.const 8)))
        (local.set $count (call $result_read (local.get $count) (i32.const 0) (i32.const 64)))
        (call $output_write (i32.const 0) (local.get $count) )
        (i32.const 0)";
    let (outcome, seen) = run(&everything(), body, |call, buffer| match call.function {
        "file_read" => ok(41),
        _ => {
            buffer[..2].copy_from_slice(b"ok");
            ok(2)
        }
    });
    assert_eq!(outcome.output, b"ok");
    assert_eq!(seen[1], ("result_read".to_owned(), vec![41], vec![], 64));
    // The newest result alone can be read.
    let body = "
        (local.set $count (call $file_read (i32.const 64) (i32.const 8)))
        (drop (call $base64_encode (i32.const 64) (i32.const 8)))
        (call $result_read (local.get $count) (i32.const 0) (i32.const 64) )";
    let (outcome, seen) = run(&everything(), body, |_, _| ok(41));
    assert!(matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::BadHandle));
    assert_eq!(seen.len(), 1);
    // A status is no handle.
    let body = "(call $file_read (i32.const 64) (i32.const 8) )";
    let (outcome, _) = run(&everything(), body, |_, _| ok(-7));
    assert!(matches!(outcome.status, Status::Failure { code: -7, .. }));
}

#[test]
fn waiting_for_a_process_is_not_charged_to_the_wall_limit() {
    let mut policy = everything();
    policy.limits.wall_us_base = 200_000;
    let body = "(call $exec_wait (i32.const 1) )";
    let (outcome, _) = run(&policy, body, |_, _| {
        std::thread::sleep(Duration::from_millis(400));
        Ok(GateReply {
            waited_ns: 400_000_000,
            ..GateReply::number(0)
        })
    });
    assert_eq!(outcome.status, Status::Ok);
    assert!(outcome.usage.io_wait_us >= 400_000);
    // What the gate itself takes is.
    let (outcome, _) = run(&policy, body, |_, _| {
        std::thread::sleep(Duration::from_millis(400));
        ok(0)
    });
    assert!(
        matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::TimeExceeded)
    );
}

#[test]
fn the_gate_can_end_the_run() {
    let body = "(call $exec_start (i32.const 64) (i32.const 8) )";
    let refused = Refused {
        code: "exec_refused",
        rules: "p.toml:1 nmap".to_owned(),
        message: "no".to_owned(),
        remedy: "ask".to_owned(),
    };
    let expected = refused.clone();
    let (outcome, _) = run(&everything(), body, move |_, _| {
        Err(GateHalt::Refused(refused.clone()))
    });
    assert_eq!(outcome.status, Status::Refused(expected));
    for (halt, code) in [
        (GateHalt::BadHandle("h".to_owned()), FaultCode::BadHandle),
        (
            GateHalt::BadArgument("a".to_owned()),
            FaultCode::BadArgument,
        ),
        (GateHalt::Cancelled, FaultCode::Cancelled),
    ] {
        let (outcome, _) = run(&everything(), body, move |_, _| Err(halt.clone()));
        assert!(
            matches!(&outcome.status, Status::Fault(fault) if fault.code == code),
            "{:?}",
            outcome.status
        );
    }
}

fn failure(gate: Option<Box<dyn Gate>>, body: &str) -> EngineFailure {
    let bytes = module(body);
    let examination = pooled().examine(&bytes, &everything());
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = pooled().prepare(capsule).unwrap();
    let mut request = request(Input::empty());
    request.gate = gate;
    pooled().execute(&prepared, permit, request).unwrap_err()
}

#[test]
fn failures_of_the_gate_are_failures_and_no_gate_is_one() {
    let body = "(call $exec_start (i32.const 64) (i32.const 8) )";
    let scripted = |halt: GateHalt| -> Option<Box<dyn Gate>> {
        Some(Box::new(Scripted {
            seen: Arc::default(),
            answer: Box::new(move |_, _| Err(halt.clone())),
        }))
    };
    let machine = failure(scripted(GateHalt::Machine("disk full".to_owned())), body);
    assert!(matches!(machine, EngineFailure::Gate(message) if message == "disk full"));
    let differs = GateHalt::Differs {
        expected: "one".to_owned(),
        got: "two".to_owned(),
    };
    assert!(matches!(
        failure(scripted(differs), body),
        EngineFailure::Differs { .. }
    ));
    assert!(matches!(failure(None, body), EngineFailure::Gate(_)));
}

#[test]
fn what_was_done_before_a_failure_is_told() {
    let body = "
        (drop (call $exec_start (i32.const 64) (i32.const 8)))
        (call $exec_wait (i32.const 1) )";
    let scripted = Scripted {
        seen: Arc::default(),
        answer: Box::new(|call, _| match call.function {
            "exec_start" => ok(1),
            _ => Err(GateHalt::Machine("disk full".to_owned())),
        }),
    };
    let failure = failure(Some(Box::new(Recorder::new(scripted, None))), body);
    assert_eq!(failure.to_string(), "disk full");
    let EngineFailure::AfterEffects { failure, effects } = failure else {
        panic!("{failure:?}")
    };
    assert!(matches!(*failure, EngineFailure::Gate(_)));
    assert_eq!((effects.calls, effects.run_id.as_deref()), (1, Some("run")));
}

#[test]
fn pointers_outside_of_the_memory_reach_no_gate() {
    for body in [
        "(call $exec_start (i32.const 65530) (i32.const 8) )",
        "(call $exec_start (i32.const 64) (i32.const -1) )",
        "(call $exec_read (i32.const 1) (i32.const 1) (i32.const 65536) (i32.const 1) )",
        "(call $file_write (i32.const 1) (i32.const -4) (i32.const 8) )",
    ] {
        let (outcome, seen) = run(&everything(), body, |_, _| ok(0));
        assert!(
            matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::BadPointer),
            "{body}"
        );
        assert!(seen.is_empty(), "{body}");
    }
}

#[test]
fn effects_are_charged_before_they_happen() {
    let mut policy = everything();
    policy.limits.fuel_base = 19_000;
    let body = "(call $exec_start (i32.const 64) (i32.const 8) )";
    let (outcome, seen) = run(&policy, body, |_, _| ok(0));
    assert!(
        matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::FuelExhausted)
    );
    assert!(seen.is_empty());
}

#[test]
fn a_trap_behind_an_effect_repeats_nothing() {
    let body = "
        (drop (call $exec_start (i32.const 64) (i32.const 8)))
        (i32.load (i32.const 65536) )";
    let (outcome, seen) = run(&everything(), body, |_, _| ok(1));
    assert!(matches!(&outcome.status, Status::Fault(_)));
    assert_eq!(seen.len(), 1);
    assert!(!outcome.usage.fuel_exact);
}

/// Keeps what it is given.
struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

impl Tape for Kept {
    fn keep(&mut self, name: &str, asked: &[u8], number: i32, bytes: &[u8]) -> Result<(), String> {
        let call = [name.as_bytes(), asked, &number.to_le_bytes(), bytes].concat();
        self.0.lock().unwrap().push(call);
        Ok(())
    }

    fn keep_halt(&mut self, name: &str, _: &[u8], _: &GateHalt) -> Result<(), String> {
        self.0.lock().unwrap().push(name.as_bytes().to_vec());
        Ok(())
    }
}

/// Golden bytes: receipts of other machines and versions have to agree on them.
#[test]
fn the_transcript_commits_to_requests_and_results() {
    let tape = Arc::new(Mutex::new(Vec::new()));
    let gate = Scripted {
        seen: Arc::default(),
        answer: Box::new(|_, buffer| {
            buffer.fill(b'x');
            ok(i32::try_from(buffer.len()).unwrap())
        }),
    };
    let mut gate = Recorder::new(gate, Some(Box::new(Kept(Arc::clone(&tape)))));
    let call = |function, numbers: &'static [i32], inputs: &'static [&'static [u8]]| GateCall {
        function,
        numbers,
        inputs,
    };
    gate.call(&call("exec_write", &[1], &[b"ab"]), &mut [])
        .unwrap();
    gate.call(&call("exec_read", &[1, 2], &[]), &mut [0; 3])
        .unwrap();
    let expected: [&[u8]; 2] = [
        b"exec_write\x01\x01\0\0\0\x01\x02\0\0\0ab\0\0\0\0\0\0\0\0",
        b"exec_read\x02\x01\0\0\0\x02\0\0\0\0\x03\0\0\0\x03\0\0\0xxx",
    ];
    assert_eq!(*tape.lock().unwrap(), expected);

    let entry = |name: &str, request: &[u8], result: &[u8]| {
        let mut bytes = vec![u8::try_from(name.len()).unwrap()];
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(Digest::of(request).as_bytes());
        bytes.extend_from_slice(Digest::of(result).as_bytes());
        bytes
    };
    let transcript = [
        b"tenzik transcript 1\n".to_vec(),
        entry(
            "exec_write",
            b"\x01\x01\0\0\0\x01\x02\0\0\0ab\0\0\0\0",
            b"\0\0\0\0",
        ),
        entry(
            "exec_read",
            b"\x02\x01\0\0\0\x02\0\0\0\0\x03\0\0\0",
            b"\x03\0\0\0xxx",
        ),
    ];
    let report = gate.finish();
    assert_eq!(report.transcript, Digest::of(&transcript.concat()));
    assert_eq!(report.calls, 2);
}
