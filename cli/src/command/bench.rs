//! `tenzik bench`: how fast a capsule is, and whether it became slower.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::amount;
use crate::bench::{
    Baseline, Comparison, Measured, Plan, ReceiptsWanted, chart, duration, measure, object,
};
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::printer::{self, grouped};
use crate::run_output::{same_file, write_whole};
use crate::subject::{Subject, SubjectArguments};

/// Shortest and longest measurement.
const DURATION_MIN: Duration = Duration::from_millis(10);
const DURATION_MAX: Duration = Duration::from_secs(3_600);

/// Most threads, and most different numbers of them.
const THREADS_MAX: usize = 256;
const THREAD_COUNTS_MAX: usize = 32;

/// Measure how fast a capsule is.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tenzik bench nmap-parse --input scan.xml -o base.json\n  \
    tenzik bench ./mine.wasm --input scan.xml --against base.json --max-regress 10\n\n\
    Exit code 60 when the median time or the fuel of a run is over the bound."
)]
pub(crate) struct BenchArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// Time for all measurements together.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration, default_value = "5s")]
    duration: Duration,
    /// Numbers of threads, such as 1,2,4 [default: powers of two up to the machine's].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    threads: Vec<usize>,
    /// Which runs have a signed receipt.
    #[arg(long, value_enum, value_name = "WHICH", default_value = "both")]
    receipts: ReceiptsWanted,
    /// Compare with an earlier result of --json or --output.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Fail when the median time or the fuel is more than so many percent over the base.
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "against")]
    max_regress: Option<f64>,
    /// Write a picture of latencies and throughput to a file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the JSON to a file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Reads a percentage of at least 0.
fn percent(text: &str) -> Result<f64, String> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    let number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match digits.parse::<f64>() {
        Ok(percent) if number && percent <= 1_000_000.0 => Ok(percent),
        _ => Err(format!("{text:?} is not a percentage such as 5 or 2.5")),
    }
}

pub(crate) fn run(arguments: &BenchArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &BenchArguments) -> Result<ExitCode, Failure> {
    check_paths(arguments)?;
    let plan = plan(arguments)?;
    let base = arguments
        .against
        .as_deref()
        .map(Baseline::read)
        .transpose()?;
    let subject = arguments.subject.subject()?;
    if let Some(base) = &base {
        base.check(&subject)?;
    }
    let bar = bar();
    let measured = measure(&subject, &plan, &mut |done, what| {
        if let Some(bar) = &bar {
            bar.set_position(done);
            bar.set_message(what.to_owned());
        }
    });
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let measured = measured?;
    let comparison = base.map(|base| base.compare(&subject, &measured, arguments.max_regress));
    let regressed = comparison.as_ref().is_some_and(Comparison::regressed);
    let exit = if regressed {
        ExitCode::Regression
    } else {
        ExitCode::Ok
    };
    write_files(arguments, &subject, &measured)?;
    if arguments.json {
        let mut value = object(&subject, &measured);
        value["exit"] = json!(exit.number());
        if let Some(comparison) = &comparison {
            value["comparison"] = comparison.object();
        }
        if regressed {
            value["status"] = json!("regression");
        }
        printer::json(&value);
    } else {
        print(&measured);
    }
    if let Some(comparison) = &comparison {
        say(comparison, arguments.json);
    }
    Ok(exit)
}

fn plan(arguments: &BenchArguments) -> Result<Plan, Failure> {
    if !(DURATION_MIN..=DURATION_MAX).contains(&arguments.duration) {
        return Err(Failure::usage(
            format!(
                "--duration is {}; it can be {} to {}",
                humantime::format_duration(arguments.duration),
                humantime::format_duration(DURATION_MIN),
                humantime::format_duration(DURATION_MAX)
            ),
            "choose a duration inside the range",
        ));
    }
    let mut threads = arguments.threads.clone();
    if threads.is_empty() {
        let cores = crate::bench::cores().min(THREADS_MAX);
        threads = std::iter::successors(Some(1_usize), |count| count.checked_mul(2))
            .take_while(|count| *count < cores)
            .chain([cores])
            .collect();
    }
    threads.sort_unstable();
    threads.dedup();
    let wrong = |count: &usize| *count == 0 || *count > THREADS_MAX;
    if threads.iter().any(wrong) || threads.len() > THREAD_COUNTS_MAX {
        return Err(Failure::usage(
            format!("--threads takes up to {THREAD_COUNTS_MAX} numbers from 1 to {THREADS_MAX}"),
            "choose numbers such as 1,2,4",
        ));
    }
    Ok(Plan {
        duration: arguments.duration,
        threads,
        receipts: arguments.receipts,
    })
}

