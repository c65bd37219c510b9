//! The fuel of a run that trapped.
//!
//! Compiled code keeps the count in a register and stores it at calls; a trap between two calls
//! loses what was counted since (wasmtime issue 13802). But the count is compared with the limit at
//! every loop header and function entry, where a count over the limit ends the run. So the smallest
//! limit under which the run still reaches its trap is the exact count at the last of those places: a
//! lower bound of the fuel used. It is found by running again under other limits, first in steps that
//! double, then by bisection.

use std::time::Duration;

use tenzik_policy::Limits;

use crate::clock;
use crate::execute::{run, silent_request};
use crate::failure::EngineFailure;
use crate::fault::FaultCode;
use crate::input::Input;
use crate::outcome::Status;
use crate::prepared::Compiled;
use crate::request::CancelToken;
use crate::state::RunState;

/// Most runs of one search: doubling and bisecting 64-bit numbers takes fewer.
const RUNS_MAX: u32 = 130;

/// Time after which the best bound so far has to do.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(2);

/// How to run again.
pub(crate) struct Again<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) limits: &'a Limits,
    pub(crate) now_ms: i64,
    pub(crate) seed: u64,
    pub(crate) epoch: bool,
    pub(crate) cancel: Option<CancelToken>,
}

impl Again<'_> {
    /// A lower bound of the fuel used by the run that ended in `state` with `known` units counted.
    /// `known` itself where the input cannot be read again.
    pub(crate) fn bound(&self, state: Box<RunState>, known: u64) -> Result<u64, EngineFailure> {
        let granted = state.fuel_granted;
        let started = clock::now();
        let offset = state.input.offset();
        let rewound = |cursor: crate::input::InputCursor| {
            cursor
                .into_rewound()
                .map_err(|source| EngineFailure::Input { offset, source })
        };
        let mut input = rewound(state.input)?;
        let mut low = known;
        let mut high = granted;
        let mut step = 1_u64;
        let mut bracketed = false;
        let mut runs = 0;
        // With less than `low` the run does not reach its trap; with `high` it does.
        while low < high && runs < RUNS_MAX && started.elapsed() < SEARCH_TIME_MAX {
            let Some(again) = input.take() else {
                break;
            };
            let cap = if bracketed {
                low + (high - low) / 2
            } else {
                low.saturating_add(step).min(high)
            };
            let (reached, state) = self.reaches(again, cap)?;
            if reached {
                high = cap;
                bracketed = true;
            } else {
                low = cap.saturating_add(1);
                step = step.saturating_mul(2);
            }
            runs += 1;
            input = rewound(state.input)?;
        }
        // The least that reaches the trap is what was used when the count was looked at last.
        Ok(known.max(low))
    }

    /// Whether the run reaches its trap with `cap` units of fuel in all.
    fn reaches(&self, input: Input, cap: u64) -> Result<(bool, Box<RunState>), EngineFailure> {
        let mut request = silent_request(input, self.now_ms, self.seed);
        request.cancel = self.cancel.clone();
        let (ending, state) = run(
            self.compiled,
            RunState::new(self.limits, request, cap),
            self.epoch,
        )?;
        let short = matches!(&ending.status, Status::Fault(fault) if fault.code == FaultCode::FuelExhausted);
        Ok((!short, state))
    }
}
