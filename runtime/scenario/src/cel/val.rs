//! Values of an evaluation. Those of the environment are borrowed, whatever their size; those that
//! the expression makes are shared, so that copies of a value cost nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::Type;
use super::ast::Literal;
use super::fault::{Faulty, LIMIT};
use super::limits::{LIST_ELEMENTS_MAX, STRING_BYTES_MAX, VALUE_DEPTH_MAX};
use super::work::Work;

/// What a value that an expression makes costs beside its text, in bytes.
const VAL_BYTES: usize = 32;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Val<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'v>),
    Bytes(Blob<'v>),
    List(List<'v>),
    Map(Map<'v>),
    Type(Type),
}

/// Unicode text.
#[derive(Clone, Debug)]
pub(super) enum Text<'v> {
    Borrowed(&'v str),
    Made(Rc<str>),
}

/// Bytes.
#[derive(Clone, Debug)]
pub(super) enum Blob<'v> {
    Borrowed(&'v [u8]),
    Made(Rc<[u8]>),
}

/// A list.
#[derive(Clone, Debug)]
pub(super) enum List<'v> {
    Borrowed(&'v [Value]),
    Made(Rc<Elements<'v>>),
}

/// The elements of a list that an expression made.
#[derive(Debug)]
pub(super) struct Elements<'v> {
    values: Vec<Val<'v>>,
    depth: u16,
}

/// A map.
#[derive(Clone, Debug)]
pub(super) enum Map<'v> {
    Borrowed(&'v serde_json::Map<String, Value>),
    Made(Rc<Entries<'v>>),
}

/// The entries of a map that an expression made.
#[derive(Debug)]
pub(super) struct Entries<'v> {
    values: BTreeMap<Key<'v>, Val<'v>>,
    depth: u16,
}

/// The key of a map. Numbers are equal if their values are, whatever their types.
#[derive(Clone, Debug)]
pub(super) enum Key<'v> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Text(Text<'v>),
}

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Made(text) => text,
        }
    }
}

impl Blob<'_> {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Blob::Borrowed(bytes) => bytes,
            Blob::Made(bytes) => bytes,
        }
    }
}

impl<'v> List<'v> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            List::Borrowed(values) => values.len(),
            List::Made(elements) => elements.values.len(),
        }
    }

    /// The element at a position.
    pub fn get(&self, index: usize) -> Option<Val<'v>> {
        match self {
            List::Borrowed(values) => values.get(index).map(Val::of),
            List::Made(elements) => elements.values.get(index).cloned(),
        }
    }

    /// All elements.
    pub fn iter(&self) -> impl Iterator<Item = Val<'v>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'v> Map<'v> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Map::Borrowed(values) => values.len(),
            Map::Made(entries) => entries.values.len(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &Key<'_>) -> Option<Val<'v>> {
        match self {
            Map::Borrowed(values) => match key {
                Key::Text(text) => values.get(text.as_str()).map(Val::of),
                _ => None,
            },
            Map::Made(entries) => lookup(&entries.values, key),
        }
    }

    /// The value of a name.
    pub fn field(&self, name: &str) -> Option<Val<'v>> {
        match self {
            Map::Borrowed(values) => values.get(name).map(Val::of),
            Map::Made(entries) => lookup(&entries.values, &Key::Text(Text::Borrowed(name))),
        }
    }

    /// All entries, in the order of their keys.
    pub fn entries(&self) -> Vec<(Key<'v>, Val<'v>)> {
        match self {
            Map::Borrowed(values) => {
                let mut entries: Vec<_> = values
                    .iter()
                    .map(|(key, value)| (Key::Text(Text::Borrowed(key)), Val::of(value)))
                    .collect();
                entries.sort_by(|(left, _), (right, _)| left.cmp(right));
                entries
            }
            Map::Made(entries) => entries
                .values
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }
}

/// Looks a key up that need not live as long as the map.
fn lookup<'v>(values: &BTreeMap<Key<'v>, Val<'v>>, key: &Key<'_>) -> Option<Val<'v>> {
    use std::ops::Bound::{Included, Unbounded};
    let shared: Key<'static> = match key {
        Key::Bool(value) => Key::Bool(*value),
        Key::Int(value) => Key::Int(*value),
        Key::Uint(value) => Key::Uint(*value),
        Key::Text(text) => Key::Text(Text::Made(Rc::from(text.as_str()))),
    };
    let (found, value) = values
        .range((Included(&shared as &Key<'v>), Unbounded))
        .next()?;
    (found == &shared).then(|| value.clone())
}

impl<'v> Key<'v> {
    /// The key that a value is; also for a double that is a whole number.
    pub fn of(value: &Val<'v>) -> Option<Key<'v>> {
        Some(match value {
            Val::Bool(value) => Key::Bool(*value),
            Val::Int(value) => Key::Int(*value),
            Val::Uint(value) => Key::Uint(*value),
            Val::Text(text) => Key::Text(text.clone()),
            Val::Double(value) => Key::Int(whole(*value)?),
            _ => return None,
        })
    }

    /// It as a value.
    pub fn into_val(self) -> Val<'v> {
        match self {
            Key::Bool(value) => Val::Bool(value),
            Key::Int(value) => Val::Int(value),
            Key::Uint(value) => Val::Uint(value),
            Key::Text(text) => Val::Text(text),
        }
    }

    fn number(&self) -> Option<i128> {
        match self {
            Key::Int(value) => Some(i128::from(*value)),
            Key::Uint(value) => Some(i128::from(*value)),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Bool(_) => 0,
            Key::Int(_) | Key::Uint(_) => 1,
            Key::Text(_) => 2,
        }
    }
}

/// The int that a double is, if it is one exactly.
pub(super) fn whole(value: f64) -> Option<i64> {
    let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range and the fraction are checked"
    )]
    (in_range && value.fract() == 0.0).then_some(value as i64)
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Key::Text(left), Key::Text(right)) => left.as_str().cmp(right.as_str()),
            (Key::Bool(left), Key::Bool(right)) => left.cmp(right),
            _ => (self.rank(), self.number()).cmp(&(other.rank(), other.number())),
        }
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key<'_> {}

