//! Every map of a scenario but steps.

use super::table::{KeySpec, Kind, Table, Word};

const DAY_MS: u64 = 24 * 3_600_000;

/// Any duration that a run or an attempt may take.
pub(super) const TIMEOUT: Kind = Kind::Duration {
    min_ms: 1,
    max_ms: 30 * DAY_MS,
};

/// Jobs at a time.
pub(super) const CONCURRENCY: Kind = Kind::Integer { min: 1, max: 64 };

/// A text with expressions, or several.
const TEMPLATES: Kind = Kind::Any(&[Kind::Template, Kind::List(&Kind::Template)]);

/// One name, or several.
pub(super) const REFERENCES: Kind = Kind::Any(&[Kind::Reference, Kind::List(&Kind::Reference)]);

/// What bytes become.
const OUTPUT: Kind = Kind::Words(&[
    Word {
        word: "text",
        doc: "the text; bytes that are not UTF-8 fail the step",
    },
    Word {
        word: "json",
        doc: "the value that the JSON text means",
    },
    Word {
        word: "lines",
        doc: "the list of its lines",
    },
    Word {
        word: "bytes",
        doc: "null; the bytes are in the artifact",
    },
]);

/// A scenario file.
pub(crate) static ROOT: Table = Table {
    name: "scenario",
    doc: "A scenario: steps that run capsules and gated programs.",
    is_open: false,
    keys: &[
        KeySpec::new("version", Kind::Version, "The version of this language.").required(),
        KeySpec::new("name", Kind::ScenarioName, "Its name: a-z, 0-9 and -, a letter first, at most 64 characters.").required().such_as(r#""loopback-sweep""#),
        KeySpec::new("description", Kind::Text, "What it is for."),
        KeySpec::new("policies", Kind::Map(&Kind::Text), "Policies by name: paths, relative to the scenario's file. Steps name them in grants; only what a policy grants is granted.").such_as(r#"{"scan": "nmap.toml"}"#),
        KeySpec::new("vars", Kind::Map(&Kind::Literal), "Variables and their defaults: vars.NAME in expressions; --var NAME=VALUE sets one. Values without expressions; a let step sets computed ones.").such_as(r#"{"ports": "22,80", "depth": 3}"#),
        KeySpec::new("tools", Kind::Map(&Kind::Object(&TOOL)), "Tools that scan may use besides those that are built in."),
        KeySpec::new("concurrency", CONCURRENCY, "Most jobs at a time in the whole run.").or("4"),
        KeySpec::new("timeout", TIMEOUT, "Time that the whole run may take. Default: no end.").such_as(r#""10m""#),
        KeySpec::new("steps", Kind::Steps, "The steps. They start as soon as what they depend on is there, in this order among those that could.").required(),
    ],
};

/// A tool.
pub(crate) static TOOL: Table = Table {
    name: "tool",
    doc: "A program whose output a capsule parses.",
    is_open: false,
    keys: &[
        KeySpec::new("argv", Kind::Some(&Kind::Text), "The name of exec rules and the arguments. {parameter} stands for a parameter's value, {parameter...} as a whole argument for all values of a list.").required().such_as(r#"["gobuster", "dir", "--url", "{url}", "{extra...}"]"#),
        KeySpec::new("parser", Kind::Text, "The capsule that reads the program's standard output: its name, or its path relative to the scenario's file.").required().such_as(r#""gobuster-parse""#),
        KeySpec::new("parameters", Kind::Map(&Kind::Object(&PARAMETER)), "Its parameters by name."),
    ],
};

/// A parameter of a tool.
pub(crate) static PARAMETER: Table = Table {
    name: "parameter",
    doc: "A parameter of a tool.",
    is_open: false,
    keys: &[
        KeySpec::new(
            "type",
            Kind::Words(&[
                Word {
                    word: "text",
                    doc: "a text",
                },
                Word {
                    word: "integer",
                    doc: "a whole number",
                },
                Word {
                    word: "boolean",
                    doc: "true or false",
                },
                Word {
                    word: "list",
                    doc: "a list of texts; {name...} in argv stands for all of them",
                },
                Word {
                    word: "choice",
                    doc: "one of choices",
                },
            ]),
            "What it takes.",
        )
        .required(),
        KeySpec::new("choices", Kind::Some(&Kind::Text), "What a choice may be.")
            .such_as(r#"["fast", "thorough"]"#),
        KeySpec::new("required", Kind::Boolean, "Whether a step has to give it.").or("false"),
        KeySpec::new(
            "default",
            Kind::Literal,
            "What it is if a step does not give it.",
        ),
    ],
};

/// A group of targets.
pub(crate) static GROUP: Table = Table {
    name: "group",
    doc: "A group of targets: assets.NAME in expressions is the list of them, each once.",
    is_open: false,
    keys: &[
        KeySpec::new("hosts", TEMPLATES, "Addresses, host names, or expressions that give one or a list of them.").such_as(r#"["127.0.0.1", "db.example.org"]"#),
        KeySpec::new("cidrs", TEMPLATES, "Networks; each gives its host addresses.").such_as(r#"["10.0.0.0/30"]"#),
        KeySpec::new("groups", REFERENCES, "Other groups, defined before.").such_as(r#"["db"]"#),
        KeySpec::new("exclude", TEMPLATES, "What is left out: addresses, names or networks.").such_as(r#"["10.0.0.2"]"#),
        KeySpec::new("expand", Kind::Boolean, "Whether networks become addresses, at most 65,536 in a group; otherwise they stay networks.").or("true"),
    ],
};

/// The long form of `run`.
pub(crate) static RUN: Table = Table {
    name: "run",
    doc: "A capsule and its input.",
    is_open: false,
    keys: &[
        KeySpec::new("capsule", Kind::Text, "The capsule: its name, or its path relative to the scenario's file. Fixed before the run.").required().such_as(r#""nmap-parse""#),
        KeySpec::new("input", Kind::Value, "Its input: a text as it is, anything else as JSON. Default: nothing.").such_as(r#""${{ steps.scan.output }}""#),
        KeySpec::new("input_file", Kind::Template, "A file as input: its path, relative to the scenario's file.").such_as(r#""scan.xml""#),
        KeySpec::new("input_artifact", Kind::Template, "An artifact as input: steps.ID.artifact in an expression, or a BLAKE3 digest.").such_as(r#""${{ steps.scan.artifact }}""#),
        KeySpec::new("output", OUTPUT, "What its output becomes.").or(r#""text""#),
        KeySpec::new("seed", Kind::Integer { min: 0, max: u64::MAX }, "The seed of its random bytes. Default: derived from the run's."),
    ],
};

/// The long form of `exec`.
pub(crate) static EXEC: Table = Table {
    name: "exec",
    doc: "A program and what its standard output becomes.",
    is_open: false,
    keys: &[
        KeySpec::new("argv", ARGV, ARGV_DOC)
            .required()
            .such_as(r#"["sha256sum", "--", "/srv/data/x"]"#),
        KeySpec::new("output", OUTPUT, "What its standard output becomes.").or(r#""text""#),
    ],
};

/// The arguments of a program.
pub(super) const ARGV: Kind = Kind::Some(&Kind::Argument);

/// What they are.
pub(super) const ARGV_DOC: &str = "The name of exec rules of the policy, and the arguments. Numbers are taken as they are written; an expression that is a list gives several arguments.";

/// The parameters of `scan`.
pub(crate) static SCAN: Table = Table {
    name: "scan",
    doc: "A tool and its parameters.",
    is_open: true,
    keys: &[
        KeySpec::new("tool", Kind::Name, "The tool: nmap, or one of tools.")
            .required()
            .such_as(r#""nmap""#),
    ],
};

/// `report`.
pub(crate) static REPORT: Table = Table {
    name: "report",
    doc: "A report of rows; each form is an artifact.",
    is_open: false,
    keys: &[
        KeySpec::new(
            "title",
            Kind::Template,
            "Its title. Default: the scenario's name.",
        )
        .such_as(r#""Sweep""#),
        KeySpec::new(
            "rows",
            Kind::Expression,
            "The rows: maps in lists within lists; a report of nmap gives one for each port.",
        )
        .required()
        .such_as(r#""steps.sweep.output""#),
        KeySpec::new(
            "formats",
            Kind::Any(&[FORMATS, Kind::Some(&FORMATS)]),
            "The forms it is written in.",
        )
        .or(r#"["table"]"#),
        KeySpec::new(
            "columns",
            Kind::List(&Kind::Any(&[Kind::Text, Kind::Object(&COLUMN)])),
            "The columns: keys of the rows, or maps of title and key. Default: all keys.",
        )
        .such_as(r#"["port", {"title": "Host", "key": "address"}]"#),
    ],
};

const FORMATS: Kind = Kind::Words(&[
    Word {
        word: "table",
        doc: "a table of text",
    },
    Word {
        word: "json",
        doc: "JSON",
    },
    Word {
        word: "html",
        doc: "a page that needs nothing else",
    },
    Word {
        word: "sarif",
        doc: "SARIF 2.1.0",
    },
]);

/// A column of a report.
pub(crate) static COLUMN: Table = Table {
    name: "column",
    doc: "A column of a report.",
    is_open: false,
    keys: &[
        KeySpec::new("title", Kind::Text, "Its heading. Default: the key."),
        KeySpec::new(
            "key",
            Kind::Text,
            "The key of the row, or several with dots between them.",
        )
        .required()
        .such_as(r#""address""#),
    ],
};

/// The long form of `retries`.
pub(crate) static RETRIES: Table = Table {
    name: "retries",
    doc: "When and how often a failed attempt is repeated: after backoff, then backoff · factor and so on, at most max, of which up to the share jitter is cut off at random.",
    is_open: false,
    keys: &[
        KeySpec::new("count", RETRY_COUNT, "Attempts after the first one.").required(),
        KeySpec::new("backoff", WAIT, "The wait before the second attempt.").or(r#""1s""#),
        KeySpec::new("factor", Kind::Number { min: 1.0, max: 100.0 }, "How much longer each further wait is.").or("2"),
        KeySpec::new("max", WAIT, "The longest wait; not shorter than backoff.").or(r#""60s""#),
        KeySpec::new("jitter", Kind::Number { min: 0.0, max: 1.0 }, "The share of a wait that may be cut off at random.").or("0.5"),
        KeySpec::new("when", Kind::Expression, "Repeats only if this is true, over error.code, error.exit, error.message and error.attempt. Default: always.").such_as(r#""error.exit != 30""#),
    ],
};

/// Attempts after the first one.
pub(super) const RETRY_COUNT: Kind = Kind::Integer { min: 0, max: 100 };

const WAIT: Kind = Kind::Duration {
    min_ms: 0,
    max_ms: DAY_MS,
};

/// The long form of `on_error`.
pub(crate) static FALLBACK: Table = Table {
    name: "on_error",
    doc: "Steps that run in place of a failed one.",
    is_open: false,
    keys: &[KeySpec::new(
        "fallback",
        Kind::Steps,
        "They run in place of the failed step; if they succeed, it succeeded with the output of the last one.",
    )
    .required()],
};
