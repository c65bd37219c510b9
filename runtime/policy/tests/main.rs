//! Policies as their users see them: files in, decisions out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests end a test by panicking"
)]

mod canonical;
mod ceiling;
mod commit;
mod dice;
mod effects;
mod exec;
mod hostile;
mod learned;
mod parse;
mod properties;

use tenzik_policy::{PolicyError, PolicyFile, Rules};

/// A rule for nmap as the documentation has it.
pub(crate) const NMAP: &str = r#"version = 1
profile = "default"
grants = ["json"]

[[exec]]
name = "nmap"
program = "/usr/bin/nmap"
args = ["-sT", "-oX", "-", "-p", "{ports}", "{target...}"]
network = "targets"
targets = ["127.0.0.0/8", "::1", "tcp:10.0.0.0/24:1-1024"]
read = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"]
require = ["pidns", "netns"]
[exec.holes.ports]
type = "ports"
[exec.holes.target]
type = "address"
max_count = 3
"#;

/// The rules of a file that must be a policy.
#[track_caller]
pub(crate) fn rules(text: &str) -> Rules {
    let file = PolicyFile::parse("p.toml", text).unwrap_or_else(|error| panic!("{error}: {text}"));
    file.policy.rules.as_ref().clone()
}

/// Why a file is no policy.
#[track_caller]
pub(crate) fn refused(text: &str) -> PolicyError {
    match PolicyFile::parse("p.toml", text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error,
    }
}

/// A policy with one rule for the program `t`, with these arguments and holes.
pub(crate) fn one_rule(keys: &str, holes: &str) -> String {
    format!("version = 1\n[[exec]]\nname = \"t\"\nprogram = \"/bin/t\"\n{keys}\n{holes}\n")
}

pub(crate) fn argv(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|text| (*text).to_owned()).collect()
}
