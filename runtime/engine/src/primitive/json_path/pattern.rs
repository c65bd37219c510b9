//! I-Regexp (RFC 9485): patterns of bounded size, matched in bounded time.
//!
//! A pattern becomes the program of a nondeterministic automaton. All its states advance together
//! over the text, so matching takes at most `weight * (code points + 1)` steps; nothing
//! backtracks.

mod compile;
mod parse;
mod run;

use tenzik_host_abi::Status;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

pub(super) use run::Scratch;

/// The largest weight of a program whose pattern is written in the query.
pub(super) const WEIGHT_MAX: usize = 1024;

/// The largest weight of a program whose pattern comes from the document, so that the bound of the
/// work, which has to assume this weight, stays useful.
pub(super) const DOCUMENT_PATTERN_WEIGHT_MAX: usize = 128;

/// The longest pattern that may come from a document, in bytes. Those in a query are shorter.
pub(super) const PATTERN_BYTES_MAX: usize = 1024;

/// The deepest nesting of groups.
const GROUP_DEPTH_MAX: usize = 32;

/// How many states of equal cost the search for a general category stands for.
const CATEGORY_WEIGHT: usize = 8;

/// Which part of the text a pattern describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// All of it: the function `match`.
    Whole,
    /// Some of it: the function `search`.
    Part,
}

/// A pattern that is ready to be matched.
#[derive(Clone, Debug)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    classes: Vec<Class>,
    weight: usize,
}

impl Program {
    /// A program for `pattern`; one that matches nothing if `pattern` is not an I-Regexp, as
    /// RFC 9535 section 2.4.6 has it.
    ///
    /// Besides the RFC's grammar, `^` and `$` outside of brackets are anchors, as the compliance
    /// test suite of RFC 9535 has them.
    ///
    /// # Errors
    /// [`Status::TooComplex`] if the program would weigh more than `weight_max`, or groups are
    /// nested more than 32 deep.
    pub(super) fn new(pattern: &str, weight_max: usize) -> Result<Program, Status> {
        match parse::parse(pattern)? {
            Some((expression, classes)) => compile::compile(&expression, classes, weight_max),
            None => Ok(Program::never()),
        }
    }

    /// A program that matches nothing.
    pub(super) fn never() -> Program {
        Program {
            instructions: Vec::new(),
            classes: Vec::new(),
            weight: 1,
        }
    }

    /// The most steps that a program takes for each place in a text.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }
}

/// A set of code points.
#[derive(Clone, Debug, Default)]
struct Class {
    negated: bool,
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
enum Item {
    Range(u32, u32),
    Category {
        negated: bool,
        categories: Vec<GeneralCategory>,
    },
}

impl Class {
    fn contains(&self, point: u32) -> bool {
        self.items.iter().any(|item| item.contains(point)) != self.negated
    }

    fn weight(&self) -> usize {
        let weight = |item: &Item| match item {
            Item::Range(..) => 1,
            Item::Category { .. } => CATEGORY_WEIGHT,
        };
        self.items.iter().map(weight).sum::<usize>() + 1
    }
}

impl Item {
    fn contains(&self, point: u32) -> bool {
        match self {
            Item::Range(first, last) => (*first..=*last).contains(&point),
            Item::Category {
                negated,
                categories,
            } => {
                let category = char::from_u32(point).map_or(
                    GeneralCategory::Surrogate,
                    UnicodeGeneralCategory::general_category,
                );
                categories.contains(&category) != *negated
            }
        }
    }
}

/// One state of the automaton. Targets are places in the program.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    /// Takes this code point.
    Point(u32),
    /// Takes any code point but line feed and carriage return.
    Any,
    /// Takes a code point of the class at this place.
    Class(usize),
    /// Goes on at both places.
    Split(usize, usize),
    Jump(usize),
    /// Goes on at the start of the text only.
    Start,
    /// Goes on at the end of the text only.
    End,
    Accept,
}

#[cfg(test)]
mod tests;
