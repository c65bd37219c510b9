//! Maps with known keys.

use tenzik_capsule::escaped;

use super::reader::Reader;
use crate::language::{KeySpec, Table};
use crate::nearest::nearest;
use crate::place::Place;
use crate::yaml::{Data, Key, Node};

/// A map and the table of its keys.
pub(super) struct Fields<'n> {
    pub(super) table: &'static Table,
    pub(super) entries: &'n [(Key, Node)],
    pub(super) place: Place,
    /// Whether a key of the map is in no table.
    pub(super) has_unknown: bool,
}

impl<'n> Fields<'n> {
    /// What the map has at a key of its table, and what the table says of it.
    pub(super) fn entry(&self, name: &str) -> Option<(&'static KeySpec, &'n Node)> {
        let key = self.table.key(name)?;
        let (_, node) = self.entries.iter().find(|(key, _)| &*key.text == name)?;
        Some((key, node))
    }
}

impl Reader {
    /// The map that a node is, its keys checked against a table.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        table: &'static Table,
    ) -> Option<Fields<'n>> {
        let Data::Map(entries) = &node.data else {
            self.wrong_kind(node, table.name, "a map");
            return None;
        };
        let mut fields = Fields {
            table,
            entries,
            place: node.place,
            has_unknown: false,
        };
        if !table.is_open {
            fields.has_unknown = self.unknown_keys(&fields);
        }
        for key in table.keys.iter().filter(|key| key.is_required) {
            if key.kinds.is_all() && fields.entry(key.name).is_none() {
                self.missing(fields.place, table.name, key.name);
            }
        }
        Some(fields)
    }

    /// Says that a key is missing.
    pub(super) fn missing(&mut self, place: Place, what: &str, key: &str) {
        self.wrong(
            place,
            "missing_key",
            format!("{what} has no {key}"),
            format!("add {key}"),
        );
    }

    fn unknown_keys(&mut self, fields: &Fields<'_>) -> bool {
        let mut any = false;
        for (key, _) in fields.entries {
            if fields.table.key(&key.text).is_some() {
                continue;
            }
            any = true;
            if self.is_full() {
                break;
            }
            let known = fields.table.keys.iter().map(|key| key.name);
            let remedy = match nearest(&key.text, known.clone()) {
                Some(name) => format!("did you mean {name}?"),
                None => format!("its keys are {}", known.collect::<Vec<_>>().join(", ")),
            };
            self.wrong(
                key.place,
                "unknown_key",
                format!("{} has no key {}", fields.table.name, escaped(&key.text)),
                remedy,
            );
        }
        any
    }
}
