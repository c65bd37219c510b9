//! An earlier measurement, and what became slower since.
//!
//! A base is a file from outside: it is read up to a limit, parsed strictly, and its numbers are
//! taken for nothing but numbers.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tenzik_runtime::{COST_MODEL, escaped};

use crate::failure::{self, Failure, shown};
use crate::subject::Subject;

use super::machine::Machine;
use super::result::{FORMAT, Measured, input_hash};

/// Largest base, in bytes.
const BASE_BYTES_MAX: u64 = 1 << 20;

/// Rows of one kind that a base may have.
const ROWS_MAX: usize = 1_000;

/// An earlier measurement, as far as it is compared. Fields that are not here are passed over:
/// later versions may have more.
#[derive(Debug, Deserialize)]
pub(crate) struct Baseline {
    format: String,
    capsule: String,
    input: BaseInput,
    seed: String,
    now: String,
    cost_model: String,
    machine: Machine,
    fuel: BaseFuel,
    warm: Vec<BaseWarm>,
}

#[derive(Debug, Deserialize)]
struct BaseInput {
    bytes: u64,
    blake3: String,
}

#[derive(Debug, Deserialize)]
struct BaseFuel {
    units: u64,
    constant: bool,
}

#[derive(Debug, Deserialize)]
struct BaseWarm {
    receipts: String,
    p50_ns: u64,
    noise_ns: u64,
}

/// One number then and now.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) base: u64,
    pub(crate) now: u64,
    /// What the machine made of it at most: such a difference is none.
    pub(crate) noise: u64,
    /// Whether it is over the bound.
    pub(crate) regressed: bool,
}

/// What became of the numbers of a base.
pub(crate) struct Comparison {
    pub(crate) rows: Vec<Row>,
    /// What was not compared, and why.
    pub(crate) notes: Vec<String>,
}

