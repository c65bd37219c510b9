//! The state of the native run of a thread.

use core::cell::RefCell;
use std::boxed::Box;
use std::string::ToString as _;
use std::vec::Vec;
use std::{format, thread_local};

use tenzik_host_abi::{CapabilitySet, HOST_FUNCTIONS, HostFunction};

use super::effects::{Effect, Effects};
use super::fault::Halt;
use super::limits::Limits;
use super::run::{LogEntry, Run};
use super::tenzik::{Tenzik, TenzikPath};

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// The payload of the unwinding that ends a run.
pub(crate) struct Ended;

/// Everything that the host functions of one run share.
pub(crate) struct State {
    pub(crate) limits: Limits,
    grants: CapabilitySet,
    pub(crate) input: Vec<u8>,
    pub(crate) input_offset: u64,
    pub(crate) output: Vec<u8>,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) log_bytes: u64,
    pub(crate) host_calls: u64,
    pub(crate) result: Vec<u8>,
    pub(crate) result_offset: usize,
    pub(crate) result_handle: i32,
    pub(crate) now_ms: i64,
    seed: u64,
    effects: Option<Effects>,
    tenzik_path: TenzikPath,
    /// The process that answers this run, once it was asked.
    tenzik: Option<Tenzik>,
    pub(crate) halt: Option<Halt>,
}

impl State {
    pub(crate) fn new(run: Run) -> State {
        State {
            limits: run.limits,
            grants: run.grants,
            input: run.input,
            input_offset: 0,
            output: Vec::new(),
            log: Vec::new(),
            log_bytes: 0,
            host_calls: 0,
            result: Vec::new(),
            result_offset: 0,
            result_handle: 0,
            now_ms: run.now_ms,
            seed: run.seed,
            effects: run.effects,
            tenzik_path: TenzikPath::of(run.tenzik),
            tenzik: None,
            halt: None,
        }
    }

    /// Counts a call of the function in `row`, and looks whether it is granted.
    fn begin_call(&mut self, row: &HostFunction) -> Result<(), Halt> {
        if let Some(capability) = row.needs
            && !self.grants.contains(capability)
        {
            return Err(Halt::Refused(capability));
        }
        self.host_calls += 1;
        let max = self.limits.host_calls(self.input_offset);
        if self.host_calls > max {
            let message = format!("made {} host calls; {max} are allowed", self.host_calls);
            return Err(Halt::fault("host_calls_exceeded", message));
        }
        Ok(())
    }

    /// Lets the test answer a call with an effect.
    pub(crate) fn effect(&mut self, effect: &Effect<'_>, buffer: &mut [u8]) -> Result<i32, Halt> {
        let Some(effects) = &self.effects else {
            let name = effect.function;
            let message = format!("{name} has no answer; give the run some with Run::effects");
            return Err(Halt::Broken(message));
        };
        Ok(effects.answer(effect, buffer))
    }

    /// Looks whether a capsule could have passed a slice of this size.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), Halt> {
        let (length, max) = (bytes.len(), self.limits.memory_bytes_max);
        if length as u64 <= max {
            return Ok(());
        }
        let message = format!("passed {length} bytes; no capsule has more than {max} of memory");
        Err(Halt::fault("bad_pointer", message))
    }

    /// Asks `tenzik` to call a pure function.
    pub(crate) fn ask(&mut self, name: &str, arguments: &[&[u8]]) -> Result<(i32, Vec<u8>), Halt> {
        if self.tenzik.is_none() {
            let tenzik = Tenzik::begin(&self.tenzik_path, self.seed)
                .map_err(|error| Halt::Broken(format!("{name} needs tenzik: {error}")))?;
            self.tenzik = Some(tenzik);
        }
        let Some(tenzik) = &mut self.tenzik else {
            return Err(Halt::Broken("tenzik is gone".to_string()));
        };
        tenzik
            .ask(name, arguments)
            .map_err(|error| Halt::Broken(format!("{name}: {error}")))
    }

    /// Makes `bytes` the newest result and returns its handle.
    pub(crate) fn set_result(&mut self, bytes: Vec<u8>) -> i32 {
        self.result = bytes;
        self.result_offset = 0;
        self.result_handle = self.result_handle.checked_add(1).unwrap_or(1);
        self.result_handle
    }
}

/// Begins the run of this thread.
pub(crate) fn begin(state: State) {
    let before = STATE.with_borrow_mut(|slot| match slot {
        Some(_) => Err(()),
        None => {
            *slot = Some(state);
            Ok(())
        }
    });
    assert!(
        before.is_ok(),
        "tenzik-sdk: a native run inside of a native run; call the entry function itself"
    );
}

/// Ends the run of this thread.
pub(crate) fn end() -> State {
    let state = STATE.with_borrow_mut(Option::take);
    let Some(mut state) = state else {
        no_run("the end of a run")
    };
    if let Some(tenzik) = state.tenzik.take() {
        tenzik.keep();
    }
    state
}

/// Calls `work` with the state of the run, as the function in row `row`. What ends the run unwinds to
/// [`Run::call`]; a call from a destructor on the way there has no effect.
pub(crate) fn call<T: Default>(row: usize, work: impl FnOnce(&mut State) -> Result<T, Halt>) -> T {
    let name = HOST_FUNCTIONS.get(row).map_or("", |row| row.name);
    let result = STATE.with_borrow_mut(|slot| {
        let state = slot.as_mut()?;
        if state.halt.is_some() || std::thread::panicking() {
            return Some(Err(()));
        }
        let begun = match HOST_FUNCTIONS.get(row) {
            Some(row) => state.begin_call(row),
            None => Ok(()),
        };
        Some(begun.and_then(|()| work(state)).map_err(|halt| {
            state.halt = Some(halt);
        }))
    });
    match result {
        Some(Ok(value)) => value,
        Some(Err(())) if std::thread::panicking() => T::default(),
        Some(Err(())) => std::panic::resume_unwind(Box::new(Ended)),
        None => no_run(name),
    }
}

/// Ends the run as `halt`.
pub(crate) fn halt(halt: Halt) -> ! {
    let in_run = STATE.with_borrow_mut(|slot| match slot {
        Some(state) => {
            state.halt.get_or_insert(halt);
            true
        }
        None => false,
    });
    if in_run {
        std::panic::resume_unwind(Box::new(Ended));
    }
    no_run("trap")
}

#[expect(
    clippy::panic,
    reason = "there is no host to call, and nothing to return"
)]
fn no_run(name: &str) -> ! {
    panic!(
        "tenzik-sdk: {name} outside of a run; put the call into tenzik_sdk::native::run(input, || …)"
    )
}
