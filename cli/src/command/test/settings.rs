//! The settings of a case: the form of a `.toml` file.
//!
//! ```toml
//! profile = "production"           # replaces the policy of the command line
//! grant = ["time"]
//! deny = ["hash"]
//! seed = 7
//! now = "2026-01-02T03:04:05Z"
//!
//! [limits]                         # the names of docs/limits.md
//! fuel = 20_000
//!
//! [expect]                         # the case fails if the run uses more
//! fuel_max = 19_000
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use tenzik_runtime::{Capability, Limits, Policy, Profile, Timestamp, Usage};
use toml::Spanned;

use crate::command::run::timestamp;

/// Time of every run whose case sets none: 2026-01-01T00:00:00Z.
pub(super) const NOW_MS: u64 = 1_767_225_600_000;

/// Seed of every run whose case sets none.
pub(super) const SEED: u64 = 1;

/// What a case sets; where it sets nothing, the same on every machine.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) policy: Policy,
    pub(super) seed: u64,
    pub(super) now_ms: i64,
    pub(super) bounds: Bounds,
}

/// How much a run of the case may use; more is a failed case and not the end of the run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    fuel_max: Option<u64>,
    host_calls_max: Option<u64>,
    log_bytes_max: Option<u64>,
    memory_bytes_max: Option<u64>,
    output_bytes_max: Option<u64>,
}

impl Bounds {
    /// Name, bound and use of everything that was used beyond its bound.
    pub(super) fn exceeded(&self, usage: &Usage) -> Vec<(&'static str, u64, u64)> {
        let bounds = [
            ("fuel_max", self.fuel_max, usage.fuel),
            ("host_calls_max", self.host_calls_max, usage.host_calls),
            ("log_bytes_max", self.log_bytes_max, usage.log_bytes),
            (
                "memory_bytes_max",
                self.memory_bytes_max,
                usage.memory_bytes,
            ),
            (
                "output_bytes_max",
                self.output_bytes_max,
                usage.output_bytes,
            ),
        ];
        bounds
            .into_iter()
            .filter_map(|(name, bound, used)| {
                let bound = bound.filter(|bound| used > *bound)?;
                Some((name, bound, used))
            })
            .collect()
    }
}

/// A `.toml` file that is wrong: line and column, counted from 1, and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SettingsError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    profile: Option<Spanned<String>>,
    #[serde(default)]
    grant: Vec<Spanned<String>>,
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    seed: Option<u64>,
    now: Option<Spanned<String>>,
    #[serde(default)]
    limits: BTreeMap<Spanned<String>, u64>,
    #[serde(default)]
    expect: Bounds,
}

impl Settings {
    /// The settings of a case without a file.
    pub(super) fn of_policy(policy: &Policy) -> Settings {
        Settings {
            policy: policy.clone(),
            seed: SEED,
            now_ms: i64::try_from(NOW_MS).unwrap_or(i64::MAX),
            bounds: Bounds::default(),
        }
    }

    /// Reads a file. `policy` holds where the file sets nothing.
    pub(super) fn parse(bytes: &[u8], policy: &Policy) -> Result<Settings, SettingsError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            at(valid, "these bytes are not UTF-8".to_owned())
        })?;
        let wrong =
            |start: usize, message: String| at(bytes.get(..start).unwrap_or_default(), message);
        let written: Written = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            wrong(start, error.message().to_owned())
        })?;
        let mut settings = Settings::of_policy(policy);
        if let Some(name) = &written.profile {
            let profile: Profile = parsed(name).map_err(|(start, text)| wrong(start, text))?;
            settings.policy = profile.policy();
        }
        let grants = &mut settings.policy.grants;
        for name in &written.grant {
            let granted: Capability = parsed(name).map_err(|(start, text)| wrong(start, text))?;
            *grants = grants.with(granted);
        }
        for name in &written.deny {
            let denied: Capability = parsed(name).map_err(|(start, text)| wrong(start, text))?;
            *grants = grants.without(denied);
        }
        settings.policy.limits = limits(&settings.policy.limits, &written.limits)
            .map_err(|(start, text)| wrong(start, text))?;
        if let Some(seed) = written.seed {
            settings.seed = seed;
        }
        if let Some(now) = &written.now {
            let now: Timestamp =
                timestamp(now.get_ref()).map_err(|text| wrong(now.span().start, text))?;
            settings.now_ms = i64::try_from(now.unix_millis()).unwrap_or(i64::MAX);
        }
        settings.bounds = written.expect;
        Ok(settings)
    }
}

/// Reads a word, or says where it stands and what is wrong with it.
fn parsed<T: std::str::FromStr>(word: &Spanned<String>) -> Result<T, (usize, String)>
where
    T::Err: std::fmt::Display,
{
    let value = word.get_ref().parse();
    value.map_err(|error: T::Err| (word.span().start, error.to_string()))
}

