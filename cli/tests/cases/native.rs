//! The native host of the Rust SDK does what the engine does: each script of host calls runs in both,
//! and everything that can be seen of the two runs is compared.

mod engine;
mod sdk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tenzik_runtime::{Capability, HOST_FUNCTIONS, Limits, LogLevel, Policy};
use tenzik_sdk::native;

use crate::world::World;

/// Bytes that a call is given.
#[derive(Clone, Debug)]
enum Data {
    Bytes(Vec<u8>),
    /// So many times the same byte.
    Fill(u8, usize),
}

/// One host call, after which what it returned is written to the output.
#[derive(Clone, Debug)]
enum Op {
    InputRead(usize),
    OutputWrite(Data),
    Log(LogLevel, String),
    Fail(i32, Data),
    HashCommit(Data),
    HashVerify(Data, [u8; 32]),
    HashUpdate(Data),
    HashFinish,
    JsonPath(Data, &'static [u8]),
    JsonPathInput(&'static [u8]),
    Base64Encode(Data),
    Base64Decode(Data),
    /// Of the result of the call with this index among those that have one.
    ResultRead(usize, usize),
    Time,
    Random(usize),
    Trap,
    Return(i32),
}

/// A run.
#[derive(Clone, Debug)]
struct Script {
    input: Vec<u8>,
    ops: Vec<Op>,
    policy: Policy,
    seed: u64,
    now_ms: i64,
}

/// What can be seen of a run.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    ending: String,
    output: Vec<u8>,
    log: Vec<(LogLevel, Vec<u8>)>,
    input_bytes: u64,
    host_calls: u64,
}

fn script(input: impl AsRef<[u8]>, ops: impl Into<Vec<Op>>) -> Script {
    let mut policy = Policy::default();
    // Fuel and time are not the native host's; they must not end a run of the engine.
    policy.limits.fuel_base = 1 << 50;
    policy.limits.wall_us_base = 600_000_000;
    Script {
        input: input.as_ref().to_vec(),
        ops: ops.into(),
        policy,
        seed: 7,
        now_ms: -5,
    }
}

fn limited(mut script: Script, limit: impl FnOnce(&mut Limits)) -> Script {
    limit(&mut script.policy.limits);
    script
}

fn denied(mut script: Script, capability: Capability) -> Script {
    script.policy.grants = script.policy.grants.without(capability);
    script
}

fn bytes(bytes: impl AsRef<[u8]>) -> Data {
    Data::Bytes(bytes.as_ref().to_vec())
}

fn tenzik() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tenzik"))
}

fn streams() -> Vec<Script> {
    let read = [3, 0, 5, 100, 1].map(Op::InputRead);
    let write = |size| Op::OutputWrite(Data::Fill(b'o', size));
    let log = |level, size| Op::Log(level, "l".repeat(size));
    vec![
        script("", []),
        script("", read.clone()),
        script("eight by", read.clone()),
        script(
            vec![b'i'; 200_000],
            [Op::InputRead(150_000), Op::InputRead(150_000)],
        ),
        limited(script("eight by", read.clone()), |limits| {
            limits.input_bytes_max = 8
        }),
        limited(script("eight by", read.clone()), |limits| {
            limits.input_bytes_max = 7
        }),
        limited(script("eight by", read), |limits| {
            limits.input_bytes_max = 0
        }),
        limited(
            script("", [write(5), write(0), write(5), write(1)]),
            |limits| {
                limits.output_bytes_base = 10;
            },
        ),
        limited(
            script("12345", [write(2), Op::InputRead(2), write(4), write(1)]),
            |limits| {
                limits.output_bytes_base = 2;
                limits.output_bytes_per_input_byte = 5;
            },
        ),
        script("", [write(16 << 20), write(1)]),
        script(
            "",
            [
                log(LogLevel::Error, 0),
                log(LogLevel::Warning, 1),
                Op::Log(LogLevel::Information, "é\u{1b}[2J\0".to_owned()),
                log(LogLevel::Debug, 5_000),
                log(LogLevel::Trace, 60_529),
                log(LogLevel::Trace, 1),
            ],
        ),
        script("", vec![log(LogLevel::Trace, 0); 10_001]),
        limited(script("", vec![Op::InputRead(0); 12]), |limits| {
            limits.host_calls_base = 10
        }),
        limited(script([0; 40], vec![Op::InputRead(10); 12]), |limits| {
            limits.host_calls_base = 2;
            limits.host_call_input_bytes = 10;
        }),
        script("", [Op::Fail(3, bytes("why")), write(1)]),
        script("", [write(1), Op::Fail(0, bytes(""))]),
        script("", [Op::Fail(-1, bytes([0xff, 0xc3]))]),
        script("", [Op::Fail(i32::MIN, Data::Fill(b'm', 4_097))]),
        script("", [write(1), Op::Trap, write(1)]),
        script("", [write(1), Op::Return(0), write(1)]),
        script("", [write(1), Op::Return(-7), write(1)]),
        script("", [Op::Time, Op::Time]),
    ]
}

