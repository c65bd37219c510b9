//! Expressions, texts with expressions, and values of both.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::reader::Reader;
use crate::cel::{Expression, Template};
use crate::language::{EXPRESSION_BEGINS, EXPRESSION_ENDS};
use crate::place::{Origin, Place, Problem};
use crate::scenario::ValueTemplate;
use crate::yaml::{Data, Node, Scalar};

impl Reader {
    /// The expression at a key, bare or as `${{ }}`.
    pub(super) fn expression(&mut self, fields: &Fields<'_>, key: &str) -> Option<Expression> {
        let (_, node) = fields.entry(key)?;
        self.expression_of(node, key)
    }

    /// An expression, bare or as `${{ }}`. Numbers and truth values are expressions as they stand.
    pub(super) fn expression_of(&mut self, node: &Node, what: &str) -> Option<Expression> {
        let scalar = node.scalar().filter(|_| !node.is_null());
        let Some(scalar) = scalar else {
            self.wrong_kind(node, what, "an expression");
            return None;
        };
        let (source, origin) = bare(&scalar.text, scalar.origin);
        if source.is_empty() {
            self.wrong(
                node.place,
                "expression_empty",
                format!("{what} is an empty expression"),
                "write an expression such as vars.depth > 2, or remove the key",
            );
            return None;
        }
        let unfolded = unfolded(scalar).map(|(text, origin)| bare(text, origin));
        self.first_parsed(unfolded, (source, origin), Expression::parse)
    }

    /// Parses a text as it stands, so that places are exact. If that fails, a line break in it may
    /// have meant a space: parses the folded one.
    fn first_parsed<T>(
        &mut self,
        unfolded: Option<(&str, Origin)>,
        folded: (&str, Origin),
        parse: impl Fn(&str, Origin) -> Result<T, Problem>,
    ) -> Option<T> {
        let (text, origin) = unfolded.unwrap_or(folded);
        let problem = match parse(text, origin) {
            Ok(parsed) => return Some(parsed),
            Err(problem) => problem,
        };
        let again = unfolded.and_then(|_| parse(folded.0, folded.1).ok());
        if again.is_none() {
            self.push(problem);
        }
        again
    }

    /// The text with expressions at a key.
    pub(super) fn template(&mut self, fields: &Fields<'_>, key: &str) -> Option<Template> {
        let (_, node) = fields.entry(key)?;
        let Some(scalar) = node.text() else {
            self.wrong_kind(node, key, "a text");
            return None;
        };
        self.template_of(scalar)
    }

    /// A text with expressions.
    pub(super) fn template_of(&mut self, scalar: &Scalar) -> Option<Template> {
        // Line breaks may only stay where all of the text is one expression.
        let text = scalar.text.trim();
        let is_expression = text.starts_with(EXPRESSION_BEGINS)
            && text.ends_with(EXPRESSION_ENDS)
            && text.matches(EXPRESSION_BEGINS).count() == 1;
        let unfolded = unfolded(scalar).filter(|_| is_expression);
        self.first_parsed(unfolded, (&scalar.text, scalar.origin), Template::parse)
    }

    /// A value with expressions in its texts. What has none is literal as a whole.
    pub(super) fn value(&mut self, node: &Node) -> Option<ValueTemplate> {
        match &node.data {
            Data::Scalar(scalar) => self.scalar_value(scalar, node.place),
            Data::List(items) => {
                let items: Vec<Option<ValueTemplate>> =
                    items.iter().map(|item| self.value(item)).collect();
                let items = items.into_iter().collect::<Option<Vec<_>>>()?;
                Some(list(items, node.place))
            }
            Data::Map(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                let mut all = true;
                for (key, value) in entries.iter() {
                    if key.text.contains(EXPRESSION_BEGINS) {
                        self.wrong(
                            key.place,
                            "expression_misplaced",
                            "a key has an expression; keys are fixed before the run",
                            "write it without ${{ }}, or make the map with an expression",
                        );
                    }
                    match self.value(value) {
                        Some(value) => values.push((key.text.to_string(), value)),
                        None => all = false,
                    }
                }
                all.then(|| map(values, node.place))
            }
        }
    }

    fn scalar_value(&mut self, scalar: &Scalar, place: Place) -> Option<ValueTemplate> {
        let value = scalar.to_value();
        match value.as_str() {
            Some(text) if text.contains(EXPRESSION_BEGINS) => {
                self.template_of(scalar).map(ValueTemplate::Text)
            }
            _ => Some(ValueTemplate::Literal(value, place)),
        }
    }

