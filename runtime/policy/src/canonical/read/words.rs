//! The words of a line.

/// A line: its key, and the words behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) words: Vec<Word>,
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// As it stands there.
    Plain(String),
    /// In quotes, which are taken off.
    Quoted(String),
}

impl Word {
    pub(super) fn plain(&self) -> Option<&str> {
        match self {
            Word::Plain(text) => Some(text),
            Word::Quoted(_) => None,
        }
    }

    pub(super) fn quoted(&self) -> Option<&str> {
        match self {
            Word::Plain(_) => None,
            Word::Quoted(text) => Some(text),
        }
    }

    pub(super) fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.plain()?.parse().ok()
    }
}

impl Line {
    pub(super) fn parse(text: &str) -> Result<Line, &'static str> {
        let mut rest = text;
        let mut words = Vec::new();
        let key = plain(&mut rest).to_owned();
        while let Some(behind) = rest.strip_prefix(' ') {
            rest = behind;
            words.push(match rest.strip_prefix('"') {
                Some(behind) => {
                    rest = behind;
                    Word::Quoted(unquoted(&mut rest).ok_or("has a quote that is not closed")?)
                }
                None => Word::Plain(plain(&mut rest).to_owned()),
            });
        }
        match rest.is_empty() {
            true => Ok(Line { key, words }),
            false => Err("has something behind a quote"),
        }
    }
}

/// Everything up to the next blank.
fn plain<'a>(rest: &mut &'a str) -> &'a str {
    let (word, behind) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    *rest = behind;
    word
}

/// Everything up to the closing quote, which is passed over.
fn unquoted(rest: &mut &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => match characters.next()? {
                'u' => {
                    let (digits, behind) = characters.as_str().split_at_checked(4)?;
                    text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                    characters = behind.chars();
                }
                escaped => text.push(escaped),
            },
            other => text.push(other),
        }
    }
    *rest = characters.as_str();
    Some(text)
}
