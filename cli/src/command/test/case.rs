//! The cases of a capsule: what lies in its `tests` folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tenzik_runtime::{Policy, escaped};

use crate::failure::{Failure, file, shown};
use crate::printer::grouped;

use super::ending::Ending;
use super::settings::Settings;

/// The folder with the cases, in the directory of a capsule.
const FOLDER: &str = "tests";

/// Cases of one capsule.
const CASES_MAX: usize = 10_000;

/// Entries of the folder that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// Bytes of an input, and of an expected output.
pub(super) const CONTENT_BYTES_MAX: u64 = 64 << 20;

/// Bytes of a `.status` or `.toml` file.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// The parts of a case, by the ending of the file's name.
const PARTS: [&str; 4] = ["input", "output", "status", "toml"];

/// One case. Input and expected output stay on disk until it runs.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// The file with the input; without one it is empty.
    pub(super) input: Option<PathBuf>,
    /// Where the expected output is, or would be.
    pub(super) output: PathBuf,
    /// Whether an output is expected.
    pub(super) has_output: bool,
    /// Where the expected ending is, or would be.
    pub(super) status: PathBuf,
    /// The expected ending, if there is a file with it.
    pub(super) ending: Option<Ending>,
    pub(super) settings: Settings,
}

/// What a folder holds.
#[derive(Debug)]
pub(super) struct Found {
    /// The cases, by name.
    pub(super) cases: Vec<Case>,
    /// Names of files that are part of no case, escaped.
    pub(super) others: Vec<String>,
}

/// Finds the cases of the capsule in `directory`. `policy` holds where a case sets nothing.
pub(super) fn find_cases(directory: &Path, policy: &Policy) -> Result<Found, Failure> {
    let folder = directory.join(FOLDER);
    let (parts, others) = parts_in(&folder)?;
    let mut cases = Vec::with_capacity(parts.len());
    let mut problems = Vec::new();
    for (name, parts) in parts {
        match read_case(&folder, &name, &parts, policy) {
            Ok(case) => cases.push(case),
            Err(problem) => problems.push(problem),
        }
    }
    let more = problems.len().saturating_sub(1);
    if let Some(mut first) = problems.into_iter().next() {
        if more > 0 {
            first.message = format!("{}; {more} more cases are wrong", first.message);
        }
        return Err(first);
    }
    if cases.is_empty() {
        let message = format!("{} has no cases", shown(&folder));
        return Err(Failure::usage(message, NO_CASES_REMEDY));
    }
    Ok(Found { cases, others })
}

const NO_CASES_REMEDY: &str =
    "write tests/NAME.input and run tenzik test --bless, which writes tests/NAME.output";

/// The parts of each case that are there, and the names of other files.
type Parts = (BTreeMap<String, Vec<&'static str>>, Vec<String>);

fn parts_in(folder: &Path) -> Result<Parts, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            let message = format!("there is no folder {}", shown(folder));
            Failure::usage(message, NO_CASES_REMEDY)
        }
        _ => file("cannot read", folder, &error),
    })?;
    let mut parts: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    let mut others = Vec::new();
    for (count, entry) in entries.enumerate() {
        let entry = entry.map_err(|error| file("cannot read", folder, &error))?;
        if count >= ENTRIES_MAX {
            return Err(too_many(folder, "entries", ENTRIES_MAX));
        }
        let name = PathBuf::from(entry.file_name());
        let part = name
            .extension()
            .and_then(|ending| PARTS.into_iter().find(|part| *part == ending));
        match (part, name.file_stem().and_then(|stem| stem.to_str())) {
            (Some(part), Some(stem)) => parts.entry(stem.to_owned()).or_default().push(part),
            (Some(_), None) => {
                let message = format!("the name {} is not UTF-8", shown(&folder.join(&name)));
                return Err(Failure::usage(message, "give the file another name"));
            }
            (None, _) if entry.path().is_dir() => {}
            (None, _) => others.push(shown(&name)),
        }
        if parts.len() > CASES_MAX {
            return Err(too_many(folder, "cases", CASES_MAX));
        }
    }
    others.sort();
    Ok((parts, others))
}

fn too_many(folder: &Path, what: &str, max: usize) -> Failure {
    let max = grouped(max as u64);
    Failure::usage(
        format!("{} has more than {max} {what}", shown(folder)),
        "divide them among several capsules",
    )
}

fn read_case(
    folder: &Path,
    name: &str,
    parts: &[&'static str],
    policy: &Policy,
) -> Result<Case, Failure> {
    let path = |part: &str| folder.join(format!("{name}.{part}"));
    let there = |part: &str| parts.contains(&part);
    let ending = if there("status") {
        let bytes = read_bounded(&path("status"), TEXT_BYTES_MAX)?;
        Some(Ending::parse(&bytes).map_err(|(line, message)| {
            let message = format!("{}:{line}: {message}", shown(&path("status")));
            Failure::usage(message, "correct the line")
        })?)
    } else {
        None
    };
    let settings = if there("toml") {
        let bytes = read_bounded(&path("toml"), TEXT_BYTES_MAX)?;
        Settings::parse(&bytes, policy).map_err(|error| {
            let place = format!("{}:{}:{}", shown(&path("toml")), error.line, error.column);
            Failure::usage(
                format!("{place}: {}", one_line(&error.message)),
                "docs/testing.md has the keys",
            )
        })?
    } else {
        Settings::of_policy(policy)
    };
    for part in ["input", "output"].into_iter().filter(|part| there(part)) {
        check_content(&path(part))?;
    }
    Ok(Case {
        name: name.to_owned(),
        input: there("input").then(|| path("input")),
        output: path("output"),
        has_output: there("output"),
        status: path("status"),
        ending,
        settings,
    })
}

/// A message that may repeat text of the file, without anything that could move the cursor.
fn one_line(message: &str) -> String {
    let quiet = |character: char| !character.is_control();
    if message.chars().all(quiet) {
        return message.to_owned();
    }
    escaped(message)
}

/// Looks at an input or an expected output before any case runs.
fn check_content(path: &Path) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map_err(|error| file("cannot read", path, &error))?;
    if !found.is_file() {
        return Err(not_regular(path));
    }
    if found.len() > CONTENT_BYTES_MAX {
        return Err(too_large(path, CONTENT_BYTES_MAX));
    }
    Ok(())
}

fn not_regular(path: &Path) -> Failure {
    let message = format!("{} is not a regular file", shown(path));
    Failure::usage(message, "put a file with the bytes there")
}

fn too_large(path: &Path, bytes_max: u64) -> Failure {
    let message = format!("{} has more than {} bytes", shown(path), grouped(bytes_max));
    Failure::usage(message, "make the case smaller")
}

/// Reads a regular file of at most `bytes_max` bytes.
pub(super) fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| file("cannot read", path, &error);
    // A pipe would be waited for; so the kind of file is asked before it is opened.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(not_regular(path));
    }
    let mut bytes = Vec::new();
    let mut opened = File::open(path).map_err(failed)?.take(bytes_max + 1);
    opened.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        return Err(too_large(path, bytes_max));
    }
    Ok(bytes)
}
