//! The one thing of JSON that YAML lacks: characters beyond the Basic Multilingual Plane as two
//! escapes (RFC 8259, section 7).

use std::borrow::Cow;

/// The text with such pairs replaced by the character, if it is JSON: there a backslash is always
/// inside of a string. Elsewhere YAML's parser refuses them. Columns behind one, in the same line,
/// are smaller by eleven.
pub(super) fn joined_surrogates(text: &str) -> Cow<'_, str> {
    let is_candidate = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with(['{', '['])
        && (text.contains("\\ud") || text.contains("\\uD"));
    if !is_candidate || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let (character, length) = match pair(escape) {
            Some(character) => (Some(character), 12),
            None => (None, 2),
        };
        let (taken, behind) = escape.split_at_checked(length).unwrap_or((escape, ""));
        match character {
            Some(character) => joined.push(character),
            None => joined.push_str(taken),
        }
        rest = behind;
    }
    joined.push_str(rest);
    Cow::Owned(joined)
}

/// The character that two escapes at the beginning of `text` stand for.
fn pair(text: &str) -> Option<char> {
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let units = [unit(0)?, unit(6)?];
    let mut decoded = char::decode_utf16(units);
    match (decoded.next(), decoded.next()) {
        (Some(Ok(character)), None) => Some(character),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::joined_surrogates;

    #[test]
    fn pairs() {
        for (text, joined) in [
            (r#"["\ud83d\ude00"]"#, r#"["😀"]"#),
            (r#"["\\ud83d\ude00"]"#, r#"["\\ud83d\ude00"]"#),
            (r#"{"\uD83D\uDE00\n": "\ud83d"}"#, r#"{"😀\n": "\ud83d"}"#),
            (r"- '\ud83d\ude00'", r"- '\ud83d\ude00'"),
        ] {
            assert_eq!(joined_surrogates(text), joined, "{text}");
        }
    }
}