impl<'v> Val<'v> {
    /// A value of the environment. Numbers without a fraction are ints, those above the largest int
    /// uints, and all others doubles.
    pub fn of(value: &'v Value) -> Val<'v> {
        match value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Val::Int(value),
                (None, Some(value)) => Val::Uint(value),
                (None, None) => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Val::Text(Text::Borrowed(text)),
            Value::Array(values) => Val::List(List::Borrowed(values)),
            Value::Object(values) => Val::Map(Map::Borrowed(values)),
        }
    }

    /// A value that stands in the text.
    pub fn literal(literal: &'v Literal) -> Val<'v> {
        match literal {
            Literal::Null => Val::Null,
            Literal::Bool(value) => Val::Bool(*value),
            Literal::Int(value) => Val::Int(*value),
            Literal::Uint(value) => Val::Uint(*value),
            Literal::Double(value) => Val::Double(*value),
            Literal::Text(text) => Val::Text(Text::Borrowed(text)),
            Literal::Bytes(bytes) => Val::Bytes(Blob::Borrowed(bytes)),
            Literal::Type(kind) => Val::Type(*kind),
        }
    }

    /// A text that an expression makes; its bytes must be taken with [`Work::text`] before.
    pub fn made_text(text: &str) -> Val<'v> {
        Val::Text(Text::Made(Rc::from(text)))
    }

    /// A list that an expression makes.
    pub fn made_list(work: &mut Work, values: Vec<Val<'v>>) -> Faulty<Val<'v>> {
        work.elements(values.len())?;
        let depth = work.nest(values.iter().map(Val::depth).max())?;
        Ok(Val::List(List::Made(Rc::new(Elements { values, depth }))))
    }

    /// A map that an expression makes.
    pub fn made_map(work: &mut Work, values: BTreeMap<Key<'v>, Val<'v>>) -> Faulty<Val<'v>> {
        work.elements(values.len().saturating_mul(2))?;
        let depth = work.nest(values.values().map(Val::depth).max())?;
        Ok(Val::Map(Map::Made(Rc::new(Entries { values, depth }))))
    }

    /// Its type.
    pub fn type_of(&self) -> Type {
        match self {
            Val::Null => Type::Null,
            Val::Bool(_) => Type::Bool,
            Val::Int(_) => Type::Int,
            Val::Uint(_) => Type::Uint,
            Val::Double(_) => Type::Double,
            Val::Text(_) => Type::String,
            Val::Bytes(_) => Type::Bytes,
            Val::List(_) => Type::List,
            Val::Map(_) => Type::Map,
            Val::Type(_) => Type::Type,
        }
    }

    /// Lists and maps that the expression made inside of one another.
    fn depth(&self) -> u16 {
        match self {
            Val::List(List::Made(elements)) => elements.depth,
            Val::Map(Map::Made(entries)) => entries.depth,
            Val::List(_) | Val::Map(_) => 1,
            _ => 0,
        }
    }
}

impl Work {
    /// Takes the bytes of a text, or of bytes, that is about to be made.
    pub fn text(&mut self, bytes: usize) -> Faulty<()> {
        if bytes > STRING_BYTES_MAX {
            let message =
                format!("a string of {bytes} bytes; at most {STRING_BYTES_MAX} are allowed");
            return Err(self.fault(LIMIT, message, "do this in a capsule"));
        }
        self.produce(bytes + VAL_BYTES)
    }

    /// Makes sure that a list of that many elements may be made.
    pub fn reserve(&mut self, elements: usize) -> Faulty<()> {
        if elements > LIST_ELEMENTS_MAX {
            let message = format!("{elements} elements; at most {LIST_ELEMENTS_MAX} are allowed");
            return Err(self.fault(
                LIMIT,
                message,
                "filter the list first, or do this in a capsule",
            ));
        }
        Ok(())
    }

    /// Takes the bytes of a list that was made.
    fn elements(&mut self, elements: usize) -> Faulty<()> {
        self.reserve(elements)?;
        self.produce((elements + 1).saturating_mul(VAL_BYTES))
    }

    /// The depth of a list or map over values of at most `depth`.
    pub fn nest(&mut self, depth: Option<u16>) -> Faulty<u16> {
        let depth = depth.unwrap_or(0).saturating_add(1);
        if depth > VALUE_DEPTH_MAX {
            let message =
                format!("lists and maps lie more than {VALUE_DEPTH_MAX} deep in one another");
            return Err(self.fault(LIMIT, message, "make a flatter value"));
        }
        Ok(depth)
    }
}
