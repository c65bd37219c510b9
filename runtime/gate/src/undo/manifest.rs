//! The manifest of a run, format `tenzik-undo` version 1.
//!
//! One JSON object in each line, in the order of events:
//!
//! ```text
//! {"record":"run","format":"tenzik-undo","version":1,"run":"…"}
//! {"record":"temp","seq":1,"tree":"/srv/data","path":"a.txt"}
//! {"record":"change","seq":1,"before":{"bytes":5,"blake3":"…","mode":420,"uid":0,"gid":0},"after":{…}}
//! {"record":"done","seq":1}
//! {"record":"undone","seq":1}
//! {"record":"end"}
//! ```
//!
//! `temp` stands before temporary files beside `path` exist; their names are made of run and `seq`.
//! `change` stands before the rename, `before` is null for a new file. `done` says that it
//! happened, `void` that it did not. A line without either is decided by looking at the file. Paths
//! are written in printable ASCII; other bytes, `%`, `"` and `\` as `%` and two hexadecimal digits.
//! A last line without line feed was being written when the process was killed, and does not count.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{KeptState, TreePath};
use crate::run_id::RunId;

use super::error::UndoError;
use super::store::MANIFEST_BYTES_MAX;

const FORMAT: &str = "tenzik-undo";
const VERSION: u32 = 1;
/// Most bytes of a line: two paths of 4,095 bytes, three characters for each byte, and the rest.
const LINE_BYTES_MAX: u64 = 32 << 10;

/// A line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Record {
    Run {
        format: String,
        version: u32,
        run: String,
    },
    Temp {
        seq: u64,
        tree: String,
        path: String,
    },
    Change {
        seq: u64,
        before: Option<WireState>,
        after: WireState,
    },
    Done {
        seq: u64,
    },
    Void {
        seq: u64,
    },
    Undone {
        seq: u64,
    },
    End {},
}

/// A state of a file, in a line.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireState {
    bytes: u64,
    blake3: WireDigest,
    mode: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct WireDigest(blake3::Hash);

impl TryFrom<String> for WireDigest {
    type Error = blake3::HexError;

    fn try_from(text: String) -> Result<WireDigest, blake3::HexError> {
        blake3::Hash::from_hex(text).map(WireDigest)
    }
}

impl From<WireDigest> for String {
    fn from(digest: WireDigest) -> String {
        digest.0.to_hex().to_string()
    }
}

impl WireState {
    pub(super) fn new(state: KeptState, owner: Option<(u32, u32)>) -> WireState {
        WireState {
            bytes: state.bytes,
            blake3: WireDigest(state.digest),
            mode: state.mode,
            uid: owner.map(|(uid, _)| uid),
            gid: owner.map(|(_, gid)| gid),
        }
    }

    pub(super) fn state(&self) -> KeptState {
        KeptState {
            bytes: self.bytes,
            digest: self.blake3.0,
            mode: self.mode,
        }
    }

    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.uid.zip(self.gid)
    }
}

impl Record {
    pub(super) fn run(run: &RunId) -> Record {
        Record::Run {
            format: FORMAT.to_owned(),
            version: VERSION,
            run: run.to_string(),
        }
    }

    /// The line with its line feed.
    pub(super) fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// A file that a run began to write.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) seq: u64,
    pub(super) tree: PathBuf,
    pub(super) path: PathBuf,
    pub(super) change: Option<Change>,
}

/// A change that a run made, or was about to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) before: Option<WireState>,
    pub(super) after: KeptState,
    pub(super) state: ChangeState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeState {
    Pending,
    Done,
    Void,
    Undone,
}

/// What a manifest says.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) run: RunId,
    /// By `seq`.
    pub(super) written: Vec<Written>,
    /// Indices of the files that were changed, in that order.
    order: Vec<usize>,
    pub(super) ended: bool,
    /// Bytes up to the end of the last whole line.
    pub(super) valid_bytes: u64,
}

impl Manifest {
    /// The changes in the order in which they were made.
    pub(super) fn changes(&self) -> impl DoubleEndedIterator<Item = (&Written, Change)> {
        let written = self
            .order
            .iter()
            .filter_map(|index| self.written.get(*index));
        written.filter_map(|written| Some((written, written.change?)))
    }

