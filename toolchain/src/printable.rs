//! Text of compilers and files in error messages.

/// The most characters of such a text.
const CHARS_MAX: usize = 2_000;

/// `text` with a question mark for everything but printable ASCII and line breaks, so that no
/// terminal sequence reaches a screen, and without what follows the first 2,000 characters.
pub(crate) fn printable(text: &str) -> String {
    let kept = text.chars().take(CHARS_MAX);
    kept.map(|character| match character {
        ' '..='~' | '\n' => character,
        _ => '?',
    })
    .collect()
}
