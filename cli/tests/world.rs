//! A private place for each test, and the command in it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A temporary directory that is also the home of the user.
pub(crate) struct World {
    directory: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ended {
        assert_eq!(
            self.code,
            code,
            "{}\n{}",
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        );
        self
    }
}

impl World {
    pub(crate) fn new() -> World {
        World {
            directory: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The command in this world.
    pub(crate) fn command(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenzik"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("TENZIK_CODE_CACHE", "off")
            .stdin(Stdio::null());
        command
    }

    /// Runs the command.
    pub(crate) fn tenzik<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        ended(self.command(arguments).output().unwrap())
    }

    /// Runs the command with `input` on a pipe.
    pub(crate) fn tenzik_fed<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A capsule may end before it has read everything: a closed pipe is no failure of the test.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        ended(output)
    }

    /// Runs the command on WebAssembly text.
    pub(crate) fn run_text(&self, text: &str, arguments: &[&str]) -> Ended {
        self.write("case.wat", text);
        self.tenzik(["run", "./case.wat"].iter().chain(arguments))
    }
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Asserts that a section of docs/json.md names every field of `value`, at any depth.
#[track_caller]
pub(crate) fn documented(section: &str, value: &serde_json::Value) {
    let text = std::fs::read_to_string(repository().join("docs/json.md")).unwrap();
    let (_, rest) = text.split_once(&format!("\n## {section}\n")).unwrap();
    let part = rest.split("\n## ").next().unwrap();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let named = [format!("\"{name}\":"), format!("`{name}`")];
                    assert!(
                        named.iter().any(|named| part.contains(named)),
                        "{section}: {name}"
                    );
                    // The use of a run has its own section.
                    if name != "usage" && name != "error" {
                        waiting.push(value);
                    }
                }
            }
            serde_json::Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
}

/// Whether `program` is there. Where it is not, the caller's test says so loudly; in CI it fails.
pub(crate) fn has(program: &str, argument: &str) -> bool {
    let found = Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        not_tested(&format!("{program} is not installed"));
    }
    found
}

/// Says that something is not tested; fails in CI.
pub(crate) fn not_tested(why: &str) {
    // Past the test harness, which keeps what a passing test prints.
    let _ = writeln!(std::io::stderr().lock(), "NOT TESTED: {why}");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "{why}");
}
