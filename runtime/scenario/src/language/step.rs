//! The keys of steps: exactly one names the kind, others go with some kinds or with all.

use crate::scenario::BodyKind;

use super::keys::{
    ARGV, ARGV_DOC, CONCURRENCY, EXEC, FALLBACK, GROUP, REFERENCES, REPORT, RETRIES, RETRY_COUNT,
    RUN, SCAN, TIMEOUT,
};
use super::table::{KeySpec, Kind, Kinds, Table, Word};

const LET: Kinds = Kinds::of(&[BodyKind::Let]);
const SECRET: Kinds = Kinds::of(&[BodyKind::Secret]);
const ASSETS: Kinds = Kinds::of(&[BodyKind::Assets]);
const RUNS: Kinds = Kinds::of(&[BodyKind::Run]);
const EXECS: Kinds = Kinds::of(&[BodyKind::Exec]);
const SCANS: Kinds = Kinds::of(&[BodyKind::Scan]);
const IF: Kinds = Kinds::of(&[BodyKind::If]);
const FOR_EACH: Kinds = Kinds::of(&[BodyKind::ForEach]);
const REPORTS: Kinds = Kinds::of(&[BodyKind::Report]);

/// A step.
pub(crate) static STEP: Table = Table {
    name: "step",
    doc: "A step: exactly one of let, secret, assets, run, exec, scan, if, for_each and report, and what steps have in common.",
    is_open: false,
    keys: &[
        KeySpec::new("id", Kind::Name, "Its name: steps.ID in expressions. Letters, digits, _ and -, a letter first; unique in the scenario. Default: step-N by its position, inside of a block behind the name of the step around it.").such_as(r#""parse""#),
        KeySpec::new("name", Kind::Text, "What it is called in pictures of the plan."),
        KeySpec::new("let", Kind::Map(&Kind::Value), "Sets variables; --var wins over it.").of(LET).such_as(r#"{"wide": "${{ vars.depth > 2 }}"}"#),
        KeySpec::new("secret", Kind::Name, "Makes sure that this secret of the policy can be had, and masks it from then on.").of(SECRET).such_as(r#""token""#),
        KeySpec::new("assets", Kind::Map(&Kind::Any(&[Kind::List(&Kind::Template), Kind::Object(&GROUP)])), "Makes groups of targets: assets.NAME in expressions. A list is short for hosts.").of(ASSETS).such_as(r#"{"db": ["10.1.0.1"]}"#),
        KeySpec::new("run", Kind::Any(&[Kind::Text, Kind::Object(&RUN)]), "Runs a capsule: its name or path, or a map.").of(RUNS).such_as(r#""nmap-parse""#),
        KeySpec::new("exec", Kind::Any(&[ARGV, Kind::Object(&EXEC)]), ARGV_DOC).of(EXECS).such_as(r#"["sha256sum", "--", "/srv/data/x"]"#),
        KeySpec::new("scan", Kind::Object(&SCAN), "Runs a tool and parses what it writes.").of(SCANS).such_as(r#"{"tool": "nmap", "target": "127.0.0.1"}"#),
        KeySpec::new("if", Kind::Expression, "Runs one of two blocks.").of(IF).such_as(r#""assets.web.size() > 3""#),
        KeySpec::new("then", Kind::Steps, "The steps where the condition is true.").required().of(IF),
        KeySpec::new("else", Kind::Steps, "The steps where it is false.").of(IF),
        KeySpec::new("for_each", Kind::Any(&[Kind::Expression, Kind::List(&Kind::Value)]), "Runs a block for each item of a list.").of(FOR_EACH).such_as(r#""${{ assets.web }}""#),
        KeySpec::new("as", Kind::Binding, "What the item is called in the block; its position, from 0, is index, or NAME_index for another name.").of(FOR_EACH).or(r#""item""#),
        KeySpec::new("parallel", CONCURRENCY, "Most items at a time. Default: the scenario's concurrency.").of(FOR_EACH),
        KeySpec::new("max_items", Kind::Integer { min: 1, max: 10_000 }, "Most items; a longer list fails the step.").of(FOR_EACH).or("1000"),
        KeySpec::new("collect", Kind::Expression, "What each item gives to the step's output. Default: the output of the block's last step.").of(FOR_EACH).such_as(r#""steps.scan.output""#),
        KeySpec::new("do", Kind::Steps, "The block.").required().of(FOR_EACH),
        KeySpec::new("report", Kind::Object(&REPORT), "Writes a report of rows.").of(REPORTS),
        KeySpec::new("needs", REFERENCES, "Steps that must have succeeded. What an expression refers to is among them by itself.").such_as(r#"["parse"]"#),
        KeySpec::new("after", REFERENCES, "Steps that must have ended, whatever came of them.").such_as(r#"["parse"]"#),
        KeySpec::new("when", Kind::Expression, "Runs the step only if this is true; otherwise it is skipped.").such_as(r#""steps.parse.output.size() > 0""#),
        KeySpec::new("grants", Kind::Name, "The policy that it runs under, by its name in policies. Default: the profile default.").of(Kinds::GRANTED).such_as(r#""scan""#),
        KeySpec::new("limits", Kind::Limits, "Limits by their names in policies: below what the policy in grants says, or besides the default profile. Ceilings bound them.").of(Kinds::CAPSULES).such_as(r#"{"fuel": 100000000, "module_bytes": "16KiB"}"#),
        KeySpec::new("timeout", TIMEOUT, "Time that one attempt may take. Default: 30 s, or 5 s more than the longest deadline among the rules of its policy.").of(Kinds::JOBS).such_as(r#""60s""#),
        KeySpec::new("retries", Kind::Any(&[RETRY_COUNT, Kind::Object(&RETRIES)]), "How often a failed attempt is repeated: a number, or a map. Not for steps with effect at_most_once.").of(Kinds::JOBS).or("0"),
        KeySpec::new("on_error", Kind::Any(&[Kind::Words(&[
            Word { word: "stop", doc: "nothing new is started" },
            Word { word: "continue", doc: "only what needs it is skipped" },
        ]), Kind::Object(&FALLBACK)]), "What happens to the others when it fails.").or(r#""stop""#),
        KeySpec::new("effect", Kind::Words(&[
            Word { word: "pure", doc: "no effect, and the same output for the same input: its result may be reused" },
            Word { word: "idempotent", doc: "done twice is as good as done once: it may be repeated" },
            Word { word: "at_most_once", doc: "never repeated silently" },
        ]), "What a repetition would do. Default: pure for run of a capsule with pure capabilities only, idempotent for scan, otherwise at_most_once.").of(Kinds::JOBS),
        KeySpec::new("on", Kind::Name, "The adapter that runs its processes.").of(Kinds::CAPSULES).or(r#""local""#),
        KeySpec::new("session", Kind::Name, "The session that its jobs belong to. Default: the run's.").of(Kinds::JOBS).such_as(r#""nightly""#),
    ],
};
