//! Tools and their parameters.

use serde_json::Value;
use tenzik_capsule::escaped;

use super::fields::Fields;
use super::reader::Reader;
use crate::language::{PARAMETER, TOOL};
use crate::nearest::nearest;
use crate::place::Place;
use crate::scenario::{Located, Parameter, ParameterKind, Tool};
use crate::yaml::{Data, Node};

impl Reader {
    pub(super) fn tools(&mut self, fields: &Fields<'_>) -> Vec<Tool> {
        self.named(fields, "tools", |reader, name, node| {
            reader.tool(name, node)
        })
    }

    fn tool(&mut self, name: Located<String>, node: &Node) -> Option<Tool> {
        let fields = self.fields(node, &TOOL)?;
        let argv = self.texts(&fields, "argv");
        let parser = self.text(&fields, "parser");
        let parameters = self.named(&fields, "parameters", |reader, name, node| {
            reader.parameter(name, node)
        });
        self.placeholders(&argv, &parameters);
        Some(Tool {
            name,
            argv,
            parser: parser?,
            parameters,
        })
    }

    /// The list of texts at a key, at least one.
    fn texts(&mut self, fields: &Fields<'_>, key: &str) -> Vec<Located<String>> {
        let Some((_, node)) = fields.entry(key) else {
            return Vec::new();
        };
        let Data::List(items) = &node.data else {
            self.wrong_kind(node, key, "a list of texts");
            return Vec::new();
        };
        if items.is_empty() {
            let message = format!("{key} is empty");
            self.wrong(node.place, "out_of_range", message, "add a text");
        }
        items
            .iter()
            .filter_map(|item| self.fixed_text(item, &format!("an element of {key}")))
            .collect()
    }

    fn parameter(&mut self, name: Located<String>, node: &Node) -> Option<Parameter> {
        let fields = self.fields(node, &PARAMETER)?;
        let choices = fields
            .entry("choices")
            .map(|_| self.texts(&fields, "choices"));
        let position = self.word_at(&fields, "type");
        let required = self.boolean(&fields, "required").unwrap_or(false);
        let default = match fields.entry("default") {
            Some((_, node)) => self.literal(node, "the default of a parameter"),
            None => None,
        };
        let kind = match position? {
            0 => ParameterKind::Text,
            1 => ParameterKind::Integer,
            2 => ParameterKind::Boolean,
            3 => ParameterKind::List,
            _ => {
                let choices = choices.clone().unwrap_or_default();
                ParameterKind::Choice(choices.into_iter().map(|choice| choice.value).collect())
            }
        };
        let is_choice = matches!(kind, ParameterKind::Choice(_));
        match (is_choice, &choices) {
            (true, None) => self.wrong(
                fields.place,
                "parameter_malformed",
                "a parameter of type choice has no choices",
                "add choices",
            ),
            (false, Some(_)) => self.wrong(
                fields.place,
                "parameter_malformed",
                "only a parameter of type choice has choices",
                "write type: choice, or remove choices",
            ),
            _ => {}
        }
        if let (Some(default), Some((_, node))) = (&default, fields.entry("default")) {
            self.check_default(node.place, default, &kind, required);
        }
        Some(Parameter {
            name: name.value,
            kind,
            required,
            default,
            place: name.place,
        })
    }

    fn check_default(
        &mut self,
        place: Place,
        default: &Value,
        kind: &ParameterKind,
        required: bool,
    ) {
        if required {
            self.wrong(
                place,
                "parameter_malformed",
                "a required parameter has a default that is never used",
                "remove required or default",
            );
        }
        let (fits, wanted) = match kind {
            ParameterKind::Text => (default.is_string(), "a text".to_owned()),
            ParameterKind::Integer => (
                default.is_i64() || default.is_u64(),
                "a whole number".to_owned(),
            ),
            ParameterKind::Boolean => (default.is_boolean(), "true or false".to_owned()),
            ParameterKind::List => (
                default
                    .as_array()
                    .is_some_and(|items| items.iter().all(Value::is_string)),
                "a list of texts".to_owned(),
            ),
            ParameterKind::Choice(choices) => (
                default
                    .as_str()
                    .is_some_and(|text| choices.iter().any(|choice| choice == text)),
                format!("one of {}", choices.join(", ")),
            ),
        };
        if !fits {
            self.wrong(
                place,
                "parameter_malformed",
                "the default does not fit the type of the parameter",
                format!("write {wanted}"),
            );
        }
    }

    /// Checks that `{name}` and `{name...}` in arguments are parameters.
    fn placeholders(&mut self, argv: &[Located<String>], parameters: &[Parameter]) {
        for (index, argument) in argv.iter().enumerate() {
            for (name, is_list) in placeholders(&argument.value) {
                let Some(parameter) = parameters.iter().find(|known| known.name == name) else {
                    let names = parameters.iter().map(|known| known.name.as_str());
                    let remedy = match nearest(name, names) {
                        Some(name) => format!("did you mean {name}?"),
                        None => format!("define {name} in parameters"),
                    };
                    let message = format!("the tool has no parameter {}", escaped(name));
                    self.wrong(argument.place, "unknown_name", message, remedy);
                    continue;
                };
                let takes_list = parameter.kind == ParameterKind::List;
                if index == 0 {
                    let message =
                        "the first element of argv has a parameter; it is the name of exec rules";
                    self.wrong(
                        argument.place,
                        "parameter_misplaced",
                        message,
                        "write the name",
                    );
                } else if takes_list != is_list
                    || (is_list && argument.value.len() != name.len() + 5)
                {
                    let message = match takes_list {
                        true => format!("{name} is a list"),
                        false => format!("{name} is not a list"),
                    };
                    let remedy = match takes_list {
                        true => format!("write {{{name}...}} as a whole argument"),
                        false => format!("write {{{name}}}"),
                    };
                    self.wrong(argument.place, "parameter_misplaced", message, remedy);
                }
            }
        }
    }
}

/// The names in `{name}` and `{name...}`, and whether there are dots. Other braces mean themselves.
fn placeholders(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split('{').skip(1).filter_map(|part| {
        let (inside, _) = part.split_once('}')?;
        let name = inside.strip_suffix("...");
        let is_list = name.is_some();
        let name = name.unwrap_or(inside);
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|character| {
                character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
            });
        is_name.then_some((name, is_list))
    })
}