    /// Reads the manifest in `file`, whose path is `path`; `None` if not even its first line is
    /// whole.
    pub(super) fn read(file: &File, path: &Path) -> Result<Option<Manifest>, UndoError> {
        let broken = |line, problem: String| UndoError::Broken {
            path: path.to_owned(),
            line,
            problem,
        };
        let mut lines = BufReader::new(file);
        let mut manifest: Option<Manifest> = None;
        let (mut number, mut bytes, mut line) = (0, 0, Vec::new());
        loop {
            number += 1;
            line.clear();
            let count = (&mut lines)
                .take(LINE_BYTES_MAX + 1)
                .read_until(b'\n', &mut line);
            count.map_err(UndoError::io("read", path))?;
            bytes += line.len() as u64;
            if line.len() as u64 > LINE_BYTES_MAX {
                return Err(broken(
                    number,
                    format!("the line has more than {LINE_BYTES_MAX} bytes"),
                ));
            }
            if bytes > MANIFEST_BYTES_MAX {
                return Err(broken(
                    number,
                    format!("the file has more than {MANIFEST_BYTES_MAX} bytes"),
                ));
            }
            if line.pop() != Some(b'\n') {
                return Ok(manifest);
            }
            let record =
                serde_json::from_slice(&line).map_err(|error| broken(number, error.to_string()))?;
            match &mut manifest {
                Some(manifest) => {
                    manifest
                        .add(record)
                        .map_err(|problem| broken(number, problem.to_owned()))?;
                    manifest.valid_bytes = bytes;
                }
                None => {
                    let run =
                        first(record).map_err(|problem| broken(number, problem.to_owned()))?;
                    manifest = Some(Manifest {
                        run,
                        written: Vec::new(),
                        order: Vec::new(),
                        ended: false,
                        valid_bytes: bytes,
                    });
                }
            }
        }
    }

    fn add(&mut self, record: Record) -> Result<(), &'static str> {
        match record {
            Record::Run { .. } => Err("a second first line"),
            Record::End {} => {
                self.ended = true;
                Ok(())
            }
            Record::Temp { seq, tree, path } => {
                if seq != self.written.len() as u64 + 1 {
                    return Err("`seq` does not count from 1");
                }
                let tree = unescape(&tree)
                    .filter(|tree| tree.is_absolute())
                    .ok_or("`tree` is no path")?;
                let path = unescape(&path).ok_or("`path` is no path")?;
                TreePath::parse(&path).map_err(|_| "`path` is not below a tree")?;
                self.written.push(Written {
                    seq,
                    tree,
                    path,
                    change: None,
                });
                Ok(())
            }
            Record::Change { seq, before, after } => {
                let (after, state) = (after.state(), ChangeState::Pending);
                let index = self.index(seq)?;
                if self.written[index].change.is_some() {
                    return Err("a second change with this `seq`");
                }
                self.order.push(index);
                self.written[index].change = Some(Change {
                    before,
                    after,
                    state,
                });
                Ok(())
            }
            Record::Done { seq } => self.advance(seq, ChangeState::Done),
            Record::Void { seq } => self.advance(seq, ChangeState::Void),
            Record::Undone { seq } => self.advance(seq, ChangeState::Undone),
        }
    }

    fn advance(&mut self, seq: u64, state: ChangeState) -> Result<(), &'static str> {
        let index = self.index(seq)?;
        let change = self.written[index].change.as_mut();
        let change = change.ok_or("there is no change with this `seq`")?;
        let allowed = matches!(
            (change.state, state),
            (ChangeState::Pending, _)
                | (ChangeState::Done | ChangeState::Undone, ChangeState::Undone)
        );
        if !allowed {
            return Err("the change has ended before");
        }
        change.state = state;
        Ok(())
    }

    fn index(&self, seq: u64) -> Result<usize, &'static str> {
        let index = seq
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        index
            .filter(|index| *index < self.written.len())
            .ok_or("no file has this `seq`")
    }
}

fn first(record: Record) -> Result<RunId, &'static str> {
    match record {
        Record::Run {
            format,
            version,
            run,
        } if format == FORMAT && version == VERSION => {
            run.parse().map_err(|_| "`run` is no run id")
        }
        Record::Run { .. } => {
            Err("another format or version than tenzik-undo 1; use the tenzik that wrote it")
        }
        _ => Err("the first line is none of a manifest"),
    }
}

/// A path in printable ASCII.
pub(super) fn escape(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'"' | b'\\' => text.push_str(&format!("%{byte:02x}")),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text
}

fn unescape(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (rest.next()?, rest.next()?);
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
    }
    Some(OsString::from_vec(bytes).into())
}
