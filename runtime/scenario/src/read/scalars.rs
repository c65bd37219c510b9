//! Texts, numbers, durations and words, in the ranges of the table.

use tenzik_capsule::escaped;
use tenzik_policy::{duration, size};

use super::fields::Fields;
use super::reader::Reader;
use crate::language::{EXPRESSION_BEGINS, Kind, Word};
use crate::nearest::nearest;
use crate::place::Place;
use crate::scenario::Located;
use crate::yaml::{Node, ScalarValue};

impl Reader {
    /// The text at a key, without expressions.
    pub(super) fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<Located<String>> {
        let (_, node) = fields.entry(key)?;
        self.fixed_text(node, key)
    }

    /// A text without expressions, not empty.
    pub(super) fn fixed_text(&mut self, node: &Node, what: &str) -> Option<Located<String>> {
        let Some(scalar) = node.text() else {
            self.wrong_kind(node, what, "a text");
            return None;
        };
        if scalar.text.contains(EXPRESSION_BEGINS) {
            self.wrong(
                node.place,
                "expression_misplaced",
                format!("{what} has an expression; it is fixed before the run"),
                "write it without ${{ }}",
            );
            return None;
        }
        if scalar.text.is_empty() {
            self.wrong(
                node.place,
                "out_of_range",
                format!("{what} is an empty text"),
                "give it a text, or remove the key",
            );
            return None;
        }
        Some(Located {
            value: scalar.text.to_string(),
            place: node.place,
        })
    }

    /// The whole number at a key.
    pub(super) fn integer(&mut self, fields: &Fields<'_>, key: &str) -> Option<u64> {
        let (spec, node) = fields.entry(key)?;
        self.integer_of(node, key, &spec.kind)
    }

    /// The whole number at a key whose range ends before 2³².
    pub(super) fn small(&mut self, fields: &Fields<'_>, key: &str) -> Option<u32> {
        self.integer(fields, key)
            .and_then(|number| u32::try_from(number).ok())
    }

    /// A whole number in the range of its kind.
    pub(super) fn integer_of(&mut self, node: &Node, what: &str, kind: &Kind) -> Option<u64> {
        let Kind::Integer { min, max } = *kind else {
            return None;
        };
        let range = format!("a whole number, {}", kind.range().unwrap_or_default());
        let Some(ScalarValue::Number(number)) = node.scalar().map(|scalar| &scalar.value) else {
            self.wrong_kind(node, what, &range);
            return None;
        };
        let fits = number
            .as_u64()
            .filter(|number| (min..=max).contains(number));
        if fits.is_none() {
            self.wrong(
                node.place,
                "out_of_range",
                format!("{what} is {number}; it must be {range}"),
                "choose a number in the range",
            );
        }
        fits
    }

    /// The number at a key.
    pub(super) fn number(&mut self, fields: &Fields<'_>, key: &str) -> Option<f64> {
        let (spec, node) = fields.entry(key)?;
        let Kind::Number { min, max } = spec.kind else {
            return None;
        };
        let range = format!("a number, {}", spec.kind.range().unwrap_or_default());
        let Some(ScalarValue::Number(number)) = node.scalar().map(|scalar| &scalar.value) else {
            self.wrong_kind(node, key, &range);
            return None;
        };
        let fits = number
            .as_f64()
            .filter(|number| (min..=max).contains(number));
        if fits.is_none() {
            self.wrong(
                node.place,
                "out_of_range",
                format!("{key} is {number}; it must be {range}"),
                "choose a number in the range",
            );
        }
        fits
    }

    /// The truth value at a key.
    pub(super) fn boolean(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let (_, node) = fields.entry(key)?;
        match node.scalar().map(|scalar| &scalar.value) {
            Some(ScalarValue::Bool(value)) => Some(*value),
            _ => {
                self.wrong_kind(node, key, "true or false");
                None
            }
        }
    }

    /// The duration at a key, in milliseconds.
    pub(super) fn duration_ms(&mut self, fields: &Fields<'_>, key: &str) -> Option<u64> {
        let (spec, node) = fields.entry(key)?;
        let Kind::Duration { min_ms, max_ms } = spec.kind else {
            return None;
        };
        let Some(scalar) = node.text() else {
            self.wrong_kind(
                node,
                key,
                "a duration with a unit, such as 200ms, 60s or 10m",
            );
            return None;
        };
        let read = match duration(&scalar.text) {
            Ok(read) => read,
            Err(message) => {
                let remedy = "write a number and a unit, such as 200ms, 60s or 10m";
                self.malformed(node.place, key, &message, remedy);
                return None;
            }
        };
        let fits = u64::try_from(read.as_millis())
            .ok()
            .filter(|ms| (min_ms..=max_ms).contains(ms));
        if fits.is_none() {
            let range = spec.kind.range().unwrap_or_default();
            self.wrong(
                node.place,
                "out_of_range",
                format!("{key} is {}; it must be {range}", escaped(&scalar.text)),
                "choose a duration in the range",
            );
        }
        fits
    }

    /// Says that a value cannot be read. What reads it ends its sentence with a remedy of its own.
    pub(super) fn malformed(&mut self, place: Place, what: &str, message: &str, remedy: &str) {
        let fact = message.split("; ").next().unwrap_or(message);
        self.wrong(place, "value_malformed", format!("{what}: {fact}"), remedy);
    }

    /// One of the words of a kind, by its position.
    pub(super) fn word(&mut self, node: &Node, what: &str, words: &[Word]) -> Option<usize> {
        let text = node.text().map(|scalar| &*scalar.text);
        let found = words.iter().position(|word| Some(word.word) == text);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|word| word.word).collect();
            let all = names.join(", ");
            match text {
                Some(text) => {
                    let remedy = match nearest(text, names.iter().copied()) {
                        Some(name) => format!("did you mean {name}?"),
                        None => format!("write one of {all}"),
                    };
                    let message = format!("{what} is {}; it must be one of {all}", escaped(text));
                    self.wrong(node.place, "unknown_word", message, remedy);
                }
                None => self.wrong_kind(node, what, &format!("one of {all}")),
            }
        }
        found
    }

    /// One of the words of a key, by its position.
    pub(super) fn word_at(&mut self, fields: &Fields<'_>, key: &str) -> Option<usize> {
        let (spec, node) = fields.entry(key)?;
        match &spec.kind {
            Kind::Words(words) => self.word(node, key, words),
            _ => None,
        }
    }

    /// A size in bytes: a number, or a text with a unit.
    pub(super) fn bytes(&mut self, node: &Node, what: &str) -> Option<u64> {
        let scalar = node.scalar();
        match scalar.map(|scalar| &scalar.value) {
            Some(ScalarValue::Number(number)) if number.is_u64() => number.as_u64(),
            Some(ScalarValue::Text) => match size(scalar.map_or("", |scalar| &scalar.text)) {
                Ok(bytes) => Some(bytes),
                Err(message) => {
                    let remedy = "write a number of bytes such as 5120, 64KiB or 32MiB";
                    self.malformed(node.place, what, &message, remedy);
                    None
                }
            },
            _ => {
                self.wrong_kind(node, what, "a size such as 5120, 64KiB or 32MiB");
                None
            }
        }
    }
}
