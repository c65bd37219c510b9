//! What the times belong to: machine and build.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

/// Bytes of the processor's description that are read.
const DESCRIPTION_BYTES_MAX: u64 = 64 << 10;

/// Longest name of a processor that is kept.
const NAME_CHARACTERS_MAX: usize = 100;

/// A machine, as far as times depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Architecture.
    pub(crate) arch: String,
    /// Operating system.
    pub(crate) os: String,
    /// Processor, as the system calls it; empty where it does not say.
    pub(crate) cpu: String,
    /// Threads that run at the same time.
    pub(crate) cores: u64,
    /// How tenzik was built: `release` or `debug`.
    pub(crate) build: String,
}

impl Machine {
    /// This machine and this build.
    pub(crate) fn this() -> Machine {
        Machine {
            arch: std::env::consts::ARCH.to_owned(),
            os: std::env::consts::OS.to_owned(),
            cpu: cpu(),
            cores: cores() as u64,
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            }
            .to_owned(),
        }
    }
}

/// Threads that run at the same time on this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn cpu() -> String {
    let mut text = String::new();
    let Ok(file) = std::fs::File::open("/proc/cpuinfo") else {
        return text;
    };
    let _ = file.take(DESCRIPTION_BYTES_MAX).read_to_string(&mut text);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    let name = name.map_or("", |(_, name)| name.trim());
    let printable = name
        .chars()
        .filter(|character| (' '..='~').contains(character));
    printable.take(NAME_CHARACTERS_MAX).collect()
}
