//! Strings of documents and queries: decoding and comparing.

use std::cmp::Ordering;
use std::str::Chars;

/// A string value: what stands between the quotation marks of a JSON string, or plain text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    source: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The inside of a well-formed JSON string.
    pub(super) fn escaped(source: &'a str) -> Text<'a> {
        Text {
            source,
            escaped: true,
        }
    }

    /// A text that stands for itself.
    pub(super) fn plain(source: &'a str) -> Text<'a> {
        Text {
            source,
            escaped: false,
        }
    }

    /// The length of the source text, which is never shorter than the string's UTF-8 form.
    pub(super) fn source_bytes(&self) -> usize {
        self.source.len()
    }

    /// The code points of the string. An escaped lone surrogate is a code point of its own, which
    /// no string of a query can equal.
    pub(super) fn code_points(self) -> CodePoints<'a> {
        CodePoints {
            chars: self.source.chars(),
            escaped: self.escaped,
        }
    }

    /// How many code points the string has.
    pub(super) fn length(self) -> usize {
        if self.escaped && self.source.contains('\\') {
            self.code_points().count()
        } else {
            self.source.chars().count()
        }
    }

    /// Whether both have the same code points.
    pub(super) fn equals(self, other: Text<'_>) -> bool {
        let (left, right) = (self.source.as_bytes(), other.source.as_bytes());
        let same = left
            .iter()
            .zip(right)
            .take_while(|(left, right)| left == right && **left != b'\\')
            .count();
        match (left.get(same), right.get(same)) {
            (None, None) => true,
            (Some(b'\\'), Some(_)) | (Some(_), Some(b'\\')) => {
                let same = self.source.floor_char_boundary(same);
                self.behind(same)
                    .code_points()
                    .eq(other.behind(same).code_points())
            }
            _ => false,
        }
    }

    /// The order of the code points, as RFC 9535 section 2.3.5.2.2 wants it.
    pub(super) fn compare(self, other: Text<'_>) -> Ordering {
        self.code_points().cmp(other.code_points())
    }

    fn behind(self, bytes: usize) -> Text<'a> {
        Text {
            source: self.source.get(bytes..).unwrap_or_default(),
            ..self
        }
    }
}

/// The code points of a [`Text`].
pub(super) struct CodePoints<'a> {
    chars: Chars<'a>,
    escaped: bool,
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let char = self.chars.next()?;
        if char != '\\' || !self.escaped {
            return Some(u32::from(char));
        }
        let escape = self.chars.next()?;
        Some(match escape {
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => {
                let unit = hex4(&mut self.chars)?;
                self.low_surrogate_behind(unit).unwrap_or(unit)
            }
            itself => u32::from(itself),
        })
    }
}

impl CodePoints<'_> {
    /// The code point of a surrogate pair whose high half, `unit`, was just read.
    fn low_surrogate_behind(&mut self, unit: u32) -> Option<u32> {
        if !(0xd800..0xdc00).contains(&unit) {
            return None;
        }
        let mut ahead = self.chars.clone();
        if ahead.next() != Some('\\') || ahead.next() != Some('u') {
            return None;
        }
        let low = hex4(&mut ahead).filter(|low| (0xdc00..0xe000).contains(low))?;
        self.chars = ahead;
        Some(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }
}

fn hex4(chars: &mut Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | chars.next()?.to_digit(16)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        let text = Text::escaped(r#"a\"\\\/\b\f\n\r\t\u00E4\ud83d\ude00é"#);
        let decoded: String = text.code_points().filter_map(char::from_u32).collect();
        assert_eq!(decoded, "a\"\\/\u{8}\u{c}\n\r\tä😀é");
        assert_eq!(text.length(), 12);
        assert_eq!(Text::escaped("ä😀é").length(), 3);
        assert_eq!(Text::plain(r"\n").length(), 2);
    }

    #[test]
    fn lone_surrogates_are_code_points_of_their_own() {
        let points = |source| Text::escaped(source).code_points().collect::<Vec<_>>();
        assert_eq!(points(r"\ud800"), [0xd800]);
        assert_eq!(points(r"\ud800x"), [0xd800, 0x78]);
        assert_eq!(points(r"\ud800\n"), [0xd800, 0x0a]);
        assert_eq!(points(r"\ud800\ud800\udc00"), [0xd800, 0x1_0000]);
        assert_eq!(points(r"\udc00\ud800"), [0xdc00, 0xd800]);
    }

    #[test]
    fn equality_ignores_how_a_character_is_written() {
        let equal = |escaped, plain| Text::escaped(escaped).equals(Text::plain(plain));
        assert!(equal("abc", "abc"));
        assert!(equal(r"a\u0062c", "abc"));
        assert!(equal(r"\u00e4", "ä"));
        assert!(equal(r"ä\u00f6", "äö"));
        assert!(equal(r"\\n", r"\n"));
        assert!(!equal(r"\n", r"\n"));
        assert!(!equal(r"\u00e4b", "ä"));
        assert!(!equal("ä", "ö"));
        assert!(!equal("ab", "abc"));
        assert!(!equal("abc", "ab"));
        assert!(!equal(r"ab\u0063", "ab"));
        assert!(Text::escaped(r"\u0041").equals(Text::escaped("A")));
    }

    #[test]
    fn order_is_by_code_point_not_by_utf_16() {
        let order = |left, right| Text::escaped(left).compare(Text::plain(right));
        assert_eq!(order("a", "b"), Ordering::Less);
        assert_eq!(order("ab", "a"), Ordering::Greater);
        assert_eq!(order(r"\u0061", "a"), Ordering::Equal);
        assert_eq!(order(r"\ud83d\ude00", "\u{ffff}"), Ordering::Greater);
    }
}
