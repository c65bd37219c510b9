//! Recorded calls, answered again without anything happening.

use std::sync::Arc;

use tempfile::TempDir;
use tenzik_evidence::bundle::{Bundle, BundleWriter};
use tenzik_evidence::{
    GrantList, LimitList, NodeKey, Nonce, SignedReceipt, Statement, Timestamp, Transcript, Verdict,
};
use tenzik_gate::{
    Gate, GateCall, GateHalt, GateReply, GateReport, Recorder, Refused, Replay, ReplayProgress,
    SharedBundle,
};
use tenzik_policy::{PolicyFile, Rules};

/// A call: function, numbers, inputs, length of the buffer.
type Call<'a> = (&'static str, &'a [i32], &'a [&'a [u8]], usize);

/// What a scripted gate does: number and bytes, or the end.
type Answer = Result<(i32, &'static [u8]), GateHalt>;

struct Scripted(Vec<Answer>);

impl Gate for Scripted {
    fn call(&mut self, _: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let (number, bytes) = self.0.remove(0)?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(GateReply {
            number,
            read_bytes: bytes.len() as u64,
            waited_ns: 1_000,
        })
    }

    fn finish(&mut self) -> GateReport {
        report()
    }
}

fn report() -> GateReport {
    GateReport {
        run_id: None,
        transcript: Transcript::new().commit(),
        calls: 0,
        processes: Vec::new(),
        artifacts: Vec::new(),
        files_changed: 0,
        signals: Vec::new(),
        problems: Vec::new(),
    }
}

const POLICY: &str = "version = 1\n[[exec]]\nname = \"echo\"\nprogram = \"/bin/echo\"\nargs = [\"{n}\"]\n\
    [exec.holes.n]\ntype = \"integer\"\nmin = 0\nmax = 9\n[artifacts]\n[[files]]\npath = \"/srv\"\n\
    access = [\"read\", \"append\"]\n[secrets.t]\nenv = \"T\"\n";

fn rules() -> Arc<Rules> {
    PolicyFile::parse("p.toml", POLICY).unwrap().policy.rules
}

fn receipt() -> SignedReceipt {
    NodeKey::from_seed(&[7; 32]).sign(Statement {
        capsule_bytes: 0,
        grants: GrantList::new([]).unwrap(),
        limits: LimitList::new([("fuel", 1)]).unwrap(),
        nonce: Nonce::from_bytes([0; 16]),
        policy_commit: Transcript::new().commit(),
        timestamp: Timestamp::from_unix_millis(0).unwrap(),
        verdict: Verdict::Reject {
            error_code: "text_invalid".parse().unwrap(),
            capsule_id: None,
        },
    })
}

/// What each call was answered, and the report.
type Played = (Vec<Result<(GateReply, Vec<u8>), GateHalt>>, GateReport);

fn play(gate: &mut dyn Gate, calls: &[Call<'_>]) -> Played {
    let mut answers = Vec::new();
    for (function, numbers, inputs, buffer_len) in calls {
        let mut buffer = vec![0; *buffer_len];
        let call = GateCall {
            function,
            numbers,
            inputs,
        };
        answers.push(gate.call(&call, &mut buffer).map(|reply| (reply, buffer)));
    }
    (answers, gate.finish())
}

/// Records `calls` with these answers.
fn record(directory: &TempDir, calls: &[Call<'_>], answers: Vec<Answer>) -> (Bundle, Played) {
    let path = directory.path().join("b");
    let shared = SharedBundle::new(BundleWriter::create(&path, b"", b"").unwrap());
    let mut recorder = Recorder::new(Scripted(answers), Some(shared.tape()));
    let played = play(&mut recorder, calls);
    let writer = shared.take().unwrap();
    writer.finish(&mut &b""[..], &receipt()).unwrap();
    (Bundle::open(&path).unwrap(), played)
}

fn replay(bundle: &Bundle, calls: &[Call<'_>]) -> (Played, ReplayProgress) {
    let gate = Replay::new(bundle, rules());
    let progress = gate.progress();
    let mut recorder = Recorder::new(gate, None);
    (play(&mut recorder, calls), progress)
}

const START: Call<'static> = ("exec_start", &[], &[br#"{"argv":["echo","7"]}"#], 0);
const READ: Call<'static> = ("exec_read", &[1, 1], &[], 16);
const WRITE: Call<'static> = ("exec_write", &[1], &[b"some bytes"], 0);
const WAIT: Call<'static> = ("exec_wait", &[1], &[], 0);

fn answers() -> Vec<Answer> {
    vec![Ok((1, b"")), Ok((2, b"7\n")), Ok((-11, b"")), Ok((0, b""))]
}

#[test]
fn a_replay_answers_as_the_run_did_and_waits_for_nobody() {
    let directory = TempDir::new().unwrap();
    let calls = [START, READ, WRITE, WAIT];
    let (bundle, (recorded, recorded_report)) = record(&directory, &calls, answers());
    let ((replayed, report), progress) = replay(&bundle, &calls);
    assert_eq!((progress.done(), progress.left()), (4, 0));
    for (recorded, replayed) in recorded.iter().zip(&replayed) {
        let (recorded, bytes) = recorded.as_ref().unwrap();
        let (replayed, again) = replayed.as_ref().unwrap();
        assert_eq!(
            (recorded.number, recorded.read_bytes),
            (replayed.number, replayed.read_bytes)
        );
        assert_eq!(bytes, again);
        assert_eq!(replayed.waited_ns, 0);
    }
    assert_eq!(
        (report.transcript, report.calls),
        (recorded_report.transcript, 4)
    );
    assert_eq!(bundle.transcript_commit(), report.transcript);
}

/// What differs, as it is said.
#[track_caller]
fn differs(bundle: &Bundle, calls: &[Call<'_>]) -> (String, String) {
    let ((mut played, _), _) = replay(bundle, calls);
    match played.pop() {
        Some(Err(GateHalt::Differs { expected, got })) => (expected, got),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_call_is_named_with_the_first_difference() {
    let directory = TempDir::new().unwrap();
    let (bundle, _) = record(&directory, &[START, READ, WRITE, WAIT], answers());
    let cases: [(&[Call<'_>], &str, &str); 9] = [
        (
            &[("exec_start", &[], &[br#"{"argv":["echo","8"]}"#], 0)],
            r#"call 1, exec_start ["echo", "7"]"#,
            r#"exec_start ["echo", "8"]; the first difference is argument 1: "7" then, "8" now"#,
        ),
        (
            &[("exec_start", &[], &[br#"{"argv":["echo","7","x"]}"#], 0)],
            r#"call 1, exec_start ["echo", "7"]"#,
            r#"exec_start ["echo", "7", "x"]; the first difference is argument 2: none then, "x" now"#,
        ),
        (
            &[WAIT],
            r#"call 1, exec_start ["echo", "7"]"#,
            "exec_wait(1)",
        ),
        (
            &[START, ("exec_read", &[1, 2], &[], 16)],
            "call 2, exec_read(1, 1) into 16 bytes",
            "exec_read(1, 2) into 16 bytes; the first difference is number 1: 1 then, 2 now",
        ),
        (
            &[START, ("exec_read", &[1, 1], &[], 17)],
            "call 2, exec_read(1, 1) into 16 bytes",
            "exec_read(1, 1) into 17 bytes",
        ),
        (
            &[START, READ, ("exec_write", &[1], &[b"some Bytes"], 0)],
            r#"call 3, exec_write(1) "some bytes""#,
            r#"exec_write(1) "some Bytes"; the first difference is byte 5"#,
        ),
        (
            &[START, READ, ("exec_write", &[1], &[b"some"], 0)],
            r#"call 3, exec_write(1) "some bytes""#,
            r#"exec_write(1) "some"; the first difference is the length: 10 bytes then, 4 now"#,
        ),
        (
            &[START, READ, ("exec_write", &[1], &[b"some bytes more"], 0)],
            r#"call 3, exec_write(1) "some bytes""#,
            r#"exec_write(1) "some bytes more"; the first difference is the length: 10 bytes then, 15 now"#,
        ),
        (
            &[START, READ, WRITE, WAIT, WAIT],
            "no call behind its 4",
            "exec_wait(1)",
        ),
    ];
    for (calls, expected, got) in cases {
        assert_eq!(
            differs(&bundle, calls),
            (expected.to_owned(), got.to_owned())
        );
    }
    let (_, progress) = replay(&bundle, &[START, READ]);
    assert_eq!((progress.done(), progress.left()), (2, 2));
}

fn refusal(code: &'static str) -> GateHalt {
    GateHalt::Refused(Refused {
        code,
        rules: "p.toml:2 echo".to_owned(),
        message: "why".to_owned(),
        remedy: "what".to_owned(),
    })
}

const FORBIDDEN: Call<'static> = ("exec_start", &[], &[br#"{"argv":["echo","-x"]}"#], 0);

#[test]
fn what_ended_the_run_ends_the_replay() {
    for halt in [
        refusal("exec_refused"),
        GateHalt::BadHandle("no such process".to_owned()),
        GateHalt::BadArgument("no".to_owned()),
        GateHalt::Cancelled,
    ] {
        let directory = TempDir::new().unwrap();
        let last = match halt {
            GateHalt::Refused(_) => FORBIDDEN,
            _ => WAIT,
        };
        let calls = [START, last];
        let (bundle, (_, recorded)) =
            record(&directory, &calls, vec![Ok((1, b"")), Err(halt.clone())]);
        assert!(bundle.is_halted());
        let ((mut replayed, report), progress) = replay(&bundle, &calls);
        assert_eq!(replayed.pop().unwrap().unwrap_err(), halt);
        assert_eq!(progress.left(), 0);
        assert_eq!((report.transcript, report.calls), (recorded.transcript, 1));
        // Without the last call the record is not used up.
        assert_eq!(replay(&bundle, &[START]).1.left(), 1);
    }
}

/// A program that is not the pinned one, a symbolic link: the policy alone does not refuse them.
#[test]
fn a_refusal_by_the_machine_is_taken_from_the_record() {
    let directory = TempDir::new().unwrap();
    let halt = refusal("exec_refused");
    let (bundle, _) = record(&directory, &[START], vec![Err(halt.clone())]);
    let ((mut replayed, _), _) = replay(&bundle, &[START]);
    assert_eq!(replayed.pop().unwrap().unwrap_err(), halt);
}

#[test]
fn an_answer_to_what_the_policy_refuses_is_no_record_of_a_run() {
    let calls: [Call<'_>; 6] = [
        FORBIDDEN,
        ("file_read", &[], &[b"/etc/passwd"], 0),
        ("file_create", &[0], &[b"/srv/a"], 0),
        ("file_create", &[2], &[b"/srx/a"], 0),
        ("artifact_create", &[], &[b"../a"], 0),
        ("secret_open", &[], &[b"u"], 0),
    ];
    for call in calls {
        let directory = TempDir::new().unwrap();
        let (bundle, _) = record(&directory, &[call], vec![Ok((1, b""))]);
        let (expected, _) = differs(&bundle, &[call]);
        assert!(expected.contains("which the policy refuses"), "{expected}");
        // Another kind of refusal than that of the policy is none either.
        let other = if call.0 == "exec_start" {
            "file_refused"
        } else {
            "exec_refused"
        };
        let (bundle, _) = record(&directory, &[call], vec![Err(refusal(other))]);
        let (expected, _) = differs(&bundle, &[call]);
        assert!(expected.contains(other), "{expected}");
    }
    let allowed: [Call<'_>; 5] = [
        START,
        ("file_read", &[], &[b"/srv/passwd"], 0),
        ("file_create", &[2], &[b"/srv/a"], 0),
        ("artifact_create", &[], &[b"a"], 0),
        ("secret_open", &[], &[b"t"], 0),
    ];
    let directory = TempDir::new().unwrap();
    let (bundle, _) = record(
        &directory,
        &allowed,
        (1..=5).map(|n| Ok((n, &b""[..]))).collect(),
    );
    assert!(replay(&bundle, &allowed).0.0.iter().all(Result::is_ok));
}

/// Whoever writes a bundle by hand can write answers that no host gives.
#[test]
fn impossible_answers_are_refused() {
    let request = [2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 16, 0, 0, 0];
    let cases: [(i32, &[u8]); 4] = [
        (2, b"a"),
        (1, b"ab"),
        (17, b"aaaaaaaaaaaaaaaaa"),
        (-1, b"a"),
    ];
    for (number, bytes) in cases {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("b");
        let mut writer = BundleWriter::create(&path, b"", b"").unwrap();
        writer.keep("exec_read", &request, number, bytes).unwrap();
        writer.finish(&mut &b""[..], &receipt()).unwrap();
        let bundle = Bundle::open(&path).unwrap();
        let (expected, _) = differs(&bundle, &[READ]);
        assert!(expected.contains("which no host does"), "{expected}");
    }
}

/// A long input differs in its last byte only; requests longer than a buffer are compared whole.
#[test]
fn long_requests_are_compared_to_their_end() {
    let directory = TempDir::new().unwrap();
    let long = vec![b'a'; 1_000_000];
    let mut other = long.clone();
    other[999_999] = b'b';
    let inputs: [&[u8]; 1] = [&long];
    let others: [&[u8]; 1] = [&other];
    let call = ("exec_write", &[1][..], &inputs[..], 0);
    let (bundle, _) = record(&directory, &[call], vec![Ok((0, b""))]);
    assert!(replay(&bundle, &[call]).0.0[0].is_ok());
    let (expected, got) = differs(&bundle, &[("exec_write", &[1], &others, 0)]);
    assert!(
        expected.ends_with("\"... 1000000 bytes") && expected.len() < 400,
        "{expected}"
    );
    assert!(
        got.ends_with("the first difference is byte 999999"),
        "{got}"
    );
}
