//! Every key of a policy file: what it holds, its default and its range. The parser reads the numbers
//! from here, the documentation is rendered from it.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// What a number counts, and how it may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes: a number, or text such as `64KiB`.
    Bytes,
    /// Milliseconds, written as text such as `5s`.
    Milliseconds,
    /// Microseconds: a number, or text such as `200ms`.
    Microseconds,
    /// Things: a number.
    Count,
}

/// A key that holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountKey {
    /// What it counts.
    pub unit: Unit,
    /// Its value in a policy that does not name it. A ceiling that does not name it does not bound it.
    pub default: u64,
    /// Smallest accepted value.
    pub min: u64,
    /// Largest accepted value.
    pub max: u64,
}

impl AmountKey {
    const fn new(unit: Unit, default: u64, min: u64, max: u64) -> AmountKey {
        AmountKey {
            unit,
            default,
            min,
            max,
        }
    }

    /// A value as policies write it.
    pub fn shown(&self, value: u64) -> String {
        let scaled = |units: &[(u64, &str)]| {
            let found = units
                .iter()
                .find(|(unit, _)| value > 0 && value.is_multiple_of(*unit));
            found.map(|(unit, name)| format!("\"{}{name}\"", value / unit))
        };
        let text = match self.unit {
            Unit::Bytes => scaled(&[(GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")]),
            Unit::Milliseconds => scaled(&[(60_000, "m"), (1_000, "s"), (1, "ms")]),
            Unit::Microseconds => scaled(&[(1_000_000, "s"), (1_000, "ms"), (1, "us")]),
            Unit::Count => None,
        };
        text.unwrap_or_else(|| value.to_string())
    }

    /// The range in words.
    pub fn range(&self) -> String {
        match self.unit {
            Unit::Milliseconds => format!(
                "a duration from \"{}ms\" to {}",
                self.min,
                self.shown(self.max)
            ),
            _ => format!("{} to {}", self.shown(self.min), self.shown(self.max)),
        }
    }
}

pub(crate) const STDIN_BYTES: AmountKey = AmountKey::new(Unit::Bytes, MIB, 0, TIB);
pub(crate) const STDOUT_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 64 * MIB, 0, TIB);
pub(crate) const STDERR_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 64 * KIB, 0, TIB);
pub(crate) const DEADLINE: AmountKey =
    AmountKey::new(Unit::Milliseconds, 60_000, 1, 7 * 24 * 3_600_000);
pub(crate) const CONCURRENCY: AmountKey = AmountKey::new(Unit::Count, 1, 1, 64);
pub(crate) const MEMORY: AmountKey = AmountKey::new(Unit::Bytes, GIB, MIB, TIB);
pub(crate) const PROCESSES: AmountKey = AmountKey::new(Unit::Count, 32, 1, 4_096);
pub(crate) const FILE_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 64 * MIB, 0, TIB);
pub(crate) const TREE_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 64 * MIB, 0, TIB);
pub(crate) const TREE_FILES: AmountKey = AmountKey::new(Unit::Count, 1_000, 0, 1_000_000_000);
pub(crate) const ARTIFACT_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 64 * MIB, 0, TIB);
pub(crate) const ARTIFACT_COUNT: AmountKey = AmountKey::new(Unit::Count, 100, 0, 1_000_000);
pub(crate) const MAX_COUNT: AmountKey = AmountKey::new(Unit::Count, 64, 1, 4_095);
pub(crate) const MAX_PORTS: AmountKey = AmountKey::new(Unit::Count, 65_535, 1, 65_535);
pub(crate) const MAX_BYTES: AmountKey = AmountKey::new(Unit::Bytes, 256, 1, 128 * KIB - 1);

/// Bytes of a policy file.
pub const POLICY_BYTES_MAX: usize = 256 << 10;

/// Rules of one kind in a file, and elements of its shorter lists.
pub(crate) const LIST_MAX: usize = 64;

/// Elements of its longer lists: arguments, targets and the values of a hole.
pub(crate) const LONG_LIST_MAX: usize = 256;

/// Bytes of a literal text: an element of a template, a value of a hole.
pub(crate) const TEXT_BYTES_MAX: usize = 4 << 10;

/// Bytes of the value of a variable.
pub(crate) const ENV_BYTES_MAX: usize = 32 << 10;

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub enum KeyValue {
    /// A number.
    Amount(AmountKey),
    /// `true` or `false`; `false` if it is not there.
    Flag,
    /// Something else, in words, and what holds if it is not there; nothing where it is required.
    Words(&'static str, &'static str),
}

/// One key of a policy file.
#[derive(Clone, Copy, Debug)]
pub struct PolicyKey {
    /// The table that it stands in, as the file writes it; nothing for the beginning of the file.
    pub table: &'static str,
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub value: KeyValue,
    /// What it is for.
    pub doc: &'static str,
}

macro_rules! policy_keys {
    ($($table:literal { $($key:literal: $value:expr, $doc:literal;)* })*) => {
        /// Every key of a policy file, table by table, in the order of the documentation.
        pub const POLICY_KEYS: &[PolicyKey] = &[$($(PolicyKey {
            table: $table,
            key: $key,
            value: $value,
            doc: $doc,
        }),*),*];
    };
}

use KeyValue::{Amount, Flag, Words};