fn pure() -> Vec<Script> {
    let digest = *blake3::hash(b"abc").as_bytes();
    let decode = |text: &str| Op::Base64Decode(bytes(text));
    let read = Op::ResultRead;
    vec![
        script(
            "",
            [
                Op::HashCommit(bytes("")),
                Op::HashCommit(Data::Fill(1, 100_000)),
                Op::HashVerify(bytes("abc"), digest),
                Op::HashVerify(bytes("abd"), digest),
                Op::HashVerify(bytes("abc"), [0; 32]),
                Op::HashFinish,
                Op::HashUpdate(bytes("ab")),
                Op::HashCommit(bytes("between")),
                Op::HashUpdate(bytes("c")),
                Op::HashFinish,
                Op::HashFinish,
            ],
        ),
        script(
            "",
            [
                Op::Random(0),
                Op::Random(1),
                Op::Random(63),
                Op::Random(70_000),
                Op::Random(2),
            ],
        ),
        script(
            "",
            [
                Op::Base64Encode(bytes("")),
                read(0, 5),
                Op::Base64Encode(bytes([0xfb, 0xff])),
                read(1, 3),
                read(1, 0),
                read(1, 3),
                read(1, 3),
                Op::Base64Encode(Data::Fill(0, 1 << 20)),
                read(2, 2 << 20),
            ],
        ),
        script("", [decode("Zm9v"), read(0, 9), decode(""), read(1, 9)]),
        script(
            "",
            ["Zg", "Zh==", "Zg==\n", "-_8=", "\u{ff}aaa"].map(decode),
        ),
        // A status makes no result: the one before stays the newest.
        script(
            "",
            [Op::Base64Encode(bytes("foo")), decode("?"), read(0, 9)],
        ),
        // An older result is gone.
        script(
            "",
            [
                Op::Base64Encode(bytes("foo")),
                Op::Base64Encode(bytes("bar")),
                read(1, 4),
                read(0, 4),
            ],
        ),
        script(
            "",
            [
                Op::JsonPath(bytes(r#"{"a":[{"b":1.0},{"b":"é"}]}"#), b"$.a[*].b"),
                read(0, 100),
                Op::JsonPath(bytes("[1]"), b"$[9]"),
                read(1, 100),
            ],
        ),
        script(
            "",
            [
                Op::JsonPath(bytes("{"), b"$"),
                Op::JsonPath(bytes("{}"), b"$["),
                Op::JsonPath(bytes("{}"), b"$\xff"),
                Op::JsonPath(bytes([b'"', 0xff, b'"']), b"$"),
                Op::JsonPath(bytes(""), b""),
                Op::JsonPath(Data::Fill(b'[', 200), b"$"),
                Op::JsonPath(Data::Fill(b' ', (8 << 20) + 1), b"$"),
                Op::JsonPath(bytes("{}"), &[b' '; 1_025]),
                Op::JsonPath(
                    bytes("[1,2,3,4,5,6,7,8]"),
                    b"$..*..*..*..*..*..*..*..*..*..*..*..*",
                ),
            ],
        ),
        script(
            "x[1,2,3]",
            [
                Op::InputRead(1),
                Op::JsonPathInput(b"$[1:]"),
                read(0, 9),
                Op::InputRead(1),
            ],
        ),
        script("", [Op::JsonPathInput(b"$")]),
        script(
            vec![b' '; 9 << 20],
            [Op::JsonPathInput(b"$"), Op::InputRead(5)],
        ),
        limited(script("[1,2,3]", [Op::JsonPathInput(b"$")]), |limits| {
            limits.input_bytes_max = 3
        }),
        denied(script("", [Op::Time]), Capability::Time),
        denied(script("", [Op::Random(1)]), Capability::Random),
        denied(script("", [Op::HashFinish]), Capability::Hash),
        denied(
            script("", [Op::Base64Decode(bytes("?"))]),
            Capability::Base64,
        ),
        denied(script("{}", [Op::JsonPathInput(b"$")]), Capability::Json),
        denied(script("", [Op::HashFinish]), Capability::Json),
    ]
}

/// Scripts that nobody thought of.
fn arbitrary() -> Vec<Script> {
    let mut number = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = move |bound: u64| {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        usize::try_from(number % bound).unwrap()
    };
    let texts = ["", "a", "Zm9v", "Zm9", "{\"a\":[1,2]}", "[[[", "caf\u{e9}"];
    let queries: [&[u8]; 4] = [b"$", b"$.a[1]", b"$..*", b"$[?@"];
    (0..60)
        .map(|_| {
            let mut results = 0;
            let ops: Vec<Op> = (0..below(20))
                .map(|_| {
                    let text = bytes(texts[below(7)]);
                    match below(13) {
                        0 => Op::InputRead(below(20)),
                        1 => Op::OutputWrite(text),
                        2 => Op::Log(LogLevel::Debug, texts[below(7)].to_owned()),
                        3 => Op::HashUpdate(text),
                        4 => Op::HashFinish,
                        5 => Op::HashCommit(text),
                        6 => Op::JsonPath(text, queries[below(4)]),
                        7 => Op::JsonPathInput(queries[below(4)]),
                        8 => Op::Base64Decode(text),
                        9 => Op::Random(below(100)),
                        10 => Op::Time,
                        11 if results > 0 => Op::ResultRead(below(results), below(9)),
                        12 if below(9) == 0 => Op::Return(i32::try_from(below(3)).unwrap()),
                        _ => {
                            results += 1;
                            Op::Base64Encode(text)
                        }
                    }
                })
                .collect();
            let input = "[1, 2, {\"a\": 3}]".repeat(below(3));
            let limit = below(60) as u64;
            limited(script(input, ops), |limits| {
                if limit > 40 {
                    limits.output_bytes_base = limit;
                }
                if limit < 5 {
                    limits.host_calls_base = limit * 4;
                }
            })
        })
        .collect()
}

#[test]
fn native_runs_end_as_those_of_the_engine() {
    let mut called = BTreeSet::new();
    for script in [streams(), pure(), arbitrary()].concat() {
        let expected = engine::seen(&script, &mut called);
        let shown = format!("{script:?}");
        let shown: String = shown.chars().take(2_000).collect();
        let seen = sdk::seen(&script);
        assert_eq!(seen.ending, expected.ending, "{shown}");
        assert!(
            seen == expected,
            "{shown}\nnative {seen:?}\nengine {expected:?}"
        );
    }
    for row in HOST_FUNCTIONS {
        let pure = row.needs.is_none_or(Capability::is_pure);
        assert!(
            !pure || called.contains(row.name),
            "no script calls {}",
            row.name
        );
    }
}

#[test]
fn limits_are_those_of_the_profile_default() {
    assert_eq!(native::Limits::default(), sdk::limits(&Limits::DEFAULT));
}

#[test]
fn runs_of_several_threads_are_separate() {
    let random = |seed| {
        let run = native::Run::new("input").seed(seed).tenzik(tenzik());
        run.call(|| {
            for _ in 0..50 {
                let mut buffer = [0; 100];
                tenzik_sdk::random_bytes(&mut buffer);
                tenzik_sdk::output_write(&buffer);
            }
        })
        .into_output()
    };
    let threads: Vec<_> = (0..4)
        .map(|index| std::thread::spawn(move || [0, 1, index].map(random)))
        .collect();
    let expected = [0, 1, 2, 3].map(random);
    for (index, thread) in threads.into_iter().enumerate() {
        let [zero, one, own] = thread.join().unwrap();
        assert_eq!(
            [&zero, &one, &own],
            [&expected[0], &expected[1], &expected[index]]
        );
    }
}

/// What the panic of a run without a proper tenzik says.
fn panic_of(tenzik: &Path) -> String {
    let run = native::Run::new("").tenzik(tenzik);
    let result = std::panic::catch_unwind(|| {
        run.call(|| {
            tenzik_sdk::hash_finish();
        })
    });
    let payload = result.unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn a_missing_or_wrong_tenzik_is_said_so() {
    let message = panic_of(Path::new("/nowhere/tenzik"));
    assert!(message.contains("hash_finish needs tenzik: /nowhere/tenzik cannot be started"));
    assert!(message.contains("TENZIK"), "{message}");
    // Ends at once, or answers with something else.
    for program in ["true", "yes"] {
        let message = panic_of(Path::new(program));
        assert!(message.contains("gave no answer"), "{message}");
    }
    // The streams need none.
    let run = native::Run::new("abc").tenzik("/nowhere/tenzik");
    let outcome = run.call(|| {
        let mut buffer = [0; 2];
        let count = tenzik_sdk::input_read(&mut buffer);
        tenzik_sdk::output_write(&buffer[..count]);
    });
    assert_eq!(outcome.into_output(), b"ab");
}

#[test]
fn a_panic_is_a_trap_and_a_call_outside_of_a_run_a_panic() {
    let outcome = native::run("", || -> () { panic!("a number is {}", 7) });
    let native::Ending::Fault { code, message } = outcome.ending else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (code, message.as_str()),
        ("trap_unreachable", "a number is 7")
    );
    for call in [
        || tenzik_sdk::output_write(b"x"),
        || tenzik_sdk::hash_update(b"x"),
    ] {
        let payload = std::panic::catch_unwind(call).unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert!(message.contains("outside of a run"), "{message}");
    }
    // After that the thread runs on.
    assert_eq!(
        native::run("", || tenzik_sdk::output_write(b"x")).into_output(),
        b"x"
    );
}

#[test]
fn no_argument_is_larger_than_the_memory_of_a_capsule() {
    let run = || native::Run::new("").tenzik("/nowhere/tenzik");
    let large = vec![0; (32 << 20) + 1];
    let fault = |outcome: native::Outcome| match outcome.ending {
        native::Ending::Fault { code, .. } => code,
        other => panic!("{other:?}"),
    };
    let mut buffer = large.clone();
    let ends = [
        run().call(|| tenzik_sdk::output_write(&large)),
        run().call(|| drop(tenzik_sdk::input_read(&mut buffer).to_string())),
        run().call(|| tenzik_sdk::hash_update(&large)),
        run().call(|| drop(tenzik_sdk::base64_decode(&large))),
        run().call(|| drop(tenzik_sdk::json_path(b"{}", &large))),
    ];
    for outcome in ends {
        assert_eq!(fault(outcome), "bad_pointer");
    }
}

/// Writes when it goes away.
struct Farewell;

impl Drop for Farewell {
    fn drop(&mut self) {
        tenzik_sdk::output_write(b"farewell");
    }
}

#[test]
fn destructors_of_a_run_that_ends_change_nothing() {
    let outcome = native::run("", || -> () {
        let _farewell = Farewell;
        tenzik_sdk::output_write(b"1");
        tenzik_sdk::fail(3, b"why");
    });
    assert_eq!(outcome.output, b"1");
    let outcome = native::run("", || -> () {
        let _farewell = Farewell;
        panic!("a mistake");
    });
    assert_eq!(outcome.output, b"");
    let outcome = native::run("", || drop(Farewell));
    assert_eq!(outcome.into_output(), b"farewell");
}

#[test]
fn the_command_for_the_sdk_refuses_what_is_no_call() {
    let world = World::new();
    let ended = world
        .tenzik_fed(["host-functions"], b"hello, what is this?")
        .exits(2);
    assert!(
        ended.stderr.contains("no call of a host function"),
        "{ended:?}"
    );
    assert_eq!(ended.stdout, b"");
    world.tenzik_fed(["host-functions"], b"").exits(0);
}
