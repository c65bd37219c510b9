//! Running a plan, and going on with one that was interrupted.

use std::sync::Arc;
use std::sync::mpsc::channel;

use serde::{Deserialize, Serialize};
use tenzik_journal::{RowKind, RunRow};
use tracing::span::EnteredSpan;

use crate::driver::{Action, Assumed, Driver, DriverOptions, Event, JobStart, RunEnd};
use crate::plan::Plan;
use crate::work::WorkEnding;

use super::event::RunEvent;
use super::job_id::job_id;
use super::performer::StopFlag;
use super::record::to_json;
use super::replay::{Replayed, replay};
use super::turn::Loop;
use super::workers::{Closing, Shop, Tasks, start};
use super::world::{RunError, RunOptions, RunSummary, World, end_name};

/// What the first row of a run has for its resumption.
#[derive(Serialize, Deserialize)]
struct Source {
    /// The digest of the plan.
    plan: String,
    /// The run's seed, 64 hexadecimal digits.
    seed: String,
    /// The session of jobs whose step names none.
    session: Option<String>,
    /// What the caller makes the plan from.
    source: String,
}

/// Makes a plan again from what [`run`] was given as `source`.
pub type Rebuild<'a> = &'a dyn Fn(&str) -> Result<Arc<Plan>, String>;

/// Runs `plan`. `source` is what [`resume`] hands to its caller to make the plan again; seeds and
/// jitter come from `seed`. No thread is left when it returns.
///
/// # Errors
/// [`RunError`] when the journal cannot be used; jobs that run then are ended.
pub fn run(
    plan: &Arc<Plan>,
    source: &str,
    seed: [u8; 32],
    options: &RunOptions,
    world: &mut World<'_>,
) -> Result<RunSummary, RunError> {
    let _span = span(options);
    let _lock = world.journal.lock(&options.run)?;
    let driver = driver(plan, seed, options.session.clone())?;
    let kept = Source {
        plan: plan.digest.clone(),
        seed: blake3::Hash::from_bytes(seed).to_hex().to_string(),
        session: options.session.clone(),
        source: source.to_owned(),
    };
    world.journal.begin(&RunRow {
        run: &options.run,
        scenario: &plan.name,
        session: options.session.as_deref(),
        source: &to_json(&kept),
        started_ms: (world.now_ms)(),
        pid: std::process::id(),
    })?;
    tell_start(plan, options, world, false);
    drive(plan, driver, options, world, |turns| {
        turns.driver_event(Event::Begin)
    })
}

/// Goes on with a run that was interrupted or waits for decisions. `rebuild` makes the plan again,
/// `assumed` says what became of steps that are unknown. The time that the run may take begins anew.
///
/// # Errors
/// [`RunError`] when the plan changed, the run ended, a decision is not asked for, or the journal
/// cannot be used.
pub fn resume(
    options: &RunOptions,
    rebuild: Rebuild<'_>,
    assumed: &[(String, Assumed)],
    world: &mut World<'_>,
) -> Result<RunSummary, RunError> {
    let _span = span(options);
    let _lock = world.journal.lock(&options.run)?;
    let (source, plan) = plan_again(options, rebuild, world)?;
    let seed = blake3::Hash::from_hex(&source.seed)
        .map_err(|error| unreadable(options, &error.to_string()))?;
    let mut options = options.clone();
    options.session = source.session;
    let driver = driver(&plan, *seed.as_bytes(), options.session.clone())?;
    let replayed = replay(driver, &options.run, world.journal)?;
    check(&options, &replayed, assumed)?;
    open_again(&options, &replayed.secrets, world)?;
    for start in &replayed.maybe_secrets {
        // Nobody knows whether it was opened at all.
        if let Err(error) = open_again(&options, std::slice::from_ref(start), world) {
            tracing::warn!(step = %start.key.path, %error, "a secret cannot be masked");
        }
    }
    let body = serde_json::json!({ "pid": std::process::id() }).to_string();
    tell_start(&plan, &options, world, true);
    let Replayed {
        driver,
        starts,
        waits,
        lost,
        untold,
        repetitions,
        stopped,
        ..
    } = replayed;
    tracing::info!(
        starts = starts.len(),
        waits = waits.len(),
        lost = lost.len(),
        assumed = assumed.len(),
        "run replayed"
    );
    drive(&plan, driver, &options, world, |turns| {
        turns.repetitions = repetitions;
        turns.row(RowKind::RunResumed, None, body);
        turns.tell_loops(&untold);
        for step in untold {
            turns.action(Action::Settled { step })?;
        }
        for (timer, milliseconds) in waits {
            turns.action(Action::Wait {
                timer,
                milliseconds,
            })?;
        }
        for start in starts {
            turns.queue_job(start);
        }
        for key in stopped {
            turns.stop(key)?;
        }
        for (key, id) in lost {
            turns.lost(&key, &id)?;
        }
        for (path, assumed) in assumed {
            turns.assume(path, *assumed)?;
        }
        Ok(())
    })
}

