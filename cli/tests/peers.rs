//! Python programs that judge what tenzik writes, with packages that scripts/setup-python-peers
//! installs.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::world::{has, not_tested, repository};

/// Where the packages are, if they are.
fn place() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let place = cache.join("tenzik/python-peers");
    if place.join("versions").is_file() {
        return Some(place);
    }
    not_tested("the Python packages are not there; run scripts/setup-python-peers");
    None
}

/// A file that came with the packages.
pub(crate) fn file(name: &str) -> Option<PathBuf> {
    Some(place()?.join(name))
}

/// What a script of tests/python says to `input`, with the packages.
pub(crate) fn with_packages(script: &str, argument: &str, input: &[u8]) -> Option<Output> {
    Some(run(place()?.join("bin/python"), script, argument, input))
}

/// What a script of tests/python says to `input`, with Python and openssl alone.
pub(crate) fn alone(script: &str, argument: &str, input: &[u8]) -> Option<Output> {
    let there = has("python3", "--version") && has("openssl", "version");
    there.then(|| run(PathBuf::from("python3"), script, argument, input))
}

fn run(python: PathBuf, script: &str, argument: &str, input: &[u8]) -> Output {
    let mut child = Command::new(python)
        .arg(repository().join("cli/tests/python").join(script))
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A script that fails early closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What a script said that must not fail.
#[track_caller]
pub(crate) fn said(output: &Output) -> &str {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    std::str::from_utf8(&output.stdout).unwrap()
}
