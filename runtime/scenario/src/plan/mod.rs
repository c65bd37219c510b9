//! A scenario with every name resolved: what runs, after what, under which policy.

mod builtin;
mod cycles;
mod edges;
mod flat;
mod groups;
mod inputs;
mod names;
mod parameters;
mod planner;
mod stages;
mod targets;
mod vars;
mod visit;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use tenzik_policy::Policy;

use crate::cel::{Expression, Template};
use crate::place::Place;
use crate::scenario::{
    AssetGroup, Effect, OutputFormat, ReportColumn, ReportFormat, Retries, RunInput, ValueTemplate,
};

pub use groups::groups;
pub use planner::{PlanRequest, plan};
pub use world::{CapsuleFacts, Missing, PlanWorld, ProgramFacts};

/// A plan: nodes in the order of the file, a node behind everything that it depends on by nesting.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub name: String,
    /// The directory that relative paths start from.
    pub directory: PathBuf,
    /// BLAKE3, in hexadecimal, of everything that the plan depends on: the text of the scenario, the
    /// variables of the command line, the policies, and the capsules.
    pub digest: String,
    /// Variables that are set from the beginning: defaults, and those of the command line.
    pub vars: Map<String, Value>,
    /// Variables of the command line: `let` does not change them.
    pub fixed_vars: Vec<String>,
    /// Most jobs at a time.
    pub concurrency: u32,
    /// Milliseconds that the run may take.
    pub timeout_ms: Option<u64>,
    /// The programs that steps may start.
    pub tools: Vec<ToolUse>,
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// A program that a step may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    /// The node.
    pub node: NodeIndex,
    /// The name of exec rules.
    pub name: String,
    /// The program.
    pub program: ProgramFacts,
    /// What it is started with, for people: expressions as they are written.
    pub arguments: String,
}

/// Position of a node in [`Plan::nodes`].
pub type NodeIndex = usize;

/// One step.
#[derive(Clone, Debug)]
pub struct Node {
    /// The step's name, unique in the scenario.
    pub id: String,
    /// Where it begins.
    pub place: Place,
    /// For people.
    pub name: Option<String>,
    /// The step it lies in, and in which of its blocks.
    pub parent: Option<(NodeIndex, Block)>,
    /// Nodes that must have succeeded: by `needs` and by data. Only nodes of the same block, or of a
    /// block around it.
    pub needs: Vec<NodeIndex>,
    /// Nodes that must have ended.
    pub after: Vec<NodeIndex>,
    /// Runs it only if this is true.
    pub when: Option<Expression>,
    /// What it does.
    pub kind: NodeKind,
    /// What a repetition would do.
    pub effect: Effect,
    /// Milliseconds that one attempt may take.
    pub timeout_ms: Option<u64>,
    /// Whether and when a failed attempt is repeated.
    pub retries: Option<Retries>,
    /// What happens to the others when it fails.
    pub on_error: AfterError,
    /// The session that its jobs belong to.
    pub session: Option<String>,
}

/// A block of steps inside of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Of an `if`, where the condition is true.
    Then,
    /// Of an `if`, where it is false.
    Else,
    /// Of a `for_each`, once for each item.
    Body,
    /// Of `on_error`, in place of the step.
    Fallback,
}

