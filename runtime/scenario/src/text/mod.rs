//! Text from outside, made safe for terminals and pages.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// `text` with everything escaped that is not seen, moves a cursor or turns the direction of
/// writing: control and format characters, separators of lines, and code points without meaning. Line
/// feeds and tabs become `\n` and `\t`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            hidden if is_hidden(hidden) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(hidden));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

fn is_hidden(character: char) -> bool {
    use GeneralCategory as Category;
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(
        character.general_category(),
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned
    )
}

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns` columns, with an ellipsis where something is left out.
pub(crate) fn truncated(text: &str, columns: usize) -> Cow<'_, str> {
    // A character has at most as many columns as bytes, except for combining ones without any.
    if text.len() <= columns || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        let more = character.width().unwrap_or(0);
        if used + more > columns.saturating_sub(1) || kept.len() > columns.saturating_mul(16) {
            break;
        }
        used += more;
        kept.push(character);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// `text` and spaces up to `columns`; `right` puts the spaces first.
pub(crate) fn padded(text: &str, columns: usize, right: bool) -> String {
    let spaces = " ".repeat(columns.saturating_sub(width(text)));
    match right {
        true => spaces + text,
        false => text.to_owned() + &spaces,
    }
}

/// Text for XML and HTML, also within quoted attributes. What is not seen is escaped visibly.
pub(crate) fn markup(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A duration in three figures or so: `0.42 ms`, `999 ms`, `1.25 s`, `2 min 03 s`, `3 h 07 min`.
pub(crate) fn duration(microseconds: u64) -> String {
    let hundredths = |value: u64, unit: u64, name: &str| {
        let hundredths = value.saturating_mul(100) / unit;
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        match whole {
            0..10 => format!("{whole}.{rest:02} {name}"),
            10..100 => format!("{whole}.{} {name}", rest / 10),
            _ => format!("{whole} {name}"),
        }
    };
    let seconds = microseconds / 1_000_000;
    match seconds {
        0 => hundredths(microseconds, 1_000, "ms"),
        1..60 => hundredths(microseconds, 1_000_000, "s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A time as `2026-11-21 10:00:00 UTC`, from milliseconds since 1970.
///
/// Days to dates: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
pub(crate) fn timestamp(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests;
