//! `benches/README.md`: the tables, and what was meant to be reached beside what was.

use crate::machine::{description, version_of};
use crate::measure::Measured;
use crate::scenario::{Results, Table, name};

/// The whole page.
pub fn page(results: &Results) -> String {
    let mut page = String::from(HEAD);
    page.push_str(&format!(
        "Machine: {}; load average before the run {}. Median of {} rounds.\n\n",
        description(),
        results.load,
        results.rounds
    ));
    page.push_str(&versions());
    page.push_str(PLOT);
    section(&mut page, "Warm", WARM, &results.warm);
    section(
        &mut page,
        "Cold: bytes that nobody has seen",
        COLD,
        &results.cold,
    );
    section(&mut page, "Precompiled", PRECOMPILED, &results.precompiled);
    section(
        &mut page,
        "1,000 capsules in turn",
        DISTINCT,
        &results.distinct,
    );
    page.push_str("## Two threads\n\n");
    page.push_str(THREADS);
    page.push_str("| | runs of two threads for each run of one |\n|---|---|\n");
    for (name, ratio) in &results.threads {
        page.push_str(&format!("| {name} | {ratio:.2} |\n"));
    }
    page.push_str("\n## 1,000 live instances\n\n");
    page.push_str(LIVE_TEXT);
    page.push_str("| | resident memory |\n|---|---|\n");
    for (name, bytes) in &results.live {
        page.push_str(&format!("| {name} | {} |\n", mebibytes(*bytes)));
    }
    page.push_str(&goals(results));
    page.push_str(TAIL);
    page
}

fn versions() -> String {
    let versions = ["wasmtime", "extism", "cosmwasm-vm", "wasmer", "wasmi"]
        .map(|name| format!("{name} {}", version_of(name)));
    format!(
        "Versions: {}. Extism brings the other wasmtime. One release profile for all, without \
         link-time optimisation.\n\n",
        versions.join(", ")
    )
}

fn section(page: &mut String, title: &str, text: &str, table: &Table) {
    page.push_str(&format!("## {title}\n\n{text}| |"));
    for column in &table.columns {
        page.push_str(&format!(" {column} | × floor |"));
    }
    page.push_str("\n|---|");
    page.push_str(&"---:|---:|".repeat(table.columns.len()));
    page.push('\n');
    for name in names(table) {
        page.push_str(&format!("| {name} |"));
        for column in &table.measured {
            match find(column, name) {
                Some(measured) => page.push_str(&format!(
                    " {} | {} |",
                    time(measured.ns),
                    ratio(measured.ratio)
                )),
                None => page.push_str(" – | – |"),
            }
        }
        page.push('\n');
    }
    page.push('\n');
}

/// Every name of the table, in the order of its longest column.
fn names(table: &Table) -> Vec<&'static str> {
    let longest = table.measured.iter().max_by_key(|column| column.len());
    longest
        .map(|column| column.iter().map(|measured| measured.name).collect())
        .unwrap_or_default()
}

/// What was measured of `name`.
pub fn find<'a>(column: &'a [Measured], name: &str) -> Option<&'a Measured> {
    column.iter().find(|measured| measured.name == name)
}

