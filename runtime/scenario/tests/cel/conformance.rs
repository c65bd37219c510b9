//! The conformance vectors of the language, those of what scenarios do not have left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use tenzik_scenario::Origin;
use tenzik_scenario::cel::{Environment, Expression, Root};

/// Vectors that are not as the language has it, by a prefix of their names, and why.
const EXCLUDED: &[(&str, &str)] = &[
    (
        "basic/functions/unbound_is_runtime_error",
        "unknown functions are found before the run",
    ),
    (
        "parse/receiver_function_names/",
        "unknown functions are found before the run",
    ),
    (
        "comparisons/lt_literal/not_lt_dyn_int_big_lossy_double",
        "ints and doubles are compared exactly; the vector rounds the int",
    ),
    (
        "comparisons/gt_literal/not_gt_dyn_big_double_int",
        "ints and doubles are compared exactly; the vector rounds the int",
    ),
    (
        "comparisons/lte_literal/lte_dyn_big_double_int",
        "ints and doubles are compared exactly; the vector rounds the int",
    ),
    (
        "comparisons/gte_literal/gte_dyn_int_big_lossy_double",
        "ints and doubles are compared exactly; the vector rounds the int",
    ),
    (
        "fields/qualified_identifier_resolution/",
        "bindings have no names with points",
    ),
];

/// A vector: its name, the expression, bindings, and the expected literal and type.
type Vector = (
    String,
    String,
    BTreeMap<String, Value>,
    Option<String>,
    Option<String>,
);

struct Bindings<'b>(&'b BTreeMap<String, Value>);

impl Environment for Bindings<'_> {
    fn value(&self, root: Root, name: &str, _: Option<&str>) -> Option<Cow<'_, Value>> {
        let value = (root == Root::Binding).then(|| self.0.get(name)).flatten();
        value.map(Cow::Borrowed)
    }
}

fn evaluate(source: &str, bindings: &BTreeMap<String, Value>) -> Result<Value, String> {
    let expression =
        Expression::parse(source, Origin::default()).map_err(|why| format!("parse: {why}"))?;
    expression
        .evaluate(&Bindings(bindings))
        .map_err(|why| why.to_string())
}

/// What is wrong with the value of a vector.
fn judge((_, source, bindings, literal, kind): &Vector) -> Result<(), String> {
    let Some((literal, kind)) = literal.as_ref().zip(kind.as_ref()) else {
        return match evaluate(&format!("type({source}) == int"), bindings) {
            Ok(_) => Err("there is a value instead of an error".to_owned()),
            Err(_) => Ok(()),
        };
    };
    let is_nan = literal == "(0.0/0.0)";
    let asked = match is_nan {
        true => format!("[{source}].all(it, it != it && type(it) == double)"),
        false => format!("[{source}].all(it, it == dyn({literal}) && type(it) == {kind})"),
    };
    match evaluate(&asked, bindings)? {
        Value::Bool(true) => Ok(()),
        other => Err(format!("it is not {literal} of type {kind}: {other}")),
    }
}

#[test]
fn the_vectors_of_the_language_hold() {
    let vectors: Vec<Vector> = include_str!("conformance/vectors.jsonl")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert_eq!(vectors.len(), 1091);
    let mut used = vec![0; EXCLUDED.len()];
    let mut failed = Vec::new();
    for vector in &vectors {
        let excluded = EXCLUDED
            .iter()
            .position(|(prefix, _)| vector.0.starts_with(prefix));
        let judged = judge(vector);
        match (excluded, judged) {
            (Some(index), Err(_)) => used[index] += 1,
            (_, Ok(())) => (),
            (None, Err(why)) => failed.push(format!("{} {}: {why}", vector.0, vector.1)),
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    for ((prefix, why), used) in EXCLUDED.iter().zip(used) {
        assert!(used > 0, "{prefix} ({why}) holds, and need not be excluded");
    }
}
