//! Text of strangers for people's eyes.

use std::fmt::Write as _;

/// Characters shown before the rest is cut.
const SHOWN_MAX: usize = 160;

/// `text` with everything but printable ASCII escaped and cut after 160 characters: no terminal
/// sequence, no change of text direction and no look-alike reaches a screen.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN_MAX {
            shown.push('…');
            break;
        }
        match character {
            ' '..='~' => shown.push(character),
            other => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    shown
}
