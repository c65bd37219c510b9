//! The grammar of RFC 9485 section 3.

use std::iter::Peekable;
use std::str::Chars;

use tenzik_host_abi::Status;
use unicode_properties::GeneralCategory;

use super::{Class, GROUP_DEPTH_MAX, Item};

pub(super) enum Expression {
    Point(u32),
    Any,
    /// The place of a class in the list of all.
    Class(usize),
    Start,
    End,
    Sequence(Vec<Expression>),
    Choice(Vec<Expression>),
    Repeat {
        expression: Box<Expression>,
        min: u32,
        max: Option<u32>,
    },
}

/// The expression and its classes; `None` if `pattern` is not an I-Regexp.
pub(super) fn parse(pattern: &str) -> Result<Option<(Expression, Vec<Class>)>, Status> {
    let mut parser = Parser {
        chars: pattern.chars().peekable(),
        classes: Vec::new(),
        depth: 0,
    };
    let expression = match parser.choice() {
        Ok(expression) if parser.chars.next().is_none() => expression,
        Ok(_) | Err(Refused::NotRegexp) => return Ok(None),
        Err(Refused::TooDeep) => return Err(Status::TooComplex),
    };
    Ok(Some((expression, parser.classes)))
}

enum Refused {
    NotRegexp,
    TooDeep,
}

struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
    classes: Vec<Class>,
    depth: usize,
}

impl Parser<'_> {
    fn choice(&mut self) -> Result<Expression, Refused> {
        let mut branches = vec![self.sequence()?];
        while self.chars.next_if_eq(&'|').is_some() {
            branches.push(self.sequence()?);
        }
        Ok(Expression::Choice(branches))
    }

    fn sequence(&mut self) -> Result<Expression, Refused> {
        let mut pieces = Vec::new();
        while let Some(char) = self.chars.next_if(|char| !matches!(char, '|' | ')')) {
            let atom = self.atom(char)?;
            pieces.push(self.quantified(atom)?);
        }
        Ok(Expression::Sequence(pieces))
    }

    fn atom(&mut self, char: char) -> Result<Expression, Refused> {
        Ok(match char {
            '.' => Expression::Any,
            '^' => Expression::Start,
            '$' => Expression::End,
            '(' => {
                self.depth += 1;
                if self.depth > GROUP_DEPTH_MAX {
                    return Err(Refused::TooDeep);
                }
                let inside = self.choice()?;
                self.expect(')')?;
                self.depth -= 1;
                inside
            }
            '[' => {
                let class = self.class()?;
                self.added(class)
            }
            '\\' => match self.escape()? {
                Item::Range(point, _) => Expression::Point(point),
                category => self.added(Class {
                    negated: false,
                    items: vec![category],
                }),
            },
            '*' | '+' | '?' | ']' | '{' | '}' => return Err(Refused::NotRegexp),
            itself => Expression::Point(u32::from(itself)),
        })
    }

    fn quantified(&mut self, atom: Expression) -> Result<Expression, Refused> {
        let (min, max) = match self.chars.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(atom),
            _ => return Ok(atom),
        };
        self.chars.next();
        Ok(Expression::Repeat {
            expression: Box::new(atom),
            min,
            max,
        })
    }

    fn counted(&mut self, atom: Expression) -> Result<Expression, Refused> {
        self.expect('{')?;
        let min = self.count()?;
        let max = if self.chars.next_if_eq(&',').is_none() {
            Some(min)
        } else if self.chars.peek() == Some(&'}') {
            None
        } else {
            Some(self.count()?)
        };
        self.expect('}')?;
        if max.is_some_and(|max| max < min) {
            return Err(Refused::NotRegexp);
        }
        Ok(Expression::Repeat {
            expression: Box::new(atom),
            min,
            max,
        })
    }

    fn count(&mut self) -> Result<u32, Refused> {
        let mut value = None;
        while let Some(digit) = self.chars.peek().and_then(|char| char.to_digit(10)) {
            self.chars.next();
            value = Some(
                value
                    .unwrap_or(0u32)
                    .saturating_mul(10)
                    .saturating_add(digit),
            );
        }
        value.ok_or(Refused::NotRegexp)
    }

    /// A class whose opening bracket was just read.
    fn class(&mut self) -> Result<Class, Refused> {
        let negated = self.chars.next_if_eq(&'^').is_some();
        let mut items = Vec::new();
        if self.chars.next_if_eq(&'-').is_some() {
            items.push(hyphen());
        }
        loop {
            match self.chars.next().ok_or(Refused::NotRegexp)? {
                ']' if !items.is_empty() => return Ok(Class { negated, items }),
                '-' if !items.is_empty() => {
                    items.push(hyphen());
                    self.expect(']')?;
                    return Ok(Class { negated, items });
                }
                char => {
                    let item = self.class_item(char)?;
                    items.push(item);
                }
            }
        }
    }

    /// A character, range or category that begins with `char`.
    fn class_item(&mut self, char: char) -> Result<Item, Refused> {
        let first = match self.class_char(char)? {
            Item::Range(first, _) => first,
            category => return Ok(category),
        };
        let mut ahead = self.chars.clone();
        if ahead.next() != Some('-') || ahead.peek() == Some(&']') {
            return Ok(Item::Range(first, first));
        }
        self.chars = ahead;
        let char = self.chars.next().ok_or(Refused::NotRegexp)?;
        match self.class_char(char)? {
            Item::Range(last, _) if first <= last => Ok(Item::Range(first, last)),
            _ => Err(Refused::NotRegexp),
        }
    }

    fn class_char(&mut self, char: char) -> Result<Item, Refused> {
        match char {
            '\\' => self.escape(),
            '-' | '[' | ']' => Err(Refused::NotRegexp),
            itself => Ok(Item::Range(u32::from(itself), u32::from(itself))),
        }
    }

    /// An escape whose backslash was just read.
    fn escape(&mut self) -> Result<Item, Refused> {
        let point = match self.chars.next().ok_or(Refused::NotRegexp)? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            itself @ ('('..='+' | '-' | '.' | '?' | '['..='^' | '{'..='}') => itself,
            'p' => return self.category(false),
            'P' => return self.category(true),
            _ => return Err(Refused::NotRegexp),
        };
        Ok(Item::Range(u32::from(point), u32::from(point)))
    }

    fn category(&mut self, negated: bool) -> Result<Item, Refused> {
        self.expect('{')?;
        let mut name = String::new();
        while let Some(letter) = self.chars.next_if(char::is_ascii_alphabetic) {
            name.push(letter);
        }
        self.expect('}')?;
        let categories: Vec<GeneralCategory> = CATEGORIES
            .iter()
            .filter(|(code, _)| *code == name || name.len() == 1 && code.starts_with(&name))
            .map(|(_, category)| *category)
            .collect();
        if categories.is_empty() || name == "Cs" {
            return Err(Refused::NotRegexp);
        }
        Ok(Item::Category {
            negated,
            categories,
        })
    }

    fn added(&mut self, class: Class) -> Expression {
        self.classes.push(class);
        Expression::Class(self.classes.len() - 1)
    }

    fn expect(&mut self, char: char) -> Result<(), Refused> {
        self.chars
            .next_if_eq(&char)
            .map(drop)
            .ok_or(Refused::NotRegexp)
    }
}

