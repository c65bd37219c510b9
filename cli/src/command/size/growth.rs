//! How much a capsule may grow.

use std::fmt;

/// Parts of a percent that are kept.
const PARTS: u64 = 1_000;

/// An allowed growth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// So many bytes.
    Bytes(u64),
    /// So many thousandths of a percent of the older size.
    Percent(u64),
}

impl Growth {
    /// Reads `120` as bytes and `5%` or `0.5%` as a part of the older size.
    pub(crate) fn parse(text: &str) -> Result<Growth, String> {
        let wrong = || {
            format!("{text:?} is no growth; write bytes such as 120, or percent such as 5% or 0.5%")
        };
        let Some(percent) = text.strip_suffix('%') else {
            return crate::amount::size(text)
                .map(Growth::Bytes)
                .map_err(|_| wrong());
        };
        let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 3 {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let part: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
        let parts = whole
            .checked_mul(PARTS)
            .and_then(|parts| parts.checked_add(part));
        parts.map(Growth::Percent).ok_or_else(wrong)
    }

    /// Whether growing from `before` to `after` bytes is more than this.
    pub(crate) fn is_exceeded(&self, before: u64, after: u64) -> bool {
        let growth = u128::from(after.saturating_sub(before));
        match self {
            Growth::Bytes(bytes) => growth > u128::from(*bytes),
            Growth::Percent(parts) => {
                growth * 100 * u128::from(PARTS) > u128::from(before) * u128::from(*parts)
            }
        }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Growth::Bytes(bytes) => write!(f, "{bytes} B"),
            Growth::Percent(parts) if parts % PARTS == 0 => write!(f, "{} %", parts / PARTS),
            Growth::Percent(parts) => write!(f, "{}.{:03} %", parts / PARTS, parts % PARTS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Growth;

    #[test]
    fn bytes_and_percent() {
        for (text, before, allowed) in [
            ("0", 100, 100),
            ("120", 1_000, 1_120),
            ("5%", 1_000, 1_050),
            ("0.5%", 1_000, 1_005),
            ("0%", 1_000, 1_000),
            ("5%", 0, 0),
        ] {
            let growth = Growth::parse(text).unwrap();
            assert!(!growth.is_exceeded(before, allowed), "{text}");
            assert!(growth.is_exceeded(before, allowed + 1), "{text}");
            assert!(!growth.is_exceeded(before, 0), "{text}");
        }
        for text in [
            "",
            "%",
            "-1",
            "1.%",
            ".5%",
            "1.2345%",
            "5 percent",
            "99999999999999999999%",
        ] {
            assert!(Growth::parse(text).is_err(), "{text}");
        }
    }
}
