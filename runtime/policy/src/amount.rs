//! Sizes and durations with their units, as the command line and policies write them.

use std::time::Duration;

use tenzik_capsule::escaped;

/// Units of a size, longest first.
const UNITS: [(&str, u64); 10] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("B", 1),
];

/// Reads a size: a whole number of bytes, with an optional unit KiB, MiB, GiB (1024), KB, MB, GB
/// (1000), K, M (1024) or B.
///
/// # Errors
/// A sentence for people.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!(
            "{} is not a size; write a number of bytes such as 5120, 64KiB or 32MiB",
            escaped(text)
        )
    };
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| {
            text.strip_suffix(name)
                .map(|digits| (digits.trim_end(), *unit))
        })
        .unwrap_or((text, 1));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| {
        format!(
            "{} is larger than any size that tenzik can use",
            escaped(text)
        )
    })?;
    number.checked_mul(unit).ok_or_else(|| {
        format!(
            "{} is larger than any size that tenzik can use",
            escaped(text)
        )
    })
}

/// Reads a duration such as `200ms`, `1s` or `2m 30s`; microseconds.
///
/// # Errors
/// A sentence for people.
pub fn duration_us(text: &str) -> Result<u64, String> {
    let duration = duration(text)?;
    u64::try_from(duration.as_micros())
        .map_err(|_| format!("{} is longer than tenzik can wait", escaped(text)))
}

/// Reads a duration such as `200ms`, `1s` or `2m 30s`.
///
/// # Errors
/// A sentence for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        format!(
            "{} is not a duration; write one such as 200ms, 1s or \"2m 30s\"",
            escaped(text)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{duration_us, size};

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("5120", 5_120),
            ("64KiB", 65_536),
            ("32MiB", 33_554_432),
            ("1GB", 1_000_000_000),
            ("7 B", 7),
            ("2K", 2_048),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "B",
            "-1",
            "+1",
            "1.5MiB",
            "1TiB",
            "KiB",
            "99999999999999999999",
            "18446744073709551615KiB",
            "é",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration_us("200ms"), Ok(200_000));
        assert_eq!(duration_us("1m 1s"), Ok(61_000_000));
        for text in ["", "1", "fast", "-1s", "99999999999999999999h"] {
            assert!(duration_us(text).is_err(), "{text}");
        }
    }
}
