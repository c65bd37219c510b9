//! Code in two steps: quickly compiled code for the first runs, faster code for a capsule that runs
//! much, compiled by a thread in the background.
//!
//! Quick code takes half the time to compile and twice the time to run. The faster code also merges
//! functions into their callers: metering costs most at calls, where the count of fuel goes to
//! memory and back, and capsules that are built for size call much. Fuel, output and every limit
//! stay what they were, for the count is part of the code that is compiled. What changes is the
//! frames on the stack, and where a trap in merged code seems to be. Therefore only runs that can be
//! repeated without anybody noticing use any of this, and one whose fault depends on it is run again
//! on plain code, whose verdict counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tenzik_capsule::Capsule;

use crate::config::{Tier, Variant};
use crate::engine::Compiler;
use crate::fault::FaultCode;
use crate::outcome::{Outcome, Status};
use crate::prepared::Compiled;

/// Functions of a module that is merged: each may grow to the engine's limit of 2,000 instructions.
const MERGED_FUNCTIONS_MAX: u32 = 256;

/// Effort of assigning registers up to which a module is merged: what compilers emit for 5 KB.
const MERGED_REGISTER_EFFORT_MAX: u64 = 300_000;

/// Modules that wait for the thread; what comes while there are more asks again later.
const WAITING_MAX: usize = 64;

/// The faster code of a capsule, and whether it is worth having.
#[derive(Default)]
pub(crate) struct Optimised {
    code: OnceLock<Box<Compiled>>,
    /// Microseconds that runs took in the first code, each rounded up.
    spent_us: AtomicU64,
    asked: AtomicBool,
}

impl Optimised {
    /// The faster code, once it is there.
    pub(crate) fn code(&self) -> Option<&Compiled> {
        self.code.get().map(|code| &**code)
    }

    /// Adds a run in the first code; true if somebody has to ask for faster code now.
    pub(crate) fn is_due(&self, wall_us: u64, after_us: u64) -> bool {
        if self.asked.load(Ordering::Relaxed) {
            return false;
        }
        let us = wall_us.saturating_add(1);
        let spent = self.spent_us.fetch_add(us, Ordering::Relaxed);
        spent.saturating_add(us) >= after_us && !self.asked.swap(true, Ordering::Relaxed)
    }

    /// Lets somebody ask again.
    fn postpone(&self) {
        self.spent_us.store(0, Ordering::Relaxed);
        self.asked.store(false, Ordering::Relaxed);
    }
}

impl Tier {
    /// The outcome of a run on code of this tier, unless plain code has to say how it ended: a trap in merged code is not where
    /// it seems to be, and the native stack holds fewer frames of code that is not optimised. A run
    /// whose time is over was not ended at any place of its own.
    pub(crate) fn verdict(self, plain: Tier, outcome: Outcome) -> Option<Outcome> {
        let Status::Fault(fault) = &outcome.status else {
            return Some(outcome);
        };
        let stands = match (self, fault.code) {
            _ if self == plain => true,
            (Tier::Plain, _) | (_, FaultCode::TimeExceeded | FaultCode::Cancelled) => true,
            (Tier::Quick, code) => code != FaultCode::StackOverflow,
            (Tier::Merged, _) => false,
        };
        stands.then_some(outcome)
    }
}

/// The tier of the faster code of `capsule`, whose plain code has the tier `plain`.
fn best(capsule: &Capsule, plain: Tier) -> Tier {
    let merges = (2..=MERGED_FUNCTIONS_MAX).contains(&capsule.functions())
        && capsule.register_effort() <= MERGED_REGISTER_EFFORT_MAX;
    if merges && plain == Tier::Plain {
        Tier::Merged
    } else {
        plain
    }
}

/// Compiles the faster code of `first` at once. Code that cannot be compiled is done without.
/// `plain` is the variant of plain code.
pub(crate) fn optimise(compiler: &Compiler, capsule: &Capsule, plain: Variant, first: &Compiled) {
    let tier = best(capsule, plain.tier);
    if tier == first.tier {
        return;
    }
    let variant = Variant { tier, ..plain };
    if let Ok(compiled) = compiler.translate(capsule, variant) {
        let _ = first.optimised.code.set(Box::new(compiled));
    }
}

/// The thread that optimises, begun when there is something to do.
#[derive(Default)]
pub(crate) struct Optimiser(Mutex<Option<SyncSender<Job>>>);

struct Job {
    capsule: Capsule,
    plain: Variant,
    first: Weak<Compiled>,
}

impl Optimiser {
    /// Has faster code compiled for `first`, soon.
    pub(crate) fn ask(
        &self,
        compiler: &Arc<Compiler>,
        capsule: &Capsule,
        plain: Variant,
        first: &Arc<Compiled>,
    ) {
        let job = Job {
            capsule: capsule.clone(),
            plain,
            first: Arc::downgrade(first),
        };
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_none() {
            *sender = start(compiler);
        }
        let sent = sender.as_ref().is_some_and(|to| to.try_send(job).is_ok());
        if !sent {
            first.optimised.postpone();
        }
    }
}

/// Begins the thread; it ends when the engine is gone. Without it all code stays as it is.
fn start(compiler: &Arc<Compiler>) -> Option<SyncSender<Job>> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let compiler = Arc::clone(compiler);
    std::thread::Builder::new()
        .name("tenzik-optimise".to_owned())
        .spawn(move || work(&compiler, &receiver))
        .ok()?;
    Some(sender)
}

fn work(compiler: &Compiler, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        // Nobody needs what has left the cache meanwhile.
        if let Some(first) = job.first.upgrade() {
            optimise(compiler, &job.capsule, job.plain, &first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Optimised;

    #[test]
    fn one_of_many_runs_asks() {
        let optimised = Optimised::default();
        let asks: Vec<bool> = (0..6).map(|_| optimised.is_due(9, 30)).collect();
        assert_eq!(asks, [false, false, true, false, false, false]);
        optimised.postpone();
        assert!(!optimised.is_due(9, 30));
        assert!(optimised.is_due(20, 30));
    }
}
