//! Runs that are run again.

use tenzik_evidence::{ErrorCode, NodeKey, Run, SignedReceipt, Statement, Status, Verdict};

use crate::world::World;

use super::{DICE, ECHO, HEAD, REPLAY, VERIFY, json, run, verify};

const UNKNOWN_IMPORT: &str = r#"(module
    (import "tenzik" "no_such_function" (func))
    (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;

/// A capsule whose `run` has this body.
fn body(body: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (func $run (export "run") (result i32) {body}))"#
    )
}

/// The receipt with a statement that its signer never made, signed by a key that is trusted with
/// `--trust forger`.
fn forge(home: &World, alter: impl FnOnce(&mut Statement)) {
    let receipt = SignedReceipt::parse(&home.read("r.json")).unwrap();
    let mut statement = receipt.body().statement().clone();
    alter(&mut statement);
    let key = NodeKey::from_seed(&[7; 32]);
    home.write("r.json", key.sign(statement).to_json());
    home.write("forger", key.public_key().to_string());
}

fn recorded_run(statement: &mut Statement) -> &mut Run {
    match &mut statement.verdict {
        Verdict::Ok(run)
        | Verdict::Failure { run, .. }
        | Verdict::Fault { run, .. }
        | Verdict::RefusedEffect { run, .. } => run,
        Verdict::Reject { .. } | Verdict::Refused { .. } => panic!("nothing ran"),
    }
}

#[test]
fn every_outcome_verifies_and_reexecutes() {
    let flood = ECHO.replace("(br_if $more (local.get $count))", "(br $more)");
    let trap = body("(i32.load (i32.const 65536))");
    let large = body(&"(drop (i32.const 1))".repeat(3_000))
        .replace("(result i32) ", "(result i32) (i32.const 0) ");
    let cases: &[(&str, &str, i32, &[&str])] = &[
        ("ok", ECHO, 0, &["--input-text", "hello"]),
        ("ok", ECHO, 0, &[]),
        (
            "ok",
            DICE,
            0,
            &["--now", "2026-01-02T03:04:05Z", "--seed", "9"],
        ),
        ("ok", DICE, 0, &[]),
        ("failure", &body("(i32.const 7)"), 20, &[]),
        ("fault", &body("unreachable"), 21, &[]),
        ("fault", &trap, 21, &[]),
        (
            "fault",
            &body("(loop (br 0)) unreachable"),
            22,
            &["--fuel", "100000", "--time", "30s"],
        ),
        ("fault", &body("(memory.grow (i32.const 60000))"), 24, &[]),
        (
            "fault",
            &flood,
            25,
            &["--max-host-calls", "20", "--input-text", "hello"],
        ),
        (
            "fault",
            ECHO,
            25,
            &["--max-input", "3", "--input-text", "hello"],
        ),
        ("reject", UNKNOWN_IMPORT, 11, &[]),
        ("reject", "(module", 10, &[]),
        ("reject", &large, 13, &[]),
        ("refused", DICE, 30, &["--deny", "random"]),
    ];
    for (status, source, exit, arguments) in cases {
        let home = World::new();
        let ran = run(&home, source, *exit, arguments);
        assert_eq!(ran["status"], *status, "{source}");
        home.tenzik(VERIFY).exits(0);
        let input: &[&str] = if arguments.contains(&"hello") {
            &["--input-text", "hello"]
        } else {
            &[]
        };
        let object = verify(&home, 0, &REPLAY, input);
        assert_eq!(object["status"], "verified", "{object}");
        assert_eq!(object["receipt"]["status"], *status, "{object}");
        let reexecution = &object["reexecution"];
        assert_eq!(
            (&reexecution["agrees"], &reexecution["conclusive"]),
            (&true.into(), &true.into()),
            "{source}: {object}"
        );
        let again = home.tenzik([&REPLAY[..], input].concat()).exits(0);
        assert!(again.text().contains("re-execution     good"), "{again:?}");
    }
}

