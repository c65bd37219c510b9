//! The loop on the real journal and its store: what is killed is killed for good.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tenzik_journal::{ArtifactStore, Find, Journal, JournalOptions};
use tenzik_scenario::Effect;
use tenzik_scenario::driver::RunEnd;
use tenzik_scenario::execute::{
    AdmitAll, CrashingJournal, EffectsLog, RunError, RunJournal, RunOptions, RunSummary, World,
    resume, run,
};
use tenzik_scenario::plan::Plan;

use super::world::{RUN, Scripted, for_each, inside, plan, states, step};

struct Stored {
    directory: tempfile::TempDir,
    plan: Arc<Plan>,
    performer: Scripted,
}

impl Stored {
    fn new() -> Stored {
        let nodes = vec![
            step("a", Effect::Pure, &[]),
            step("b", Effect::AtMostOnce, &[0]),
            for_each("loop", 3, &[1]),
            inside(step("c", Effect::Idempotent, &[]), 2),
        ];
        let performer = Scripted {
            memo: true,
            ..Scripted::default()
        };
        Stored {
            directory: tempfile::tempdir().unwrap(),
            plan: plan(nodes),
            performer,
        }
    }

    fn journal(&self) -> Arc<Journal> {
        let path = self.directory.path().join("journal.db");
        Arc::new(Journal::open(&path, &JournalOptions::default()).unwrap())
    }

    fn options(run: &str) -> RunOptions {
        RunOptions {
            run: run.to_owned(),
            session: None,
            reuse: true,
        }
    }

    /// Runs, and gives the writes of the journal and the log of effects.
    fn run(&self, id: &str) -> (Result<RunSummary, RunError>, u64, String) {
        let journal = self.journal();
        let store = ArtifactStore::open(Arc::clone(&journal)).unwrap();
        let counting = CrashingJournal::new(&*journal, None);
        let path = self.directory.path().join("effects");
        let file = std::fs::File::create(&path).unwrap();
        let performer = EffectsLog::new(&self.performer, file);
        let mut world = World {
            journal: &counting,
            performer: &performer,
            sink: &store,
            admission: &mut AdmitAll,
            now_ms: &|| 1_763_596_800_000,
            cancelled: &AtomicBool::new(false),
            force: &|| {},
            subscribers: &mut [],
        };
        let ended = run(&self.plan, "", [7; 32], &Stored::options(id), &mut world);
        let effects = std::fs::read_to_string(path).unwrap();
        (ended, counting.writes(), effects)
    }
}

#[test]
fn a_run_is_in_the_journal_and_its_results_are_used_again() {
    let stored = Stored::new();
    let (first, writes, effects) = stored.run(RUN);
    let first = first.unwrap();
    assert_eq!(first.end, RunEnd::Ok);
    assert!(writes >= 5, "{writes}");
    let effects: Vec<&str> = effects.lines().collect();
    assert_eq!(effects.len(), 4, "{effects:?}");
    assert!(effects[0].ends_with("at_most_once 1 b"), "{effects:?}");
    let journal = stored.journal();
    let state = journal.run(RUN).unwrap();
    assert_eq!(state.ended.unwrap().end, "ok");
    assert!(!state.alive);
    let store = ArtifactStore::open(Arc::clone(&journal)).unwrap();
    let artifacts = store.artifacts(Find::Run(RUN)).unwrap();
    assert_eq!(artifacts.len(), 5);
    assert!(artifacts[0].provenance.contains(r#""path":"a""#));
    let again = stored.run(&"f".repeat(32)).0.unwrap();
    assert_eq!((first.steps.reused, again.steps.reused), (0, 1));
    assert_eq!(states(&first), states(&again));
}

#[test]
fn a_run_that_another_process_drives_is_left_alone() {
    let stored = Stored::new();
    let journal = stored.journal();
    let lock = RunJournal::lock(&*journal, RUN).unwrap();
    let error = stored.run(RUN).0.unwrap_err();
    assert!(error.to_string().contains("is driven by"), "{error}");
    assert!(stored.performer.calls.lock().unwrap().is_empty());
    drop(lock);
    stored.run(RUN).0.unwrap();
}

#[test]
fn an_ended_run_is_not_resumed() {
    let stored = Stored::new();
    stored.run(RUN).0.unwrap();
    let journal = stored.journal();
    let store = ArtifactStore::open(Arc::clone(&journal)).unwrap();
    let mut world = World {
        journal: &*journal,
        performer: &stored.performer,
        sink: &store,
        admission: &mut AdmitAll,
        now_ms: &|| 1_763_596_800_000,
        cancelled: &AtomicBool::new(false),
        force: &|| {},
        subscribers: &mut [],
    };
    let rebuild = |_: &str| Ok(Arc::clone(&stored.plan));
    let error = resume(&Stored::options(RUN), &rebuild, &[], &mut world).unwrap_err();
    assert!(
        matches!(error, RunError::Ended { end: "ok", .. }),
        "{error}"
    );
    let unknown = resume(&Stored::options("abcd"), &rebuild, &[], &mut world);
    assert!(matches!(unknown, Err(RunError::Journal { .. })));
}

#[test]
fn ids_of_jobs_differ_by_step_attempt_and_repetition() {
    use tenzik_scenario::driver::JobKey;
    use tenzik_scenario::execute::job_id;
    let key = |path: &str, attempt| JobKey {
        path: path.into(),
        attempt,
    };
    let ids = [
        job_id(RUN, &key("a", 1), 0),
        job_id(RUN, &key("a", 2), 0),
        job_id(RUN, &key("a", 1), 1),
        job_id(RUN, &key("b", 1), 0),
        job_id("other", &key("a", 1), 0),
    ];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
    assert!(ids.iter().all(|id| id.len() == 32));
    // Ids are in receipts and in the undo store: they stay what they are.
    assert_eq!(ids[0], "940994460dd2f7310c59886dd37484ac");
}
