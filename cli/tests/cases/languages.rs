//! Capsules in every language: templates, compilers that are missing or complain, and one program
//! written five times.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::world::{World, ended, not_tested, repository};

/// A language, its compiler as `tenzik doctor` calls it, and the end of its sources' names.
pub(super) struct Language {
    pub(super) name: &'static str,
    check: Option<&'static str>,
    pub(super) ending: &'static str,
}

const LANGUAGES: [Language; 5] = [
    Language {
        name: "rust",
        check: Some("rust compiler for wasm"),
        ending: "rs",
    },
    Language {
        name: "c",
        check: Some("c for wasm"),
        ending: "c",
    },
    Language {
        name: "assemblyscript",
        check: Some("assemblyscript"),
        ending: "ts",
    },
    Language {
        name: "zig",
        check: Some("zig"),
        ending: "zig",
    },
    Language {
        name: "wat",
        check: None,
        ending: "wat",
    },
];

/// The languages that this machine can compile. The others are said aloud; in CI they fail.
pub(super) fn languages(world: &World) -> Vec<Language> {
    let report = world.tenzik(["doctor", "--json"]).json();
    let checks = report["checks"].as_array().unwrap();
    LANGUAGES
        .into_iter()
        .filter(|language| {
            let Some(name) = language.check else {
                return true;
            };
            let check = checks.iter().find(|check| check["name"] == name).unwrap();
            let found = check["status"] == "ok";
            if !found {
                not_tested(&format!(
                    "{}: {}; scripts/setup-languages repairs it",
                    language.name, check["detail"]
                ));
            }
            found
        })
        .collect()
}

fn build(world: &World, source: &str, output: &str) -> Value {
    world
        .tenzik(["build", source, "-o", output, "--json"])
        .exits(0)
        .json()
}

#[test]
fn every_template_builds_small_and_does_its_example() {
    let world = World::new();
    for language in languages(&world) {
        let name = format!("first-{}", language.name);
        world
            .tenzik(["new", &name, "--lang", language.name])
            .exits(0);
        let wasm = format!("{name}.wasm");
        let object = build(&world, &name, &wasm);
        let report = &object["report"];
        assert_eq!(report["language"], language.name);
        assert_eq!(report["name"], name.as_str());
        assert!(!report["compiler"].as_str().unwrap().is_empty(), "{object}");
        assert!(object["bytes"].as_u64().unwrap() <= 1_024, "{object}");
        let sections = report["sections"].as_array().unwrap();
        let named = sections
            .iter()
            .find(|part| part["name"] == "custom \"producers\"");
        let compiled = matches!(language.name, "c" | "assemblyscript" | "zig");
        assert_eq!(named.is_some(), compiled, "{object}");
        assert!(
            named.is_none_or(|part| part["size"].as_u64().unwrap() <= 70),
            "{object}"
        );
        let production = ["--profile", "production", "--deny-warnings"];
        world
            .tenzik(["validate", &wasm].iter().chain(&production))
            .exits(0);
        let input = format!("{name}/tests/example.input");
        let ended = world.tenzik(["run", &wasm, "--input", &input]).exits(0);
        assert_eq!(
            ended.stdout,
            world.read(&format!("{name}/tests/example.output"))
        );
    }
}

#[test]
fn the_place_of_a_project_does_not_change_its_bytes() {
    let world = World::new();
    std::fs::create_dir_all(world.path("much/deeper")).unwrap();
    for language in languages(&world) {
        for place in [".", "much/deeper"] {
            let new = world
                .command(["new", "same", "--lang", language.name])
                .current_dir(world.path(place))
                .output();
            ended(new.unwrap()).exits(0);
        }
        build(&world, "same", "first.wasm");
        build(&world, "much/deeper/same", "second.wasm");
        let first = world.read("first.wasm");
        assert!(first == world.read("second.wasm"), "{}", language.name);
        let text = String::from_utf8_lossy(&first);
        assert!(
            !text.contains(world.path("").to_str().unwrap()),
            "{}",
            language.name
        );
        std::fs::remove_dir_all(world.path("same")).unwrap();
        std::fs::remove_dir_all(world.path("much/deeper/same")).unwrap();
    }
}

#[test]
fn what_the_compiler_says_is_shown_and_nothing_is_written() {
    let world = World::new();
    for language in languages(&world) {
        world
            .tenzik(["new", "broken", "--lang", language.name])
            .exits(0);
        let source = match language.name {
            "rust" => "broken/src/lib.rs".to_owned(),
            _ => format!("broken/broken.{}", language.ending),
        };
        let text = String::from_utf8(world.read(&source)).unwrap();
        world.write(&source, text + "\nthis_is_no_declaration\n");
        let ended = world.tenzik(["build", "broken"]).exits(1);
        assert!(
            ended.stderr.contains("this_is_no_declaration"),
            "{}",
            ended.stderr
        );
        assert!(!world.path("broken/broken.wasm").exists());
        std::fs::remove_dir_all(world.path("broken")).unwrap();
    }
}

