//! What an argument of a program must look like.

use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};

use crate::rules::Origin;

/// Bytes of a pattern.
pub const PATTERN_BYTES_MAX: usize = 1 << 10;

/// Bytes of a compiled pattern, and of what its search may keep.
const PATTERN_COMPILED_BYTES_MAX: usize = 256 << 10;

/// How deeply a pattern may be nested.
const PATTERN_DEPTH_MAX: u32 = 32;

/// A template of arguments, without the name before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its elements in order. At most one takes more than one argument.
    pub arguments: Vec<ArgumentPattern>,
    /// Where it stands.
    pub origin: Origin,
}

/// One element of an argument template: text with at most one hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentPattern {
    /// Text before the hole, or the whole argument.
    pub prefix: String,
    /// The hole.
    pub hole: Option<Hole>,
    /// Text behind the hole.
    pub suffix: String,
}

/// A place in an argument that the request fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its name in the template.
    pub name: String,
    /// What fits.
    pub kind: HoleKind,
    /// `None`: it takes exactly one argument. Otherwise one or more, and this many at most.
    pub count_max: Option<u32>,
    /// Whether a value may begin with `-`.
    pub option: bool,
}

/// What fits into a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoleKind {
    /// A decimal integer in a range.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// Ports such as `22,80,1-1024`.
    Ports {
        /// Most ports in all.
        ports_max: u32,
    },
    /// An address or network inside of the rule's targets.
    Address,
    /// A DNS name.
    Hostname {
        /// Names, or `*.` and a suffix.
        names: Vec<String>,
    },
    /// One of these texts.
    Enum {
        /// The texts.
        values: Vec<String>,
    },
    /// An absolute path below a tree.
    Path {
        /// The tree.
        below: PathBuf,
    },
    /// Text that a regular expression matches as a whole.
    Text {
        /// The expression.
        pattern: TextPattern,
        /// Longest value in bytes.
        bytes_max: u32,
    },
}

/// A regular expression that matches a value as a whole, byte by byte: its classes such as `\d` are
/// those of ASCII.
#[derive(Clone, Debug)]
pub struct TextPattern {
    source: String,
    whole: Regex,
}

impl TextPattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// What is wrong with it, in words of the regex crate or about its length.
    pub fn new(source: &str) -> Result<TextPattern, String> {
        if source.len() > PATTERN_BYTES_MAX {
            let length = source.len();
            return Err(format!(
                "the pattern has {length} bytes; at most {PATTERN_BYTES_MAX} are accepted"
            ));
        }
        let compile = |text: &str| {
            RegexBuilder::new(text)
                .unicode(false)
                .size_limit(PATTERN_COMPILED_BYTES_MAX)
                .dfa_size_limit(PATTERN_COMPILED_BYTES_MAX)
                .nest_limit(PATTERN_DEPTH_MAX)
                .build()
                .map_err(|error| error.to_string())
        };
        // Alone first: what is no expression by itself, such as `a)|(b`, could be one in parentheses.
        compile(source)?;
        let whole = compile(&format!(r"\A(?:{source})\z"))?;
        Ok(TextPattern {
            source: source.to_owned(),
            whole,
        })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches the whole of `value`.
    pub fn matches(&self, value: &str) -> bool {
        self.whole.is_match(value.as_bytes())
    }
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &TextPattern) -> bool {
        self.source == other.source
    }
}

impl Eq for TextPattern {}

#[cfg(test)]
mod tests {
    use super::TextPattern;

    #[test]
    fn patterns_match_whole_values_of_ascii() {
        let digits = TextPattern::new(r"\d+|x").unwrap();
        assert!(digits.matches("123") && digits.matches("x"));
        for no in ["", "1a", "a1", "1\n", "\u{661}\u{662}", "xx"] {
            assert!(!digits.matches(no), "{no:?}");
        }
        let multi = TextPattern::new("(?m)^a$").unwrap();
        assert!(multi.matches("a") && !multi.matches("a\na") && !multi.matches("b\na"));
    }

    #[test]
    fn what_is_no_pattern_by_itself_is_none() {
        let deep = "(".repeat(500) + &")".repeat(500);
        let long = "a".repeat(1_025);
        for broken in ["a)|(b", "(", "a{99999}{99999}", "(?x)a #", &deep, &long] {
            assert!(TextPattern::new(broken).is_err(), "{broken}");
        }
    }
}