/// What every line of a log has that is written while the run is driven.
fn span(options: &RunOptions) -> EnteredSpan {
    // Of the highest level, so that it is there whatever is logged.
    tracing::error_span!("run", run = %options.run).entered()
}

fn driver(plan: &Arc<Plan>, seed: [u8; 32], session: Option<String>) -> Result<Driver, RunError> {
    Driver::new(Arc::clone(plan), DriverOptions { seed, session }).map_err(|fault| {
        RunError::Driver {
            message: fault.to_string(),
        }
    })
}

fn unreadable(options: &RunOptions, message: &str) -> RunError {
    RunError::Plan {
        run: options.run.clone(),
        message: format!("its first row is unreadable: {message}"),
    }
}

/// The plan of a run, which has to be the one that it began with.
fn plan_again(
    options: &RunOptions,
    rebuild: Rebuild<'_>,
    world: &World<'_>,
) -> Result<(Source, Arc<Plan>), RunError> {
    let text = world.journal.source(&options.run)?;
    let source: Source =
        serde_json::from_str(&text).map_err(|error| unreadable(options, &error.to_string()))?;
    let plan = rebuild(&source.source).map_err(|message| RunError::Plan {
        run: options.run.clone(),
        message,
    })?;
    if plan.digest != source.plan {
        return Err(RunError::PlanChanged {
            run: options.run.clone(),
            was: source.plan,
            now: plan.digest.clone(),
        });
    }
    Ok((source, plan))
}

/// Whether the run can go on as it is asked to.
fn check(
    options: &RunOptions,
    replayed: &Replayed,
    assumed: &[(String, Assumed)],
) -> Result<(), RunError> {
    if let Some(end) = replayed.driver.end()
        && replayed.has_ended
        && !matches!(end, RunEnd::NeedsDecision { .. })
    {
        return Err(RunError::Ended {
            run: options.run.clone(),
            end: end_name(end),
        });
    }
    let unknown = replayed.unknown();
    for (path, _) in assumed {
        if !unknown.contains(path) {
            return Err(RunError::NotUnknown {
                path: path.clone(),
                unknown,
            });
        }
    }
    Ok(())
}

/// Opens the secrets again that the run had opened, so that they are masked from the beginning.
fn open_again(
    options: &RunOptions,
    secrets: &[JobStart],
    world: &World<'_>,
) -> Result<(), RunError> {
    for start in secrets {
        let id = job_id(&options.run, &start.key, 0);
        let opened = world
            .performer
            .perform(start, &id, &StopFlag::default(), world.sink);
        let message = match opened.map(|performed| performed.result.ending) {
            Ok(WorkEnding::Ok) => continue,
            Ok(WorkEnding::Failed { message, .. }) => message,
            Ok(_) => "it was interrupted".to_owned(),
            Err(error) => error.to_string(),
        };
        return Err(RunError::Secret {
            path: start.key.path.to_string(),
            message,
        });
    }
    Ok(())
}

fn tell_start(plan: &Plan, options: &RunOptions, world: &mut World<'_>, resumed: bool) {
    let at_ms = (world.now_ms)();
    tracing::info!(
        scenario = %plan.name,
        steps = plan.nodes.len(),
        concurrency = plan.concurrency,
        resumed,
        "run started"
    );
    let event = RunEvent::RunStarted {
        run: &options.run,
        scenario: &plan.name,
        steps: plan.nodes.len(),
        resumed,
    };
    for subscriber in world.subscribers.iter_mut() {
        subscriber.event(at_ms, &event);
    }
}

/// Starts threads, then goes on from what `begin` does until the run has ended.
fn drive(
    plan: &Arc<Plan>,
    driver: Driver,
    options: &RunOptions,
    world: &mut World<'_>,
    begin: impl FnOnce(&mut Loop<'_, '_>) -> Result<(), RunError>,
) -> Result<RunSummary, RunError> {
    let tasks = Tasks::default();
    let (to_loop, reports) = channel();
    let shop = Shop {
        performer: world.performer,
        sink: world.sink,
        journal: world.journal,
        reuse: options.reuse,
    };
    std::thread::scope(|scope| {
        // Threads end also if those who watch panic.
        let _closing = Closing(&tasks);
        let count = plan.concurrency.clamp(1, 64);
        let started = start(scope, count, &tasks, shop, &to_loop);
        drop(to_loop);
        match started {
            Ok(()) => {
                let plan = Arc::clone(plan);
                let mut turns = Loop::new(plan, driver, options, world, (&tasks, reports));
                begin(&mut turns).and_then(|()| turns.run())
            }
            Err(error) => Err(RunError::Threads {
                message: error.to_string(),
            }),
        }
    })
}