#[test]
fn modules_that_were_never_read_are_rejected_again() {
    let home = World::new();
    let arguments = ["run", "./c.wasm", "--receipt", "r.json"];
    let how = [
        "receipt",
        "verify",
        "r.json",
        "--replay",
        "--capsule",
        "./c.wasm",
    ];
    let sparse = std::fs::File::create(home.path("c.wasm")).unwrap();
    sparse.set_len(4 << 30).unwrap();
    json(&home, 13, &arguments);
    let object = verify(&home, 0, &how, &[]);
    assert_eq!(object["commitments"][0]["checked"], false, "{object}");
    assert_eq!(object["reexecution"]["agrees"], true, "{object}");
    sparse.set_len(5 << 30).unwrap();
    let object = verify(&home, 40, &how, &[]);
    assert_eq!(
        object["commitments"][1]["field"], "capsule_bytes",
        "{object}"
    );
}

#[test]
fn faults_of_the_machine_are_not_confirmed() {
    let cases = [
        (
            body("(loop (br 0)) unreachable"),
            23,
            ["--time", "30ms", "--fuel", "1000000000000"],
        ),
        (
            body("(call $run)"),
            21,
            ["--fuel", "1000000000", "--time", "30s"],
        ),
    ];
    for (source, exit, arguments) in cases {
        let home = World::new();
        run(&home, &source, exit, &arguments);
        let object = verify(&home, 0, &REPLAY, &[]);
        assert_eq!(object["reexecution"]["agrees"], false, "{object}");
        assert_eq!(object["reexecution"]["conclusive"], false, "{object}");
        assert_eq!(
            object["reexecution"]["notes"].as_array().unwrap().len(),
            1,
            "{object}"
        );
        let said = home.tenzik(REPLAY).exits(0);
        assert!(
            said.text()
                .contains("not reproducible by nature: the fault is bound to the machine"),
            "{said:?}"
        );
    }
}

#[test]
fn a_run_that_only_this_machine_stops_is_no_success() {
    let home = World::new();
    run(
        &home,
        &body("(call $run)"),
        21,
        &["--fuel", "1000000000", "--time", "30s"],
    );
    forge(&home, |statement| {
        let run = recorded_run(statement).clone();
        statement.verdict = Verdict::Ok(run);
    });
    let object = verify(&home, 1, &REPLAY, &["--trust", "forger"]);
    assert_eq!(
        (&object["status"], &object["exit"]),
        (&"error".into(), &1.into())
    );
    assert_eq!(object["reexecution"]["agrees"], false);
}

#[test]
fn embedded_capsules_are_found_by_their_digest() {
    let home = World::new();
    home.tenzik([
        "run",
        "echo",
        "--input-text",
        "hello",
        "--receipt",
        "r.json",
    ])
    .exits(0);
    let object = verify(&home, 0, &VERIFY, &["--replay", "--input-text", "hello"]);
    assert_eq!(object["commitments"][0]["field"], "capsule_id");
    assert_eq!(object["commitments"][0]["good"], true);
    assert_eq!(object["reexecution"]["agrees"], true);
}

#[test]
fn streams_are_compared_and_run_as_far_as_they_were_read() {
    let home = World::new();
    home.write("c.wat", HEAD);
    let run = [
        "run",
        "./c.wat",
        "--quiet",
        "--input",
        "-",
        "--receipt",
        "r.json",
    ];
    let long = vec![b'x'; 200_000];
    assert_eq!(home.tenzik_fed(run, &long).code, 0);
    assert_eq!(
        json(&home, 0, &["receipt", "show", "r.json"])["input_complete"],
        false
    );
    home.write("longer", &long);
    home.write("exact", "xxxx");
    home.write("other", "xxxy");
    verify(&home, 0, &REPLAY, &["--input", "longer"]);
    verify(&home, 0, &REPLAY, &["--input", "exact"]);
    verify(&home, 40, &REPLAY, &["--input", "other"]);
    verify(&home, 40, &REPLAY, &["--input-text", "xxx"]);
    let piped = [&REPLAY[..], &["--input", "-"]].concat();
    assert_eq!(home.tenzik_fed(&piped, &long).code, 0);

    home.write("c.wat", ECHO);
    assert_eq!(home.tenzik_fed(run, b"to its end").code, 0);
    assert_eq!(home.tenzik_fed(&piped, b"to its end").code, 0);
    let more = home.tenzik_fed(&piped, b"to its end, and more");
    assert_eq!(more.code, 40);
    assert!(
        more.text()
            .contains("input_bytes    BAD        expected 10"),
        "{more:?}"
    );
    let unreplayed = [&VERIFY[..], &["--input", "-"]].concat();
    assert_eq!(home.tenzik_fed(&unreplayed, b"to its end").code, 0);
    assert_eq!(home.tenzik_fed(&unreplayed, b"to its End").code, 40);
}

