//! `tenzik policy init`: the least policy under which a capsule is accepted.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use tenzik_runtime::{Capability, CapabilitySet, Limits, Policy};

use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer;

/// Write the least policy under which a capsule is accepted.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tenzik policy init nmap-scan -o nmap.toml\n  tenzik policy init ./mine.wasm\n\n\
    The capsule is accepted under it, and every effect is refused until the placeholders are replaced."
)]
pub(crate) struct InitArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: OsString,
    /// Write to this file, which must not exist [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &InitArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &InitArguments) -> Result<(), Failure> {
    let source = CapsuleSource::of(&arguments.capsule)?;
    let everything = Policy {
        limits: Limits::largest(),
        grants: CapabilitySet::of(&Capability::ALL),
        rules: Arc::default(),
    };
    let examination = source.examine(&everything)?;
    let Some((capsule, _)) = examination.admitted() else {
        let first = examination.first_error();
        let message = first.map_or_else(String::new, |first| first.message.clone());
        return Err(Failure::new(
            first.map_or(ExitCode::Machine, |first| {
                ExitCode::from(first.code.class())
            }),
            first.map_or("machine_failure", |first| first.code.code()),
            format!("{}: {message}", source.shown()),
            first.map_or_else(String::new, |first| first.remedy.clone()),
        ));
    };
    let needs = capsule.needs();
    let bytes = capsule.bytes().len() as u64;
    let pages = capsule.memory_pages_min();
    let text = least(&source.shown(), needs, bytes, pages * 65_536);
    if let Some(path) = &arguments.output {
        write_new(path, &text)?;
    }
    if arguments.json {
        let needs: Vec<&str> = needs.iter().map(Capability::name).collect();
        let mut object = json!({ "exit": 0, "needs": needs, "policy": text });
        if let Some(path) = &arguments.output {
            object["file"] = json!(path.to_string_lossy());
        }
        printer::json(&object);
    } else if arguments.output.is_none() {
        printer::bytes(text.as_bytes()).map_err(|error| {
            Failure::machine(format!("standard output: {error}"), "name a file with -o")
        })?;
    }
    if let Some(path) = arguments.output.as_ref().filter(|_| !arguments.json) {
        printer::note(&format!(
            "wrote {}: replace its placeholders, then see tenzik policy check and explain",
            shown(path)
        ));
    }
    Ok(())
}

fn write_new(path: &PathBuf, text: &str) -> Result<(), Failure> {
    let file = std::fs::File::create_new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::usage(
            format!("{} exists", shown(path)),
            "choose another name: a policy is never replaced",
        ),
        _ => failure::file("cannot write", path, &error),
    });
    file?
        .write_all(text.as_bytes())
        .map_err(|error| failure::file("cannot write", path, &error))
}

/// The text of the policy. What its placeholders name does not exist, so that they allow nothing.
fn least(capsule: &str, needs: CapabilitySet, module_bytes: u64, memory_bytes: u64) -> String {
    // A path may hold a line feed, which would end the comment.
    let capsule: String = capsule
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let mut text = format!(
        "# What {capsule} may do. docs/policy.md describes every key; what is not granted here is refused.\nversion = 1\n"
    );
    let pure: Vec<String> = needs
        .iter()
        .filter(|capability| capability.is_pure())
        .map(|capability| format!("\"{capability}\""))
        .collect();
    if !pure.is_empty() {
        let _ = writeln!(text, "grants = [{}]", pure.join(", "));
    }
    let limits = [
        (
            "memory_bytes",
            memory_bytes,
            Limits::DEFAULT.memory_bytes_max,
        ),
        (
            "module_bytes",
            module_bytes,
            Limits::DEFAULT.module_bytes_max,
        ),
    ];
    let raised: Vec<String> = limits
        .iter()
        .filter(|(_, needed, default)| needed > default)
        .map(|(name, needed, _)| format!("{name} = \"{}KiB\"\n", needed.div_ceil(1_024)))
        .collect();
    if !raised.is_empty() {
        let _ = write!(
            text,
            "\n# More than the default, because the module needs it.\n[limits]\n{}",
            raised.concat()
        );
    }
    text.extend(
        PLACEHOLDERS
            .iter()
            .filter_map(|(capabilities, placeholder)| {
                let wanted = capabilities
                    .iter()
                    .any(|capability| needs.contains(*capability));
                wanted.then(|| placeholder(needs))
            }),
    );
    text
}

type Placeholder = fn(CapabilitySet) -> String;

/// The rules for each effect.
const PLACEHOLDERS: [(&[Capability], Placeholder); 5] = [
    (&[Capability::Exec], |_| EXEC.to_owned()),
    (&[Capability::FileRead, Capability::FileWrite], files),
    (&[Capability::ProcessSignal], |_| SIGNALS.to_owned()),
    (&[Capability::Artifact], |_| ARTIFACTS.to_owned()),
    (&[Capability::Secret], |_| SECRETS.to_owned()),
];

const EXEC: &str = r#"
# It starts programs. One rule for each program and form of arguments; no rule, no program.
[[exec]]
name = "replace-me"                        # the first argument of its requests
program = "/nonexistent/replace-me"        # absolute path of the executable
args = []                                  # such as ["-p", "{port}"], with [exec.holes.port] below
# read = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"]    # all that it sees of the file system
# network = "targets"                      # none (the default), targets or host
# targets = ["127.0.0.1"]
# require = ["broker", "mountns", "no_new_privs", "pidns", "seccomp", "userns"]
# [exec.holes.port]
# type = "integer"
# min = 1
# max = 65535
"#;

const SIGNALS: &str = r#"
# It sends signals to processes.
[[signals]]
program = "/nonexistent/replace-me"        # the executable of the processes
signals = ["TERM"]
"#;

const ARTIFACTS: &str = r#"
# It writes artifacts: how many bytes, and how many of them.
[artifacts]
bytes = 0
count = 0
"#;

const SECRETS: &str = r#"
# It uses secrets, whose values it does not see. Exactly one of env, file and command.
[secrets.replace-me]
file = "/nonexistent/replace-me"
"#;

fn files(needs: CapabilitySet) -> String {
    let read = needs.contains(Capability::FileRead).then_some("\"read\"");
    let write = needs.contains(Capability::FileWrite).then_some("\"write\"");
    let access: Vec<&str> = read.into_iter().chain(write).collect();
    let quotas = match write {
        Some(_) => {
            "bytes = 0                                  # that one run may write below it\nfiles = 0\n"
        }
        None => "",
    };
    format!(
        "\n# It touches files. One table for each tree; the longest that a file lies in decides.\n[[files]]\npath = \"/nonexistent/replace-me\"           # an existing directory\naccess = [{}]\n{quotas}",
        access.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::least;
    use tenzik_runtime::policy::PolicyFile;
    use tenzik_runtime::{Capability, CapabilitySet};

    #[test]
    fn every_set_of_capabilities_gets_a_policy_that_grants_it() {
        for bits in 0..1_usize << Capability::ALL.len() {
            let needs = Capability::ALL
                .into_iter()
                .enumerate()
                .filter(|(index, _)| bits >> index & 1 == 1)
                .fold(CapabilitySet::EMPTY, |set, (_, capability)| {
                    set.with(capability)
                });
            let text = least("a\nb", needs, 16_000, 1 << 30);
            let file = PolicyFile::parse("p.toml", &text)
                .unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(file.policy.grants, needs, "{text}");
            assert_eq!(file.policy.limits.module_bytes_max, 16 << 10);
            assert_eq!(file.policy.limits.memory_bytes_max, 1 << 30);
        }
    }
}
