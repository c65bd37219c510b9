//! Steps and blocks of steps.

use tenzik_capsule::escaped;

use super::fields::Fields;
use super::reader::Reader;
use crate::language::{STEP, STEPS_MAX};
use crate::place::Place;
use crate::scenario::{BodyKind, Located, Step};
use crate::yaml::{Data, Node};

impl Reader {
    /// The steps at a key. `block` comes before the default names of its steps.
    pub(super) fn block(&mut self, fields: &Fields<'_>, key: &str, block: &str) -> Vec<Step> {
        let Some((_, node)) = fields.entry(key) else {
            return Vec::new();
        };
        let Data::List(items) = &node.data else {
            self.wrong_kind(node, key, "a list of steps");
            return Vec::new();
        };
        if items.is_empty() {
            self.wrong(
                node.place,
                "out_of_range",
                format!("{key} has no steps"),
                "add a step, or remove the key",
            );
        }
        let steps: Vec<Option<Step>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.step(item, block, index + 1))
            .collect();
        steps.into_iter().flatten().collect()
    }

    fn step(&mut self, node: &Node, block: &str, position: usize) -> Option<Step> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            if self.steps == STEPS_MAX + 1 {
                self.wrong(
                    node.place,
                    "too_many_steps",
                    format!("the scenario has more than {STEPS_MAX} steps"),
                    "use for_each, or split it",
                );
            }
            return None;
        }
        let fields = self.fields(node, &STEP)?;
        let id = self.id(&fields, block, position);
        let kind = self.step_kind(&fields)?;
        self.misplaced(&fields, kind);
        let common = self.common(&fields, &id.value);
        let kind = self.body(&fields, kind, &id.value);
        Some(Step {
            id,
            place: node.place,
            kind: kind?,
            common: common?,
        })
    }

    fn id(&mut self, fields: &Fields<'_>, block: &str, position: usize) -> Located<String> {
        let given = self.text(fields, "id").filter(|id| self.check_name(id));
        let is_default = given.is_none();
        let id = given.unwrap_or_else(|| Reader::default_id(block, position, fields.place));
        self.take_id(&id, is_default);
        id
    }

    /// The one kind of a step.
    fn step_kind(&mut self, fields: &Fields<'_>) -> Option<BodyKind> {
        let mut found: Option<(BodyKind, Place)> = None;
        for (key, _) in fields.entries {
            let Some(kind) = BodyKind::named(&key.text) else {
                continue;
            };
            if let Some((first, place)) = found {
                self.wrong(
                    key.place,
                    "step_kind",
                    format!(
                        "the step is {} already, at {place}; it cannot be {} too",
                        first.key(),
                        kind.key()
                    ),
                    "make two steps of it",
                );
                return None;
            }
            found = Some((kind, key.place));
        }
        // A misspelled kind is an unknown key.
        if found.is_none() && !fields.has_unknown {
            let kinds: Vec<&str> = BodyKind::ALL.iter().map(|kind| kind.key()).collect();
            self.wrong(
                fields.place,
                "step_kind",
                "the step does nothing",
                format!("add one of {}", kinds.join(", ")),
            );
        }
        found.map(|(kind, _)| kind)
    }

    /// Keys of other kinds, and keys of this one that are missing.
    fn misplaced(&mut self, fields: &Fields<'_>, kind: BodyKind) {
        for (key, _) in fields.entries {
            let Some(spec) = STEP.key(&key.text) else {
                continue;
            };
            if !spec.kinds.has(kind) {
                let kinds: Vec<&str> = BodyKind::ALL
                    .iter()
                    .filter(|kind| spec.kinds.has(**kind))
                    .map(|kind| kind.key())
                    .collect();
                self.wrong(
                    key.place,
                    "misplaced_key",
                    format!("a step {} has no {}", kind.key(), escaped(&key.text)),
                    format!("{} is for steps {}", spec.name, kinds.join(", ")),
                );
            }
        }
        for spec in STEP.keys {
            let is_needed = spec.is_required && spec.kinds.has(kind);
            if is_needed && fields.entry(spec.name).is_none() {
                self.missing(fields.place, &format!("the step {}", kind.key()), spec.name);
            }
        }
    }
}
