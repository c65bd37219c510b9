//! Transcripts: a file for each, the plan first, then events (after `>`) and what follows from each.
//! `UPDATE=1` writes what follows anew.

#![expect(
    clippy::disallowed_methods,
    reason = "UPDATE=1 accepts what the driver does now"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenzik_scenario::driver::{Driver, DriverOptions};

use super::{notation, outline};

fn transcript(text: &str) -> String {
    let (outline, events) = text.split_once("\n---\n").expect("a plan, ---, events");
    let body: Vec<&str> = outline
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let plan = Arc::new(outline::plan(&body.join("\n")));
    let options = DriverOptions {
        seed: [0; 32],
        session: None,
    };
    let mut driver = Driver::new(plan, options).expect("the plan can be driven");
    let mut written = format!("{outline}\n---\n");
    for line in events.lines().filter_map(|line| line.strip_prefix("> ")) {
        let _ = writeln!(written, "> {line}");
        if line == "steps" {
            for step in driver.steps() {
                let _ = writeln!(written, "    {}", notation::show_step(&step));
            }
            continue;
        }
        match driver.handle(notation::event(line)) {
            Ok(actions) => {
                for action in &actions {
                    let _ = writeln!(written, "  {}", notation::show(action));
                }
            }
            Err(error) => {
                let _ = writeln!(written, "  refused: {error}");
            }
        }
    }
    written
}

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver/cases");
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("there are cases")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    found.sort();
    found
}

#[test]
fn transcripts_are_as_written() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut differing = Vec::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).expect("a case can be read");
        let now = transcript(&text);
        if now != text && update {
            std::fs::write(&path, &now).expect("a case can be written");
        } else if now != text {
            let now = now.lines().map(|line| format!("  {line}\n"));
            differing.push(format!("{}:\n{}", path.display(), now.collect::<String>()));
        }
    }
    assert!(
        differing.is_empty(),
        "differ (UPDATE=1 accepts):\n{}",
        differing.join("\n")
    );
}
