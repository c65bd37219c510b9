//! A scenario as it is written: names are not resolved yet.

use serde_json::Value;

use crate::cel::{Expression, Template};
use crate::place::Place;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: `a-z 0-9 -`, 1 to 64 characters, a letter first.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Policies by name: paths, relative to the scenario's file.
    pub policies: Vec<(Located<String>, Located<String>)>,
    /// Variables and their defaults, in the order of the file.
    pub vars: Vec<(Located<String>, Value)>,
    /// Tools that `scan` may use besides those that are built in.
    pub tools: Vec<Tool>,
    /// Most jobs at a time. Default: 4.
    pub concurrency: Option<u32>,
    /// Milliseconds that the whole run may take. Default: none.
    pub timeout_ms: Option<u64>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A tool of `scan`: a program whose output a capsule parses.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its name.
    pub name: Located<String>,
    /// The arguments, the name of exec rules first; `{parameter}` stands for a parameter.
    pub argv: Vec<Located<String>>,
    /// The capsule that reads the program's standard output.
    pub parser: Located<String>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a tool.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
    /// Whether a step has to give it.
    pub required: bool,
    /// What it is otherwise.
    pub default: Option<Value>,
    /// Where it stands.
    pub place: Place,
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// A list of texts; `{name...}` in argv stands for all of them.
    List,
}

/// A step as it is written.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name in the scenario. Given: `a-z A-Z 0-9 _` and `-`, a letter first, 1 to 64 characters;
    /// CEL needs `steps["a-b"]` for names with `-`. Otherwise `step-N` by its position in its list,
    /// behind the name of the step around it: `ID.step-N` in `do`, `ID.then.step-N`,
    /// `ID.else.step-N`, `ID.fallback.step-N`.
    pub id: Located<String>,
    /// Where it begins.
    pub place: Place,
    /// What it does.
    pub kind: StepKind,
    /// What every kind may have.
    pub common: Common,
}

/// What a step of any kind may have.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// For people.
    pub name: Option<String>,
    /// Steps that must have succeeded.
    pub needs: Vec<Located<String>>,
    /// Steps that must have ended, whatever came of them.
    pub after: Vec<Located<String>>,
    /// Runs the step only if this is true.
    pub when: Option<Expression>,
    /// The policy that it runs under, by name.
    pub grants: Option<Located<String>>,
    /// Limits of the capsule that differ from the policy's, by their names in policies.
    pub limits: Vec<(Located<String>, u64)>,
    /// Milliseconds that one attempt may take.
    pub timeout_ms: Option<u64>,
    /// Whether and when a failed attempt is repeated.
    pub retries: Option<Retries>,
    /// What happens to the others when the step fails. Default: `stop`.
    pub on_error: OnError,
    /// What a repetition would do. Default: by the capsule.
    pub effect: Option<Located<Effect>>,
    /// The adapter that runs processes. Default: `local`.
    pub on: Option<Located<String>>,
    /// The session that its jobs belong to. Default: the run's.
    pub session: Option<Located<String>>,
}

/// What a repetition of a step would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It has no effect, and the same input gives the same output: it may be repeated, and its
    /// result be taken from an earlier run.
    Pure,
    /// Done twice is as good as done once: it may be repeated.
    Idempotent,
    /// It must never be repeated silently.
    AtMostOnce,
}

impl Effect {
    /// `pure`, `idempotent` or `at_most_once`.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::Pure => "pure",
            Effect::Idempotent => "idempotent",
            Effect::AtMostOnce => "at_most_once",
        }
    }
}

/// What happens to the others when a step fails.
#[derive(Clone, Debug, Default)]
pub enum OnError {
    /// Nothing new is started.
    #[default]
    Stop,
    /// Only what needs it is skipped.
    Continue,
    /// These steps run in its place; their success is its own.
    Fallback(Vec<Step>),
}

/// When a failed attempt is repeated.
#[derive(Clone, Debug)]
pub struct Retries {
    /// Attempts after the first one, 0 to 100.
    pub count: u32,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// Repeats only if this is true, over `error.code`, `error.exit`, `error.message` and
    /// `error.attempt`.
    pub when: Option<Expression>,
}