/// What happens to the others when a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterError {
    /// Nothing new is started.
    Stop,
    /// Only what needs it is skipped.
    Continue,
    /// Its block [`Block::Fallback`] runs.
    Fallback,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Sets variables.
    Let(Vec<(String, ValueTemplate)>),
    /// Makes groups of targets.
    Assets(Vec<AssetGroup>),
    /// Opens a secret.
    Secret {
        /// Its name in the policy.
        name: String,
        /// The policy.
        policy: Arc<Policy>,
    },
    /// Runs a capsule.
    Run {
        /// The capsule.
        stage: StagePlan,
        /// Its input.
        input: RunInput,
        /// What its output becomes.
        output: OutputFormat,
        /// The seed. Default: derived from the run's and the step's name.
        seed: Option<u64>,
    },
    /// Runs a program: the capsule `exec` over `{"argv": [...]}`.
    Exec {
        /// The capsule.
        stage: StagePlan,
        /// The arguments; a list among them gives several.
        argv: Vec<ValueTemplate>,
        /// What its output becomes.
        output: OutputFormat,
    },
    /// Runs a tool that has a capsule of its own: the parameters are its input, as a JSON object.
    Scan {
        /// The capsule, such as `nmap-scan`.
        stage: StagePlan,
        /// The parameters.
        parameters: Vec<(String, ValueTemplate)>,
    },
    /// Runs a tool of the table: the capsule `exec`, and its parser over what that wrote.
    ToolScan {
        /// `exec`.
        stage: StagePlan,
        /// The parser.
        parser: StagePlan,
        /// The arguments, with `{parameter}` in them.
        argv: Vec<String>,
        /// The parameters, with the defaults of those that are not given.
        parameters: Vec<(String, ValueTemplate)>,
    },
    /// Runs one of its blocks.
    If(Expression),
    /// Runs its block for each item.
    ForEach {
        /// The list.
        items: ValueTemplate,
        /// What the item is called.
        binding: String,
        /// What its position is called.
        index_binding: String,
        /// Most items at a time.
        parallel: u32,
        /// Most items.
        items_max: u32,
        /// What each item gives to the output. Default: the output of the block's last node.
        collect: Option<Expression>,
    },
    /// Writes a report.
    Report {
        /// Its title.
        title: Template,
        /// The forms.
        formats: Vec<ReportFormat>,
        /// The rows.
        rows: Expression,
        /// The columns; none stands for all keys.
        columns: Vec<ReportColumn>,
    },
}

impl NodeKind {
    /// The key of the step that it comes from.
    pub const fn key(&self) -> &'static str {
        match self {
            NodeKind::Let(_) => "let",
            NodeKind::Assets(_) => "assets",
            NodeKind::Secret { .. } => "secret",
            NodeKind::Run { .. } => "run",
            NodeKind::Exec { .. } => "exec",
            NodeKind::Scan { .. } | NodeKind::ToolScan { .. } => "scan",
            NodeKind::If(_) => "if",
            NodeKind::ForEach { .. } => "for_each",
            NodeKind::Report { .. } => "report",
        }
    }
}

impl NodeKind {
    /// The file or artifact that is its input, as it is written: its key and value.
    pub fn input(&self) -> Option<(&'static str, &str)> {
        match self {
            NodeKind::Run {
                input: RunInput::File(file),
                ..
            } => Some(("input_file", file.path.source())),
            NodeKind::Run {
                input: RunInput::Artifact(artifact),
                ..
            } => Some(("input_artifact", artifact.source())),
            _ => None,
        }
    }

    /// The capsules that it runs.
    pub fn stages(&self) -> impl Iterator<Item = &StagePlan> {
        let (first, second) = match self {
            NodeKind::Run { stage, .. }
            | NodeKind::Exec { stage, .. }
            | NodeKind::Scan { stage, .. } => (Some(stage), None),
            NodeKind::ToolScan { stage, parser, .. } => (Some(stage), Some(parser)),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// A capsule and what it may do.
#[derive(Clone, Debug)]
pub struct StagePlan {
    /// The capsule's name, or its absolute path.
    pub capsule: String,
    /// Its BLAKE3 digest.
    pub capsule_id: String,
    /// The policy, under all ceilings and with the step's own limits.
    pub policy: Arc<Policy>,
    /// The policy's name in the scenario; none is the profile `default`.
    pub policy_name: Option<String>,
    /// Whether it needs nothing but pure capabilities.
    pub is_pure: bool,
    /// The adapter that runs processes.
    pub adapter: String,
}
