//! The parts of the documentation that come from the code.

use std::fmt::Write as _;

use tenzik_runtime::policy::{KeyValue, POLICY_KEYS};
use tenzik_runtime::{
    COST_MODEL, Capability, HOST_FUNCTIONS, HostFunction, Profile, STRUCTURE_LIMITS, cost_table,
};

use crate::world::{World, ended};

/// Columns of the help pages.
const COLUMNS: &str = "100";

/// Every part.
pub(super) const NAMES: [&str; 10] = [
    "capability table",
    "commands",
    "cost model",
    "error codes",
    "exit codes",
    "fuel prices",
    "host functions",
    "limits",
    "policy keys",
    "structural limits",
];

/// `text` with every part as the code has it. The names of the parts are added to `seen`.
pub(super) fn page(world: &World, text: &str, seen: &mut Vec<String>) -> String {
    let mut page = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!-- rendered: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let end = format!("<!-- end of {name} -->");
        let (_, after) = after.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        write!(
            page,
            "{before}<!-- rendered: {name} -->\n{}{end}",
            part(world, name)
        )
        .unwrap();
        seen.push(name.to_owned());
        rest = after;
    }
    page + rest
}

fn part(world: &World, name: &str) -> String {
    match name {
        "capability table" => capabilities(),
        "commands" => commands(world),
        "cost model" => format!("The cost model of this version is `{COST_MODEL}`.\n"),
        "error codes" => error_codes(world),
        "exit codes" => exit_codes(world),
        "fuel prices" => fuel_prices(),
        "host functions" => host_functions(),
        "limits" => limits(),
        "policy keys" => policy_keys(),
        "structural limits" => structure_limits(),
        _ => panic!("nothing is rendered as {name}"),
    }
}

/// A Markdown table.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut table = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    table += &line(vec!["---".to_owned(); head.len()]);
    rows.into_iter()
        .fold(table, |table, row| table + &line(row))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn capabilities() -> String {
    let rows = Capability::ALL.map(|capability| {
        let functions: Vec<String> = HOST_FUNCTIONS
            .iter()
            .filter(|row| row.needs == Some(capability))
            .map(|row| format!("`{}`", row.name))
            .collect();
        let profiles: Vec<&str> = Profile::ALL
            .into_iter()
            .filter(|profile| profile.policy().grants.contains(capability))
            .map(Profile::name)
            .collect();
        vec![
            format!("`{}`", capability.name()),
            capability.summary().to_owned(),
            functions.join(", "),
            profiles.join(", "),
        ]
    });
    table(
        &[
            "capability",
            "allows a capsule to",
            "host functions",
            "granted by the profiles",
        ],
        rows,
    )
}

fn host_functions() -> String {
    let mut text = String::new();
    for row in HOST_FUNCTIONS {
        let parameters: Vec<String> = row
            .parameters
            .iter()
            .map(|(name, word)| format!("{name}: {word}"))
            .collect();
        let needs = row.needs.map_or_else(
            || "nothing, every capsule has it".to_owned(),
            |capability| format!("the capability `{}`", capability.name()),
        );
        write!(
            text,
            "### {}\n\n```text\n{}({}) -> {}\n```\n\n{}\n\n- WebAssembly type: `{}`\n- Needs: {needs}\n- Fuel: {}\n- Since: ABI {}\n\n",
            row.name,
            row.name,
            parameters.join(", "),
            row.result,
            row.doc.split_whitespace().collect::<Vec<_>>().join(" "),
            wasm_type(row),
            price(row),
            row.since,
        )
        .unwrap();
    }
    text
}

fn wasm_type(row: &HostFunction) -> String {
    let parameters: Vec<&str> = row.wasm_parameters.iter().map(|word| word.name()).collect();
    let results: Vec<&str> = row.wasm_results.iter().map(|word| word.name()).collect();
    let parameters = format!("({})", parameters.join(", "));
    if results.is_empty() {
        parameters
    } else {
        format!("{parameters} -> {}", results.join(", "))
    }
}

fn price(row: &HostFunction) -> String {
    match (row.cost_units, row.cost_bytes) {
        (0, _) => row.cost_base.to_string(),
        (units, 1) => format!("{} and {units} for each byte", row.cost_base),
        (units, bytes) => format!(
            "{} and {units} for every begun {bytes} bytes",
            row.cost_base
        ),
    }
}

fn fuel_prices() -> String {
    let operators = cost_table()
        .into_iter()
        .map(|(name, price)| vec![name, price.to_string()]);
    let calls = HOST_FUNCTIONS
        .iter()
        .map(|row| vec![format!("`{}`", row.name), price(row)]);
    format!(
        "{}\n{}",
        table(&["operator", "fuel"], operators),
        table(&["host call", "fuel"], calls)
    )
}

fn limits() -> String {
    let policies = Profile::ALL.map(Profile::policy);
    let values: Vec<Vec<(&str, u64)>> = policies
        .iter()
        .map(|policy| policy.limits.values().collect())
        .collect();
    let rows = (0..values[0].len()).map(|index| {
        let name = values[0][index].0;
        let mut row = vec![format!("`{name}`"), flag(name).to_owned()];
        row.extend(values.iter().map(|limits| grouped(limits[index].1)));
        row
    });
    let mut head = vec!["limit", "flag of `tenzik run`"];
    head.extend(Profile::ALL.map(Profile::name));
    table(&head, rows)
}