/// Waits between attempts: `initial · factorⁿ`, at most `max`, of which up to the share `jitter` is
/// cut off at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Milliseconds before the second attempt. Default: 1,000.
    pub initial_ms: u64,
    /// Default: 2.0; at least 1.0.
    pub factor: f64,
    /// Milliseconds. Default: 60,000.
    pub max_ms: u64,
    /// 0.0 to 1.0. Default: 0.5.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            initial_ms: 1_000,
            factor: 2.0,
            max_ms: 60_000,
            jitter: 0.5,
        }
    }
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Sets variables; `--var` wins over it.
    Let(Vec<(Located<String>, ValueTemplate)>),
    /// Makes sure that a secret of the step's policy can be had, and masks it from then on.
    Secret(Located<String>),
    /// Groups of targets.
    Assets(Vec<AssetGroup>),
    /// Runs a capsule.
    Run {
        /// Path (relative to the scenario's file) or name of a capsule.
        capsule: Located<String>,
        /// Its input.
        input: RunInput,
        /// What its output becomes.
        output: OutputFormat,
        /// The seed of its random bytes. Default: of the run.
        seed: Option<u64>,
    },
    /// Runs a program through the capsule `exec`.
    Exec {
        /// The name of exec rules and the arguments.
        argv: Vec<ValueTemplate>,
        /// What its standard output becomes.
        output: OutputFormat,
    },
    /// Runs a tool and parses what it writes.
    Scan {
        /// The tool.
        tool: Located<String>,
        /// Its parameters.
        parameters: Vec<(Located<String>, ValueTemplate)>,
    },
    /// Runs one of two blocks.
    If {
        /// Which one.
        condition: Expression,
        /// Where it is true.
        then: Vec<Step>,
        /// Where it is false.
        otherwise: Vec<Step>,
    },
    /// Runs a block for each item of a list.
    ForEach {
        /// The list.
        items: ValueTemplate,
        /// What the item is called in the block. Default: `item`; its position is `index`, or
        /// `NAME_index` for another name.
        binding: Located<String>,
        /// Most items at a time. Default: the scenario's concurrency.
        parallel: Option<u32>,
        /// Most items, 1 to 10,000. Default: 1,000.
        items_max: u32,
        /// What each item gives to the step's output. Default: the output of the block's last step.
        collect: Option<Expression>,
        /// The block.
        steps: Vec<Step>,
    },
    /// Writes a report of rows.
    Report {
        /// Its title.
        title: Template,
        /// The forms it is written in.
        formats: Vec<ReportFormat>,
        /// The rows: maps in lists within lists; a report of nmap gives one for each port.
        rows: Expression,
        /// The columns. Default: all keys of the rows.
        columns: Vec<ReportColumn>,
    },
}

/// The kinds of steps by the key that names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyKind {
    /// `let`.
    Let,
    /// `secret`.
    Secret,
    /// `assets`.
    Assets,
    /// `run`.
    Run,
    /// `exec`.
    Exec,
    /// `scan`.
    Scan,
    /// `if`.
    If,
    /// `for_each`.
    ForEach,
    /// `report`.
    Report,
}

impl BodyKind {
    /// All of them.
    pub const ALL: &[BodyKind] = &[
        BodyKind::Let,
        BodyKind::Secret,
        BodyKind::Assets,
        BodyKind::Run,
        BodyKind::Exec,
        BodyKind::Scan,
        BodyKind::If,
        BodyKind::ForEach,
        BodyKind::Report,
    ];

    /// The kind of this key.
    pub fn named(key: &str) -> Option<BodyKind> {
        BodyKind::ALL.iter().copied().find(|kind| kind.key() == key)
    }

    /// Its key.
    pub const fn key(self) -> &'static str {
        match self {
            BodyKind::Let => "let",
            BodyKind::Secret => "secret",
            BodyKind::Assets => "assets",
            BodyKind::Run => "run",
            BodyKind::Exec => "exec",
            BodyKind::Scan => "scan",
            BodyKind::If => "if",
            BodyKind::ForEach => "for_each",
            BodyKind::Report => "report",
        }
    }
}

/// A group of targets.
#[derive(Clone, Debug)]
pub struct AssetGroup {
    /// Its name: `assets.NAME` in expressions.
    pub name: Located<String>,
    /// Addresses, host names or expressions that give one or a list of them.
    pub hosts: Vec<ValueTemplate>,
    /// Networks; each gives its host addresses, or itself where `expand` is false.
    pub cidrs: Vec<ValueTemplate>,
    /// Other groups, defined before.
    pub groups: Vec<Located<String>>,
    /// What is left out: addresses, names or networks.
    pub exclude: Vec<ValueTemplate>,
    /// Whether networks become addresses, at most 65,536 in a group. Default: true.
    pub expand: bool,
}

/// The input of a capsule.
#[derive(Clone, Debug)]
pub enum RunInput {
    /// Nothing.
    Empty,
    /// A value: a text as it is, anything else as JSON.
    Value(ValueTemplate),
    /// A file.
    File(FileInput),
    /// The artifact of a step: `steps.ID.artifact`, or a digest.
    Artifact(Template),
}

/// A file as input.
#[derive(Clone, Debug)]
pub struct FileInput {
    /// Its path, relative to the scenario's file.
    pub path: Template,
}

/// What the bytes of an output become as a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputFormat {
    /// A text; bytes that are not UTF-8 fail the step.
    #[default]
    Text,
    /// The value that the JSON text means.
    Json,
    /// The lines of the text, without their ends.
    Lines,
    /// `null`; the bytes are only in the artifact.
    Bytes,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportFormat {
    /// A table of text.
    Table,
    /// JSON.
    Json,
    /// A page that needs nothing else.
    Html,
    /// SARIF 2.1.0.
    Sarif,
}

/// A column of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportColumn {
    /// Its heading.
    pub title: String,
    /// The key of the row's map, or several with dots between them.
    pub key: String,
}

/// A value with expressions in it.
#[derive(Clone, Debug)]
pub enum ValueTemplate {
    /// As it stands.
    Literal(Value, Place),
    /// A text with `${{ }}` in it; one that is nothing but one expression keeps that one's type.
    Text(Template),
    /// A list.
    List(Vec<ValueTemplate>, Place),
    /// A map.
    Map(Vec<(String, ValueTemplate)>, Place),
}

impl ValueTemplate {
    /// Where it stands.
    pub fn place(&self) -> Place {
        match self {
            ValueTemplate::Literal(_, place)
            | ValueTemplate::List(_, place)
            | ValueTemplate::Map(_, place) => *place,
            ValueTemplate::Text(template) => template.place(),
        }
    }
}
