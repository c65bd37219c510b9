//! Points in time as receipts write them.

use std::fmt;
use std::str::FromStr;

use crate::hex;

const MILLIS_PER_DAY: u64 = 86_400_000;

/// A point in time between the years 1970 and 9999 in milliseconds, written in one form of
/// RFC 3339 only: `YYYY-MM-DDTHH:MM:SS.mmmZ`. There are no leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_millis: u64,
}

/// Why a text or a number is not a [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Another form, or no such date or time.
    #[error("is not a date and time of the form YYYY-MM-DDTHH:MM:SS.mmmZ")]
    Form,
    /// Outside of the years 1970 to 9999.
    #[error("is not between the years 1970 and 9999")]
    Range,
}

impl Timestamp {
    /// The last one: `9999-12-31T23:59:59.999Z`.
    pub const MAX: Timestamp = Timestamp {
        unix_millis: 253_402_300_799_999,
    };

    /// From milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// When the year would be after 9999.
    pub const fn from_unix_millis(unix_millis: u64) -> Result<Timestamp, TimestampError> {
        if unix_millis > Timestamp::MAX.unix_millis {
            return Err(TimestampError::Range);
        }
        Ok(Timestamp { unix_millis })
    }

    /// Its one written form.
    pub(crate) fn to_ascii(self) -> [u8; 24] {
        let (year, month, day) = civil_date(self.unix_millis / MILLIS_PER_DAY);
        let millis = self.unix_millis % MILLIS_PER_DAY;
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (number, last, digits) in [
            (year, 3, 4),
            (month, 6, 2),
            (day, 9, 2),
            (hour, 12, 2),
            (minute, 15, 2),
            (second, 18, 2),
            (millis, 22, 3),
        ] {
            let mut rest = number;
            for place in 0..digits {
                text[last - place] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        text
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> u64 {
        self.unix_millis
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::ascii(&self.to_ascii()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
        let bytes: &[u8; 24] = text
            .as_bytes()
            .try_into()
            .map_err(|_| TimestampError::Form)?;
        for (byte, form) in bytes.iter().zip(FORM) {
            let fits = if *form == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == form
            };
            if !fits {
                return Err(TimestampError::Form);
            }
        }
        let number = |from: usize, to: usize| {
            bytes[from..to]
                .iter()
                .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
        };
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        if year < 1970 {
            return Err(TimestampError::Range);
        }
        if month == 0 || day == 0 {
            return Err(TimestampError::Form);
        }
        let seconds = number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
        let unix_millis =
            days_since_1970(year, month, day) * MILLIS_PER_DAY + seconds * 1000 + number(20, 23);
        let timestamp = Timestamp::from_unix_millis(unix_millis)?;
        // A field out of its range (a 30th of February, a 61st second) is written differently.
        if timestamp.to_string() == text {
            Ok(timestamp)
        } else {
            Err(TimestampError::Form)
        }
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in eras of 400 years that
/// begin on 1 March (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_since_1970`].
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_are_written_and_read() {
        for (unix_millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_234_567_890_123, "2009-02-13T23:31:30.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            let timestamp = Timestamp::from_unix_millis(unix_millis).unwrap();
            assert_eq!(timestamp.to_string(), text);
            assert_eq!(text.parse(), Ok(timestamp));
        }
    }

    #[test]
    fn every_day_round_trips() {
        for day in 0..=Timestamp::MAX.unix_millis / MILLIS_PER_DAY {
            let (year, month, date) = civil_date(day);
            assert_eq!(days_since_1970(year, month, date), day);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.0000Z",
            "2026-01-01t00:00:00.000Z",
            "2026-01-01 00:00:00.000Z",
            "2026-01-01T00:00:00.000z",
            "2026-01-01T00:00:00,000Z",
            "+026-01-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-02-29T00:00:00.000Z",
            "2100-02-29T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:60:00.000Z",
            "2016-12-31T23:59:60.000Z",
            "2026-01-01T00:00:00.00é",
        ] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(TimestampError::Form),
                "{text}"
            );
        }
        assert_eq!(
            "1969-12-31T23:59:59.999Z".parse::<Timestamp>(),
            Err(TimestampError::Range)
        );
        assert_eq!(
            Timestamp::from_unix_millis(Timestamp::MAX.unix_millis + 1),
            Err(TimestampError::Range)
        );
    }
}