fn hyphen() -> Item {
    Item::Range(u32::from('-'), u32::from('-'))
}

/// The general categories of Unicode by their codes. A code of one letter means all that begin
/// with it; surrogates have no code of their own in I-Regexp.
const CATEGORIES: [(&str, GeneralCategory); 30] = [
    ("Lu", GeneralCategory::UppercaseLetter),
    ("Ll", GeneralCategory::LowercaseLetter),
    ("Lt", GeneralCategory::TitlecaseLetter),
    ("Lm", GeneralCategory::ModifierLetter),
    ("Lo", GeneralCategory::OtherLetter),
    ("Mn", GeneralCategory::NonspacingMark),
    ("Mc", GeneralCategory::SpacingMark),
    ("Me", GeneralCategory::EnclosingMark),
    ("Nd", GeneralCategory::DecimalNumber),
    ("Nl", GeneralCategory::LetterNumber),
    ("No", GeneralCategory::OtherNumber),
    ("Pc", GeneralCategory::ConnectorPunctuation),
    ("Pd", GeneralCategory::DashPunctuation),
    ("Ps", GeneralCategory::OpenPunctuation),
    ("Pe", GeneralCategory::ClosePunctuation),
    ("Pi", GeneralCategory::InitialPunctuation),
    ("Pf", GeneralCategory::FinalPunctuation),
    ("Po", GeneralCategory::OtherPunctuation),
    ("Sm", GeneralCategory::MathSymbol),
    ("Sc", GeneralCategory::CurrencySymbol),
    ("Sk", GeneralCategory::ModifierSymbol),
    ("So", GeneralCategory::OtherSymbol),
    ("Zs", GeneralCategory::SpaceSeparator),
    ("Zl", GeneralCategory::LineSeparator),
    ("Zp", GeneralCategory::ParagraphSeparator),
    ("Cc", GeneralCategory::Control),
    ("Cf", GeneralCategory::Format),
    ("Cs", GeneralCategory::Surrogate),
    ("Co", GeneralCategory::PrivateUse),
    ("Cn", GeneralCategory::Unassigned),
];
