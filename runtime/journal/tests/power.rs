//! Losses of power: what a process wrote is put on a model of a disk that keeps only what was
//! synced, and by chance a part of the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::crashes::{can_trace, traced, undisturbed_head};
use crate::dice::Dice;
use crate::sandbox::Sandbox;
use crate::script::{self, say};

/// The system calls that change a disk, and the one that acknowledges.
const CALLS: &str = "openat,pwrite64,write,fsync,fdatasync,ftruncate,?unlink,unlinkat,?rename,\
                     ?renameat,renameat2,?mknod,mknodat,?mkdir,mkdirat";

/// By chance, what was not synced may be there, or in part.
const ROUNDS: usize = 3;

/// A disk with a cache that is lost.
#[derive(Clone, Default)]
struct Disk {
    files: Vec<File>,
    /// Names as processes see them; directories have none.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// Names that are on disk.
    kept: BTreeMap<PathBuf, Option<usize>>,
}

#[derive(Clone, Default)]
struct File {
    kept: Vec<u8>,
    /// What was written since the last sync.
    pending: Vec<Change>,
    /// Where `write` goes on.
    position: u64,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(offset, piece) => {
                let (from, to) = (*offset as usize, *offset as usize + piece.len());
                if bytes.len() < to {
                    bytes.resize(to, 0);
                }
                bytes[from..to].copy_from_slice(piece);
            }
            Change::Truncate(length) => bytes.resize(*length as usize, 0),
        }
    }
}

impl Disk {
    fn file(&mut self, path: &Path) -> Option<&mut File> {
        let number = (*self.names.get(path)?)?;
        self.files.get_mut(number)
    }

    fn make(&mut self, path: &Path) {
        if !self.names.contains_key(path) {
            self.names.insert(path.to_owned(), Some(self.files.len()));
            self.files.push(File::default());
        }
    }

    fn sync(&mut self, path: &Path) {
        if let Some(file) = self.file(path) {
            for change in std::mem::take(&mut file.pending) {
                change.apply(&mut file.kept);
            }
            return;
        }
        let inside = |name: &PathBuf| name.parent() == Some(path);
        self.kept.retain(|name, _| !inside(name));
        let names = self.names.iter().filter(|(name, _)| inside(name));
        self.kept
            .extend(names.map(|(name, file)| (name.clone(), *file)));
    }

    /// What a call does to it; gives what was said, if that was it.
    fn call(&mut self, call: &Call) -> Option<String> {
        let path = call.paths.first().cloned().unwrap_or_default();
        match call.name.as_str() {
            "mkdir" | "mkdirat" => {
                self.names.insert(path, None);
            }
            "mknod" | "mknodat" => self.make(&path),
            "openat" if call.text.contains("O_CREAT") => self.make(&path),
            "pwrite64" => {
                let change = Change::Write(call.last_number, call.data.clone());
                self.file(&path)?.pending.push(change);
            }
            "write" => match self.file(&path) {
                Some(file) => {
                    let change = Change::Write(file.position, call.data.clone());
                    file.position += call.data.len() as u64;
                    file.pending.push(change);
                }
                None => return String::from_utf8(call.data.clone()).ok(),
            },
            "ftruncate" => {
                let change = Change::Truncate(call.last_number);
                let file = self.file(&path)?;
                file.position = 0;
                file.pending.push(change);
            }
            "fsync" | "fdatasync" => self.sync(&path),
            "unlink" | "unlinkat" => drop(self.names.remove(&path)),
            "rename" | "renameat" | "renameat2" => {
                let file = self.names.remove(&path)?;
                self.names.insert(call.paths.get(1)?.clone(), file);
            }
            _ => {}
        }
        None
    }