policy_keys! {
    "" {
        "version": Words("1", ""), "the version of this format";
        "profile": Words("`development`, `default` or `production`", "the limits of `default`, and no pure capability"),
            "limits and pure capabilities to start from";
        "grants": Words("names of pure capabilities", "those of `profile`"),
            "exactly these pure capabilities instead of those of the profile";
    }
    "[limits]" {
        "NAME": Words("a number, a size where the name ends in `_bytes`, a duration where it begins with `wall_us`", "as the profile has it"),
            "any of the [limits](limits.md) by its name in receipts";
    }
    "[[exec]]" {
        "name": Words("1 to 64 of `a-z 0-9 _ -`", ""), "what requests call the program: their first argument. Several rules may have one name; the first that admits a request is used";
        "program": Words("absolute path", ""), "the executable. A symbolic link is refused unless `follow` is set";
        "follow": Flag, "whether `program` may be a symbolic link";
        "blake3": Words("64 hexadecimal digits", "not pinned"), "digest of the executable, checked on the descriptor that is executed";
        "args": Words("list of texts with at most one `{hole}` each", "no arguments; in a ceiling: any"), "the template of the arguments behind the name";
        "env": Words("table of texts, or of `{ secret = \"NAME\" }`", "empty; in a ceiling: any"), "variables of its environment. It has no others";
        "pass_env": Words("list of names", "none"), "variables taken from tenzik's own environment";
        "cwd": Words("absolute path", "`/`"), "working directory inside of its root";
        "stdin": Words("`true` or `false`", "`false`; in a ceiling: `true`"), "whether the capsule may write to its standard input";
        "stdin_bytes": Amount(STDIN_BYTES), "bytes that the capsule may write to its standard input";
        "stdout_bytes": Amount(STDOUT_BYTES), "bytes of its standard output; one more ends it";
        "stderr_bytes": Amount(STDERR_BYTES), "bytes of its standard error; one more ends it";
        "deadline": Amount(DEADLINE), "from its start to its end; then the whole tree is killed";
        "concurrency": Amount(CONCURRENCY), "processes of this rule at a time, in one run";
        "memory": Amount(MEMORY), "address space of each of its processes";
        "processes": Amount(PROCESSES), "processes and threads at a time";
        "file_bytes": Amount(FILE_BYTES), "the largest file that it may write";
        "network": Words("`none`, `targets` or `host`", "`none`"), "what of the network it reaches: nothing, its targets through a broker, or what the machine reaches";
        "targets": Words("list of `ADDRESS` or `CIDR`, with `tcp:` or `udp:` before and `:PORT` or `:FIRST-LAST` behind; IPv6 with ports in brackets", "none; with `network = \"host\"`: all"), "what its addresses may name, and what it reaches with `network = \"targets\"`";
        "read": Words("list of absolute paths", "none"), "trees and files that it sees, read only";
        "write": Words("list of absolute paths", "none"), "trees that it sees and may write";
        "require": Words("list of layers", "none"), "layers of isolation without which it is not started";
        "holes": Words("tables", "none"), "the holes of `args`, as `[exec.holes.NAME]`";
    }
    "[exec.holes.NAME]" {
        "type": Words("`integer`, `ports`, `address`, `hostname`, `enum`, `path` or `text`", ""), "what fits";
        "option": Flag, "whether a value may begin with `-`";
        "max_count": Amount(MAX_COUNT), "most arguments of a hole that is written `{NAME...}`";
        "min": Words("integer", "0"), "`integer`: the smallest";
        "max": Words("integer; for `ports` 1 to 65535", "required; for `ports` 65535"), "`integer`: the largest; `ports`: how many ports in all";
        "names": Words("list of DNS names; `*.example.org` for all below one", ""), "`hostname`: the names";
        "values": Words("list of texts", ""), "`enum`: the values";
        "below": Words("absolute path inside of a tree of the rule", ""), "`path`: what the value is, or lies below";
        "pattern": Words("regular expression over ASCII", ""), "`text`: what matches the whole value";
        "max_bytes": Amount(MAX_BYTES), "`text`: longest value";
    }
    "[[files]]" {
        "path": Words("absolute path", ""), "an existing directory. Of the trees that a file lies in, the longest decides";
        "access": Words("list of `read`, `write`, `append`", ""), "what the capsule may do with files below it";
        "bytes": Amount(TREE_BYTES), "bytes that one run may write below it";
        "files": Amount(TREE_FILES), "files that one run may write below it";
    }
    "[[signals]]" {
        "program": Words("absolute path", ""), "executable of the process";
        "uid": Words("number", "any"), "user of the process";
        "pid": Words("number, together with `start`", "any"), "the process";
        "start": Words("number, or text of digits", "any"), "its start in clock ticks since boot (field 22 of /proc/PID/stat)";
        "signals": Words("list of names without `SIG`", ""), "what may be sent";
    }
    "[artifacts]" {
        "bytes": Amount(ARTIFACT_BYTES), "bytes of all artifacts of one run";
        "count": Amount(ARTIFACT_COUNT), "artifacts of one run";
    }
    "[secrets.NAME]" {
        "env": Words("name", ""), "variable of tenzik's environment; exactly one of the three";
        "file": Words("absolute path", ""), "a file; one line feed at its end is dropped";
        "command": Words("list of texts, an absolute path first", ""), "what a program writes to standard output; one line feed at its end is dropped";
    }
}
