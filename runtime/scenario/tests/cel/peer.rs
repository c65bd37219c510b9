//! The same values as the crate `cel`, another implementation of the language, over generated
//! expressions.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Number, Value, json};
use tenzik_scenario::cel::{Environment, Expression, Reference, Root, Scope, Type};
use tenzik_scenario::{Origin, Problem};

use super::chance::Chance;

/// Expressions that are compared.
const EXPRESSIONS: usize = 20_000;

/// What an expression is meant to give.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Uint,
    Double,
    Bool,
    Text,
    List,
    Map,
}

const KINDS: &[Kind] = &[
    Kind::Int,
    Kind::Uint,
    Kind::Double,
    Kind::Bool,
    Kind::Text,
    Kind::List,
    Kind::Map,
];

struct Writer {
    chance: Chance,
    /// Variables of the macros around.
    locals: usize,
}

impl Writer {
    /// An expression of a kind; one in 150 is of another.
    fn write(&mut self, kind: Kind, depth: usize) -> String {
        let kind = match self.chance.below(150) {
            0 => *self.chance.of(KINDS),
            _ => kind,
        };
        if depth == 0 || self.chance.below(6) == 0 {
            return self.leaf(kind);
        }
        let depth = depth - 1;
        match self.chance.below(8) {
            0 => {
                let test = self.write(Kind::Bool, depth);
                let (then, otherwise) = (self.write(kind, depth), self.write(kind, depth));
                return format!("({test} ? {then} : {otherwise})");
            }
            1 => {
                let (before, after) = (self.write(kind, depth), self.write(kind, depth));
                let at = *self.chance.of(&[0, 1, 0, 1, 0, 1, 0, 1, 2]);
                return format!("[{before}, {after}][{at}]");
            }
            _ => (),
        }
        match kind {
            Kind::Int => match self.chance.below(6) {
                0 => format!("size({})", self.write(Kind::Text, depth)),
                1 => format!("{}.size()", self.write(Kind::List, depth)),
                2 => format!("int({})", self.write(Kind::Uint, depth)),
                3 => format!("-({})", self.write(Kind::Int, depth)),
                _ => self.infix(Kind::Int, &["+", "-", "*", "/", "%"], depth),
            },
            Kind::Uint => match self.chance.below(3) {
                0 => format!("uint({})", self.write(Kind::Int, depth)),
                _ => self.infix(Kind::Uint, &["+", "-", "*", "/", "%"], depth),
            },
            Kind::Double => match self.chance.below(3) {
                0 => format!("double({})", self.write(Kind::Int, depth)),
                _ => self.infix(Kind::Double, &["+", "-", "*", "/"], depth),
            },
            Kind::Bool => self.bool(depth),
            Kind::Text => match self.chance.below(3) {
                0 => format!("string({})", self.write(Kind::Int, depth)),
                _ => self.infix(Kind::Text, &["+"], depth),
            },
            Kind::List => match self.chance.below(4) {
                0 => self.infix(Kind::List, &["+"], depth),
                1 if self.locals < 3 => self.comprehension("filter", Kind::Bool, depth),
                2 if self.locals < 3 => self.comprehension("map", Kind::Int, depth),
                _ => format!(
                    "[{}, {}]",
                    self.write(Kind::Int, depth),
                    self.write(Kind::Int, depth)
                ),
            },
            Kind::Map => format!(
                "{{'a': {}, 'b': {}}}",
                self.write(Kind::Int, depth),
                self.write(Kind::Text, depth)
            ),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        match self.chance.below(9) {
            0 | 1 => self.infix(Kind::Bool, &["&&", "||"], depth),
            2 => format!("!({})", self.write(Kind::Bool, depth)),
            3 if self.locals < 3 => {
                let name = *self.chance.of(&["all", "exists", "exists_one"]);
                self.comprehension(name, Kind::Bool, depth)
            }
            4 => format!(
                "{} in {}",
                self.write(Kind::Int, depth),
                self.write(Kind::List, depth)
            ),
            5 => {
                let name = *self.chance.of(&["contains", "startsWith", "endsWith"]);
                let (text, part) = (self.write(Kind::Text, depth), self.write(Kind::Text, depth));
                format!("{text}.{name}({part})")
            }
            6 => format!(
                "has({}.{})",
                self.write(Kind::Map, depth),
                self.chance.of(&["a", "b", "c"])
            ),
            _ => {
                let kind =
                    *self
                        .chance
                        .of(&[Kind::Int, Kind::Uint, Kind::Double, Kind::Text, Kind::Bool]);
                self.infix(kind, &["==", "!=", "<", "<=", ">", ">="], depth)
            }
        }
    }

    fn infix(&mut self, kind: Kind, operators: &[&str], depth: usize) -> String {
        let (left, right) = (self.write(kind, depth), self.write(kind, depth));
        format!("({left} {} {right})", self.chance.of(operators))
    }

    fn comprehension(&mut self, name: &str, body: Kind, depth: usize) -> String {
        let list = self.write(Kind::List, depth);
        self.locals += 1;
        let (variable, body) = (self.locals, self.write(body, depth));
        self.locals -= 1;
        format!("{list}.{name}(v{variable}, {body})")
    }

    fn leaf(&mut self, kind: Kind) -> String {
        if matches!(kind, Kind::Int) && self.locals > 0 && self.chance.below(2) == 0 {
            return format!("v{}", 1 + self.chance.below(self.locals));
        }
        let leaves: &[&str] = match kind {
            Kind::Int => &[
                "0",
                "1",
                "-3",
                "7",
                "x",
                "9223372036854775807",
                "-9223372036854775808",
                "m.a",
                "2",
                "5",
                "12",
                "100",
                "m.z",
                "0x1F",
            ],
            Kind::Uint => &["0u", "1u", "7u", "18446744073709551615u"],
            Kind::Double => &["0.5", "-2.0", "1e3", "3.0", "1e308"],
            Kind::Bool => &["true", "false", "t", "true", "!t", "(1 / 0 > 0)"],
            Kind::Text => &["''", "'a'", "\"bc\"", "s", "'é\\n'", "r'\\'", "m.b"],
            Kind::List => &["[]", "[1, 2, 3]", "l", "[x]", "[0]"],
            Kind::Map => &["{}", "m", "{'a': 1}", "{'c': 'd'}"],
        };
        (*self.chance.of(leaves)).to_owned()
    }
}

/// The bindings.
struct Bound(Value);

impl Environment for Bound {
    fn value(&self, root: Root, name: &str, _: Option<&str>) -> Option<Cow<'_, Value>> {
        let value = (root == Root::Binding).then(|| self.0.get(name)).flatten();
        value.map(Cow::Borrowed)
    }
}