/// Refuses to write over what is read, or twice to one file.
fn check_paths(arguments: &BenchArguments) -> Result<(), Failure> {
    let mut others = arguments.subject.files();
    others.extend(arguments.against.clone().map(|path| ("--against", path)));
    for (name, path) in [("--output", &arguments.output), ("--svg", &arguments.svg)] {
        let Some(path) = path else { continue };
        if let Some((other, _)) = others.iter().find(|(_, other)| same_file(path, other)) {
            let message = format!("{name} and {other} are the same file");
            return Err(Failure::usage(message, "write to another file"));
        }
        others.push((name, path.clone()));
    }
    Ok(())
}

fn bar() -> Option<ProgressBar> {
    if !printer::shows_progress() {
        return None;
    }
    let bar = ProgressBar::new(1_000);
    let style = ProgressStyle::with_template("{bar:40} {percent} % {msg} ({eta} left)");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Some(bar)
}

fn write_files(
    arguments: &BenchArguments,
    subject: &Subject,
    measured: &Measured,
) -> Result<(), Failure> {
    let write = |what: &str, path: &Path, text: String| {
        write_whole(path, text.as_bytes()).map_err(|error| failure::file(what, path, &error))
    };
    if let Some(path) = &arguments.output {
        let text = format!("{}\n", object(subject, measured));
        write("cannot write the result", path, text)?;
    }
    if let Some(path) = &arguments.svg {
        let title = format!("Benchmark of {}", subject.source.shown());
        write("cannot write the picture", path, chart(measured, &title))?;
    }
    Ok(())
}

fn print(measured: &Measured) {
    let line = |name: &str, text: &str| printer::result(&format!("{name:<14}{text}"));
    let fuel = &measured.fuel;
    if fuel.constant() {
        line("fuel", &grouped(fuel.max));
    } else {
        let text = format!(
            "{} to {}, not the same in each run",
            grouped(fuel.min),
            grouped(fuel.max)
        );
        line("fuel", &text);
    }
    line("memory", &format!("{} B", grouped(measured.memory_bytes)));
    line("output", &format!("{} B", grouped(measured.output_bytes)));
    line("host calls", &grouped(measured.host_calls));
    let cold = &measured.cold;
    line(
        "cold",
        &format!(
            "{} (validate {}, compile {}, run {}), median of {}",
            duration(cold.total.p50_ns),
            duration(cold.validate_ns),
            duration(cold.compile_ns),
            duration(cold.run_ns),
            cold.total.samples
        ),
    );
    for warm in &measured.warm {
        let times = &warm.times;
        line(
            "warm",
            &format!(
                "p50 {} · p95 {} · p99 {} · min {} · max {} · {} samples of {} · receipts {}",
                duration(times.p50_ns),
                duration(times.p95_ns),
                duration(times.p99_ns),
                duration(times.min_ns),
                duration(times.max_ns),
                grouped(times.samples),
                warm.runs_per_sample,
                warm.receipts.word()
            ),
        );
    }
    for row in &measured.throughput {
        line(
            "throughput",
            &format!(
                "{} runs/s ({} to {}) · {} threads · receipts {}",
                grouped(row.runs_per_second),
                grouped(row.min),
                grouped(row.max),
                row.threads,
                row.receipts.word()
            ),
        );
    }
    if cfg!(debug_assertions) {
        printer::note("  this is a debug build of tenzik: the times are not those of a release");
    }
}

/// Says what became of the base: on standard output unless that is for JSON.
fn say(comparison: &Comparison, json: bool) {
    for note in &comparison.notes {
        printer::note(&format!("  {note}"));
    }
    for row in &comparison.rows {
        let verdict = if row.regressed {
            "regressed"
        } else {
            "within the bound"
        };
        let text = format!(
            "{}: {} → {} (noise {}), {verdict}",
            row.what,
            grouped(row.base),
            grouped(row.now),
            grouped(row.noise)
        );
        if json {
            printer::note(&text);
        } else {
            printer::result(&format!("{:<14}{text}", "base"));
        }
    }
    if comparison.regressed() {
        printer::error(
            "regression over the allowed bound",
            "see the lines that regressed; raise --max-regress or make a new base if it is meant",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages() {
        for (text, value) in [("0", 0.0), ("2.5", 2.5), ("10%", 10.0)] {
            assert_eq!(percent(text), Ok(value));
        }
        for text in [
            "", "%", "-1", "+1", "NaN", "inf", "1e3", "1.2.3", "99999999",
        ] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
