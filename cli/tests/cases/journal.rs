//! `tenzik journal`, `runs`, `job` and `session` over a journal that a test wrote.

use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tenzik_runtime::journal::{
    ArtifactDigest, ArtifactStore, Durability, Journal, JournalOptions, NewArtifact, NewRow,
    RowKind, RunRow,
};

use crate::world::{Ended, World, documented, ended, has};

const FIRST: &str = "aaaa0000000000000000000000000001";
const SECOND: &str = "aaab0000000000000000000000000002";
const SCAN_1: &str = "5ca00000000000000000000000000001";
const SCAN_2: &str = "5cb00000000000000000000000000002";
const LEFT: &str = "1ef70000000000000000000000000003";
const CONTENT: &[u8] = b"open ports\n";

fn tenzik(world: &World, arguments: &[&str]) -> Ended {
    ended(world.command(arguments).output().unwrap())
}

fn json(world: &World, section: &str, exit: i32, arguments: &[&str]) -> Value {
    let object = tenzik(world, &[arguments, &["--json"]].concat())
        .exits(exit)
        .json();
    assert_eq!(object["exit"], exit);
    documented(section, &object);
    object
}

/// The journal of two runs: one that ended after a job was retried, and one that was interrupted.
fn world() -> World {
    let world = World::new();
    let journal = open(&world);
    for (run, session, started_ms) in [
        (FIRST, Some("nightly"), 1_763_596_800_000),
        (SECOND, None, 0),
    ] {
        let row = RunRow {
            run,
            scenario: "sweep",
            session,
            source: "{}",
            started_ms,
            pid: 42,
        };
        journal.begin(&row).unwrap();
    }
    let store = ArtifactStore::open(Arc::clone(&journal)).unwrap();
    let content = store.put(CONTENT, 100, Durability::Effect).unwrap();
    let artifact = NewArtifact {
        run: FIRST,
        job: SCAN_2,
        name: "output",
        content,
        bytes: CONTENT.len() as u64,
        provenance: r#"{"path":"sweep[3].scan"}"#,
    };
    store.index(&[artifact], Durability::Pure).unwrap();
    let sample = journal.sample(r#"{"cpu":0.5}"#).unwrap();
    let key = |attempt: u32| json!({ "path": "sweep[3].scan", "attempt": attempt });
    let with = |mut body: Value, more: Value| {
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let effect = json!({ "effect": "idempotent", "sample": sample });
    let failed = json!({ "status": "failed", "code": "exec_failed", "exit": 20, "message": "no \u{1b}route" });
    let ok = json!({
        "status": "ok", "session": "nightly", "usage": { "fuel": 7 },
        "artifacts": [{ "name": "output", "digest": content.to_hex(), "bytes": CONTENT.len() }],
        "provenance": { "stages": [{
            "receipt": ArtifactDigest::of(b"receipt").to_hex(), "files_changed": 1, "effects_id": SCAN_2,
            "processes": [{ "argv": ["nmap", "-p", "22"] }],
        }] },
    });
    for (kind, job, body) in [
        (RowKind::Intent, SCAN_1, with(key(1), effect.clone())),
        (RowKind::Outcome, SCAN_1, with(key(1), failed)),
        (RowKind::Intent, SCAN_2, with(key(2), effect)),
        (RowKind::Outcome, SCAN_2, with(key(2), ok)),
    ] {
        append(&journal, FIRST, kind, Some(job), &body);
    }
    append(
        &journal,
        FIRST,
        RowKind::RunEnded,
        None,
        &json!({ "end": "failed" }),
    );
    let left = json!({ "path": "write", "attempt": 1, "effect": "at_most_once" });
    append(&journal, SECOND, RowKind::Intent, Some(LEFT), &left);
    world
}

fn open(world: &World) -> Arc<Journal> {
    let path = world.path("state/tenzik/journal.db");
    Arc::new(Journal::open(&path, &JournalOptions::default()).unwrap())
}

fn append(journal: &Journal, run: &str, kind: RowKind, job: Option<&str>, body: &Value) {
    let at_ms = 1_763_596_800_000 + 1_500 * journal.head().unwrap().seq;
    let body = body.to_string();
    let row = NewRow {
        run,
        kind,
        job,
        at_ms,
        body: &body,
    };
    journal.append(&[row], Durability::Effect).unwrap();
}

/// Changes the file behind the journal's back.
fn change(world: &World, seq: u64) {
    let path = world.path("state/tenzik/journal.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let text = format!("\"attempt\":{seq}");
    let at = bytes
        .windows(text.len())
        .rposition(|window| window == text.as_bytes())
        .unwrap();
    bytes[at + text.len() - 1] = b'9';
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn verify_says_that_all_is_as_it_was_or_names_the_first_row_that_is_not() {
    let world = world();
    let good = tenzik(&world, &["journal", "verify"]).exits(0);
    let (rows, head) = good.text().trim_end().split_once("\nhead ").unwrap();
    assert!(
        rows.ends_with(": 8 rows, all as they were written"),
        "{rows}"
    );
    assert!(head.starts_with("8:"), "{head}");
    tenzik(&world, &["journal", "verify", "--anchor", head]).exits(0);
    let object = json(&world, "journal verify", 0, &["journal", "verify"]);
    assert_eq!(object["rows"], 8);
    assert_eq!(
        format!("8:{}", object["head"]["hash"].as_str().unwrap()),
        head
    );
    // Row 7 ended the first run: the list of runs shows its hash.
    let runs = json(&world, "runs", 0, &["runs"]);
    let row_7 = &runs["runs"][1]["ended"];
    let anchor = format!("{}:{}", row_7["seq"], row_7["hash"].as_str().unwrap());
    tenzik(&world, &["journal", "verify", "--anchor", &anchor]).exits(0);
    let other = anchor.replace("7:", "6:");
    let error = tenzik(&world, &["journal", "verify", "--anchor", &other]).exits(40);
    assert!(
        error.stderr.contains("row 6 has the hash"),
        "{}",
        error.stderr
    );
    for wrong in ["", "8", "8:12", "0:00", &anchor[2..]] {
        tenzik(&world, &["journal", "verify", "--anchor", wrong]).exits(2);
    }

    change(&world, 2);
    let error = tenzik(&world, &["journal", "verify"]).exits(40);
    assert!(
        error.stderr.contains("row 5 has the hash"),
        "{}",
        error.stderr
    );
    assert!(error.stderr.contains("remedy: "), "{}", error.stderr);
    let object = json(&world, "journal verify", 40, &["journal", "verify"]);
    assert_eq!(object["broken"]["seq"], 5);
    assert_eq!(object["broken"]["reason"], "hash");
    assert_eq!(object["error"]["code"], "journal_broken");
    // Every other command stops there too.
    for arguments in [
        &["journal", "export", "--jsonl"] as &[&str],
        &["job", "list"],
        &["job", "show", SCAN_2],
        &["session", "list"],
        &["journal", "tail"],
    ] {
        tenzik(&world, arguments).exits(40);
    }
}

#[test]
fn without_a_journal_there_is_a_clear_error_and_nothing_is_made() {
    let world = World::new();
    for arguments in [
        &["journal", "verify"] as &[&str],
        &["journal", "tail"],
        &["journal", "export", "--jsonl"],
        &["runs"],
        &["job", "list"],
        &["job", "show", "5ca0"],
        &["job", "artifact", "5ca0", "output"],
        &["session", "list"],
        &["session", "show", "nightly"],
    ] {
        let error = tenzik(&world, arguments).exits(1);
        assert!(
            error.stderr.contains("there is no journal"),
            "{}",
            error.stderr
        );
        assert!(
            error.stderr.contains("remedy: run a scenario first"),
            "{}",
            error.stderr
        );
    }
    assert!(!world.path("state").exists());
    let text = world.write(
        "text",
        "no journal at all, but a text of some length".repeat(40),
    );
    let error = tenzik(&world, &["runs", "--journal", text.to_str().unwrap()]).exits(1);
    assert!(
        error.stderr.contains("is no journal of tenzik"),
        "{}",
        error.stderr
    );
    let mut command = world.command(["runs"]);
    command.env("TENZIK_JOURNAL", world.path("elsewhere.db"));
    let error = ended(command.output().unwrap()).exits(1);
    assert!(error.stderr.contains("elsewhere.db"), "{}", error.stderr);
}

#[test]
fn tail_shows_the_newest_rows_and_follows_a_run_to_its_end() {
    let world = world();
    let all = tenzik(&world, &["journal", "tail"]).exits(0);
    assert_eq!(all.text().lines().count(), 8);
    let some = tenzik(&world, &["journal", "tail", "-n", "2", "--run", "aaaa"]).exits(0);
    let lines: Vec<&str> = some.text().lines().collect();
    assert_eq!(
        lines,
        [
            "      6  2025-11-20T00:00:07.500Z  aaaa0000  outcome        5cb00000  sweep[3].scan  attempt 2  ok",
            "      7  2025-11-20T00:00:09.000Z  aaaa0000  run_ended      failed"
        ]
        .map(|line| line.to_owned())
    );
    let rows = tenzik(&world, &["journal", "tail", "-n", "100000", "--json"]).exits(0);
    for (index, line) in rows.text().lines().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["seq"], index + 1);
        for field in row.as_object().unwrap().keys() {
            let text =
                std::fs::read_to_string(crate::world::repository().join("docs/json.md")).unwrap();
            let (_, part) = text.split_once("\n## journal tail\n").unwrap();
            assert!(part.contains(&format!("\"{field}\":")), "{field}");
        }
    }
    // It ends with the run.
    let mut follow = world.command(["journal", "tail", "-n", "0", "--follow", "--run", "aaab"]);
    let child = follow.stdout(Stdio::piped()).spawn().unwrap();
    let journal = open(&world);
    append(&journal, SECOND, RowKind::Cancel, None, &json!({}));
    append(
        &journal,
        SECOND,
        RowKind::RunEnded,
        None,
        &json!({ "end": "cancelled" }),
    );
    let followed = ended(child.wait_with_output().unwrap()).exits(0);
    let last = followed.text().lines().last();
    assert!(
        last.is_none_or(|line| line.ends_with("run_ended      cancelled")),
        "{last:?}"
    );
    tenzik(&world, &["journal", "tail", "--run", "aaa"]).exits(2);
    let several = tenzik(&world, &["journal", "tail", "--run", "aaac"]).exits(2);
    assert!(
        several.stderr.contains("there is no run aaac"),
        "{}",
        several.stderr
    );
    // A reader that goes away ends it.
    let mut command = world.command(["journal", "tail", "--follow"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    append(&journal, SECOND, RowKind::RunResumed, None, &json!({}));
    assert!(child.wait().unwrap().success());
}

/// Whoever has the export can compute the chain again, with another program.
#[test]
fn an_export_can_be_verified_by_others() {
    let world = world();
    let file = world.path("journal.jsonl");
    let export = ["journal", "export", "--jsonl", "-o", file.to_str().unwrap()];
    let object = json(&world, "journal export", 0, &export);
    assert_eq!(object["rows"], 8);
    let text = String::from_utf8(world.read("journal.jsonl")).unwrap();
    assert_eq!(
        tenzik(&world, &["journal", "export", "--jsonl"])
            .exits(0)
            .text(),
        text
    );
    let of_run = tenzik(&world, &["journal", "export", "--jsonl", "--run", SECOND]).exits(0);
    assert_eq!(of_run.text().lines().count(), 2);
    tenzik(&world, &["journal", "export"]).exits(2);
    if !has("b3sum", "--version") {
        return;
    }
    let mut previous = vec![0; 32];
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let body = line.split_once(r#","body":"#).unwrap().1;
        let body = body.strip_suffix('}').unwrap();
        let mut bytes = b"tenzik.journal.v1".to_vec();
        bytes.extend(&previous);
        bytes.extend(row["seq"].as_u64().unwrap().to_le_bytes());
        bytes.extend(row["at_ms"].as_u64().unwrap().to_le_bytes());
        let mut add = |text: &str| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        add(row["kind"].as_str().unwrap());
        add(row["run"].as_str().unwrap());
        match row["job"].as_str() {
            None => bytes.push(0),
            Some(job) => {
                bytes.push(1);
                bytes.extend((job.len() as u64).to_le_bytes());
                bytes.extend(job.as_bytes());
            }
        }
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body.as_bytes());
        let input = world.write("row", &bytes);
        let mut b3sum = std::process::Command::new("b3sum");
        let output = b3sum.arg("--no-names").arg(input).output().unwrap();
        let digest = String::from_utf8(output.stdout).unwrap();
        assert_eq!(digest.trim(), row["hash"], "{line}");
        previous = (0..32)
            .map(|index| u8::from_str_radix(&digest[2 * index..2 * index + 2], 16).unwrap())
            .collect();
    }
}

#[test]
fn runs_are_listed_with_their_states() {
    let world = world();
    let object = json(&world, "runs", 0, &["runs"]);
    let runs = object["runs"].as_array().unwrap();
    let states: Vec<&str> = runs
        .iter()
        .map(|run| run["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["interrupted", "failed"]);
    assert_eq!(runs[1]["duration_ms"], 9_000);
    assert_eq!(runs[1]["started"], "2025-11-20T00:00:00.000Z");
    let table = tenzik(&world, &["runs"]).exits(0);
    let lines: Vec<&str> = table.text().lines().collect();
    assert!(lines[2].ends_with("     9.000 s  nightly"), "{lines:?}");
    assert!(
        lines[1].contains("interrupted") && lines.len() == 3,
        "{lines:?}"
    );
    let lock = open(&world);
    let lock = lock.lock_run(SECOND).unwrap();
    let one = json(&world, "runs", 0, &["runs", "-n", "1"]);
    assert_eq!(one["runs"][0]["state"], "running");
    assert_eq!(one["more"], true);
    drop(lock);
}

#[test]
fn jobs_are_listed_and_shown() {
    let world = world();
    let object = json(&world, "job list", 0, &["job", "list"]);
    let states: Vec<&str> = object["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "ok", "interrupted"]);
    let newest = json(&world, "job list", 0, &["job", "list", "-n", "1"]);
    assert_eq!(
        (&newest["jobs"][0]["job"], &newest["more"]),
        (&json!(LEFT), &json!(true))
    );
    let of_run = tenzik(&world, &["job", "list", "--run", "aaab"]).exits(0);
    assert_eq!(of_run.text().lines().count(), 1);

    let object = json(&world, "job show", 0, &["job", "show", "5cb0"]);
    assert_eq!(object["state"], "ok");
    assert_eq!(object["argv"], json!([["nmap", "-p", "22"]]));
    assert_eq!(
        object["artifacts"][0]["provenance"]["path"],
        "sweep[3].scan"
    );
    assert_eq!(object["samples"][0]["sample"]["cpu"], 0.5);
    assert_eq!(object["undo"], json!([SCAN_2]));
    let attempts = object["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["code"], "exec_failed");
    let text = tenzik(&world, &["job", "show", SCAN_2]).exits(0);
    for line in [
        r#"argv      ["nmap","-p","22"]"#,
        &format!("undo      tenzik undo {SCAN_2}"),
        "ended     2025-11-20T00:00:07.500Z  after 1.500 s",
        "session   nightly",
        &format!("attempts  1  {SCAN_1}  failed       exec_failed"),
    ] {
        assert!(
            text.text().lines().any(|found| found == line),
            "{line}\n{}",
            text.text()
        );
    }
    // What a job said does not move the cursor.
    let text = tenzik(&world, &["job", "show", SCAN_1]).exits(0);
    assert!(text.text().contains(r"no \u{1b}route"), "{}", text.text());
    assert!(!text.text().contains("undo"), "{}", text.text());
    for (wrong, message) in [
        ("5c", "at least 4"),
        ("5ca1", "job list shows them"),
        ("", "at least 4"),
        ("5ca00000000000000000000000000001x", "there is no job"),
    ] {
        let error = tenzik(&world, &["job", "show", wrong]).exits(2);
        assert!(error.stderr.contains(message), "{}", error.stderr);
    }
    let journal = open(&world);
    append(
        &journal,
        SECOND,
        RowKind::Queued,
        Some("5cb0ffff"),
        &json!({ "path": "x" }),
    );
    let error = tenzik(&world, &["job", "show", "5cb0"]).exits(2);
    assert!(error.stderr.contains("is not unique"), "{}", error.stderr);
}

#[test]
fn an_artifact_is_written_if_it_is_what_was_stored() {
    let world = world();
    let taken = tenzik(&world, &["job", "artifact", "5cb0", "output"]).exits(0);
    assert_eq!(taken.stdout, CONTENT);
    let digest = ArtifactDigest::of(CONTENT).to_hex();
    let file = world.path("taken");
    let to_file = [
        "job",
        "artifact",
        SCAN_2,
        &digest[..6],
        "-o",
        file.to_str().unwrap(),
    ];
    let object = json(&world, "job artifact", 0, &to_file);
    assert_eq!(object["bytes"], CONTENT.len());
    assert_eq!(std::fs::read(&file).unwrap(), CONTENT);
    let error = tenzik(&world, &["job", "artifact", SCAN_2, "receipt"]).exits(2);
    assert!(error.stderr.contains("it has output"), "{}", error.stderr);
    let error = tenzik(&world, &["job", "artifact", SCAN_1, "output"]).exits(2);
    assert!(
        error.stderr.contains("has no artifacts"),
        "{}",
        error.stderr
    );

    let stored = world.path(&format!(
        "state/tenzik/journal.db.store/{}/{digest}",
        &digest[..2]
    ));
    std::fs::write(&stored, b"open ports!").unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = tenzik(&world, &to_file).exits(40);
    assert!(
        error.stderr.contains("is not what was stored"),
        "{}",
        error.stderr
    );
    assert!(!file.exists());
    let nothing = tenzik(&world, &to_file[..4]).exits(40);
    assert!(nothing.stdout.is_empty());
    std::fs::remove_file(&stored).unwrap();
    let error = tenzik(&world, &to_file).exits(1);
    assert!(
        error.stderr.contains("there is no artifact"),
        "{}",
        error.stderr
    );
}

#[test]
fn sessions_have_the_jobs_that_succeeded() {
    let world = world();
    let object = json(&world, "session list", 0, &["session", "list"]);
    assert_eq!(object["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(object["sessions"][0]["session"], "nightly");
    assert_eq!(
        (
            &object["sessions"][0]["jobs"],
            &object["sessions"][0]["runs"]
        ),
        (&json!(1), &json!(1))
    );
    let object = json(&world, "session show", 0, &["session", "show", "nightly"]);
    assert_eq!(object["jobs"][0]["job"], SCAN_2);
    let text = tenzik(&world, &["session", "show", "nightly"]).exits(0);
    assert!(text.text().ends_with("sweep[3].scan\n"), "{}", text.text());
    let error = tenzik(&world, &["session", "show", "daily"]).exits(2);
    assert!(
        error.stderr.contains("session list shows them"),
        "{}",
        error.stderr
    );
}
