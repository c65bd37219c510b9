//! The documentation says what is true: rendered parts follow the code, links lead somewhere, shell
//! blocks run, named tests exist.
//!
//! Conventions of README.md and docs/*.md:
//! - what stands between `<!-- rendered: NAME -->` and `<!-- end of NAME -->` comes from the code;
//!   `UPDATE=1` writes it anew;
//! - the `sh` blocks of README.md, docs/guide.md and docs/signatures.md are run in order, one
//!   document in one directory that holds docs/examples; blocks of other kinds are only shown;
//! - `` `path/file.rs::name` `` names a test, and `` `path/file.rs` `` any file of the repository.

mod rendered;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::world::{World, ended, has, not_tested, repository};

/// README.md and every page under docs/, as paths below the repository.
fn pages() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| Path::new("docs").join(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.extend([PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")]);
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(repository().join(page)).unwrap()
}

/// The contents of the fenced blocks of a page whose language is `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some((word == language, String::new())),
            (Some((wanted, block)), Some(_)) => {
                if *wanted {
                    blocks.push(std::mem::take(block));
                }
                open = None;
            }
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// A page without its fenced blocks.
fn prose(text: &str) -> String {
    let mut inside = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// What stands between single backticks.
fn code_spans(prose: &str) -> impl Iterator<Item = &str> {
    prose
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn rendered_parts_follow_the_code() {
    let world = World::new();
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut seen = Vec::new();
    for page in pages() {
        let text = read(&page);
        let current = rendered::page(&world, &text, &mut seen);
        if current == text {
            continue;
        }
        assert!(
            update,
            "{} is behind the code; UPDATE=1 cargo test -p tenzik-cli --test cli docs",
            page.display()
        );
        std::fs::write(repository().join(page), current).unwrap();
    }
    for name in rendered::NAMES {
        assert!(seen.iter().any(|page| page == name), "no page shows {name}");
    }
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = prose(&read(&page));
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if target.starts_with("https://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let directory = page.parent().unwrap();
            let linked = if path.is_empty() {
                page.clone()
            } else {
                directory.join(path)
            };
            let file = repository().join(&linked);
            assert!(file.exists(), "{}: {target}", page.display());
            if !anchor.is_empty() {
                let headings = prose(&std::fs::read_to_string(file).unwrap());
                let found = headings
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| slug(line.trim_start_matches('#').trim()) == anchor);
                assert!(found, "{}: no heading for {target}", page.display());
            }
        }
    }
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

#[test]
fn files_and_tests_that_pages_name_exist() {
    let mut tests = 0;
    for page in pages() {
        let text = prose(&read(&page));
        for span in code_spans(&text) {
            let (path, function) = match span.split_once("::") {
                Some((path, function)) if path.ends_with(".rs") => (path, Some(function)),
                _ => (span, None),
            };
            let file = repository().join(path);
            let names_file = path.contains('/')
                && [
                    ".rs", ".wat", ".xml", ".py", ".txt", ".json", ".wasm", ".toml",
                ]
                .iter()
                .any(|end| path.ends_with(end))
                && file.parent().is_some_and(Path::is_dir);
            if function.is_none() && !names_file {
                continue;
            }
            let source = std::fs::read(&file)
                .unwrap_or_else(|error| panic!("{}: {span}: {error}", page.display()));
            if let Some(function) = function {
                let source = String::from_utf8(source).unwrap();
                assert!(
                    source.contains(&format!("fn {function}(")),
                    "{}: no {span}",
                    page.display()
                );
                tests += 1;
            }
        }
    }
    assert!(tests > 50, "only {tests} tests are named");
}

/// The ids of the promises that this version keeps or states as not kept yet.
#[test]
fn every_promise_has_its_line_and_its_tests() {
    let text = read(Path::new("docs/LEDGER.md"));
    let numbered = (1..=23).map(|number| format!("E{number}"));
    for id in numbered.chain(["D11", "B3", "B4", "B31"].map(str::to_owned)) {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("| {id} |")))
            .unwrap_or_else(|| panic!("no line for {id}"));
        assert!(
            line.contains(".rs::") || line.contains("not in this version"),
            "{line}"
        );
    }
}

/// Runs the `sh` blocks of a page in one shell.
fn run_blocks(page: &str) {
    let world = World::new();
    if world.tenzik(["doctor"]).code != 0 {
        not_tested("this machine cannot compile capsules; scripts/setup-wasm repairs it");
        return;
    }
    std::fs::create_dir_all(world.path("docs/examples")).unwrap();
    std::fs::copy(
        repository().join("docs/examples/scan.xml"),
        world.path("docs/examples/scan.xml"),
    )
    .unwrap();
    std::fs::create_dir(world.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tenzik"), world.path("bin/tenzik")).unwrap();
    let blocks = blocks(&read(Path::new(page)), "sh");
    assert!(!blocks.is_empty());
    let script = blocks
        .concat()
        .replace("cargo run --release --locked --bin tenzik -- ", "tenzik ");
    let path = std::env::var("PATH").unwrap();
    let output = std::process::Command::new("bash")
        .args(["-euxo", "pipefail", "-c", &script])
        .current_dir(world.path(""))
        .env("PATH", format!("{}:{path}", world.path("bin").display()))
        .env("XDG_CONFIG_HOME", world.path("config"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    ended(output).exits(0);
}

#[test]
fn the_commands_of_the_readme_work() {
    run_blocks("README.md");
}

#[test]
fn the_commands_of_the_guide_work() {
    run_blocks("docs/guide.md");
}

#[test]
fn the_commands_of_the_page_on_signatures_work() {
    if has("openssl", "version") && has("ssh-keygen", "-?") {
        run_blocks("docs/signatures.md");
    }
}

/// The capsule that the guide shows compiles and does what it says.
#[test]
fn the_capsule_of_the_guide_works() {
    let world = World::new();
    if world.tenzik(["doctor"]).code != 0 {
        not_tested("this machine cannot compile capsules; scripts/setup-wasm repairs it");
        return;
    }
    let source = blocks(&read(Path::new("docs/guide.md")), "rust").remove(0);
    world.tenzik(["new", "capitals"]).exits(0);
    world.write("capitals/src/lib.rs", source);
    world.tenzik(["build", "capitals"]).exits(0);
    let run = |input: &str| {
        world.write("input", input);
        world.tenzik(["run", "capitals/capitals.wasm", "--input", "input"])
    };
    assert_eq!(run("two words").exits(0).text(), "TWO WORDS");
    let ended = run("a\0b").exits(20);
    assert!(ended.stderr.contains("code 2: the input has a zero byte"));
}

#[test]
fn the_readme_shows_what_the_main_job_prints() {
    let world = World::new();
    let scan = repository().join("docs/examples/scan.xml");
    let ended = world
        .tenzik(["run", "nmap-parse", "--input", scan.to_str().unwrap()])
        .exits(0);
    assert!(read(Path::new("README.md")).contains(ended.text().trim_end()));
}

/// The receipts in docs/formats.md are some, signed with the published key beside it.
#[test]
fn the_example_receipt_verifies() {
    let world = World::new();
    let text = read(Path::new("docs/formats.md"));
    let mut receipts = blocks(&text, "json")
        .into_iter()
        .filter(|block| block.contains("\"signature\""));
    let (receipt, batched) = (receipts.next().unwrap(), receipts.next().unwrap());
    let key = blocks(&text, "pem").remove(0);
    let trust = blocks(&text, "trust").remove(0);
    world.write("receipt.json", receipt);
    world.write("trusted_keys", trust);
    world.write("batched.json", batched);
    world
        .tenzik([
            "receipt",
            "verify",
            "batched.json",
            "--trust",
            "trusted_keys",
        ])
        .exits(0);
    let verify = [
        "receipt",
        "verify",
        "receipt.json",
        "--trust",
        "trusted_keys",
    ];
    world
        .tenzik(verify.iter().chain(&["--input-text", "hello"]))
        .exits(0);
    world
        .tenzik(verify.iter().chain(&["--input-text", "hallo"]))
        .exits(40);

    // The key beside it is the one that signed it.
    let path = world.write("key.pem", key);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world
        .tenzik(["run", "echo", "--receipt", "mine.json", "--key", "key.pem"])
        .exits(0);
    world
        .tenzik(["receipt", "verify", "mine.json", "--trust", "trusted_keys"])
        .exits(0);
}