impl Baseline {
    /// Reads a base.
    pub(crate) fn read(path: &Path) -> Result<Baseline, Failure> {
        let named = |error: std::io::Error| failure::file("cannot read the base", path, &error);
        let refused = |why: String| {
            Failure::usage(
                format!("{} is no base: {why}", shown(path)),
                "make one with tenzik bench --json or --output",
            )
        };
        // A named pipe without a writer must not hold up the opening.
        let file = crate::run_input::open_without_waiting(File::options().read(true), path)
            .map_err(named)?;
        if !file.metadata().map_err(named)?.is_file() {
            return Err(refused("it is no regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        let most = file.take(BASE_BYTES_MAX + 1).read_to_end(&mut bytes);
        if most.map_err(named)? as u64 > BASE_BYTES_MAX {
            return Err(refused(format!("it has more than {BASE_BYTES_MAX} bytes")));
        }
        // The message of the parser may quote the file.
        let base: Baseline = serde_json::from_slice(&bytes)
            .map_err(|error| refused(escaped(&error.to_string()).trim_matches('"').to_owned()))?;
        if base.format != FORMAT {
            let format = escaped(&base.format);
            return Err(refused(format!("its format is {format}, not {FORMAT:?}")));
        }
        if base.warm.len() > ROWS_MAX {
            return Err(refused(format!("it has more than {ROWS_MAX} rows")));
        }
        Ok(base)
    }

    /// Refuses to compare runs that do not do the same work.
    pub(crate) fn check(&self, subject: &Subject) -> Result<(), Failure> {
        let wrong = |what: &str, base: &str, now: &str| {
            Err(Failure::usage(
                format!(
                    "the base was measured with {what} {}, not {now}",
                    escaped(base)
                ),
                "measure both with the same --input, --seed and --now",
            ))
        };
        if self.input.blake3 != input_hash(subject)
            || self.input.bytes != subject.input.len() as u64
        {
            let base = format!("of {} bytes, {}", self.input.bytes, self.input.blake3);
            let now = format!("of {} bytes, {}", subject.input.len(), input_hash(subject));
            return wrong("an input", &base, &now);
        }
        if self.seed != subject.seed.to_string() {
            return wrong("the seed", &self.seed, &subject.seed.to_string());
        }
        if self.now != subject.now.to_string() {
            return wrong("the time", &self.now, &subject.now.to_string());
        }
        Ok(())
    }

    /// Compares. `percent_max` is how much worse a number may be; without it nothing regresses.
    pub(crate) fn compare(
        &self,
        subject: &Subject,
        measured: &Measured,
        percent_max: Option<f64>,
    ) -> Comparison {
        let mut notes = Vec::new();
        let mut rows = Vec::new();
        if self.capsule != subject.source.shown() {
            notes.push(format!(
                "the base is of the capsule {}",
                escaped(&self.capsule)
            ));
        }
        if self.cost_model != COST_MODEL {
            let base = escaped(&self.cost_model);
            notes.push(format!(
                "fuel is not compared: the base has the cost model {base}"
            ));
        } else if !self.fuel.constant || !measured.fuel.constant() {
            notes.push("fuel is not compared: it differs from run to run".to_owned());
        } else {
            rows.push(row(
                "fuel".to_owned(),
                self.fuel.units,
                measured.fuel.max,
                0,
                percent_max,
            ));
        }
        let machine = Machine::this();
        if self.machine != machine {
            notes.push(format!(
                "times are not compared: the base is of another machine or build ({}, not {})",
                described(&self.machine),
                described(&machine)
            ));
            return Comparison { rows, notes };
        }
        for warm in &measured.warm {
            let word = warm.receipts.word();
            let Some(base) = self.warm.iter().find(|base| base.receipts == word) else {
                notes.push(format!("the base has no times with receipts {word}"));
                continue;
            };
            let noise = base.noise_ns.saturating_add(warm.noise_ns);
            let what = format!("median ns, receipts {word}");
            rows.push(row(
                what,
                base.p50_ns,
                warm.times.p50_ns,
                noise,
                percent_max,
            ));
        }
        Comparison { rows, notes }
    }
}

fn row(what: String, base: u64, now: u64, noise: u64, percent_max: Option<f64>) -> Row {
    Row {
        what,
        base,
        now,
        noise,
        regressed: percent_max.is_some_and(|percent| over(base, now, noise, percent)),
    }
}

/// Whether `now` is more than `percent` over `base`, and by more than the noise.
fn over(base: u64, now: u64, noise: u64, percent: f64) -> bool {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bound in percent has no more precision"
    )]
    let allowed = base as f64 * percent / 100.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bound in percent has no more precision"
    )]
    let grown = now.saturating_sub(base).saturating_sub(noise) as f64;
    now > base && grown > allowed
}

fn described(machine: &Machine) -> String {
    let Machine {
        arch,
        os,
        cpu,
        cores,
        build,
    } = machine;
    let text = format!("{arch} {os}, {cpu}, {cores} cores, {build}");
    escaped(&text).trim_matches('"').to_owned()
}

impl Comparison {
    /// Whether anything is over the bound.
    pub(crate) fn regressed(&self) -> bool {
        self.rows.iter().any(|row| row.regressed)
    }

    /// The JSON of it.
    pub(crate) fn object(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "what": row.what,
                "base": row.base,
                "now": row.now,
                "noise": row.noise,
                "regressed": row.regressed,
            })
        });
        json!({ "rows": rows.collect::<Vec<_>>(), "notes": self.notes })
    }
}

#[cfg(test)]
mod tests {
    use super::over;

    #[test]
    fn the_bound_knows_noise_and_is_exact_without() {
        let cases = [
            (1_000, 1_000, 0, 0.0, false),
            (1_000, 1_001, 0, 0.0, true),
            (1_000, 1_100, 0, 10.0, false),
            (1_000, 1_101, 0, 10.0, true),
            (1_000, 1_150, 50, 10.0, false),
            (1_000, 1_151, 50, 10.0, true),
            (1_000, 500, 0, 0.0, false),
            (0, 1, 0, 50.0, true),
            (1_000, 1_005, 10, 0.0, false),
            (u64::MAX, u64::MAX, u64::MAX, 0.0, false),
        ];
        for (base, now, noise, percent, regressed) in cases {
            assert_eq!(
                over(base, now, noise, percent),
                regressed,
                "{base} {now} {noise}"
            );
        }
    }
}
