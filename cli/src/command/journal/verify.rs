//! `tenzik journal verify`: whether every row is as it was written.

use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use tenzik_runtime::journal::{Access, Broken, Hash, Head, JournalError, Verified, Why};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer::{self, grouped};

/// When progress begins to be shown.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// Check that every row is as it was written.
#[derive(Args, Debug)]
#[command(after_help = "\
    Each row has a hash over itself and the row before, so that a row that was changed, removed or\n\
    moved is found. Rows that were removed from the end are found with an anchor: the number and\n\
    the hash of a row that you kept elsewhere, as tenzik runs --json and this command print them.\n\
    Everything:     tenzik journal verify\n\
    Since last time: tenzik journal verify --anchor 1234:5f3c…")]
pub(crate) struct VerifyArguments {
    /// A row that must be there with this hash; may be given several times.
    #[arg(long, value_name = "SEQ:HASH", value_parser = anchor)]
    anchor: Vec<Head>,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn anchor(text: &str) -> Result<Head, String> {
    let parse = || {
        let (seq, hash) = text.split_once(':')?;
        let (seq, hash) = (seq.parse().ok()?, Hash::from_hex(hash)?);
        (seq > 0).then_some(Head { seq, hash })
    };
    parse().ok_or_else(|| "an anchor is the number of a row, `:` and 64 hexadecimal digits".into())
}

pub(crate) fn run(arguments: &VerifyArguments) -> ExitCode {
    let journal = match arguments.journal.open(Access::Read) {
        Ok(journal) => journal,
        Err(failure) => return failure.report(arguments.json),
    };
    let mut progress = Progress::new();
    let verified = journal.verify(&arguments.anchor, &mut |done, all| progress.at(done, all));
    progress.end();
    match verified {
        Ok(verified) => {
            print(&verified, arguments, &shown(journal.path()));
            ExitCode::Ok
        }
        Err(error) => {
            let failure = failed(&error);
            match &error {
                JournalError::Broken { broken, .. } if arguments.json => {
                    report(&failure, broken);
                    failure.exit
                }
                _ => failure.report(arguments.json),
            }
        }
    }
}

fn print(verified: &Verified, arguments: &VerifyArguments, path: &str) {
    let Head { seq, hash } = verified.head;
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "journal": path,
            "rows": verified.rows,
            "head": { "seq": seq, "hash": hash.to_hex() },
        }));
        return;
    }
    let rows = grouped(verified.rows);
    printer::result(&match seq {
        0 => format!("{path}: no rows"),
        _ => format!("{path}: {rows} rows, all as they were written\nhead {seq}:{hash}"),
    });
}

fn report(failure: &Failure, broken: &Broken) {
    printer::error(&failure.message, &failure.remedy);
    printer::json(&json!({
        "status": "error",
        "exit": failure.exit.number(),
        "error": { "code": failure.code, "message": failure.message, "remedy": failure.remedy },
        "broken": { "seq": broken.seq, "reason": reason(&broken.why), "message": broken.to_string() },
    }));
}

fn reason(why: &Why) -> Value {
    Value::from(match why {
        Why::Missing { .. } => "missing",
        Why::Hash { .. } | Why::HashLength { .. } => "hash",
        Why::Kind { .. } => "kind",
        Why::Unreadable(_) => "unreadable",
        Why::Anchor { .. } => "anchor",
        Why::Index { .. } => "index",
    })
}

/// A bar on the terminal for what takes longer than a second.
struct Progress {
    started: Instant,
    bar: Option<ProgressBar>,
    wanted: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress {
            started: Instant::now(),
            bar: None,
            wanted: printer::shows_progress(),
        }
    }

    fn at(&mut self, done: u64, all: u64) {
        if !self.wanted || (self.bar.is_none() && self.started.elapsed() < PROGRESS_AFTER) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(all);
            let style = ProgressStyle::with_template("{bar:40} {pos} of {len} rows ({eta} left)");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_position(done);
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
