//! What is appended is read again.

use tenzik_journal::{
    ArtifactStore, Durability, Find, Hash, JournalError, NewArtifact, Request, RowKind, Turn,
};

use crate::sandbox::{Sandbox, row, run_row};

use Durability::{Effect, Pure};

#[test]
fn a_run_from_its_beginning_to_its_end() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    assert_eq!(journal.head().unwrap().seq, 0);
    journal.begin(&run_row("aaaa1")).unwrap();
    journal.begin(&run_row("aaab2")).unwrap();
    let seq = journal
        .append(
            &[
                row("aaaa1", RowKind::Admitted, "{}"),
                row("aaab2", RowKind::Admitted, "{}"),
                row("aaaa1", RowKind::Intent, "{}"),
            ],
            Pure,
        )
        .unwrap();
    assert_eq!(seq, 5);
    let lock = journal.lock_run("aaaa1").unwrap();
    assert!(matches!(
        sandbox.journal().lock_run("aaaa1"),
        Err(JournalError::RunBusy { pid: Some(pid), .. }) if pid == std::process::id()
    ));
    assert!(journal.run("aaaa1").unwrap().alive);
    let end = r#"{"end":"ok"}"#;
    journal
        .append(&[row("aaaa1", RowKind::RunEnded, end)], Effect)
        .unwrap();
    drop(lock);

    let reader = sandbox.reader();
    let kinds = |after| -> Vec<RowKind> {
        let rows = reader.rows("aaaa1", after).unwrap();
        rows.map(|row| row.unwrap().kind).collect()
    };
    assert_eq!(
        kinds(0),
        [
            RowKind::RunStarted,
            RowKind::Admitted,
            RowKind::Intent,
            RowKind::RunEnded
        ]
    );
    assert_eq!(kinds(3), [RowKind::Intent, RowKind::RunEnded]);
    assert_eq!(kinds(6), []);
    let state = reader.run("aaaa1").unwrap();
    let ended = state.ended.unwrap();
    assert_eq!((ended.end.as_str(), ended.seq), ("ok", 6));
    assert_eq!(ended.hash, reader.head().unwrap().hash);
    assert!(!state.alive);
    assert_eq!(reader.source("aaaa1").unwrap(), run_row("aaaa1").source);
    let runs: Vec<_> = reader.runs().map(|run| run.unwrap().run).collect();
    assert_eq!(runs, ["aaab2", "aaaa1"]);
    assert_eq!(reader.resolve_run("aaaa").unwrap(), "aaaa1");
    let verified = reader.verify(&[], &mut |_, _| {}).unwrap();
    assert_eq!(verified.rows, 6);
    assert_ne!(verified.head.hash, Hash::BEFORE_FIRST);
}

#[test]
fn requests_samples_and_results_are_kept() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    journal.begin(&run_row("aaaa1")).unwrap();
    let other = sandbox.journal();
    other
        .request("aaaa1", Request::Cancel { force: false })
        .unwrap();
    assert_eq!(
        journal.requested("aaaa1").unwrap(),
        [Request::Cancel { force: false }]
    );
    let resumed = row("aaaa1", RowKind::RunResumed, "{}");
    journal.append(&[resumed], Pure).unwrap();
    assert_eq!(journal.requested("aaaa1").unwrap(), []);
    let id = journal.sample(r#"{"cpu":1}"#).unwrap();
    assert_eq!(other.sample_of(id).unwrap().unwrap(), r#"{"cpu":1}"#);
    assert_eq!(journal.recall("key").unwrap(), None);
    journal.remember("key", "1").unwrap();
    journal.remember("key", "2").unwrap();
    assert_eq!(other.recall("key").unwrap().unwrap(), "2");
}

#[test]
fn an_artifact_is_stored_once_and_found_by_run_job_and_content() {
    let sandbox = Sandbox::new();
    let store = ArtifactStore::open(sandbox.journal().into()).unwrap();
    let digest = store.put(b"content", 100, Effect).unwrap();
    assert_eq!(store.put(b"content", 100, Pure).unwrap(), digest);
    assert_eq!(store.read(&digest, 100).unwrap(), b"content");
    let artifact = NewArtifact {
        run: "aaaa1",
        job: "j",
        name: "output",
        content: digest,
        bytes: 7,
        provenance: "{}",
    };
    store.index(&[artifact], Pure).unwrap();
    for find in [
        Find::Run("aaaa1"),
        Find::Job {
            run: "aaaa1",
            job: "j",
        },
        Find::Content(&digest),
    ] {
        let found = store.artifacts(find).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].content, digest);
    }
    assert_eq!(store.artifacts(Find::Run("other")).unwrap(), []);
}

#[test]
fn a_turn_is_written_as_a_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    journal.begin(&run_row("aaaa1")).unwrap();
    let artifact = NewArtifact {
        run: "aaaa1",
        job: "j",
        name: "output",
        content: "00".repeat(32).parse().unwrap(),
        bytes: 7,
        provenance: "{}",
    };
    let rows = [row("aaaa1", RowKind::Outcome, "{}")];
    let turn = Turn {
        rows: &rows,
        artifacts: &[artifact],
        results: &[("key", "1")],
    };
    let (nameless, unknown) = (
        [NewArtifact {
            name: "",
            ..artifact
        }],
        [row("other", RowKind::Outcome, "{}")],
    );
    let long = "k".repeat(257);
    for refused in [
        Turn {
            artifacts: &nameless,
            ..turn
        },
        Turn {
            results: &[(&long, "1")],
            ..turn
        },
        Turn {
            rows: &unknown,
            ..turn
        },
    ] {
        journal.record(&refused, Effect).unwrap_err();
        assert_eq!(journal.head().unwrap().seq, 1);
        assert_eq!(journal.artifacts(Find::Run("aaaa1")).unwrap(), []);
        assert_eq!(journal.recall("key").unwrap(), None);
    }
    assert_eq!(journal.record(&turn, Effect).unwrap(), 2);
    assert_eq!(journal.artifacts(Find::Run("aaaa1")).unwrap().len(), 1);
    assert_eq!(journal.recall("key").unwrap().unwrap(), "1");
}
