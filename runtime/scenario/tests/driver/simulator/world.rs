//! The world around a driver: jobs that end, fail or are lost, timers, cancels, crashes, decisions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tenzik_scenario::driver::{
    Action, Assumed, Driver, DriverOptions, Event, JobKey, RunEnd, TimerId,
};
use tenzik_scenario::plan::Plan;
use tenzik_scenario::{Effect, WorkEnding};

use super::chance::Chance;
use super::generate::{self, Expressions};
use super::watch::Watch;
use crate::driver::notation;

/// What happened in all runs together.
#[derive(Debug, Default)]
pub struct Tally {
    steps: usize,
    jobs: usize,
    events: usize,
    crashes: usize,
    lost: usize,
    decisions: usize,
    ok: usize,
    failed: usize,
    cancelled: usize,
    timed_out: usize,
}

impl Tally {
    /// Everything that can happen did, often.
    pub fn is_worth_it(&self) {
        let all = [
            self.crashes,
            self.lost,
            self.decisions,
            self.ok,
            self.failed,
            self.cancelled,
            self.timed_out,
        ];
        assert!(all.iter().all(|&count| count > 10), "{self:?}");
    }
}

/// How bad a world is, in percent.
struct Weather {
    failures: usize,
    crashes: usize,
    endings: usize,
}

/// Runs one plan to its end; the trace of events and actions.
pub fn simulate(seed: u64, tally: &mut Tally) -> Vec<String> {
    let mut chance = Chance::new(seed);
    let weather = Weather {
        failures: *chance.pick(&[0, 0, 10, 40]),
        crashes: *chance.pick(&[0, 3, 10]),
        endings: *chance.pick(&[0, 0, 0, 4]),
    };
    let expressions = match weather.failures {
        0 => Expressions::Good,
        _ => Expressions::Mixed,
    };
    let plan = Arc::new(generate::plan(&mut chance, expressions));
    let options = DriverOptions {
        seed: [3; 32],
        session: None,
    };
    let fresh = || Driver::new(Arc::clone(&plan), options.clone()).expect("the plan ends");
    let mut world = World {
        plan: Arc::clone(&plan),
        driver: fresh(),
        watch: Watch::new(Arc::clone(&plan)),
        journal: Vec::new(),
        trace: Vec::new(),
        durable: 0,
        running: BTreeSet::new(),
        waits: BTreeSet::new(),
        unknown: Vec::new(),
        clean: expressions == Expressions::Good,
    };
    world.tell(Event::Begin);
    // Bounds what a driver that never ends costs.
    for _ in 0..10_000 {
        if world.driver.is_finished() {
            break;
        }
        tally.events += 1;
        if chance.percent(weather.crashes) {
            tally.crashes += 1;
            tally.lost += world.crash(fresh(), &mut chance);
        } else if chance.percent(weather.endings) {
            world.clean = false;
            let event = chance.pick(&[Event::Cancel, Event::RunTimedOut]).clone();
            world.tell(event);
        } else {
            tally.decisions += usize::from(world.step(&mut chance, &weather));
        }
    }
    assert!(world.driver.is_finished(), "the run does not end");
    world.finish(fresh());
    tally.jobs += world.watch.jobs();
    tally.steps += world.driver.steps().count();
    match world.driver.end() {
        Some(RunEnd::Ok) => tally.ok += 1,
        Some(RunEnd::Failed) => tally.failed += 1,
        Some(RunEnd::Cancelled) => tally.cancelled += 1,
        _ => tally.timed_out += 1,
    }
    std::mem::take(&mut world.trace)
}

struct World {
    plan: Arc<Plan>,
    driver: Driver,
    watch: Watch,
    /// Every event but the beginning, as a journal has them.
    journal: Vec<Event>,
    /// What was said and done, for each event, the beginning first.
    trace: Vec<String>,
    /// Events that a loss of power leaves in the journal.
    durable: usize,
    running: BTreeSet<JobKey>,
    waits: BTreeSet<TimerId>,
    unknown: Vec<Arc<str>>,
    /// Nothing failed and nothing was ended.
    clean: bool,
}

impl World {
    fn tell(&mut self, event: Event) {
        if event != Event::Begin {
            self.journal.push(event.clone());
        }
        if self.apply(event) {
            self.durable = self.journal.len();
        }
    }

    /// Tells an event; whether its row is durable before anything else happens.
    fn apply(&mut self, event: Event) -> bool {
        let once = |node: usize| self.plan.nodes[node].effect == Effect::AtMostOnce;
        let mut durable = match &event {
            Event::JobEnded { job, .. } | Event::JobLost { job } => self
                .driver
                .step(&job.path)
                .is_some_and(|step| once(step.node)),
            Event::Begin | Event::TimerFired { .. } => false,
            Event::Cancel | Event::RunTimedOut | Event::Assume { .. } => true,
        };
        match &event {
            Event::JobEnded { job, .. } | Event::JobLost { job } => {
                self.running.remove(job);
            }
            Event::TimerFired { timer } => {
                self.waits.remove(timer);
            }
            Event::Assume { .. } => self.unknown.clear(),
            Event::Begin | Event::Cancel | Event::RunTimedOut => {}
        }
        self.watch.before(&event);
        let mut said = format!("> {event:?}\n");
        let actions = self.driver.handle(event).expect("the event fits");
        for action in &actions {
            said.push_str(&notation::show(action));
            said.push('\n');
        }
        self.trace.push(said);
        for action in &actions {
            self.watch.action(action);
            match action {
                Action::Start(start) => {
                    durable |= once(start.node);
                    self.running.insert(start.key.clone());
                }
                Action::Wait { timer, .. } => {
                    self.waits.insert(timer.clone());
                }
                Action::Stop { job, .. } => {
                    self.waits.remove(&TimerId(job.clone()));
                }
                Action::Finished(RunEnd::NeedsDecision { paths }) => {
                    self.unknown = paths.clone();
                }
                Action::Settled { .. } | Action::Finished(_) => {}
            }
        }
        self.watch.after(&self.driver, &self.running, &self.waits);
        durable
    }

