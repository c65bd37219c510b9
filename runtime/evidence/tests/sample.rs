//! Receipts with fixed contents, one for each status.

use tenzik_evidence::{
    Digest, Effects, ErrorCode, GrantList, LimitList, NodeKey, Nonce, Run, SignedReceipt,
    Statement, Timestamp, Transcript, TrustStore, Verdict, VerifiedReceipt,
};

pub const CAPSULE: &[u8] = b"\0asm\x01\0\0\0";
pub const INPUT: &[u8] = b"the whole input";
pub const OUTPUT: &[u8] = b"the output";

/// The seed of TEST 1 of RFC 8032, section 7.1.
pub const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

pub fn key() -> NodeKey {
    NodeKey::from_seed(&SEED)
}

pub fn run() -> Run {
    Run {
        capsule_id: Digest::of(CAPSULE),
        cost_model: "tenzik-1".parse().unwrap(),
        engine: "wasmtime 48.0.8 (cranelift)".parse().unwrap(),
        fuel_exact: true,
        fuel_used: u64::MAX,
        host_calls: 3,
        input_bytes: INPUT.len() as u64,
        input_commit: Digest::of(INPUT),
        input_complete: true,
        memory_bytes: 65_536,
        effects: None,
        now: Timestamp::from_unix_millis(1_700_000_000_000).unwrap(),
        output_bytes: OUTPUT.len() as u64,
        output_commit: Digest::of(OUTPUT),
        seed: 9_007_199_254_740_993,
        transcript_commit: Transcript::new().commit(),
    }
}

pub fn code(text: &str) -> ErrorCode {
    text.parse().unwrap()
}

pub fn fault(error_code: &str, machine_bound: bool) -> Verdict {
    Verdict::Fault {
        run: run(),
        error_code: code(error_code),
        machine_bound,
    }
}

/// Every status, and the variants of those that have some, by name.
pub fn verdicts() -> Vec<(&'static str, Verdict)> {
    let mut failed_run = run();
    failed_run.fuel_exact = false;
    failed_run.input_complete = false;
    failed_run.input_bytes = 9;
    failed_run.input_commit = Digest::of(&INPUT[..9]);
    let error_code = code("capsule_failure");
    vec![
        ("ok", Verdict::Ok(run())),
        (
            "failure",
            Verdict::Failure {
                run: failed_run,
                error_code,
                failure_code: -7,
            },
        ),
        ("fault", fault("out_of_fuel", false)),
        ("fault-machine-bound", fault("out_of_time", true)),
        (
            "reject",
            Verdict::Reject {
                error_code: code("start_section"),
                capsule_id: Some(Digest::of(CAPSULE)),
            },
        ),
        (
            "reject-unread",
            Verdict::Reject {
                error_code: code("too_large"),
                capsule_id: None,
            },
        ),
        (
            "refused",
            Verdict::Refused {
                error_code: code("capability_not_granted"),
                capsule_id: Digest::of(CAPSULE),
            },
        ),
        (
            "ok-effects",
            Verdict::Ok(Run {
                effects: Some(effects()),
                ..run()
            }),
        ),
        (
            "refused-effect",
            Verdict::RefusedEffect {
                run: Run {
                    effects: Some(effects()),
                    ..run()
                },
                error_code: code("exec_refused"),
                refused_by: "nmap.toml:4 nmap".parse().unwrap(),
            },
        ),
    ]
}

fn effects() -> Effects {
    Effects {
        isolation: GrantList::new(["seccomp", "pidns"]).unwrap(),
        isolation_missing: GrantList::new(["cgroup"]).unwrap(),
        process_deadline_ms: 60_000,
        processes: 1,
        run_id: "0192aa7e".parse().unwrap(),
    }
}

pub fn statement(verdict: Verdict) -> Statement {
    Statement {
        capsule_bytes: CAPSULE.len() as u64,
        grants: GrantList::new(["json", "hash"]).unwrap(),
        limits: LimitList::new([("wall_time_ms_max", 1000), ("fuel_max", 10_000_000)]).unwrap(),
        nonce: Nonce::from_bytes(
            *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
        ),
        policy_commit: Digest::of(b"policy"),
        timestamp: Timestamp::from_unix_millis(1_700_000_000_123).unwrap(),
        verdict,
    }
}

pub fn receipt(verdict: Verdict) -> SignedReceipt {
    key().sign(statement(verdict))
}

pub fn verified(verdict: Verdict) -> VerifiedReceipt {
    receipt(verdict).verify(&TrustStore::new()).unwrap()
}
