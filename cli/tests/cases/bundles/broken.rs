//! Bundles that are not what they claim, and capsules that do not do what a bundle has.

use serde_json::Value;

use super::{EXEC, REQUEST, json, policy, record, world};
use crate::world::World;

/// What `tenzik run --replay b` says instead of replaying.
#[track_caller]
fn differs(home: &World, arguments: &[&str]) -> String {
    let run = [&["run", "--replay", "b", "--json"][..], arguments].concat();
    let object = json(home.tenzik(run), 41);
    assert_eq!(object["error"]["code"], "replay_differs", "{object}");
    object["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn another_call_names_both() {
    let home = world();
    record(&home, 0, REQUEST);
    let said = differs(&home, &["--input-text", r#"{"argv":["echo","1","23"]}"#]);
    for part in [
        r#"the record has call 1, exec_start ["echo", "1", "22"]"#,
        r#"the capsule asked for exec_start ["echo", "1", "23"]"#,
        r#"the first difference is argument 2: "22" then, "23" now"#,
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn more_and_fewer_calls_than_the_record_has() {
    let home = world();
    record(&home, 0, REQUEST);
    let wait = "(call $wait (local.get $process))";
    home.write(
        "c.wat",
        EXEC.replace(wait, &format!("(drop {wait}) {wait}")),
    );
    let said = differs(&home, &["./c.wat"]);
    assert!(
        said.contains("no call behind its 4") && said.contains("exec_wait(1)"),
        "{said}"
    );
    home.write("c.wat", EXEC.replace(wait, "(i32.const 0)"));
    let said = differs(&home, &["./c.wat", "--output", "out"]);
    assert!(
        said.contains("1 more calls") && said.contains("after call 3"),
        "{said}"
    );
    assert!(!home.path("out").exists());
    // A capsule that cannot even ask makes none of them.
    home.write("c.wat", super::outcomes::HEAD);
    let said = differs(&home, &["./c.wat"]);
    assert!(said.contains("4 more calls"), "{said}");
}

#[test]
fn a_policy_that_would_have_refused_says_so() {
    let home = world();
    record(&home, 0, REQUEST);
    let narrow = policy(&home, "echo", "tool/echo", "").replace("max = 99", "max = 9");
    home.write("narrow.toml", narrow);
    let said = differs(&home, &["--policy", "narrow.toml"]);
    assert!(
        said.contains("which the policy refuses") && said.contains("22"),
        "{said}"
    );
}

/// The bytes of the bundle `b` and where each part of it begins and ends.
fn parts(home: &World) -> (Vec<u8>, Vec<(usize, usize)>) {
    let object = json(home.tenzik(["bundle", "inspect", "b", "--json"]), 0);
    let number = |part: &Value, name: &str| part[name].as_u64().unwrap() as usize;
    let parts = object["parts"].as_array().unwrap().iter();
    let spans = parts.map(|part| {
        let offset = number(part, "offset");
        (offset, offset + number(part, "bytes"))
    });
    (home.read("b"), spans.collect())
}

#[test]
fn a_damaged_bundle_is_refused_everywhere() {
    let home = world();
    record(&home, 0, REQUEST);
    let (whole, spans) = parts(&home);
    let names = ["capsule", "policy", "transcript", "input", "receipt"];
    let mut damaged: Vec<(Vec<u8>, String)> = Vec::new();
    for ((from, to), name) in spans.iter().zip(names) {
        let mut flipped = whole.clone();
        flipped[(from + to) / 2] ^= 1;
        damaged.push((flipped, format!("part {name}: bytes {from} to {to}")));
        damaged.push((
            whole[..(from + to) / 2].to_vec(),
            format!("part {name}: byte "),
        ));
    }
    damaged.push((
        b"\0asm\x01\0\0\0".to_vec(),
        "is not a tenzik bundle".to_owned(),
    ));
    let later = [&b"tenzik bundle 2\n"[..], &whole[16..]].concat();
    damaged.push((later, "another version".to_owned()));
    damaged.push(([&whole[..], b"\n"].concat(), "behind its end".to_owned()));
    for (bytes, message) in damaged {
        home.write("d", &bytes);
        for arguments in [
            &["run", "--replay", "d", "--json"][..],
            &["bundle", "inspect", "d", "--json"],
            &["receipt", "verify", "r.json", "--replay", "d", "--json"],
        ] {
            let object = json(home.tenzik(arguments), 40);
            assert_eq!(object["error"]["code"], "bundle_broken", "{object}");
            let said = object["error"]["message"].as_str().unwrap();
            assert!(said.contains(&message), "{message}: {said}");
        }
    }
    for arguments in [
        &["run", "--replay", "none", "--json"][..],
        &["bundle", "inspect", "none", "--json"],
        &["receipt", "verify", "r.json", "--replay", "none", "--json"],
    ] {
        assert_eq!(
            json(home.tenzik(arguments), 1)["error"]["code"],
            "machine_failure"
        );
    }
    home.tenzik(["bundle", "inspect", "."]).exits(40);
}

/// Puts other bytes into a part and makes its length and digest right.
fn forged(whole: &[u8], (from, to): (usize, usize), bytes: &[u8]) -> Vec<u8> {
    let mut forged = whole[..from - 8].to_vec();
    forged.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    forged.extend_from_slice(bytes);
    forged.extend_from_slice(blake3::hash(bytes).as_bytes());
    forged.extend_from_slice(&whole[to + 32..]);
    forged
}

/// Whoever can compute digests still cannot make the receipt say something else.
#[test]
fn a_forged_part_is_not_what_the_receipt_commits_to() {
    let home = world();
    record(&home, 0, REQUEST);
    let (whole, spans) = parts(&home);
    let replaced = |index: usize, from: &str, to: &str| {
        let (begin, end) = spans[index];
        let part = &whole[begin..end];
        let at = part
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        let bytes = [&part[..at], to.as_bytes(), &part[at + from.len()..]].concat();
        forged(&whole, spans[index], &bytes)
    };
    let cases = [
        (replaced(0, "memory", "memorz"), "capsule_id"),
        (
            replaced(1, "stdout_bytes 67108864", "stdout_bytes 67108865"),
            "policy_commit",
        ),
        (replaced(2, "1 22\n", "1 23\n"), "transcript_commit"),
        (replaced(3, "22", "23"), "input_commit"),
    ];
    for (bytes, field) in cases {
        home.write("f", &bytes);
        let object = json(home.tenzik(["bundle", "inspect", "f", "--json"]), 40);
        assert_eq!(object["error"]["code"], "bundle_broken");
        let said = object["error"]["message"].as_str().unwrap();
        assert!(said.ends_with(field), "{said}");
        for verify in [
            &["receipt", "verify", "r.json", "--replay", "f", "--json"][..],
            &["receipt", "verify", "--replay", "f", "--json"],
        ] {
            let object = json(home.tenzik(verify), 40);
            assert_eq!(object["error"]["code"], "receipt_broken", "{object}");
            let said = object["error"]["message"].as_str().unwrap();
            assert!(said.ends_with(field), "{said}");
            assert_eq!(object["reexecution"]["done"], false);
        }
    }
    // The receipt of a stranger does not become another's by lying in a bundle.
    let (begin, end) = spans[4];
    let receipt = std::str::from_utf8(&whole[begin..end]).unwrap();
    let other = receipt.replace("\"status\":\"ok\"", "\"status\":\"no\"");
    home.write("f", forged(&whole, spans[4], other.as_bytes()));
    home.tenzik(["bundle", "inspect", "f"]).exits(40);
    home.tenzik(["run", "--replay", "f"]).exits(40);
    home.tenzik(["receipt", "verify", "--replay", "f"])
        .exits(40);
}

/// A transcript whose commitment the signer states, but that no run of this capsule makes.
#[test]
fn a_bundle_of_another_run_does_not_vouch_for_a_receipt() {
    let home = world();
    record(&home, 0, r#"{"argv":["echo","7"]}"#);
    std::fs::rename(home.path("r.json"), home.path("other.json")).unwrap();
    record(&home, 0, REQUEST);
    let verify = ["receipt", "verify", "other.json", "--replay", "b", "--json"];
    let object = json(home.tenzik(verify), 40);
    let said = object["error"]["message"].as_str().unwrap();
    assert!(said.contains("input_commit, transcript_commit"), "{said}");
}

/// `--replay` before the receipt means what it meant before there were bundles.
#[test]
fn a_receipt_behind_replay_is_a_receipt() {
    let home = World::new();
    home.tenzik(["run", "echo", "--input-text", "x", "--receipt", "r.json"])
        .exits(0);
    let verify = [
        "receipt",
        "verify",
        "--input-text",
        "x",
        "--replay",
        "r.json",
        "--json",
    ];
    let object = json(home.tenzik(verify), 0);
    assert_eq!(object["reexecution"]["agrees"], true);
}
