//! Files in `yaml/ok` are read, and beside each is what was read; files in `yaml/bad` are refused, and
//! beside each is what is wrong with it. `UPDATE=1` accepts.

#[path = "outline.rs"]
mod outline;

use std::fs;
use std::path::{Path, PathBuf};

use tenzik_scenario::{Problem, Scenario};

/// The scenarios of a folder, in order.
pub(crate) fn scenarios(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/yaml")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "yaml" || ending == "json")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder:?} is empty");
    files
}

/// Problems, one in a line.
pub(crate) fn shown(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| {
            let Problem {
                place,
                code,
                message,
                remedy,
            } = problem;
            format!("{place} {code}: {message}; {remedy}\n")
        })
        .collect()
}

fn same(path: &Path, ending: &str, got: &str) -> Result<(), String> {
    let beside = path.with_extension(ending);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&beside, got).expect("it can be written");
    }
    let expected = fs::read_to_string(&beside).unwrap_or_default();
    match expected == got {
        true => Ok(()),
        false => Err(format!(
            "{} differs; UPDATE=1 accepts\n--- expected\n{expected}--- got\n{got}",
            beside.display()
        )),
    }
}

#[test]
fn good_ones_are_read() {
    let differing: Vec<String> = scenarios("ok")
        .iter()
        .filter_map(|path| {
            let text = fs::read_to_string(path).expect("it is there");
            match Scenario::parse(&text) {
                Ok(scenario) => same(path, "outline", &outline::outline(&scenario)).err(),
                Err(problems) => Some(format!("{}:\n{}", path.display(), shown(&problems))),
            }
        })
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn bad_ones_are_refused() {
    let differing: Vec<String> = scenarios("bad")
        .iter()
        .filter_map(|path| {
            let text = fs::read_to_string(path).expect("it is there");
            match Scenario::parse(&text) {
                Ok(_) => Some(format!("{} was read", path.display())),
                Err(problems) => same(path, "problems", &shown(&problems)).err(),
            }
        })
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