#[test]
fn a_missing_compiler_is_named_with_the_command_that_brings_it() {
    let world = World::new();
    std::fs::create_dir_all(world.path("empty")).unwrap();
    let bare = |arguments: &[&str]| {
        let output = world
            .command(arguments)
            .env("PATH", world.path("empty"))
            .env("XDG_CACHE_HOME", world.path("empty"))
            .output();
        ended(output.unwrap())
    };
    let report = bare(&["doctor", "--json"]).json();
    for (language, check, command) in [
        ("c", "c for wasm", "apt-get install clang-19 lld-19"),
        (
            "assemblyscript",
            "assemblyscript",
            "apt-get install nodejs npm",
        ),
        ("zig", "zig", "python3 -m pip install --target"),
    ] {
        world.tenzik(["new", language, "--lang", language]).exits(0);
        let ended = bare(&["build", language]).exits(1);
        assert!(ended.stderr.contains(command), "{}", ended.stderr);
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|entry| entry["name"] == check).unwrap();
        assert_eq!(check["status"], "optional");
        assert!(
            check["remedy"].as_str().unwrap().contains(command),
            "{check}"
        );
    }
}

#[test]
fn projects_that_cannot_be_followed_are_wrong_usage() {
    let world = World::new();
    world.tenzik(["new", "p", "--lang", "wat"]).exits(0);
    let toml = "name = \"p\"\nversion = \"1.0.0\"\nlanguage = \"wat\"\n";
    for (text, reason) in [
        ("", "missing field"),
        ("source = \"../p.wat\"", "not a file below"),
        ("source = [\"p.wat\", \"q.wat\"]", "wat takes one"),
        ("source = \"p.wat\"\nneeds = [\"time\"]", "unknown field"),
    ] {
        world.write("p/tenzik.toml", format!("{toml}{text}\n"));
        let ended = world.tenzik(["build", "p"]).exits(2);
        assert!(ended.stderr.contains(reason), "{}", ended.stderr);
    }
    world.write("p/tenzik.toml", format!("{toml}source = \"absent.wat\"\n"));
    let ended = world.tenzik(["build", "p"]).exits(1);
    assert!(
        ended.stderr.contains("absent.wat is not a file"),
        "{}",
        ended.stderr
    );
    // A name that leads elsewhere, or into the terminal.
    for name in ["../q", "/q", "a b", "\\u001b[31m"] {
        let text =
            format!("name = \"{name}\"\nversion = \"1\"\nlanguage = \"wat\"\nsource = \"p.wat\"\n");
        world.write("p/tenzik.toml", text);
        let ended = world.tenzik(["build", "p"]).exits(1);
        assert!(ended.stderr.contains("field name"), "{}", ended.stderr);
        assert!(!ended.stderr.contains('\x1b'), "{}", ended.stderr);
        assert!(!world.path("q.wasm").exists());
    }
    // A crate and a project at once: nobody guesses.
    world.write("p/Cargo.toml", "[package]\nname = \"p\"\n");
    let ended = world.tenzik(["build", "p"]).exits(2);
    assert!(
        ended.stderr.contains("Cargo.toml and a tenzik.toml"),
        "{}",
        ended.stderr
    );
}

/// Lines, words and bytes as the C locale of POSIX counts them.
fn counted(input: &[u8]) -> String {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let lines = input.iter().filter(|byte| **byte == b'\n').count();
    let words = input
        .split(is_space)
        .filter(|word| !word.is_empty())
        .count();
    format!(
        "{{\"lines\":{lines},\"words\":{words},\"bytes\":{}}}\n",
        input.len()
    )
}

/// Inputs of every kind, with a name for messages.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs: Vec<(String, Vec<u8>)> = [
        ("empty", &b""[..]),
        ("one byte", b"a"),
        ("one space", b" "),
        ("no end of line", b"a b\nc"),
        (
            "every white space",
            b"\t\n\x0b\x0c\r a\tb\nc\x0bd\x0ce\rf g",
        ),
        ("carriage returns", b"a\r\nb\r\n\r\n"),
        ("neighbours of white space", b"\x08 \x0e \x1f!\x20\x7f"),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
    .into();
    inputs.push(("every byte".to_owned(), (0..=255).collect()));
    // Words that begin, end or lie around the border of a buffer of 1,024 bytes.
    for before in 1_020..=1_028 {
        let mut bytes = vec![b' '; before];
        bytes.extend_from_slice(b"word ");
        inputs.push((format!("word at {before}"), bytes));
        inputs.push((
            format!("space at {before}"),
            [vec![b'w'; before], b" w".to_vec()].concat(),
        ));
        inputs.push((format!("{before} bytes"), vec![b'\n'; before]));
    }
    // xorshift, so that a megabyte has words and lines of all lengths.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = Vec::with_capacity(1 << 20);
    while noise.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    let text = noise
        .iter()
        .map(|byte| b"abcdefg \nhijkl m"[usize::from(*byte >> 4)])
        .collect();
    inputs.push(("a megabyte of noise".to_owned(), noise));
    inputs.push(("a megabyte of text".to_owned(), text));
    inputs
}