    /// A text with expressions as a value; a number or truth value is the text that it is written as.
    pub(super) fn argument(&mut self, node: &Node, what: &str) -> Option<ValueTemplate> {
        match node.scalar().filter(|_| !node.is_null()) {
            Some(scalar) if scalar.text.contains(EXPRESSION_BEGINS) => {
                self.template_of(scalar).map(ValueTemplate::Text)
            }
            Some(scalar) => Some(ValueTemplate::Literal(
                Value::String(scalar.text.to_string()),
                node.place,
            )),
            None => {
                self.wrong_kind(node, what, "a text");
                None
            }
        }
    }

    /// A value without expressions.
    pub(super) fn literal(&mut self, node: &Node, what: &str) -> Option<Value> {
        if let Some(place) = expression_in(node) {
            self.wrong(
                place,
                "expression_misplaced",
                format!("{what} has an expression; it is fixed before the run"),
                "compute it in a let step",
            );
            return None;
        }
        Some(node.to_value())
    }

    /// The list of a loop: a list, or one expression with or without `${{ }}`.
    pub(super) fn items(&mut self, node: &Node) -> Option<ValueTemplate> {
        if let Data::List(_) = node.data {
            return self.value(node);
        }
        let Some(scalar) = node.text() else {
            self.wrong_kind(node, "for_each", "a list or an expression");
            return None;
        };
        if scalar.text.trim_start().starts_with(EXPRESSION_BEGINS) {
            return self.template_of(scalar).map(ValueTemplate::Text);
        }
        let (source, origin) = bare(&scalar.text, scalar.origin);
        let unfolded = unfolded(scalar).map(|(text, origin)| bare(text, origin));
        let wrapped = |source: &str, origin: Origin| {
            let source = format!("{EXPRESSION_BEGINS}{source}{EXPRESSION_ENDS}");
            Template::parse(&source, before(origin))
        };
        self.first_parsed(unfolded, (source, origin), wrapped)
            .map(ValueTemplate::Text)
    }
}

/// Where a text begins that has `${{` before one at `origin`.
fn before(origin: Origin) -> Origin {
    let columns = u32::try_from(EXPRESSION_BEGINS.len()).unwrap_or(0);
    Origin {
        first: Place {
            column: origin.first.column.saturating_sub(columns).max(1),
            ..origin.first
        },
        ..origin
    }
}

/// The text as it stands, if its lines were folded.
fn unfolded(scalar: &Scalar) -> Option<(&str, Origin)> {
    let unfolded = scalar.unfolded.as_ref()?;
    Some((&unfolded.text, unfolded.origin))
}

/// The expression of a text that is one, with or without `${{ }}` around it, and where it stands.
fn bare(text: &str, origin: Origin) -> (&str, Origin) {
    let trimmed = text.trim();
    let inside = trimmed
        .strip_prefix(EXPRESSION_BEGINS)
        .and_then(|rest| rest.strip_suffix(EXPRESSION_ENDS));
    let begins = inside.map_or(0, |_| EXPRESSION_BEGINS.len());
    let source = inside.unwrap_or(trimmed);
    let leading = |part: &str| part.len() - part.trim_start().len();
    let offset = leading(text) + begins + leading(source);
    let source = source.trim();
    let origin = Origin {
        first: origin.place(text, offset),
        ..origin
    };
    (source, origin)
}

/// The first text with an expression.
fn expression_in(node: &Node) -> Option<Place> {
    match &node.data {
        Data::Scalar(scalar) => scalar
            .text
            .contains(EXPRESSION_BEGINS)
            .then_some(node.place),
        Data::List(items) => items.iter().find_map(expression_in),
        Data::Map(entries) => entries.iter().find_map(|(key, value)| {
            let is_key = key.text.contains(EXPRESSION_BEGINS);
            is_key.then_some(key.place).or_else(|| expression_in(value))
        }),
    }
}

fn list(items: Vec<ValueTemplate>, place: Place) -> ValueTemplate {
    let literals = items
        .iter()
        .map(|item| literal(item).cloned())
        .collect::<Option<Vec<Value>>>();
    match literals {
        Some(values) => ValueTemplate::Literal(Value::Array(values), place),
        None => ValueTemplate::List(items, place),
    }
}

fn map(entries: Vec<(String, ValueTemplate)>, place: Place) -> ValueTemplate {
    let literals = entries
        .iter()
        .map(|(key, value)| Some((key.clone(), literal(value)?.clone())))
        .collect::<Option<Map<String, Value>>>();
    match literals {
        Some(values) => ValueTemplate::Literal(Value::Object(values), place),
        None => ValueTemplate::Map(entries, place),
    }
}

fn literal(value: &ValueTemplate) -> Option<&Value> {
    match value {
        ValueTemplate::Literal(value, _) => Some(value),
        ValueTemplate::Text(_) | ValueTemplate::List(..) | ValueTemplate::Map(..) => None,
    }
}
