//! Fixtures: one behaviour in each `.wat` file, with what is expected in its leading comment.
//!
//! ```text
//! ;; expect: ok
//! ;; expect: failure CODE ["message"]
//! ;; expect: fault CODE
//! ;; expect: reject CODE …          every code of an error that is found, no other
//! ;; finding: CODE [in FUNCTION] "part of its message"
//! ;; input: "text"                  or input-size: BYTES
//! ;; output: "text"
//! ;; log: LEVEL "text"              all of them, in order
//! ;; message-size: BYTES            of the failure
//! ;; memory-bytes: BYTES            the peak
//! ;; host-bytes: BYTES              that host functions may take beside it
//! ;; fuel: exact                    or fuel: at least UNITS
//! ;; limits: NAME=VALUE …           names as in receipts
//! ;; profile: NAME
//! ;; grant: CAPABILITY …            deny: CAPABILITY …
//! ;; seed: NUMBER                   now: MILLISECONDS
//! ```
//!
//! Texts have the escapes of WebAssembly strings. Any other comment line is for people; a directive
//! that is misspelt is an error.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

use tenzik_runtime::{Capability, Limits, Policy, Profile};

pub enum Expected {
    Ok,
    Failure { code: i32, message: Option<Vec<u8>> },
    Fault(String),
    Reject(BTreeSet<String>),
}

pub struct ExpectedFinding {
    pub code: String,
    pub function: Option<String>,
    pub message_part: String,
}

pub enum ExpectedFuel {
    Exact,
    AtLeast(u64),
}

pub struct Fixture {
    /// Folder and name, without the ending: `hostile/infinite_loop`.
    pub name: String,
    pub path: PathBuf,
    pub expected: Expected,
    pub findings: Vec<ExpectedFinding>,
    pub input: Vec<u8>,
    pub output: Option<Vec<u8>>,
    pub log: Option<Vec<(String, Vec<u8>)>>,
    pub message_size: Option<usize>,
    pub memory_bytes: Option<u64>,
    pub host_bytes: u64,
    pub fuel: Option<ExpectedFuel>,
    pub policy: Policy,
    pub seed: u64,
    pub now_ms: i64,
}

/// Every fixture, in the order of the names.
pub fn all() -> &'static [Fixture] {
    static ALL: OnceLock<Vec<Fixture>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut fixtures: Vec<Fixture> = ["ok", "hostile"]
            .into_iter()
            .flat_map(read_folder)
            .collect();
        fixtures.sort_by(|left, right| left.name.cmp(&right.name));
        fixtures
    })
}

/// The fixture of this name.
pub fn named(name: &str) -> &'static Fixture {
    all()
        .iter()
        .find(|fixture| fixture.name == name)
        .unwrap_or_else(|| panic!("there is no fixture {name}"))
}

/// The fixture of this name, without reading the others.
pub fn alone(name: &str) -> Fixture {
    let path = folder_of_folders().join(name).with_extension("wat");
    let text = std::fs::read_to_string(&path).unwrap();
    read(name.to_owned(), path, &text).unwrap()
}

fn folder_of_folders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../capsules/wat")
}

fn read_folder(folder: &'static str) -> impl Iterator<Item = Fixture> {
    let path = folder_of_folders().join(folder);
    let entries =
        std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(move |entry| {
        let path = entry.unwrap().path();
        assert_eq!(
            path.extension().and_then(|e| e.to_str()),
            Some("wat"),
            "{}",
            path.display()
        );
        let name = format!("{folder}/{}", path.file_stem().unwrap().to_str().unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        read(name.clone(), path, &text).unwrap_or_else(|error| panic!("{name}: {error}"))
    })
}

fn read(name: String, path: PathBuf, text: &str) -> Result<Fixture, String> {
    let mut expected = None;
    let mut fixture = Fixture {
        name,
        path,
        expected: Expected::Ok,
        findings: Vec::new(),
        input: Vec::new(),
        output: None,
        log: None,
        message_size: None,
        memory_bytes: None,
        host_bytes: 0,
        fuel: None,
        policy: profile_of(text)?.policy(),
        seed: 7,
        now_ms: 1_763_596_800_000,
    };
    for (key, value) in directives(text) {
        match key {
            "expect" => {
                if expected.replace(expectation(value)?).is_some() {
                    return Err("has more than one expectation".to_owned());
                }
            }
            "profile" => {}
            "finding" => fixture.findings.push(finding(value)?),
            "input" => fixture.input = quoted(value)?,
            "input-size" => fixture.input = pattern(number(value)?),
            "output" => fixture.output = Some(quoted(value)?),
            "log" => {
                let (level, text) = value.split_once(' ').ok_or("log: LEVEL \"text\"")?;
                fixture
                    .log
                    .get_or_insert_default()
                    .push((level.to_owned(), quoted(text)?));
            }
            "message-size" => fixture.message_size = Some(number(value)?),
            "host-bytes" => fixture.host_bytes = number(value)?,
            "memory-bytes" => fixture.memory_bytes = Some(number(value)?),
            "fuel" => {
                fixture.fuel = Some(match value.strip_prefix("at least ") {
                    Some(units) => ExpectedFuel::AtLeast(number(units)?),
                    None if value == "exact" => ExpectedFuel::Exact,
                    None => return Err(format!("fuel: {value}")),
                });
            }
            "limits" => fixture.policy.limits = with_limits(&fixture.policy.limits, value)?,
            "grant" | "deny" => {
                for word in value.split(' ') {
                    let capability: Capability = number(word)?;
                    let grants = fixture.policy.grants;
                    fixture.policy.grants = if key == "grant" {
                        grants.with(capability)
                    } else {
                        grants.without(capability)
                    };
                }
            }
            "seed" => fixture.seed = number(value)?,
            "now" => fixture.now_ms = number(value)?,
            other => return Err(format!("{other} is not a directive")),
        }
    }
    fixture.expected = expected.ok_or("says nothing of what is expected")?;
    Ok(fixture)
}

/// The lines `;; key: value` of the leading comment.
fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let comment = text.lines().map_while(|line| line.strip_prefix(";; "));
    comment.filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let is_key = key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        is_key.then_some((key, value.trim()))
    })
}

