//! The table of functions: the parser finds them in it, the check and the evaluation take their
//! signatures from it, and docs/scenarios-expressions.md is rendered from it.

mod conversions;
pub(super) mod document;
mod json;
mod lists;
mod network;
mod strings;
mod table;

pub(super) use conversions::double_text;

use super::Type;
use super::fault::{Faulty, TYPE_MISMATCH};
use super::val::Val;
use super::work::Work;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub style: Style,
    /// What it takes and gives; the receiver is the first parameter.
    pub signatures: &'static [Signature],
    /// What it does, as a sentence of the documentation.
    pub about: &'static str,
    /// Calls and their results as JSON.
    pub examples: &'static [(&'static str, &'static str)],
    /// Whether it is of the language's definition.
    pub is_standard: bool,
    /// Evaluates it over arguments that one of the signatures takes.
    pub run: Run,
}

/// Evaluates a function.
pub(super) type Run = for<'w, 'a, 'v> fn(&'w mut Work, &'a [Val<'v>]) -> Faulty<Val<'v>>;

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(a)`.
    Global,
    /// `a.f()`.
    Method,
    /// Both.
    Either,
}

/// What a function takes and gives.
#[derive(Debug)]
pub(super) struct Signature {
    /// Types of the parameters; `Dyn` takes everything.
    pub parameters: &'static [Type],
    /// Whether there may be more arguments of the last parameter's type.
    pub repeats: bool,
    /// Type of the result.
    pub result: Type,
}

impl Signature {
    /// Whether it takes so many arguments.
    pub fn accepts_count(&self, count: usize) -> bool {
        count == self.parameters.len() || (self.repeats && count > self.parameters.len())
    }

    /// Whether it takes arguments of these types; `Dyn` may be anything.
    pub fn accepts(&self, types: impl ExactSizeIterator<Item = Type>) -> bool {
        let last = self.parameters.last().copied().unwrap_or(Type::Dyn);
        let parameters = self
            .parameters
            .iter()
            .copied()
            .chain(std::iter::repeat(last));
        self.accepts_count(types.len())
            && types
                .zip(parameters)
                .all(|(given, wanted)| given == wanted || given == Type::Dyn || wanted == Type::Dyn)
    }
}

impl Function {
    /// Whether it may be called so.
    pub fn allows(&self, style: Style) -> bool {
        self.style == style || self.style == Style::Either
    }

    /// How it is written, all signatures with "or" between them.
    pub fn forms(&self) -> String {
        let forms: Vec<String> = self.signatures.iter().map(|one| self.form(one)).collect();
        forms.join(" or ")
    }

    /// How it is written with a signature.
    pub fn form(&self, signature: &Signature) -> String {
        let mut names: Vec<&str> = signature
            .parameters
            .iter()
            .map(|kind| kind.name())
            .collect();
        if signature.repeats {
            names.push("…");
        }
        match (self.style, names.split_first()) {
            (Style::Global, _) | (_, None) => format!("{}({})", self.name, names.join(", ")),
            (style, Some((receiver, rest))) => {
                let method = format!("{receiver}.{}({})", self.name, rest.join(", "));
                match style {
                    Style::Either => format!("{method}, {}({})", self.name, names.join(", ")),
                    _ => method,
                }
            }
        }
    }

    /// Its value.
    ///
    /// # Errors
    /// Arguments that no signature takes, and what the function refuses.
    pub fn call<'v>(&self, work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
        let accepts = |one: &Signature| one.accepts(arguments.iter().map(Val::type_of));
        if !self.signatures.iter().any(accepts) {
            return Err(self.mismatch(work, arguments));
        }
        (self.run)(work, arguments)
    }

    fn mismatch(&self, work: &Work, arguments: &[Val<'_>]) -> Box<super::fault::Fault> {
        let types: Vec<&str> = arguments
            .iter()
            .map(|value| value.type_of().name())
            .collect();
        work.fault(
            TYPE_MISMATCH,
            format!("{}() does not take ({})", self.name, types.join(", ")),
            format!("it is {}", self.forms()),
        )
    }
}

/// The function of a name.
pub(super) fn named(name: &str) -> Option<&'static Function> {
    let index = table::FUNCTIONS.binary_search_by(|function| function.name.cmp(name));
    index.ok().and_then(|index| table::FUNCTIONS.get(index))
}

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    table::FUNCTIONS.iter().map(|function| function.name)
}

/// Why a function of the language, or of its usual extensions, is not there, and what is instead.
pub(super) fn reason_missing(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "timestamp" | "duration" | "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth"
        | "getDayOfYear" | "getDayOfWeek" | "getHours" | "getMinutes" | "getSeconds"
        | "getMilliseconds" => (
            "times are no values of a scenario",
            "compare numbers of seconds, or strings of one format",
        ),
        "optional" | "orValue" | "optMap" | "optFlatMap" | "hasValue" => (
            "there are no optional values",
            "use coalesce(value, otherwise)",
        ),
        "format" => (
            "strings are not formatted",
            "write a template: \"${{ a }} of ${{ b }}\"",
        ),
        "now" | "random" | "uuid" => (
            "an expression gives the same value each time",
            "use a capsule that is granted clocks or random bytes",
        ),
        _ => return None,
    })
}
