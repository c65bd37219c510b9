//! What each kind of step holds.

use super::fields::Fields;
use super::reader::Reader;
use crate::cel::Template;
use crate::language::{COLUMN, EXEC, GROUP, Kind, REPORT, RUN, SCAN};
use crate::place::{Origin, Place};
use crate::scenario::{
    AssetGroup, BodyKind, FileInput, Located, OutputFormat, ReportColumn, ReportFormat, RunInput,
    StepKind, ValueTemplate,
};
use crate::yaml::{Data, Node};

const ITEMS_MAX: u32 = 1_000;
const OUTPUTS: [OutputFormat; 4] = [
    OutputFormat::Text,
    OutputFormat::Json,
    OutputFormat::Lines,
    OutputFormat::Bytes,
];
const FORMATS: [ReportFormat; 4] = [
    ReportFormat::Table,
    ReportFormat::Json,
    ReportFormat::Html,
    ReportFormat::Sarif,
];

impl Reader {
    /// What a step does.
    pub(super) fn body(
        &mut self,
        fields: &Fields<'_>,
        kind: BodyKind,
        id: &str,
    ) -> Option<StepKind> {
        match kind {
            BodyKind::Let => Some(StepKind::Let(self.named(
                fields,
                "let",
                |reader, name, node| Some((name, reader.value(node)?)),
            ))),
            BodyKind::Secret => self.name(fields, "secret").map(StepKind::Secret),
            BodyKind::Assets => Some(StepKind::Assets(self.named(
                fields,
                "assets",
                |reader, name, node| reader.group(name, node),
            ))),
            BodyKind::Run => self.run(fields),
            BodyKind::Exec => self.exec(fields),
            BodyKind::Scan => self.scan(fields),
            BodyKind::If => {
                let condition = self.expression(fields, "if");
                let then = self.block(fields, "then", &format!("{id}.then."));
                let otherwise = self.block(fields, "else", &format!("{id}.else."));
                Some(StepKind::If {
                    condition: condition?,
                    then,
                    otherwise,
                })
            }
            BodyKind::ForEach => self.for_each(fields, id),
            BodyKind::Report => self.report(fields),
        }
    }

    fn group(&mut self, name: Located<String>, node: &Node) -> Option<AssetGroup> {
        if let Data::List(_) = node.data {
            let hosts = self.templates_of(node, "a host");
            return Some(AssetGroup {
                name,
                hosts,
                cidrs: Vec::new(),
                groups: Vec::new(),
                exclude: Vec::new(),
                expand: true,
            });
        }
        let fields = self.fields(node, &GROUP)?;
        Some(AssetGroup {
            name,
            hosts: self.templates(&fields, "hosts"),
            cidrs: self.templates(&fields, "cidrs"),
            groups: self.names(&fields, "groups"),
            exclude: self.templates(&fields, "exclude"),
            expand: self.boolean(&fields, "expand").unwrap_or(true),
        })
    }

    /// The text or the list of texts at a key.
    fn templates(&mut self, fields: &Fields<'_>, key: &str) -> Vec<ValueTemplate> {
        match fields.entry(key) {
            Some((_, node)) => self.templates_of(node, key),
            None => Vec::new(),
        }
    }

    /// A text, or a list of texts.
    fn templates_of(&mut self, node: &Node, what: &str) -> Vec<ValueTemplate> {
        let nodes = node.items().unwrap_or(std::slice::from_ref(node));
        nodes
            .iter()
            .filter_map(|node| match node.text() {
                Some(_) => self.value(node),
                None => {
                    self.wrong_kind(node, what, "a text");
                    None
                }
            })
            .collect()
    }

    fn run(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let (_, node) = fields.entry("run")?;
        let Data::Map(_) = node.data else {
            return Some(StepKind::Run {
                capsule: self.fixed_text(node, "run")?,
                input: RunInput::Empty,
                output: OutputFormat::Text,
                seed: None,
            });
        };
        let fields = self.fields(node, &RUN)?;
        let capsule = self.text(&fields, "capsule");
        let input = self.input(&fields);
        let output = self.output(&fields);
        let seed = self.integer(&fields, "seed");
        Some(StepKind::Run {
            capsule: capsule?,
            input: input?,
            output,
            seed,
        })
    }

    fn input(&mut self, fields: &Fields<'_>) -> Option<RunInput> {
        const KEYS: [&str; 3] = ["input", "input_file", "input_artifact"];
        let mut given = fields
            .entries
            .iter()
            .filter(|(key, _)| KEYS.contains(&&*key.text));
        let Some((first, node)) = given.next() else {
            return Some(RunInput::Empty);
        };
        if let Some((second, _)) = given.next() {
            self.wrong(
                second.place,
                "input_twice",
                format!(
                    "the capsule has {} already, at {}; it cannot have {} too",
                    first.text, first.place, second.text
                ),
                "remove one of them",
            );
        }
        match &*first.text {
            "input" => self.value(node).map(RunInput::Value),
            "input_file" => self
                .template(fields, "input_file")
                .map(|path| RunInput::File(FileInput { path })),
            _ => self
                .template(fields, "input_artifact")
                .map(RunInput::Artifact),
        }
    }

