//! What steps of all kinds may have.

use tenzik_capsule::escaped;
use tenzik_policy::{LIMIT_FIELDS, LimitField};

use super::fields::Fields;
use super::reader::Reader;
use crate::language::{FALLBACK, Kind, RETRIES};
use crate::nearest::nearest;
use crate::scenario::{Backoff, Common, Effect, Located, OnError, Retries};
use crate::yaml::{Data, Node};

impl Reader {
    /// What a step has besides its kind.
    pub(super) fn common(&mut self, fields: &Fields<'_>, id: &str) -> Option<Common> {
        // All keys are read before any of them can end reading.
        let common = Common {
            name: self.text(fields, "name").map(|name| name.value),
            needs: self.names(fields, "needs"),
            after: self.names(fields, "after"),
            when: self.expression(fields, "when"),
            grants: self.name(fields, "grants"),
            limits: self.limits(fields),
            timeout_ms: self.duration_ms(fields, "timeout"),
            retries: self.retries(fields),
            on_error: OnError::Stop,
            effect: self.effect(fields),
            on: self.name(fields, "on"),
            session: self.name(fields, "session"),
        };
        let on_error = self.on_error(fields, id)?;
        Some(Common { on_error, ..common })
    }

    /// The name at a key.
    pub(super) fn name(&mut self, fields: &Fields<'_>, key: &str) -> Option<Located<String>> {
        let name = self.text(fields, key)?;
        self.check_name(&name).then_some(name)
    }

    /// The name or the list of names at a key, of things that are elsewhere.
    pub(super) fn names(&mut self, fields: &Fields<'_>, key: &str) -> Vec<Located<String>> {
        let Some((_, node)) = fields.entry(key) else {
            return Vec::new();
        };
        let nodes = node.items().unwrap_or(std::slice::from_ref(node));
        nodes
            .iter()
            .filter_map(|node| {
                let name = self.fixed_text(node, key)?;
                self.check_reference(&name).then_some(name)
            })
            .collect()
    }

    fn effect(&mut self, fields: &Fields<'_>) -> Option<Located<Effect>> {
        const EFFECTS: [Effect; 3] = [Effect::Pure, Effect::Idempotent, Effect::AtMostOnce];
        let position = self.word_at(fields, "effect")?;
        let (_, node) = fields.entry("effect")?;
        Some(Located {
            value: *EFFECTS.get(position)?,
            place: node.place,
        })
    }

    /// None if it is malformed.
    fn on_error(&mut self, fields: &Fields<'_>, id: &str) -> Option<OnError> {
        let Some((spec, node)) = fields.entry("on_error") else {
            return Some(OnError::Stop);
        };
        if let Data::Map(_) = node.data {
            let fields = self.fields(node, &FALLBACK)?;
            let steps = self.block(&fields, "fallback", &format!("{id}.fallback."));
            return Some(OnError::Fallback(steps));
        }
        let Kind::Any([Kind::Words(words), ..]) = spec.kind else {
            return None;
        };
        match self.word(node, "on_error", words)? {
            0 => Some(OnError::Stop),
            _ => Some(OnError::Continue),
        }
    }

    fn retries(&mut self, fields: &Fields<'_>) -> Option<Retries> {
        let (spec, node) = fields.entry("retries")?;
        let Data::Map(_) = node.data else {
            let Kind::Any([count, ..]) = &spec.kind else {
                return None;
            };
            return Some(Retries {
                count: u32::try_from(self.integer_of(node, "retries", count)?).ok()?,
                backoff: Backoff::default(),
                when: None,
            });
        };
        let fields = self.fields(node, &RETRIES)?;
        let count = self.small(&fields, "count");
        let backoff = self.backoff(&fields);
        let when = self.expression(&fields, "when");
        Some(Retries {
            count: count?,
            backoff,
            when,
        })
    }

    fn backoff(&mut self, fields: &Fields<'_>) -> Backoff {
        let default = Backoff::default();
        let initial_ms = self
            .duration_ms(fields, "backoff")
            .unwrap_or(default.initial_ms);
        let max_ms = self.duration_ms(fields, "max");
        if let (Some(max_ms), Some((_, node))) = (max_ms, fields.entry("max"))
            && max_ms < initial_ms
        {
            self.wrong(
                node.place,
                "out_of_range",
                format!("max is {max_ms} ms, less than backoff, {initial_ms} ms"),
                "choose a max that is not shorter than backoff",
            );
        }
        Backoff {
            initial_ms,
            factor: self.number(fields, "factor").unwrap_or(default.factor),
            max_ms: max_ms.unwrap_or(default.max_ms.max(initial_ms)),
            jitter: self.number(fields, "jitter").unwrap_or(default.jitter),
        }
    }

    fn limits(&mut self, fields: &Fields<'_>) -> Vec<(Located<String>, u64)> {
        self.named(fields, "limits", |reader, name, node| {
            let Some(field) = LimitField::named(&name.value) else {
                let names = LIMIT_FIELDS.iter().map(|field| field.name);
                let remedy = match nearest(&name.value, names.clone()) {
                    Some(name) => format!("did you mean {name}?"),
                    None => format!("limits are {}", names.collect::<Vec<_>>().join(", ")),
                };
                let message = format!("there is no limit {}", escaped(&name.value));
                reader.wrong(name.place, "unknown_limit", message, remedy);
                return None;
            };
            let value = reader.limit(node, field)?;
            Some((name, value))
        })
    }

    fn limit(&mut self, node: &Node, field: &LimitField) -> Option<u64> {
        let value = match field.name {
            name if name.starts_with("wall_us") => self.microseconds(node, name)?,
            name if name.ends_with("_bytes") => self.bytes(node, name)?,
            name => self.integer_of(
                node,
                name,
                &Kind::Integer {
                    min: 0,
                    max: u64::MAX,
                },
            )?,
        };
        if !(field.min..=field.max).contains(&value) {
            self.wrong(
                node.place,
                "out_of_range",
                format!(
                    "{} is {value}; it must be {} to {}",
                    field.name, field.min, field.max
                ),
                "choose a value in the range",
            );
            return None;
        }
        Some(value)
    }

    /// A duration in microseconds: a number, or a text with a unit.
    fn microseconds(&mut self, node: &Node, what: &str) -> Option<u64> {
        let Some(scalar) = node.text() else {
            return self.integer_of(
                node,
                what,
                &Kind::Integer {
                    min: 0,
                    max: u64::MAX,
                },
            );
        };
        match tenzik_policy::duration_us(&scalar.text) {
            Ok(value) => Some(value),
            Err(message) => {
                let remedy = "write a number of microseconds, or a duration such as 200ms";
                self.malformed(node.place, what, &message, remedy);
                None
            }
        }
    }
}