fn profile_of(text: &str) -> Result<Profile, String> {
    match directives(text).find(|(key, _)| *key == "profile") {
        Some((_, name)) => number(name),
        None => Ok(Profile::Default),
    }
}

fn expectation(value: &str) -> Result<Expected, String> {
    let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
    match word {
        "ok" if rest.is_empty() => Ok(Expected::Ok),
        "fault" => Ok(Expected::Fault(rest.to_owned())),
        "reject" if !rest.is_empty() => Ok(Expected::Reject(
            rest.split(' ').map(str::to_owned).collect(),
        )),
        "failure" => {
            let (code, message) = rest.split_once(' ').unwrap_or((rest, ""));
            let message = if message.is_empty() {
                None
            } else {
                Some(quoted(message)?)
            };
            Ok(Expected::Failure {
                code: number(code)?,
                message,
            })
        }
        _ => Err(format!("expect: {value}")),
    }
}

fn finding(value: &str) -> Result<ExpectedFinding, String> {
    let (words, text) = value.split_at(
        value
            .find('"')
            .ok_or("finding: CODE [in FUNCTION] \"text\"")?,
    );
    let (code, function) = match words.trim().split_once(" in ") {
        Some((code, function)) => (code, Some(function.to_owned())),
        None => (words.trim(), None),
    };
    let message_part = String::from_utf8(quoted(text)?).map_err(|error| error.to_string())?;
    Ok(ExpectedFinding {
        code: code.to_owned(),
        function,
        message_part,
    })
}

/// The limits with some of them replaced, through the canonical text that receipts have.
fn with_limits(limits: &Limits, changes: &str) -> Result<Limits, String> {
    let mut entries: Vec<(String, String)> = limits
        .values()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect();
    for change in changes.split(' ') {
        let (name, value) = change.split_once('=').ok_or("limits: NAME=VALUE")?;
        let entry = entries
            .iter_mut()
            .find(|(known, _)| known == name)
            .ok_or_else(|| format!("no limit {name}"))?;
        value.clone_into(&mut entry.1);
    }
    let text: Vec<String> = entries
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Limits::parse_canonical(&text.join(" ")).map_err(|error| error.to_string())
}

fn number<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

/// `size` bytes that do not repeat at a power of two.
pub fn pattern(size: usize) -> Vec<u8> {
    (0..251).cycle().take(size).collect()
}

/// The bytes of a text in double quotes, with the escapes of WebAssembly strings.
fn quoted(text: &str) -> Result<Vec<u8>, String> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or_else(|| format!("{text} has no quotes"))?;
    let mut bytes = Vec::new();
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = rest.next().ok_or("escape without a character")?;
        bytes.push(match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'"' | b'\'' | b'\\' => escaped,
            high => {
                let digits = [high, rest.next().ok_or("escape needs two digits")?];
                let digits = std::str::from_utf8(&digits).map_err(|error| error.to_string())?;
                u8::from_str_radix(digits, 16).map_err(|error| format!("\\{digits}: {error}"))?
            }
        });
    }
    Ok(bytes)
}

#[test]
fn a_file_without_an_expectation_is_an_error() {
    let attempt = |text: &str| read(String::new(), PathBuf::new(), text).map(|_| ());
    assert!(attempt(";; expect: ok\n(module)").is_ok());
    for broken in [
        "(module)",
        "(module)\n;; expect: ok",
        ";; expect: reject",
        ";; expect: fine",
        ";; expect: ok\n;; expect: ok",
        ";; expect: ok\n;; ouptut: \"\"",
        ";; expect: ok\n;; output: \"",
        ";; expect: ok\n;; input: \"\\0\"",
        ";; expect: ok\n;; limits: feul=1",
        ";; expect: ok\n;; limits: stack_bytes=1",
        ";; expect: ok\n;; grant: everything",
        ";; expect: ok\n;; profile: prodution",
    ] {
        assert!(attempt(broken).is_err(), "{broken}");
    }
}
