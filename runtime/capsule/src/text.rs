//! Text from outside, made safe to show.

use std::fmt::Write as _;

/// Characters shown before the rest is cut.
const SHOWN_MAX: usize = 160;

/// `text` in double quotes for people's eyes: everything but printable ASCII is escaped (so no
/// terminal sequence, no bidirectional override and no look-alike reaches a screen), and after 160
/// characters the rest is replaced by its length.
pub fn escaped(text: &str) -> String {
    let mut shown = String::from("\"");
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN_MAX {
            let rest = text.chars().count() - SHOWN_MAX;
            let _ = write!(shown, "\"… ({rest} more characters)");
            return shown;
        }
        match character {
            '"' | '\\' => {
                shown.push('\\');
                shown.push(character);
            }
            ' '..='~' => shown.push(character),
            other => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn only_printable_ascii_passes() {
        assert_eq!(escaped("run"), "\"run\"");
        assert_eq!(
            escaped("a\u{1b}[31m\n\u{202e}é\"\\"),
            r#""a\u{1b}[31m\u{a}\u{202e}\u{e9}\"\\""#
        );
    }

    #[test]
    fn long_text_is_cut() {
        let shown = escaped(&"x".repeat(100_000));
        assert!(shown.len() < 220, "{shown}");
        assert!(shown.ends_with("(99840 more characters)"), "{shown}");
    }
}
