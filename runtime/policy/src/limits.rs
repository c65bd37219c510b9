//! Limits of a run. All of them are always on.

use std::fmt;

use tenzik_capsule::ModuleLimits;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

macro_rules! limit_fields {
    ($($(#[doc = $doc:literal])+ $field:ident: $name:literal, $min:expr, $max:expr;)*) => {
        /// How much of everything a run may use. Every value has the unit that its name ends in.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $field: u64,)*
        }

        /// One limit as data: its name in receipts and the range that is accepted.
        #[derive(Clone, Copy, Debug)]
        pub struct LimitField {
            /// Name in receipts and JSON.
            pub name: &'static str,
            /// Smallest accepted value.
            pub min: u64,
            /// Largest accepted value.
            pub max: u64,
            read: fn(&Limits) -> u64,
            write: fn(&mut Limits, u64),
        }

        /// Every limit, in alphabetical order of the names.
        pub const LIMIT_FIELDS: &[LimitField] = &[$(LimitField {
            name: $name,
            min: $min,
            max: $max,
            read: |limits| limits.$field,
            write: |limits, value| limits.$field = value,
        }),*];
    };
}

limit_fields! {
    /// Fuel at the start of the run.
    fuel_base: "fuel", 0, 1 << 60;
    /// Fuel added for each input byte that the capsule reads.
    fuel_per_input_byte: "fuel_per_byte", 0, 1 << 32;
    /// Host calls allowed at the start of the run.
    host_calls_base: "host_calls", 0, 1 << 40;
    /// One more host call is allowed for each run of this many input bytes read; 0 adds none.
    host_call_input_bytes: "host_calls_bytes", 0, 1 << 32;
    /// Input bytes that the capsule may read.
    input_bytes_max: "input_bytes", 0, 1 << 50;
    /// Bytes that the capsule may log.
    log_bytes_max: "log_bytes", 0, GIB;
    /// Bytes of all memories and tables together, a table element counting 8.
    memory_bytes_max: "memory_bytes", 0, 4 * GIB;
    /// Bytes of the assembled module.
    module_bytes_max: "module_bytes", 0, GIB;
    /// Output bytes allowed at the start of the run.
    output_bytes_base: "output_bytes", 0, 1 << 50;
    /// Output bytes added for each input byte read.
    output_bytes_per_input_byte: "output_per_byte", 0, 1 << 20;
    /// Bytes of the stack that compiled code uses.
    stack_bytes_max: "stack_bytes", 16 * KIB, 8 * MIB;
    /// Microseconds of wall time at the start of the run, for guest and host calls together.
    wall_us_base: "wall_us", 0, 1 << 50;
    /// Microseconds of wall time added for each MiB of input read.
    wall_us_per_input_mib: "wall_us_per_mib", 0, 1 << 40;
}

impl LimitField {
    /// The field of this name.
    pub fn named(name: &str) -> Option<&'static LimitField> {
        LIMIT_FIELDS.iter().find(|field| field.name == name)
    }

    /// Its value in `limits`.
    pub fn value(&self, limits: &Limits) -> u64 {
        (self.read)(limits)
    }

    /// Sets it in `limits`, whatever its range.
    pub fn set(&self, limits: &mut Limits, value: u64) {
        (self.write)(limits, value);
    }
}

/// A limit outside the range that tenzik accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit {name} is {value}; choose a value from {min} to {max}")]
pub struct LimitError {
    /// Name of the limit.
    pub name: &'static str,
    /// The refused value.
    pub value: u64,
    /// Smallest accepted value.
    pub min: u64,
    /// Largest accepted value.
    pub max: u64,
}

/// Text that is not the canonical form of limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsParseError {
    /// The names, their order or a number is not as [`Limits::canonical`] writes it.
    #[error("limits are not in canonical form: expected {expected} at entry {entry}")]
    Form {
        /// The entry, counted from 1.
        entry: usize,
        /// What had to stand there.
        expected: String,
    },
    /// A value is out of range.
    #[error(transparent)]
    Range(#[from] LimitError),
}

impl Limits {
    /// The limits of the profile `default`.
    pub const DEFAULT: Limits = Limits {
        fuel_base: 10_000_000,
        fuel_per_input_byte: 1_000,
        host_calls_base: 10_000,
        host_call_input_bytes: 512,
        input_bytes_max: 4 * GIB,
        log_bytes_max: 64 * KIB,
        memory_bytes_max: 32 * MIB,
        module_bytes_max: tenzik_capsule::MODULE_BYTES_MAX_PRODUCTION,
        output_bytes_base: 16 * MIB,
        output_bytes_per_input_byte: 1,
        stack_bytes_max: 512 * KIB,
        wall_us_base: 1_000_000,
        wall_us_per_input_mib: 100_000,
    };

    /// Every limit at its largest accepted value.
    pub fn largest() -> Limits {
        let mut limits = Limits::DEFAULT;
        LIMIT_FIELDS
            .iter()
            .for_each(|field| (field.write)(&mut limits, field.max));
        limits
    }