fn goals(results: &Results) -> String {
    let of = |table: &Table, column: usize, name: &str| {
        let column = table.measured.get(column)?;
        find(column, name).cloned()
    };
    let mut rows = Vec::new();
    let mut row = |goal: &str, reached: Option<(String, bool)>| {
        let (shown, met) = reached.unwrap_or_else(|| ("not measured".to_owned(), false));
        let met = if met { "yes" } else { "**no**" };
        rows.push(format!("| {goal} | {shown} | {met} |\n"));
    };
    let within = |measured: Option<Measured>, most: f64| {
        measured.map(|measured| {
            let (low, high) = measured.ratio_range;
            let shown = format!("{:.2} × ({low:.2} to {high:.2})", measured.ratio);
            (shown, measured.ratio <= most)
        })
    };
    let warm = |column, name| of(&results.warm, column, name);
    row(
        "warm echo of 1 KB ≤ 1.05 × floor",
        within(warm(0, name::TENZIK), 1.05),
    );
    row(
        "warm capsule of 5 KB ≤ 1.25 × floor",
        within(warm(2, name::TENZIK), 1.25),
    );
    row(
        "warm echo of 1 KB with receipts in batches ≤ 3.2 × floor",
        within(warm(0, name::TENZIK_BATCHED), 3.2),
    );
    let against = |peer: &'static str| {
        let (ours, theirs) = (warm(0, name::TENZIK)?, warm(0, peer)?);
        let times = theirs.ratio / ours.ratio;
        Some((format!("{times:.0} ×"), times >= 60.0))
    };
    row(
        "warm echo of 1 KB ≥ 60 × faster than a fresh Extism plugin",
        against(name::EXTISM_FRESH),
    );
    let cold = of(&results.cold, 1, name::TENZIK);
    row(
        "cold capsule of 5 KB ≤ 2.5 ms",
        cold.map(|measured| (time(measured.ns), measured.ns <= 2.5e6)),
    );
    let each = results.threads.last();
    row(
        "two threads, one engine each, ≥ 1.8 ×",
        each.map(|(_, ratio)| (format!("{ratio:.2} ×"), *ratio >= 1.8)),
    );
    let live = |name: &str| results.live.iter().find(|(found, _)| *found == name);
    let own = live(name::TENZIK).zip(results.live.first());
    row(
        "1,000 live instances ≤ 16 MiB without their threads",
        own.map(|((_, all), (_, threads))| {
            let bytes = all.saturating_sub(*threads);
            (mebibytes(bytes), bytes <= 16 << 20)
        }),
    );
    format!(
        "\n## Goals\n\nIn parentheses the fastest and the slowest tenth of the rounds.\n\n\
         | goal | measured | met |\n|---|---|---|\n{}",
        rows.concat()
    )
}

/// A time with three digits.
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns => (ns / 1e6, "ms"),
    };
    let decimals = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

fn ratio(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{ratio:.2}")
    } else {
        format!("{ratio:.0}")
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

const HEAD: &str = "\
# How fast tenzik is

This page is written by `cargo run --release` in `benches/peers`, which runs tenzik and its peers in
one process, in turn: each round runs every competitor, in an order of its own, and a ratio
compares two times of the same round. The floor is wasmtime set up for speed (its pool of instances,
whose memory stays resident), with a fresh instance for each run, but without validation, policy,
metering, limits and usage. tenzik uses the memories of runs before without that pool.

";

const PLOT: &str = "![Times of a warm and a cold run, on a logarithmic scale](peers.svg)\n\n";

const WARM: &str = "\
The code is compiled and was run before, in tenzik for so long that the faster code was there. Every
run gets a fresh instance unless the row says otherwise. `parse 5 KB` is the capsule nmap-parse over
a report of nmap; Extism and cosmwasm-vm run the same code over functions that translate their ABI
(`peers/guests`), wasmi with the same host functions. tenzik runs with every limit of the profile
`default`; its faster code merges functions into their callers, which the floor does not, so a second
row shows what that does for the floor. Who has no figure cannot do the work: a reused plugin still
has what the parser left in its memory.

";

const COLD: &str = "\
From the bytes of a module to its first output: validation, compilation, one run. tenzik compiles
quick code first. wasmi translates functions for its interpreter; cosmwasm-vm compiles with the
single-pass compiler of wasmer and writes the module and its code to disk; the others compile with
Cranelift.

";

const PRECOMPILED: &str = "\
wasmtime loads code that it compiled before, without any check. tenzik gets the bytes of a module
whose code it keeps in memory: it validates and hashes them, and finds the code. Extism makes a
plugin from compiled code in memory.

";

const DISTINCT: &str = "\
A thousand modules that differ, each run once before the first is run again; all of them are
compiled, those of tenzik with the code that it would have after five milliseconds of each.

";

const THREADS: &str = "Echo of 1 KB, warm.\n\n";

const LIVE_TEXT: &str = "\
Resident memory that is added by 1,000 instances of an echo, in a process of its own. An instance of
tenzik lives as long as its run, so each one has a thread that waits in its first `input_read`; what
the threads take without instances is shown first.

";

const TAIL: &str = "
## The other benchmarks

`cargo bench -p tenzik-benches` (with criterion): `runtime` compares a warm run with the floor and
validation with wasmparser, `nmap` measures the throughput of nmap-parse over 8 MiB, and `process`
whole processes of the release binary.
";
