//! `tenzik journal tail`: the newest rows, and those that come.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use clap::Args;

use tenzik_runtime::journal::{Access, Journal, Row, Rows};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer;

use super::row::{json_line, line};

/// Between two looks for new rows.
const PAUSE: Duration = Duration::from_millis(200);

/// Show the newest rows, and those that come.
#[derive(Args, Debug)]
#[command(after_help = "\
    The last rows of all runs:     tenzik journal tail\n\
    Follow a run until it ends:    tenzik journal tail --follow --run 5f3c")]
pub(crate) struct TailArguments {
    /// How many rows, 0 to 100,000.
    #[arg(short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=100_000))]
    count: u64,
    /// Show rows that come, until the run that --run names ends.
    #[arg(long, short)]
    follow: bool,
    /// Rows of this run only; its first characters will do, at least 4.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object for each row, in lines.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TailArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &TailArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let run = arguments.run.as_deref();
    let run = run
        .map(|prefix| journal.resolve_run(prefix))
        .transpose()
        .map_err(|error| failed(&error))?;
    let mut tail = Tail {
        journal: &journal,
        run,
        json: arguments.json,
        after: 0,
    };
    tail.after = tail.start(arguments.count)?;
    loop {
        // Looked up before: what comes in between is shown the next time.
        let ended = tail.has_ended()?;
        if !tail.show()? || !arguments.follow || ended {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

struct Tail<'a> {
    journal: &'a Journal,
    run: Option<String>,
    json: bool,
    /// The last row that was shown, or before the first one that is.
    after: u64,
}

impl Tail<'_> {
    fn rows(&self, after: u64) -> Result<Rows<'_>, Failure> {
        match &self.run {
            None => Ok(self.journal.all_rows(after)),
            Some(run) => self
                .journal
                .rows(run, after)
                .map_err(|error| failed(&error)),
        }
    }

    /// The row before the last `count` ones.
    fn start(&self, count: u64) -> Result<u64, Failure> {
        let head = self.journal.head().map_err(|error| failed(&error))?;
        if self.run.is_none() || count == 0 {
            return Ok(head.seq.saturating_sub(count));
        }
        // Rows of a run may be far apart; only their numbers are kept.
        let mut last = VecDeque::new();
        for row in self.rows(0)? {
            let row = row.map_err(|error| failed(&error))?;
            last.push_back(row.seq);
            if last.len() as u64 > count {
                last.pop_front();
            }
        }
        Ok(last.front().map_or(head.seq, |first| first - 1))
    }

    /// Whether nothing more comes.
    fn has_ended(&self) -> Result<bool, Failure> {
        let Some(run) = &self.run else {
            return Ok(false);
        };
        let state = self.journal.run(run).map_err(|error| failed(&error))?;
        Ok(state.ended.is_some())
    }

    /// Shows what is there; false when nobody reads it any more.
    fn show(&mut self) -> Result<bool, Failure> {
        let mut after = self.after;
        for row in self.rows(self.after)? {
            let row = row.map_err(|error| failed(&error))?;
            after = row.seq;
            if !print(&row, self.json)? {
                return Ok(false);
            }
        }
        self.after = after;
        Ok(true)
    }
}

fn print(row: &Row, json: bool) -> Result<bool, Failure> {
    let written = if json {
        printer::bytes(format!("{}\n", json_line(row)).as_bytes())
    } else {
        printer::streamed(&line(row))
    };
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::machine(
            format!("standard output cannot be written: {error}"),
            "make room or choose another file",
        )),
    }
}