    fn output(&mut self, fields: &Fields<'_>) -> OutputFormat {
        let position = self.word_at(fields, "output");
        position
            .and_then(|position| OUTPUTS.get(position).copied())
            .unwrap_or_default()
    }

    fn exec(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let (_, node) = fields.entry("exec")?;
        let (argv, output) = match &node.data {
            Data::Map(_) => {
                let fields = self.fields(node, &EXEC)?;
                let output = self.output(&fields);
                (fields.entry("argv")?.1, output)
            }
            Data::List(_) | Data::Scalar(_) => (node, OutputFormat::Text),
        };
        let Data::List(items) = &argv.data else {
            self.wrong_kind(
                argv,
                "argv",
                "a list of texts, the name of exec rules first",
            );
            return None;
        };
        if items.is_empty() {
            self.wrong(
                argv.place,
                "out_of_range",
                "argv is empty",
                "write the name of exec rules and the arguments",
            );
        }
        let arguments: Vec<ValueTemplate> = items
            .iter()
            .filter_map(|item| self.argument(item, "an argument"))
            .collect();
        (arguments.len() == items.len()).then_some(StepKind::Exec {
            argv: arguments,
            output,
        })
    }

    fn scan(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let (_, node) = fields.entry("scan")?;
        let fields = self.fields(node, &SCAN)?;
        let tool = self.name(&fields, "tool");
        let mut parameters = Vec::new();
        for (key, node) in fields
            .entries
            .iter()
            .filter(|(key, _)| &*key.text != "tool")
        {
            let name = Located {
                value: key.text.to_string(),
                place: key.place,
            };
            self.check_name(&name);
            if let Some(value) = self.value(node) {
                parameters.push((name, value));
            }
        }
        Some(StepKind::Scan {
            tool: tool?,
            parameters,
        })
    }

    fn for_each(&mut self, fields: &Fields<'_>, id: &str) -> Option<StepKind> {
        let (_, node) = fields.entry("for_each")?;
        let items = self.items(node);
        let binding = match fields.entry("as") {
            Some(_) => self
                .text(fields, "as")
                .filter(|name| self.check_binding(name)),
            None => Some(Located {
                value: "item".to_owned(),
                place: node.place,
            }),
        };
        let parallel = self.small(fields, "parallel");
        let items_max = self.small(fields, "max_items").unwrap_or(ITEMS_MAX);
        let collect = self.expression(fields, "collect");
        let steps = self.block(fields, "do", &format!("{id}."));
        Some(StepKind::ForEach {
            items: items?,
            binding: binding?,
            parallel,
            items_max,
            collect,
            steps,
        })
    }

    fn report(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let (_, node) = fields.entry("report")?;
        let fields = self.fields(node, &REPORT)?;
        let title = match fields.entry("title") {
            Some(_) => self.template(&fields, "title"),
            None => self.default_title(node.place),
        };
        let rows = self.expression(&fields, "rows");
        let formats = self.formats(&fields);
        let columns = self.columns(&fields);
        Some(StepKind::Report {
            title: title?,
            formats,
            rows: rows?,
            columns,
        })
    }

    /// The scenario's name.
    fn default_title(&mut self, place: Place) -> Option<Template> {
        let origin = Origin {
            first: place,
            further_column: place.column,
        };
        Template::parse(&self.title, origin)
            .map_err(|problem| self.push(problem))
            .ok()
    }

    fn formats(&mut self, fields: &Fields<'_>) -> Vec<ReportFormat> {
        let Some((spec, node)) = fields.entry("formats") else {
            return vec![ReportFormat::Table];
        };
        let Kind::Any([Kind::Words(words), ..]) = spec.kind else {
            return Vec::new();
        };
        let nodes = node.items().unwrap_or(std::slice::from_ref(node));
        let mut formats = Vec::new();
        for node in nodes {
            let format = self
                .word(node, "a format", words)
                .and_then(|position| FORMATS.get(position).copied());
            let Some(format) = format else {
                continue;
            };
            if formats.contains(&format) {
                let message = "the format is there already";
                self.wrong(node.place, "duplicate_name", message, "remove one of them");
            }
            formats.push(format);
        }
        if nodes.is_empty() {
            self.wrong(
                node.place,
                "out_of_range",
                "formats is empty",
                "write table, json, html or sarif, or remove the key",
            );
        }
        formats
    }

    fn columns(&mut self, fields: &Fields<'_>) -> Vec<ReportColumn> {
        let Some((_, node)) = fields.entry("columns") else {
            return Vec::new();
        };
        let Data::List(items) = &node.data else {
            self.wrong_kind(node, "columns", "a list");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.column(item)).collect()
    }

    fn column(&mut self, node: &Node) -> Option<ReportColumn> {
        let Data::Map(_) = node.data else {
            let key = self.fixed_text(node, "a column")?.value;
            return Some(ReportColumn {
                title: key.clone(),
                key,
            });
        };
        let fields = self.fields(node, &COLUMN)?;
        let title = self.text(&fields, "title");
        let key = self.text(&fields, "key")?.value;
        Some(ReportColumn {
            title: title.map_or_else(|| key.clone(), |title| title.value),
            key,
        })
    }
}