/// The value of the other implementation as JSON; none for one that JSON does not have.
fn as_json(value: &cel::Value) -> Option<Value> {
    Some(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => json!(value),
        cel::Value::Int(value) => json!(value),
        cel::Value::UInt(value) => json!(value),
        cel::Value::Float(value) => Value::Number(Number::from_f64(*value)?),
        cel::Value::String(value) => json!(value.as_str()),
        cel::Value::List(values) => {
            Value::Array(values.iter().map(as_json).collect::<Option<_>>()?)
        }
        cel::Value::Map(map) => {
            let mut values = Map::new();
            for (key, value) in map.map.iter() {
                values.insert(key.to_string(), as_json(value)?);
            }
            Value::Object(values)
        }
        _ => return None,
    })
}

/// A value of the other implementation; numbers are ints.
fn of_json(value: &Value) -> cel::Value {
    match value {
        Value::Number(number) => cel::Value::Int(number.as_i64().expect("an int")),
        Value::Array(values) => {
            cel::Value::List(std::sync::Arc::new(values.iter().map(of_json).collect()))
        }
        Value::Object(values) => {
            let entries = values
                .iter()
                .map(|(key, value)| (key.as_str(), of_json(value)));
            entries.collect::<std::collections::HashMap<_, _>>().into()
        }
        other => cel::to_value(other).expect("a value of JSON"),
    }
}

impl Scope for Bound {
    fn type_of(&self, reference: &Reference) -> Option<Type> {
        Some(type_of(self.0.get(&reference.name)?))
    }

    fn known(&self, _: Root) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// The type of a value; uints are ints.
fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_f64() => Type::Double,
        Value::Number(_) => Type::Int,
        Value::String(_) => Type::String,
        Value::Array(_) => Type::List,
        Value::Object(_) => Type::Map,
    }
}

/// Whether a value is of the type that is known before the run.
#[track_caller]
fn assert_type(source: &str, value: &Value) {
    let expression = Expression::parse(source, Origin::default()).expect(source);
    let kind = match expression.check(&Bound(bindings())) {
        Ok(Type::Dyn) | Err(_) => return,
        Ok(Type::Uint) => Type::Int,
        Ok(kind) => kind,
    };
    assert_eq!(type_of(value), kind, "{source}");
}

fn bindings() -> Value {
    json!({"x": 3, "s": "text", "l": [3, 4], "m": {"a": 1, "b": "b"}, "t": true})
}

/// What the other implementation does otherwise: it adds the entries of a map to a list, and writes
/// small and large doubles without exponent.
fn is_known(source: &str, ours: &Result<Value, Problem>) -> bool {
    match ours {
        Err(problem) => problem.message == "list + map is not defined",
        Ok(value) => {
            source.contains("string(")
                && ["e+", "e-"]
                    .iter()
                    .any(|sign| value.to_string().contains(sign))
        }
    }
}

#[test]
fn generated_expressions_have_the_values_that_the_crate_cel_gives() {
    let bound =
        Bound(json!({"x": 3, "s": "text", "l": [3, 4], "m": {"a": 1, "b": "b"}, "t": true}));
    let mut context = cel::Context::default();
    for (name, value) in bound.0.as_object().expect("a map") {
        context.add_variable_from_value(name.as_str(), of_json(value));
    }
    let mut writer = Writer {
        chance: Chance(20_26),
        locals: 0,
    };
    let (mut values, mut faults, mut known, mut different) = (0, 0, 0, Vec::new());
    for _ in 0..EXPRESSIONS {
        let kind = *writer.chance.of(KINDS);
        let source = writer.write(kind, 4);
        let ours = Expression::parse(&source, Origin::default())
            .and_then(|expression| expression.evaluate(&bound));
        if let Ok(value) = &ours {
            assert_type(&source, value);
        }
        let theirs = cel::Program::compile(&source).ok();
        let theirs = theirs.and_then(|program| program.execute(&context).ok());
        let theirs = theirs.as_ref().and_then(as_json);
        match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) if ours == theirs => values += 1,
            (Err(_), None) => faults += 1,
            _ if is_known(&source, &ours) => known += 1,
            _ => different.push(format!("{source}\n  ours {ours:?}\n  theirs {theirs:?}")),
        }
    }
    assert!(
        different.is_empty(),
        "{} differ, {values} values, {faults} faults:\n{}",
        different.len(),
        different[..different.len().min(20)].join("\n")
    );
    assert!(
        values > EXPRESSIONS / 2 && faults > EXPRESSIONS / 20 && known < EXPRESSIONS / 1000,
        "{values} {faults} {known}"
    );
}