/// `base` with the limits that a case sets.
fn limits(
    base: &Limits,
    written: &BTreeMap<Spanned<String>, u64>,
) -> Result<Limits, (usize, String)> {
    let mut values: BTreeMap<&str, u64> = base.values().collect();
    for (name, value) in written {
        match values.get_mut(name.get_ref().as_str()) {
            Some(place) => *place = *value,
            None => {
                let known: Vec<&str> = base.values().map(|(name, _)| name).collect();
                let message = format!(
                    "unknown limit {}; known are {}",
                    tenzik_runtime::escaped(name.get_ref()),
                    known.join(", ")
                );
                return Err((name.span().start, message));
            }
        }
    }
    let canonical: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Limits::parse_canonical(&canonical.join(" ")).map_err(|error| {
        let message = error.to_string();
        // The first limit in alphabetical order that is out of range is the one complained about.
        let culprit = written
            .keys()
            .find(|name| message.contains(&format!("limit {} is", name.get_ref())));
        (culprit.map_or(0, |name| name.span().start), message)
    })
}

/// An error behind `before`.
fn at(before: &[u8], message: String) -> SettingsError {
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let in_line = before.get(line_start..).unwrap_or_default();
    SettingsError {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: String::from_utf8_lossy(in_line).chars().count() + 1,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::{NOW_MS, SEED, Settings};
    use tenzik_runtime::{Capability, Policy, Profile, Usage};

    #[test]
    fn everything_can_be_set() {
        let text = r#"
            profile = "production"
            grant = ["time"]
            deny = ["hash", "json"]
            seed = 7
            now = "2026-01-02T03:04:05.678Z"
            [limits]
            fuel = 20_000
            wall_us = 5
            [expect]
            fuel_max = 10
            output_bytes_max = 20
        "#;
        let settings = Settings::parse(text.as_bytes(), &Policy::default()).unwrap();
        let mut policy = Profile::Production.policy();
        policy.limits.fuel_base = 20_000;
        policy.limits.wall_us_base = 5;
        policy.grants = policy.grants.with(Capability::Time);
        policy.grants = policy.grants.without(Capability::Hash);
        policy.grants = policy.grants.without(Capability::Json);
        assert_eq!(settings.policy, policy);
        assert_eq!((settings.seed, settings.now_ms), (7, 1_767_323_045_678));
        let usage = Usage {
            fuel: 11,
            output_bytes: 20,
            ..Usage::default()
        };
        assert_eq!(settings.bounds.exceeded(&usage), [("fuel_max", 10, 11)]);
    }

    #[test]
    fn without_a_file_time_and_seed_are_fixed() {
        let settings = Settings::parse(b"", &Policy::default()).unwrap();
        assert_eq!(settings.policy, Policy::default());
        assert_eq!((settings.seed, settings.now_ms), (SEED, NOW_MS as i64));
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        for (text, line, column, words) in [
            ("\nfule = 1\n", 2, 1, "fule"),
            ("é = 1", 1, 1, ""),
            ("seed = 1\nseed = 2\n", 2, 1, ""),
            ("seed = -1", 1, 8, ""),
            ("seed = \"1\"", 1, 8, ""),
            ("seed =", 1, 7, ""),
            ("profile = \"strict\"", 1, 11, "development"),
            ("grant = [\"time\", \"files\"]", 1, 18, "base64"),
            ("now = \"yesterday\"", 1, 7, "yesterday"),
            ("[limits]\nspeed = 1", 2, 1, "wall_us"),
            ("[limits]\nfuel = 1\nstack_bytes = 1", 3, 1, "16384"),
            ("[expect]\nfuel = 1", 2, 1, "fuel_max"),
        ] {
            let error = Settings::parse(text.as_bytes(), &Policy::default()).unwrap_err();
            assert_eq!(
                (error.line, error.column),
                (line, column),
                "{text:?} {error:?}"
            );
            assert!(error.message.contains(words), "{text:?} {error:?}");
        }
        let error = Settings::parse(b"# \xff", &Policy::default()).unwrap_err();
        assert_eq!((error.line, error.column), (1, 3));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_a_panic() {
        let valid = b"profile = \"production\"\n[limits]\nfuel = 1\n[expect]\nfuel_max = 2\n";
        for end in 0..valid.len() {
            let _ = Settings::parse(&valid[..end], &Policy::default());
        }
        for bit in 0..valid.len() * 8 {
            let mut flipped = valid.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = Settings::parse(&flipped, &Policy::default());
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let text = format!("grant = {}", "[".repeat(60_000));
        assert!(Settings::parse(text.as_bytes(), &Policy::default()).is_err());
    }
}