#[test]
fn lies_of_a_trusted_key_are_found_by_running_again() {
    type Lie = fn(&mut Statement);
    let lies: [(&str, Lie); 7] = [
        ("output_commit", |lie| {
            recorded_run(lie).output_commit = recorded_run(lie).transcript_commit
        }),
        ("output_bytes", |lie| recorded_run(lie).output_bytes += 1),
        ("fuel_used", |lie| recorded_run(lie).fuel_used += 1),
        ("host_calls", |lie| recorded_run(lie).host_calls += 1),
        ("transcript_commit", |lie| {
            recorded_run(lie).transcript_commit = recorded_run(lie).output_commit
        }),
        ("status", |lie| {
            let (run, error_code) = (
                recorded_run(lie).clone(),
                "trap_unreachable".parse::<ErrorCode>().unwrap(),
            );
            lie.verdict = Verdict::Fault {
                run,
                error_code,
                machine_bound: false,
            };
        }),
        // Only faults of the clock and the stack are excused.
        ("machine_bound", |lie| {
            let (run, error_code) = (
                recorded_run(lie).clone(),
                "trap_unreachable".parse::<ErrorCode>().unwrap(),
            );
            lie.verdict = Verdict::Fault {
                run,
                error_code,
                machine_bound: true,
            };
        }),
    ];
    for (field, lie) in lies {
        let home = World::new();
        run(&home, ECHO, 0, &["--input-text", "hello"]);
        forge(&home, lie);
        let input = ["--trust", "forger", "--input-text", "hello"];
        verify(&home, 0, &VERIFY, &input);
        let object = verify(&home, 41, &REPLAY, &input);
        assert_eq!(
            (&object["status"], &object["exit"]),
            (&"differs".into(), &41.into())
        );
        assert_eq!(object["error"]["code"], "reexecution_differs");
        assert_eq!(
            object["reexecution"]["differences"][0]["field"], field,
            "{object}"
        );
        let said = home.tenzik([&REPLAY[..], &input].concat()).exits(41);
        assert!(
            said.text().contains("re-execution     BAD") && said.stderr.contains(field),
            "{said:?}"
        );
        verify(&home, 40, &REPLAY, &["--input-text", "hello"]);
    }
}

#[test]
fn lies_about_the_verdict_and_the_policy_are_found() {
    let home = World::new();
    run(&home, ECHO, 0, &[]);
    forge(&home, |lie| {
        let (capsule_id, error_code) = (
            lie.verdict.capsule_id().unwrap(),
            "capability_not_granted".parse().unwrap(),
        );
        lie.verdict = Verdict::Refused {
            error_code,
            capsule_id,
        };
    });
    let object = verify(&home, 41, &REPLAY, &["--trust", "forger"]);
    assert_eq!(object["receipt"]["status"], Status::Refused.name());
    assert_eq!(object["reexecution"]["differences"][0]["field"], "status");

    run(&home, ECHO, 0, &[]);
    forge(&home, |lie| {
        lie.policy_commit = lie.verdict.capsule_id().unwrap()
    });
    let object = verify(&home, 40, &REPLAY, &["--trust", "forger"]);
    assert_eq!(object["commitments"][3]["field"], "policy_commit");
    assert_eq!(object["commitments"][3]["good"], false);

    run(&home, ECHO, 0, &[]);
    forge(&home, |lie| {
        lie.limits = "fuel=1 parsecs=12".parse().unwrap()
    });
    let object = verify(&home, 1, &REPLAY, &["--trust", "forger"]);
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("another version"),
        "{object}"
    );
    verify(&home, 0, &VERIFY, &["--trust", "forger"]);
}
