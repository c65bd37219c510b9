//! Does another execution agree with a receipt?

use std::fmt::{self, Display};

use crate::{Run, Status, Verdict};

/// What another execution with the same capsule, input, grants, limits, seed and time says about a
/// receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// In what it contradicts the receipt.
    pub differences: Vec<Difference>,
    /// What could not be compared, and why.
    pub notes: Vec<Note>,
}

/// A fact on which receipt and re-execution differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field of the receipt.
    pub field: &'static str,
    /// Its value; `none` when the receipt does not have it.
    pub recorded: String,
    /// The value of the re-execution.
    pub reexecuted: String,
}

/// A fact that the comparison could not settle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// One of the two ended in a fault that depends on the machine (wall clock, native stack), so
    /// everything but the capsule may differ.
    MachineBound {
        /// How the recorded run ended.
        recorded: Status,
        /// How the re-execution ended.
        reexecuted: Status,
    },
    /// Fuel was counted by different engines or with different prices.
    FuelNotComparable {
        /// Cost model and engine of the receipt.
        recorded: String,
        /// Cost model and engine of the re-execution.
        reexecuted: String,
    },
    /// One of the counts is a lower bound, and the other does not contradict it.
    FuelLowerBound {
        /// Count of the receipt.
        recorded: u64,
        /// Whether it is exact.
        recorded_exact: bool,
        /// Count of the re-execution.
        reexecuted: u64,
        /// Whether it is exact.
        reexecuted_exact: bool,
    },
}

impl Comparison {
    /// Whether nothing contradicts the receipt. That is not yet a confirmation, see
    /// [`Comparison::is_conclusive`].
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether output and status could be compared: neither run ended in a fault that depends on
    /// the machine.
    pub fn is_conclusive(&self) -> bool {
        !self
            .notes
            .iter()
            .any(|note| matches!(note, Note::MachineBound { .. }))
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            field,
            recorded,
            reexecuted,
        } = self;
        write!(
            f,
            "{field} differs: the receipt has {recorded}, the re-execution {reexecuted}"
        )
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::MachineBound {
                recorded,
                reexecuted,
            } => write!(
                f,
                "the receipt has status {recorded}, the re-execution {reexecuted}; \
                 a fault that depends on the machine need not repeat, so nothing else is compared"
            ),
            Note::FuelNotComparable {
                recorded,
                reexecuted,
            } => write!(
                f,
                "fuel is not comparable: the receipt counts by {recorded}, \
                 the re-execution by {reexecuted}"
            ),
            Note::FuelLowerBound {
                recorded,
                recorded_exact,
                reexecuted,
                reexecuted_exact,
            } => {
                let kind = |exact: bool| if exact { "exactly" } else { "at least" };
                write!(
                    f,
                    "fuel agrees within its bounds: the receipt has {} {recorded}, \
                     the re-execution {} {reexecuted}",
                    kind(*recorded_exact),
                    kind(*reexecuted_exact),
                )
            }
        }
    }
}

/// Compares a recorded verdict with that of a re-execution: capsule, status, codes, output, host
/// calls, transcript and fuel.
///
/// Memory, consumed input and times are not compared. Fuel is compared when cost model and engine
/// are the same, and as far as a lower bound allows.
pub fn compare_reexecution(recorded: &Verdict, reexecuted: &Verdict) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.compare_option("capsule_id", recorded.capsule_id(), reexecuted.capsule_id());
    if recorded.is_machine_bound() || reexecuted.is_machine_bound() {
        let (recorded, reexecuted) = (recorded.status(), reexecuted.status());
        comparison.notes.push(Note::MachineBound {
            recorded,
            reexecuted,
        });
        return comparison;
    }
    comparison.compare("status", recorded.status(), reexecuted.status());
    comparison.compare_option("error_code", recorded.error_code(), reexecuted.error_code());
    comparison.compare_option(
        "failure_code",
        recorded.failure_code(),
        reexecuted.failure_code(),
    );
    comparison.compare_option("refused_by", recorded.refused_by(), reexecuted.refused_by());
    if let (Some(recorded), Some(reexecuted)) = (recorded.run(), reexecuted.run()) {
        comparison.compare_runs(recorded, reexecuted);
    }
    comparison
}

impl Comparison {
    fn compare_runs(&mut self, recorded: &Run, reexecuted: &Run) {
        self.compare(
            "output_bytes",
            recorded.output_bytes,
            reexecuted.output_bytes,
        );
        self.compare(
            "output_commit",
            recorded.output_commit,
            reexecuted.output_commit,
        );
        self.compare("host_calls", recorded.host_calls, reexecuted.host_calls);
        self.compare(
            "transcript_commit",
            recorded.transcript_commit,
            reexecuted.transcript_commit,
        );
        self.compare_fuel(recorded, reexecuted);
    }

    fn compare_fuel(&mut self, recorded: &Run, reexecuted: &Run) {
        let counter = |run: &Run| format!("cost model {} on {}", run.cost_model, run.engine);
        if recorded.cost_model != reexecuted.cost_model || recorded.engine != reexecuted.engine {
            let (recorded, reexecuted) = (counter(recorded), counter(reexecuted));
            self.notes.push(Note::FuelNotComparable {
                recorded,
                reexecuted,
            });
            return;
        }
        let contradicts = match (recorded.fuel_exact, reexecuted.fuel_exact) {
            (true, true) => recorded.fuel_used != reexecuted.fuel_used,
            (false, true) => reexecuted.fuel_used < recorded.fuel_used,
            (true, false) => recorded.fuel_used < reexecuted.fuel_used,
            (false, false) => false,
        };
        if contradicts {
            let fuel = |run: &Run| {
                let bound = if run.fuel_exact { "" } else { "at least " };
                format!("{bound}{}", run.fuel_used)
            };
            self.differs("fuel_used", fuel(recorded), fuel(reexecuted));
        } else if recorded.fuel_used != reexecuted.fuel_used
            || recorded.fuel_exact != reexecuted.fuel_exact
        {
            self.notes.push(Note::FuelLowerBound {
                recorded: recorded.fuel_used,
                recorded_exact: recorded.fuel_exact,
                reexecuted: reexecuted.fuel_used,
                reexecuted_exact: reexecuted.fuel_exact,
            });
        }
    }

    fn compare<T: Display + PartialEq>(&mut self, field: &'static str, recorded: T, reexecuted: T) {
        if recorded != reexecuted {
            self.differs(field, recorded, reexecuted);
        }
    }

    fn compare_option<T: Display + PartialEq>(
        &mut self,
        field: &'static str,
        recorded: Option<T>,
        reexecuted: Option<T>,
    ) {
        let text = |value: Option<T>| value.map_or_else(|| "none".to_owned(), |v| v.to_string());
        if recorded != reexecuted {
            self.differs(field, text(recorded), text(reexecuted));
        }
    }

    fn differs(&mut self, field: &'static str, recorded: impl Display, reexecuted: impl Display) {
        let (recorded, reexecuted) = (recorded.to_string(), reexecuted.to_string());
        self.differences.push(Difference {
            field,
            recorded,
            reexecuted,
        });
    }
}