    /// Lets one thing happen; whether it was a decision.
    fn step(&mut self, chance: &mut Chance, weather: &Weather) -> bool {
        let count = self.running.len() + self.waits.len();
        if let Some(path) = self.unknown.first()
            && self.running.is_empty()
        {
            let path = Arc::clone(path);
            let assumed = match chance.percent(50) {
                true => Assumed::Done,
                false => Assumed::Failed,
            };
            self.clean &= assumed == Assumed::Done;
            self.tell(Event::Assume { path, assumed });
            return true;
        }
        assert!(count > 0, "nothing runs and the run is not over");
        let at = chance.below(count);
        if let Some(job) = self.running.iter().nth(at).cloned() {
            let ending = self.ending(chance, weather);
            self.clean &= ending == WorkEnding::Ok;
            let output = match ending {
                WorkEnding::Ok => json!(job.path.as_ref()),
                _ => json!(null),
            };
            let result = notation::result(ending, output);
            self.tell(Event::JobEnded { job, result });
        } else {
            let timer = self.waits.iter().nth(at - self.running.len()).cloned();
            let timer = timer.expect("it is one of them");
            self.tell(Event::TimerFired { timer });
        }
        false
    }

    fn ending(&self, chance: &mut Chance, weather: &Weather) -> WorkEnding {
        if self.watch.is_ending() && chance.percent(70) {
            return WorkEnding::Cancelled;
        }
        if !chance.percent(weather.failures) {
            return WorkEnding::Ok;
        }
        match chance.below(4) {
            0 => WorkEnding::TimedOut { timeout_ms: 1 },
            _ => WorkEnding::Failed {
                code: "broken".to_owned(),
                exit: 20,
                message: "it broke".to_owned(),
            },
        }
    }

    /// tenzik ends in the middle: a new driver gets what the journal has, and learns what was lost.
    /// Where the power was lost, too, the journal lacks its last rows of pure work.
    fn crash(&mut self, fresh: Driver, chance: &mut Chance) -> usize {
        let kept = match chance.percent(30) {
            true => self.durable + chance.below(self.journal.len() - self.durable + 1),
            false => self.journal.len(),
        };
        let state = format!("{:?}", self.driver);
        let whole = kept == self.journal.len();
        self.driver = fresh;
        self.watch = Watch::new(Arc::clone(&self.plan));
        self.running.clear();
        self.waits.clear();
        self.unknown.clear();
        let before = std::mem::take(&mut self.trace);
        let mut journal = std::mem::take(&mut self.journal);
        journal.truncate(kept);
        self.apply(Event::Begin);
        for event in &journal {
            self.apply(event.clone());
        }
        self.journal = journal;
        assert_eq!(
            self.trace,
            before[..=kept],
            "the journal gives other actions"
        );
        if whole {
            let again = format!("{:?}", self.driver);
            assert_eq!(state, again, "the journal gives another state");
        }
        let lost: Vec<JobKey> = self.driver.outstanding().collect();
        for job in &lost {
            self.tell(Event::JobLost { job: job.clone() });
        }
        lost.len()
    }

    /// What holds once a run is over.
    fn finish(&mut self, fresh: Driver) {
        self.watch.end(&self.driver, self.clean);
        // The whole journal once more gives the same.
        let mut again = fresh;
        let events = std::iter::once(&Event::Begin).chain(&self.journal);
        for (event, said) in events.zip(&self.trace) {
            let actions = again.handle(event.clone());
            let actions = actions.expect("the journal can be replayed");
            let lines: Vec<String> = actions.iter().map(notation::show).collect();
            assert!(said.lines().skip(1).eq(lines.iter()), "{said}");
        }
        let steps: Vec<_> = self.driver.steps().collect();
        assert_eq!(steps, again.steps().collect::<Vec<_>>());
        // Nothing happens after the end.
        let late = self.driver.handle(Event::Cancel);
        assert!(late.is_ok_and(|actions| actions.is_empty()));
        for event in self.journal.iter().rev().take(3) {
            let harmless = matches!(
                event,
                Event::Cancel | Event::RunTimedOut | Event::TimerFired { .. }
            );
            let again = self.driver.handle(event.clone());
            match again {
                Ok(actions) => assert!(harmless && actions.is_empty(), "{event:?}"),
                Err(_) => assert!(!matches!(event, Event::Cancel | Event::RunTimedOut)),
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}{}", self.watch.outline(), self.trace.concat());
        }
    }
}