fn flag(limit: &str) -> &'static str {
    match limit {
        "fuel" => "`--fuel`",
        "fuel_per_byte" => "`--fuel-per-byte`",
        "host_calls" => "`--max-host-calls`",
        "host_calls_bytes" => "`--host-call-bytes`",
        "input_bytes" => "`--max-input`",
        "log_bytes" => "`--max-log`",
        "memory_bytes" => "`--memory`",
        "module_bytes" => "`--max-size`",
        "output_bytes" => "`--max-output`",
        "output_per_byte" => "`--output-per-byte`",
        "stack_bytes" => "`--stack`",
        "wall_us" => "`--time`",
        "wall_us_per_mib" => "`--time-per-mib`",
        _ => panic!("no flag for the limit {limit}"),
    }
}

/// One table of keys for each table of a policy.
fn policy_keys() -> String {
    let mut tables: Vec<&str> = POLICY_KEYS.iter().map(|key| key.table).collect();
    tables.dedup();
    let sections = tables.into_iter().map(|name| {
        let rows = POLICY_KEYS.iter().filter(|key| key.table == name);
        let rows = rows.map(|key| {
            let (holds, absent) = match key.value {
                KeyValue::Amount(amount) => (
                    amount.range().replace('"', "`"),
                    amount.shown(amount.default).replace('"', "`"),
                ),
                KeyValue::Flag => ("`true` or `false`".to_owned(), "`false`".to_owned()),
                KeyValue::Words(holds, absent) => (holds.to_owned(), absent.to_owned()),
            };
            let absent = if absent.is_empty() {
                "required".to_owned()
            } else {
                absent
            };
            vec![format!("`{}`", key.key), holds, absent, key.doc.to_owned()]
        });
        let title = if name.is_empty() {
            "At the beginning".to_owned()
        } else {
            format!("`{name}`")
        };
        format!(
            "{title}\n\n{}\n",
            table(&["key", "holds", "if absent", "is"], rows)
        )
    });
    sections.collect::<String>().trim_end().to_owned() + "\n"
}

fn structure_limits() -> String {
    let rows = STRUCTURE_LIMITS
        .iter()
        .map(|limit| vec![limit.what.to_owned(), grouped(limit.max)]);
    table(&["what", "at most"], rows)
}

/// The words of `tenzik explain --list` about the exit codes, without the error codes below each.
fn exit_codes(world: &World) -> String {
    let list = world.tenzik(["explain", "--list"]).exits(0);
    let rows = list
        .text()
        .lines()
        .filter(|line| !line.starts_with("    "))
        .map(|line| {
            let (number, meaning) = line.trim_start().split_once("  ").unwrap();
            vec![number.to_owned(), meaning.to_owned()]
        });
    table(&["exit code", "meaning"], rows)
}

fn error_codes(world: &World) -> String {
    let list = world
        .tenzik(["explain", "--list", "--json"])
        .exits(0)
        .json();
    let rows = list.as_array().unwrap().iter().map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        vec![
            format!("`{}`", text("code")),
            entry["exit"].to_string(),
            text("cause"),
            text("remedy"),
        ]
    });
    table(&["code", "exit code", "cause", "remedy"], rows)
}

fn commands(world: &World) -> String {
    let mut text = String::new();
    let commands: &[&[&str]] = &[
        &[],
        &["new"],
        &["build"],
        &["validate"],
        &["inspect"],
        &["size"],
        &["test"],
        &["run"],
        &["bench"],
        &["profile"],
        &["scenario"],
        &["scenario", "check"],
        &["scenario", "plan"],
        &["scenario", "run"],
        &["scenario", "schema"],
        &["scenario", "crash-test"],
        &["resume"],
        &["cancel"],
        &["runs"],
        &["show"],
        &["report"],
        &["session"],
        &["session", "list"],
        &["session", "show"],
        &["job"],
        &["job", "list"],
        &["job", "show"],
        &["job", "artifact"],
        &["journal"],
        &["journal", "verify"],
        &["journal", "tail"],
        &["journal", "export"],
        &["policy"],
        &["policy", "init"],
        &["policy", "check"],
        &["policy", "explain"],
        &["sign"],
        &["verify"],
        &["keygen"],
        &["receipt"],
        &["receipt", "show"],
        &["receipt", "verify"],
        &["receipt", "accept"],
        &["receipt", "export"],
        &["receipt", "trust"],
        &["receipt", "trust", "add"],
        &["receipt", "trust", "list"],
        &["receipt", "trust", "remove"],
        &["explain"],
        &["doctor"],
        &["completions"],
    ];
    for words in commands.iter().copied() {
        let output = world
            .command(words.iter().chain(&["--help"]))
            .env("COLUMNS", COLUMNS)
            .output()
            .unwrap();
        let help = ended(output).exits(0);
        let lines: Vec<&str> = help.text().trim_end().lines().map(str::trim_end).collect();
        let title = ["tenzik"]
            .iter()
            .chain(words)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        write!(text, "## {title}\n\n```text\n{}\n```\n\n", lines.join("\n")).unwrap();
    }
    text
}
