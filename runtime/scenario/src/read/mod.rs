//! Nodes to a [`Scenario`]: keys, types, ranges and short forms. Names are resolved by the planner.
//!
//! Reading goes on behind a problem, so that one pass finds them all.

mod common;
mod expression;
mod fields;
mod ids;
mod kinds;
mod reader;
mod scalars;
mod step;
mod tool;

use serde_json::Value;

use crate::language::{Kind, ROOT};
use crate::place::Problem;
use crate::scenario::{Located, Scenario};
use crate::yaml::{self, Data, Node};

use fields::Fields;
use reader::Reader;

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text, at most
    /// [`yaml::PROBLEMS_MAX`]. A text that is not YAML has the problems of YAML alone.
    pub fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
        let root = yaml::parse(text)?;
        let mut reader = Reader::default();
        let scenario = reader.scenario(&root);
        match (scenario, reader.into_problems()) {
            (Some(scenario), problems) if problems.is_empty() => Ok(scenario),
            (_, problems) => Err(problems),
        }
    }
}

impl Reader {
    fn scenario(&mut self, root: &Node) -> Option<Scenario> {
        let fields = self.fields(root, &ROOT)?;
        self.version(&fields);
        let name = self.scenario_name(&fields);
        self.title = name.clone().unwrap_or_default();
        let description = self.text(&fields, "description").map(|text| text.value);
        let policies = self.policies(&fields);
        let vars = self.vars(&fields);
        let tools = self.tools(&fields);
        let concurrency = self.small(&fields, "concurrency");
        let timeout_ms = self.duration_ms(&fields, "timeout");
        let steps = self.block(&fields, "steps", "");
        Some(Scenario {
            name: name?,
            description,
            policies,
            vars,
            tools,
            concurrency,
            timeout_ms,
            steps,
        })
    }

    fn version(&mut self, fields: &Fields<'_>) {
        let Some((key, node)) = fields.entry("version") else {
            return;
        };
        debug_assert!(matches!(key.kind, Kind::Version), "the key of versions");
        let version = node.scalar().map(|scalar| scalar.to_value());
        if version != Some(Value::from(1)) {
            let shown = node.scalar().map_or_else(
                || node.noun().to_owned(),
                |scalar| tenzik_capsule::escaped(&scalar.text),
            );
            self.wrong(
                node.place,
                "version_unknown",
                format!("version is {shown}; this tenzik reads version 1"),
                "write version: 1",
            );
        }
    }

    fn scenario_name(&mut self, fields: &Fields<'_>) -> Option<String> {
        let name = self.text(fields, "name")?;
        self.check_scenario_name(&name);
        Some(name.value)
    }

    fn policies(&mut self, fields: &Fields<'_>) -> Vec<(Located<String>, Located<String>)> {
        self.named(fields, "policies", |reader, name, node| {
            let path = reader.fixed_text(node, &format!("the path of policy {}", name.value))?;
            Some((name, path))
        })
    }

    fn vars(&mut self, fields: &Fields<'_>) -> Vec<(Located<String>, Value)> {
        self.named(fields, "vars", |reader, name, node| {
            let value = reader.literal(node, "a default of vars")?;
            Some((name, value))
        })
    }

    /// Reads the entries of the map at a key, whose keys are names.
    pub(in crate::read) fn named<T>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        mut read: impl FnMut(&mut Reader, Located<String>, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Some((_, node)) = fields.entry(key) else {
            return Vec::new();
        };
        let Data::Map(entries) = &node.data else {
            self.wrong_kind(node, key, "a map");
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|(key, node)| {
                let name = Located {
                    value: key.text.to_string(),
                    place: key.place,
                };
                self.check_name(&name);
                read(self, name, node)
            })
            .collect()
    }
}
