//! Attacks on the isolation of processes, by real processes.
//!
//! This one program is the suite, the helper, the hostile programs, and the parent that gets killed: it executes
//! itself. Started as root it runs the suite a second time as an ordinary user. An argument selects tests by name.

#![expect(
    clippy::disallowed_methods,
    reason = "the suite starts itself in other roles"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also outside of #[test]"
)]

mod attacks;
mod bounds;
mod degraded;
mod hostile;
mod killed;
mod network;
mod programs;
mod streams;
mod suite;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let called = std::env::args_os().next().unwrap_or_default();
    if std::path::Path::new(&called)
        .file_name()
        .is_some_and(|name| name == "tenzik-jail")
    {
        return tenzik_jail::run_helper();
    }
    match arguments.first().map(String::as_str) {
        Some(tenzik_jail::HELPER_ARGUMENT) => tenzik_jail::run_helper(),
        Some("hostile") => hostile::act(&arguments[1], &arguments[2..]),
        Some("parent") => killed::be_the_parent(&arguments[1..]),
        Some("degraded") => degraded::report_under(&arguments[1]),
        _ => suite::run(&arguments),
    }
}
