//! Names.

use tenzik_capsule::escaped;

use super::reader::Reader;
use crate::cel::is_reserved_name;
use crate::language::NAME_LENGTH_MAX;
use crate::place::Place;
use crate::scenario::Located;

impl Reader {
    /// Checks a name: letters, digits, `_` and `-`, a letter first.
    pub(super) fn check_name(&mut self, name: &Located<String>) -> bool {
        self.check(
            name,
            "letters, digits, _ and -, a letter first",
            |character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'),
        )
    }

    /// Checks the name of something elsewhere: default names of steps have dots.
    pub(super) fn check_reference(&mut self, name: &Located<String>) -> bool {
        let is_part = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_dotted = name.value.contains('.') && name.value.split('.').all(is_part);
        let is_allowed =
            |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
        if is_dotted && name.value.chars().all(is_allowed) {
            return true;
        }
        self.check_name(name)
    }

    /// Checks the name of a scenario.
    pub(super) fn check_scenario_name(&mut self, name: &Located<String>) -> bool {
        let is_lowercase = |character: char| character.is_ascii_lowercase();
        self.check(name, "a-z, 0-9 and -, a letter first", |character| {
            is_lowercase(character) || character.is_ascii_digit() || character == '-'
        })
    }

    /// Checks the name of a loop's item.
    pub(super) fn check_binding(&mut self, name: &Located<String>) -> bool {
        if is_reserved_name(&name.value) {
            self.wrong(
                name.place,
                "name_reserved",
                format!(
                    "{} means something else in expressions",
                    escaped(&name.value)
                ),
                "choose another name",
            );
            return false;
        }
        self.check(name, "letters, digits and _, a letter first", |character| {
            character.is_ascii_alphanumeric() || character == '_'
        })
    }

    fn check(
        &mut self,
        name: &Located<String>,
        rule: &str,
        is_allowed: impl Fn(char) -> bool,
    ) -> bool {
        let text = name.value.as_str();
        let fits = text.len() <= NAME_LENGTH_MAX
            && text.chars().all(&is_allowed)
            && text
                .chars()
                .next()
                .is_some_and(|first| first.is_ascii_alphabetic());
        if !fits {
            self.wrong(
                name.place,
                "name_malformed",
                format!("{} is not a name", escaped(text)),
                format!("names have {rule}, 1 to {NAME_LENGTH_MAX} characters"),
            );
        }
        fits
    }

    /// Takes the name of a step, if no other has it. Default names have dots or are `step-N`.
    pub(super) fn take_id(&mut self, id: &Located<String>, is_default: bool) {
        let Some(first) = self.ids.get(&id.value).copied() else {
            self.ids.insert(id.value.clone(), id.place);
            return;
        };
        let (message, remedy) = match is_default {
            true => (
                format!(
                    "the default name {} of this step is the id of the step at {first}",
                    id.value
                ),
                "give this step an id".to_owned(),
            ),
            false => (
                format!("the step at {first} is called {} too", escaped(&id.value)),
                "choose another id".to_owned(),
            ),
        };
        self.wrong(id.place, "duplicate_name", message, remedy);
    }

    /// The default name of a step.
    pub(super) fn default_id(block: &str, position: usize, place: Place) -> Located<String> {
        Located {
            value: format!("{block}step-{position}"),
            place,
        }
    }
}
