//! Appending rows and verifying a million of them, beside SQLite alone that is told to write and read
//! the same columns: without hashes, checks and the table of runs.
//!
//! `cargo bench -p tenzik-journal`. Both write to files of the same directory, in turns, so that the
//! machine's other load hits both alike. `cargo bench -p tenzik-journal -- DIRECTORY` says which one.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

use tenzik_journal::{Durability, Journal, JournalOptions, NewRow, RowKind, RunRow};

/// Rounds that are measured.
const ROUNDS: usize = 15;
/// Rows that a round verifies.
const ROWS: u64 = 1_000_000;
/// A body as a job's outcome has it.
const BODY: &str = r#"{"path":"sweep[17].scan","attempt":1,"status":"ok","output":{"hosts":[{"address":"127.0.0.1","ports":[22,80]}]},"usage":{"fuel":123456,"wall_us":218}}"#;
const RUN: &str = "0123456789abcdef0123456789abcdef";
const JOB: &str = "fedcba9876543210fedcba9876543210";

fn main() {
    let named = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let directory = match named {
        Some(path) => tempfile::tempdir_in(path),
        None => tempfile::tempdir(),
    };
    let directory = directory.expect("a directory can be made");
    let journal = Journal::open(&directory.path().join("j.db"), &JournalOptions::default())
        .expect("a journal can be made");
    journal.begin(&run_row()).expect("a run can begin");
    let bare = bare(&directory.path().join("bare.db"));
    println!(
        "{:<34}  {:>10}  {:>10}  {:>6}",
        "µs for each row", "tenzik", "SQLite", "ratio"
    );
    for (name, rows, count, durability) in [
        ("pure, one by one", 1, 2_000, Durability::Pure),
        ("pure, 8 in a transaction", 8, 500, Durability::Pure),
        ("pure, 100 in a transaction", 100, 100, Durability::Pure),
        ("effect, one by one", 1, 100, Durability::Effect),
        ("effect, 100 in a transaction", 100, 20, Durability::Effect),
    ] {
        let new = vec![new_row(); rows];
        compare(
            name,
            (rows * count) as u64,
            [
                &mut || {
                    for _ in 0..count {
                        journal
                            .append(&new, durability)
                            .expect("rows can be appended");
                    }
                },
                &mut || append_bare(&bare, rows, count, durability),
            ],
        );
    }
    let many = vec![new_row(); 10_000];
    while journal.head().expect("there is a head").seq < ROWS {
        journal
            .append(&many, Durability::Pure)
            .expect("rows can be appended");
        append_bare(&bare, many.len(), 1, Durability::Pure);
    }
    let rows = journal.head().expect("there is a head").seq;
    let took = compare(
        "verify",
        rows,
        [
            &mut || {
                journal
                    .verify(&[], &mut |_, _| {})
                    .expect("the journal is good");
            },
            &mut || read_bare(&bare),
        ],
    );
    let processor = processor_time(|| {
        journal
            .verify(&[], &mut |_, _| {})
            .expect("the journal is good");
    });
    println!(
        "verify of {rows} rows: {:.3} s, {:.3} s of it on the processor",
        took.as_secs_f64(),
        processor.as_secs_f64()
    );
    compare(
        "read the rows of a run",
        rows,
        [
            &mut || {
                let rows = journal.rows(RUN, 0).expect("there is the run");
                for row in rows {
                    black_box(row.expect("the row is good"));
                }
            },
            &mut || read_bare(&bare),
        ],
    );
}

/// Measures both in turns; gives the median of the first one.
fn compare(name: &str, rows: u64, both: [&mut dyn FnMut(); 2]) -> Duration {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let started = Instant::now();
            both[which]();
            // The first round warms up.
            if round > 0 {
                times[which].push(started.elapsed());
            }
        }
    }
    let [first, second] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let each = |time: Duration| time.as_secs_f64() * 1e6 / rows as f64;
    println!(
        "{name:<34}  {:>10.2}  {:>10.2}  {:>6.2}",
        each(first),
        each(second),
        each(first) / each(second)
    );
    first
}

/// How long this thread computed: what else the machine does is not in it.
fn processor_time(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
        Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
    };
    let started = now();
    work();
    now() - started
}

fn run_row() -> RunRow<'static> {
    RunRow {
        run: RUN,
        scenario: "bench",
        session: None,
        source: "{}",
        started_ms: 0,
        pid: 1,
    }
}

fn new_row() -> NewRow<'static> {
    NewRow {
        run: RUN,
        kind: RowKind::Outcome,
        job: Some(JOB),
        at_ms: 1_763_596_800_000,
        body: BODY,
    }
}

fn bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a file can be made");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE rows (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, \
             kind TEXT NOT NULL, job TEXT, at_ms INTEGER NOT NULL, body TEXT NOT NULL, \
             hash BLOB NOT NULL) STRICT",
        )
        .expect("a table can be made");
    connection
}

fn append_bare(connection: &Connection, rows: usize, count: usize, durability: Durability) {
    let append = || -> rusqlite::Result<()> {
        connection.execute_batch(match durability {
            Durability::Pure => "PRAGMA synchronous = NORMAL",
            Durability::Effect => "PRAGMA synchronous = FULL",
        })?;
        for _ in 0..count {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            for _ in 0..rows {
                connection
                    .prepare_cached(
                        "INSERT INTO rows (run, kind, job, at_ms, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute((RUN, "outcome", JOB, 1_763_596_800_000_u64, BODY, [7_u8; 32]))?;
            }
            connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    };
    append().expect("rows can be written");
}

fn read_bare(connection: &Connection) {
    let read = || -> rusqlite::Result<usize> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, run, kind, job, at_ms, body, hash FROM rows ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            for column in [1, 2, 3, 5] {
                bytes += row.get_ref(column)?.as_str()?.len();
            }
            bytes += row.get_ref(6)?.as_blob()?.len();
        }
        Ok(bytes)
    };
    black_box(read().expect("rows can be read"));
}
