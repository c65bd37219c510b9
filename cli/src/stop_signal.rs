//! Signals that ask the process to end, while it has programs of others running.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{
    register, register_conditional_default, register_conditional_shutdown, register_usize,
};
use signal_hook::low_level::emulate_default_handler;

use crate::failure::Failure;

/// What a second signal ends the process with, when the first could not.
const INTERRUPTED: i32 = 130;

/// Catches signals as long as it lives, there being one at a time: the first is noted, a second one
/// ends the process. Without it they do what they do to every process.
pub(crate) struct StopSignal(&'static Noted);

/// What the handlers write. Handlers stay once they are there.
struct Noted {
    is_set: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    nobody_waits: Arc<AtomicBool>,
}

impl StopSignal {
    /// Catches signals from now on.
    pub(crate) fn catch() -> Result<StopSignal, Failure> {
        static NOTED: OnceLock<io::Result<Noted>> = OnceLock::new();
        match NOTED.get_or_init(install) {
            Ok(noted) => {
                noted.nobody_waits.store(false, Ordering::Relaxed);
                Ok(StopSignal(noted))
            }
            Err(error) => Err(Failure::machine(
                format!("cannot catch signals: {error}"),
                "the system refuses signal handlers; check its limits",
            )),
        }
    }

    /// What the first signal sets.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.is_set)
    }

    /// Whether a signal came.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_set.load(Ordering::Relaxed)
    }

    /// Ends the process as the signal would have, if one came.
    pub(crate) fn obey(&self) {
        if self.is_set() {
            let signal = i32::try_from(self.0.signal.load(Ordering::Relaxed)).unwrap_or(SIGTERM);
            let _ = emulate_default_handler(signal);
        }
    }
}

impl Drop for StopSignal {
    fn drop(&mut self) {
        self.0.nobody_waits.store(true, Ordering::Relaxed);
    }
}

fn install() -> io::Result<Noted> {
    let noted = Noted {
        is_set: Arc::default(),
        signal: Arc::default(),
        nobody_waits: Arc::default(),
    };
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let number = usize::try_from(signal).unwrap_or_default();
        // They run in this order.
        register_conditional_default(signal, Arc::clone(&noted.nobody_waits))?;
        register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&noted.is_set))?;
        register_usize(signal, Arc::clone(&noted.signal), number)?;
        register(signal, Arc::clone(&noted.is_set))?;
    }
    Ok(noted)
}