    /// What is there when the power is back, put into `to`. Without dice all that was not synced is
    /// lost.
    fn restore(&self, from: &Path, to: &Path, mut dice: Option<&mut Dice>) {
        let mut chance = |bound: usize| match &mut dice {
            None => 0,
            Some(dice) => dice.below(bound),
        };
        let mut names = self.kept.clone();
        for name in self.names.keys().chain(self.kept.keys()) {
            if chance(2) == 1 {
                match self.names.get(name) {
                    Some(file) => drop(names.insert(name.clone(), *file)),
                    None => drop(names.remove(name)),
                }
            }
        }
        for (name, file) in names {
            let Ok(below) = name.strip_prefix(from) else {
                continue;
            };
            let path = to.join(below);
            // A name in a directory that is lost is lost, and memory that is shared is none of a disk.
            if !path.parent().unwrap().is_dir() || name.to_str().unwrap().ends_with("-shm") {
                continue;
            }
            let Some(number) = file else {
                std::fs::create_dir(path).unwrap();
                continue;
            };
            let mut bytes = self.files[number].kept.clone();
            for change in &self.files[number].pending {
                match (chance(3), change) {
                    (0, _) => {}
                    // A write that was cut at a sector.
                    (1, Change::Write(offset, piece)) => {
                        let sectors = chance(piece.len() / 512 + 1) * 512;
                        Change::Write(*offset, piece[..sectors].to_vec()).apply(&mut bytes);
                    }
                    (_, change) => change.apply(&mut bytes),
                }
            }
            std::fs::write(&path, bytes).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(path, mode).unwrap();
        }
    }
}

/// A line of strace -f -y -xx.
struct Call {
    name: String,
    paths: Vec<PathBuf>,
    data: Vec<u8>,
    last_number: u64,
    text: String,
}

impl Call {
    fn parse(line: &str) -> Option<Call> {
        let (_, call) = line.split_once(char::is_whitespace)?;
        let (name, rest) = call.trim_start().split_once('(')?;
        let (arguments, result) = rest.rsplit_once(") = ")?;
        if result.starts_with('-') {
            return None;
        }
        // What stands between quotation marks, and between angle brackets after a descriptor.
        let strings: Vec<Vec<u8>> = arguments.split('"').skip(1).step_by(2).map(bytes).collect();
        let descriptor = || {
            let (number, rest) = arguments.split_once('<')?;
            number.parse::<u32>().ok()?;
            Some(path(&bytes(rest.split_once('>')?.0)))
        };
        let (paths, data) = match descriptor() {
            Some(path) => (vec![path], strings.into_iter().next().unwrap_or_default()),
            None => (strings.iter().map(|text| path(text)).collect(), Vec::new()),
        };
        Some(Call {
            name: name.to_owned(),
            paths,
            data,
            last_number: arguments.rsplit(", ").next()?.parse().unwrap_or_default(),
            text: arguments.to_owned(),
        })
    }
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// `\x2f\x74` as strace writes it.
fn bytes(text: &str) -> Vec<u8> {
    text.split("\\x")
        .skip(1)
        .map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap())
        .collect()
}

/// What is durable of what was said: rows of outside effects, and all before them.
fn durable(said: &[String]) -> Vec<String> {
    let is_effect = |line: &str| {
        let number = line
            .strip_prefix("row ")
            .map(|number| number.parse::<u64>().unwrap());
        number.is_some_and(|number| number % 3 == 0 || number == 1 || number == script::ROWS)
    };
    let last = said.iter().rposition(|line| is_effect(line));
    said[..last.map_or(0, |last| last + 1)].to_vec()
}

#[test]
fn a_loss_of_power_at_any_step_loses_no_row_of_an_effect() {
    if !can_trace() {
        return;
    }
    let head = undisturbed_head();
    let sandbox = Sandbox::new();
    let root = sandbox.path("");
    let log = traced(&sandbox, CALLS);
    let (mut disk, mut said, mut dice) = (Disk::default(), Vec::new(), Dice(11));
    let (mut cuts, mut last) = (0, 0);
    for line in log.lines() {
        let Some(call) = Call::parse(line) else {
            continue;
        };
        if let Some(text) = disk.call(&call) {
            let lines = text.lines().filter_map(|line| line.strip_prefix("said "));
            said.extend(lines.map(str::to_owned));
        }
        let is_ours = call.paths.iter().any(|path| path.starts_with(&root));
        if !is_ours && call.name != "write" {
            continue;
        }
        last += 1;
        for round in 0..=ROUNDS {
            let back = Sandbox::new();
            disk.restore(&root, &back.path(""), (round > 0).then_some(&mut dice));
            let what = format!("call {last} ({}), round {round}", call.name);
            script::check_recovered(&back, &durable(&said), &what, &head);
            cuts += 1;
        }
    }
    assert!(said.contains(&"all done".to_owned()), "{said:?}");
    assert!(cuts > 400, "{cuts}");
    say(&format!(
        "{cuts} losses of power at {last} calls, 0 rows of effects lost"
    ));
}
