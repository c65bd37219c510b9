//! Limits of the guard, and how they are written on a command line.

use std::str::FromStr;

/// When jobs are refused or queued; `None` switches a limit off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardLimits {
    /// Over this share of used memory jobs are refused. Default: 80.
    pub memory_refuse_percent: Option<f64>,
    /// Once refused, they are admitted below this share; at most `memory_refuse_percent`.
    /// Default: 75.
    pub memory_admit_percent: f64,
    /// Jobs queue while tasks waited for a processor in a larger share of the last ten seconds.
    /// Default: 40.
    pub cpu_pressure_percent: Option<f64>,
    /// In place of the pressure, where the kernel does not tell it: the load of the last minute for
    /// each processor. Default: 4.
    pub load_per_cpu: Option<f64>,
    /// That many jobs of a run never queue, pure ones not counted: they never do. Default: 1.
    pub jobs_always: u32,
}

impl Default for GuardLimits {
    fn default() -> GuardLimits {
        GuardLimits {
            memory_refuse_percent: Some(80.0),
            memory_admit_percent: 75.0,
            cpu_pressure_percent: Some(40.0),
            load_per_cpu: Some(4.0),
            jobs_always: 1,
        }
    }
}

impl GuardLimits {
    /// Admits everything.
    pub fn off() -> GuardLimits {
        GuardLimits {
            memory_refuse_percent: None,
            cpu_pressure_percent: None,
            load_per_cpu: None,
            ..GuardLimits::default()
        }
    }
}

/// Limits that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardLimitsError {
    /// An entry that is no `NAME=VALUE` with a known name.
    #[error(
        "guard limit {0:?} is unknown; write off, or memory=80:75, cpu=40 and load=4 with commas between them"
    )]
    Unknown(String),
    /// A value that is out of range.
    #[error("guard limit {entry:?} is no number from {min} to {max}, nor off")]
    Value {
        /// The entry.
        entry: String,
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
    },
}

/// `off`, or entries with commas between them: `memory=REFUSE[:ADMIT]`, `cpu=PERCENT`, `load=NUMBER`
/// and `jobs=NUMBER`; the others keep their defaults. `off` as a value switches one limit off.
/// Without `ADMIT` it is five less than `REFUSE`.
impl FromStr for GuardLimits {
    type Err = GuardLimitsError;

    fn from_str(text: &str) -> Result<GuardLimits, GuardLimitsError> {
        if text == "off" {
            return Ok(GuardLimits::off());
        }
        let mut limits = GuardLimits::default();
        for entry in text.split(',') {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| GuardLimitsError::Unknown(entry.to_owned()))?;
            let percent = |value| within(entry, value, 1, 100);
            match name {
                "memory" => {
                    let (refuse, admit) = match value.split_once(':') {
                        Some((refuse, admit)) => (refuse, Some(admit)),
                        None => (value, None),
                    };
                    limits.memory_refuse_percent = percent(refuse)?;
                    let admit = admit.map(percent).transpose()?.flatten();
                    let below = limits
                        .memory_refuse_percent
                        .map(|refuse| (refuse - 5.0).max(1.0));
                    limits.memory_admit_percent =
                        admit.or(below).unwrap_or(limits.memory_admit_percent);
                }
                "cpu" => limits.cpu_pressure_percent = percent(value)?,
                "load" => limits.load_per_cpu = within(entry, value, 0, 10_000)?,
                "jobs" => {
                    limits.jobs_always = value.parse().map_err(|_| GuardLimitsError::Value {
                        entry: entry.to_owned(),
                        min: 0,
                        max: u32::MAX,
                    })?;
                }
                _ => return Err(GuardLimitsError::Unknown(entry.to_owned())),
            }
        }
        Ok(limits)
    }
}

fn within(entry: &str, value: &str, min: u32, max: u32) -> Result<Option<f64>, GuardLimitsError> {
    if value == "off" {
        return Ok(None);
    }
    value
        .parse()
        .ok()
        .filter(|number: &f64| (f64::from(min)..=f64::from(max)).contains(number))
        .map(Some)
        .ok_or_else(|| GuardLimitsError::Value {
            entry: entry.to_owned(),
            min,
            max,
        })
}