fn word_count_source(language: &Language) -> PathBuf {
    repository().join("capsules/word-count").join(language.name)
}

#[test]
fn one_program_in_every_language_writes_the_same_bytes() {
    let world = World::new();
    let languages = languages(&world);
    for language in &languages {
        let source = word_count_source(language);
        build(
            &world,
            source.to_str().unwrap(),
            &format!("{}.wasm", language.name),
        );
    }
    for language in &languages {
        let example = word_count_source(language).join("tests/example");
        let wasm = format!("{}.wasm", language.name);
        let input = example.with_extension("input");
        let arguments = ["run", &wasm, "--input", input.to_str().unwrap()];
        let expected = std::fs::read(example.with_extension("output")).unwrap();
        assert_eq!(world.tenzik(arguments).exits(0).stdout, expected);
    }
    for (name, input) in inputs() {
        let expected = counted(&input);
        world.write("input", &input);
        for language in &languages {
            let wasm = format!("{}.wasm", language.name);
            let ended = world.tenzik(["run", &wasm, "--input", "input"]).exits(0);
            assert_eq!(ended.text(), expected, "{name}, {}", language.name);
        }
    }
}

#[test]
fn what_is_expected_of_word_count_is_what_wc_counts() {
    let world = World::new();
    for (name, input) in inputs() {
        // Programs called wc do not agree on bytes that are no characters.
        if !input
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
        {
            continue;
        }
        let path = world.write("input", &input);
        let output = Command::new("wc")
            .arg(path)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut numbers = text.split_whitespace();
        let mut next = || numbers.next().unwrap();
        let (lines, words, bytes) = (next(), next(), next());
        let expected = format!("{{\"lines\":{lines},\"words\":{words},\"bytes\":{bytes}}}\n");
        assert_eq!(counted(&input), expected, "{name}");
    }
}

/// A row of the table in docs/languages.md.
fn row(language: &Language, report: &Value) -> String {
    let compiled = &report["candidates"][0]["result"]["bytes"];
    format!(
        "| {} | {compiled} | {} | {} | {} |",
        language.name,
        report["size"],
        report["optimiser"].as_str().unwrap(),
        report["toolchain_id"].as_str().unwrap()
    )
}

const TABLE_BEGIN: &str = "<!-- measured: sizes -->\n";
const TABLE_END: &str = "<!-- end of sizes -->";

/// With the toolchain that the table names its sizes are exact; others come close. `UPDATE=1`
/// measures anew.
#[test]
fn the_sizes_in_the_documentation_are_measured() {
    let world = World::new();
    let page = repository().join("docs/languages.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(TABLE_BEGIN).unwrap();
    let (table, after) = rest.split_once(TABLE_END).unwrap();
    let mut rows = Vec::new();
    for language in languages(&world) {
        let source = word_count_source(&language);
        let object = build(&world, source.to_str().unwrap(), "size.wasm");
        let row = row(&language, &object["report"]);
        check_row(&language, table, &row);
        rows.push(row);
    }
    if update() {
        assert_eq!(rows.len(), LANGUAGES.len(), "a compiler is missing");
        let head = "| language | compiled | capsule | optimiser | toolchain |\n| --- | --- | --- | --- | --- |";
        let table = format!("{head}\n{}\n", rows.join("\n"));
        write(
            &page,
            &format!("{before}{TABLE_BEGIN}{table}{TABLE_END}{after}"),
        );
    }
}

fn update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

fn write(page: &Path, text: &str) {
    std::fs::write(page, text).unwrap();
}

fn check_row(language: &Language, table: &str, row: &str) {
    if update() {
        return;
    }
    let begin = format!("| {} |", language.name);
    let documented = table.lines().find(|line| line.starts_with(&begin)).unwrap();
    let cells = |row: &str| -> Vec<String> { row.split(" | ").map(str::to_owned).collect() };
    let (documented, measured) = (cells(documented), cells(row));
    if documented[4] == measured[4] {
        assert_eq!(documented, measured, "UPDATE=1 measures anew");
        return;
    }
    let size = |cells: &[String]| cells[2].parse::<u64>().unwrap();
    let (documented, measured) = (size(&documented), size(&measured));
    assert!(
        measured <= documented * 3 / 2 && documented <= measured * 3 / 2,
        "{}: {measured} bytes, the page says {documented}",
        language.name
    );
}