    /// The limits that are known before a module is compiled.
    pub fn module_limits(&self) -> ModuleLimits {
        ModuleLimits {
            module_bytes_max: self.module_bytes_max,
            memory_bytes_max: self.memory_bytes_max,
        }
    }

    /// Checks every limit against the range that tenzik accepts.
    ///
    /// # Errors
    /// The first [`LimitError`] in alphabetical order.
    pub fn check(&self) -> Result<(), LimitError> {
        LIMIT_FIELDS.iter().try_for_each(|field| {
            let value = (field.read)(self);
            if (field.min..=field.max).contains(&value) {
                Ok(())
            } else {
                Err(LimitError {
                    name: field.name,
                    value,
                    min: field.min,
                    max: field.max,
                })
            }
        })
    }

    /// Every limit by its name.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        LIMIT_FIELDS
            .iter()
            .map(|field| (field.name, (field.read)(self)))
    }

    /// The one text form, as it stands in receipts: `name=value` in alphabetical order, separated by
    /// single spaces.
    pub fn canonical(&self) -> String {
        self.to_string()
    }

    /// Reads [`canonical`](Limits::canonical) text.
    ///
    /// # Errors
    /// [`LimitsParseError`] for anything that `canonical` would not write, and for values out of
    /// range.
    pub fn parse_canonical(text: &str) -> Result<Limits, LimitsParseError> {
        let mut limits = Limits::DEFAULT;
        let mut entries = text.split(' ');
        for (index, field) in LIMIT_FIELDS.iter().enumerate() {
            let form = || LimitsParseError::Form {
                entry: index + 1,
                expected: format!("{}=NUMBER", field.name),
            };
            let (name, number) = entries
                .next()
                .and_then(|entry| entry.split_once('='))
                .ok_or_else(form)?;
            let value: u64 = number.parse().map_err(|_| form())?;
            if name != field.name || value.to_string() != number {
                return Err(form());
            }
            (field.write)(&mut limits, value);
        }
        if entries.next().is_some() {
            return Err(LimitsParseError::Form {
                entry: LIMIT_FIELDS.len() + 1,
                expected: "the end".to_owned(),
            });
        }
        limits.check()?;
        Ok(limits)
    }

    /// Fuel granted to a run that has read `input_bytes`.
    pub fn fuel(&self, input_bytes: u64) -> u64 {
        self.fuel_base
            .saturating_add(self.fuel_per_input_byte.saturating_mul(input_bytes))
    }

    /// Wall time in microseconds granted to a run that has read `input_bytes`.
    pub fn wall_us(&self, input_bytes: u64) -> u64 {
        let scaled =
            u128::from(self.wall_us_per_input_mib) * u128::from(input_bytes) / u128::from(MIB);
        self.wall_us_base
            .saturating_add(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    /// Output bytes granted to a run that has read `input_bytes`.
    pub fn output_bytes(&self, input_bytes: u64) -> u64 {
        self.output_bytes_base
            .saturating_add(self.output_bytes_per_input_byte.saturating_mul(input_bytes))
    }

    /// Host calls granted to a run that has read `input_bytes`.
    pub fn host_calls(&self, input_bytes: u64) -> u64 {
        let scaled = input_bytes
            .checked_div(self.host_call_input_bytes)
            .unwrap_or(0);
        self.host_calls_base.saturating_add(scaled)
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.values().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_FIELDS, Limits, MIB};

    #[test]
    fn names_are_alphabetical() {
        assert!(
            LIMIT_FIELDS
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
    }

    #[test]
    fn canonical_text_round_trips_and_nothing_else_parses() {
        let text = Limits::DEFAULT.canonical();
        assert_eq!(Limits::parse_canonical(&text).unwrap(), Limits::DEFAULT);
        for broken in [
            text.replace("fuel=", "fuel=0"),
            text.replace(' ', "  "),
            format!("{text} x=1"),
            text.replace("stack_bytes=524288", "stack_bytes=1"),
            text.replace("wall_us=", "wall_us=+"),
            String::new(),
        ] {
            assert!(Limits::parse_canonical(&broken).is_err(), "{broken}");
        }
        for cut in 0..text.len() - 1 {
            let shorter = Limits::parse_canonical(&text[..cut]);
            assert!(
                shorter.is_err() || shorter.unwrap() != Limits::DEFAULT,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn limits_grow_with_the_input() {
        let limits = Limits::DEFAULT;
        assert_eq!(limits.fuel(2_000), 12_000_000);
        assert_eq!(limits.wall_us(10 * MIB), 2_000_000);
        assert_eq!(limits.output_bytes(5), 16 * MIB + 5);
        assert_eq!(limits.host_calls(5_120), 10_010);
        let fixed = Limits {
            host_call_input_bytes: 0,
            ..limits
        };
        assert_eq!(fixed.host_calls(u64::MAX), 10_000);
        assert_eq!(fixed.fuel(u64::MAX), u64::MAX);
    }
}
