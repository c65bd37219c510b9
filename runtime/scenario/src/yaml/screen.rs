//! What is refused before the text is parsed.

use crate::place::{Place, Problem};

use super::{MARKS_MAX, TEXT_BYTES_MAX, limit};

/// What begins most tokens of YAML. The parser holds all tokens of an outermost bracket at once, a
/// hundred bytes and more for each.
const MARKS: &[u8] = b",:[]{}?&*!";

/// Checks the size and the characters, and the version that a directive asks for.
pub(super) fn screen(text: &str) -> Result<(), Problem> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(limit(
            Place { line: 1, column: 1 },
            format!(
                "the scenario has {} bytes; at most {TEXT_BYTES_MAX} are read",
                text.len()
            ),
            "split it, or move data into files that steps read",
        ));
    }
    let marks = text.bytes().filter(|byte| MARKS.contains(byte)).count();
    if marks > MARKS_MAX {
        return Err(limit(
            Place { line: 1, column: 1 },
            format!(
                "the scenario has {marks} brackets, commas, colons and other marks of YAML; at most \
                 {MARKS_MAX} are read"
            ),
            "split it, or move data into files that steps read",
        ));
    }
    let control = text
        .char_indices()
        .find(|(_, character)| is_control(*character));
    if let Some((offset, character)) = control {
        return Err(Problem::new(
            place(text, offset),
            "control_character",
            format!(
                "the control character U+{:04X} may not be in a scenario",
                u32::from(character)
            ),
            "remove it, or write it as \\xHH in double quotes",
        ));
    }
    directives(text)
}

/// Characters that no YAML text has (YAML 1.2.2, production `c-printable`); those above U+007E that
/// JSON admits in quotes stay.
fn is_control(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Texts of other versions of YAML have scalars that mean something else: `yes`, `010`, `1:30`.
fn directives(text: &str) -> Result<(), Problem> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (index, line) in lines {
        // `%YAMLL` is another directive; those are ignored.
        let version = line
            .strip_prefix("%YAML")
            .filter(|rest| !rest.starts_with(char::is_alphanumeric));
        if let Some(version) = version.map(|version| version.split('#').next().unwrap_or_default())
            && version.trim() != "1.2"
        {
            return Err(Problem::new(
                Place {
                    line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                    column: 1,
                },
                "yaml_version",
                format!(
                    "the text is YAML {}; scenarios are YAML 1.2",
                    tenzik_capsule::escaped(version.trim())
                ),
                "remove the line, and check texts such as yes, no and 010",
            ));
        }
        let is_before_document = line.starts_with(['%', '#']) || line.trim().is_empty();
        if !is_before_document {
            break;
        }
    }
    Ok(())
}

/// The place of the character at `offset`; line feeds, carriage returns and pairs of them end lines.
fn place(text: &str, offset: usize) -> Place {
    let mut place = Place { line: 1, column: 1 };
    let mut previous = ' ';
    for (index, character) in text.char_indices() {
        if index >= offset {
            break;
        }
        match character {
            '\n' if previous == '\r' => {}
            // Editors do not show it.
            '\u{feff}' if index == 0 => {}
            '\n' | '\r' => {
                place.line = place.line.saturating_add(1);
                place.column = 1;
            }
            _ => place.column = place.column.saturating_add(1),
        }
        previous = character;
    }
    place
}
