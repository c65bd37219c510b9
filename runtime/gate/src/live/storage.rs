//! Files and artifacts of one run, behind the handles that its capsule names them by.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use tenzik_host_abi::Status;
use tenzik_policy::{EffectCode, EffectRefusal, FileAccess, Rules, decide_artifact, decide_file};

use crate::artifacts::{Artifact, ArtifactError, ArtifactWriter, Artifacts};
use crate::effect_kind::EffectKind;
use crate::exec::paths;
use crate::files::{FileError, FileReader, FileTrees, FileWriter, WriteMode};
use crate::gate::{GateHalt, GateReply, Refused};
use crate::masked_stream::MaskedStream;
use crate::run_id::RunId;
use crate::secrets::Secrets;

/// Files and artifacts that one run may open.
const OPENED_MAX: usize = 65_536;

/// Files and artifacts that one run may have open at a time.
const OPEN_MAX: usize = 256;

/// What a handle names.
enum Open {
    Reader(FileReader, MaskedStream),
    Writer(FileWriter),
    Artifact(ArtifactWriter),
    Ended,
}

/// The files and artifacts of one run.
pub(super) struct Storage {
    rules: Arc<Rules>,
    secrets: Arc<Secrets>,
    run_id: RunId,
    state_directory: PathBuf,
    protected: Vec<PathBuf>,
    artifact_directory: Option<PathBuf>,
    /// Opened by the first call that touches a file.
    trees: Option<FileTrees>,
    artifacts: Option<Artifacts>,
    opened: Vec<Open>,
}

impl Storage {
    pub(super) fn new(
        rules: Arc<Rules>,
        secrets: Arc<Secrets>,
        run_id: RunId,
        state_directory: PathBuf,
        protected: Vec<PathBuf>,
        artifact_directory: Option<PathBuf>,
    ) -> Storage {
        Storage {
            rules,
            secrets,
            run_id,
            state_directory,
            protected,
            artifact_directory,
            trees: None,
            artifacts: None,
            opened: Vec::new(),
        }
    }

    pub(super) fn read_file(&mut self, path: &[u8]) -> Result<GateReply, GateHalt> {
        let rules = Arc::clone(&self.rules);
        let decision = decide_file(&rules, path, FileAccess::Read).map_err(Refused::from)?;
        let opened = self.trees()?.read(decision.index, &decision.relative);
        let mask = self.secrets.may_mask().then(|| self.secrets.mask());
        let opened = opened.map(|reader| Open::Reader(reader, MaskedStream::new(mask)));
        self.open(opened, file_halt)
    }

    /// Fills `buffer` from a file unless that ends.
    pub(super) fn read(&mut self, handle: i32, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let Open::Reader(reader, masked) = self.find(handle)? else {
            return Err(GateHalt::BadHandle(format!(
                "read {handle}, which is no file that is open for reading"
            )));
        };
        let filled = masked
            .fill(buffer, |piece| fill(reader, piece))
            .map_err(|error| GateHalt::Machine(format!("a file cannot be read on: {error}")))?;
        Ok(GateReply {
            number: i32::try_from(filled).unwrap_or(i32::MAX),
            read_bytes: filled as u64,
            waited_ns: 0,
        })
    }

    pub(super) fn create_file(&mut self, path: &[u8], mode: i32) -> Result<GateReply, GateHalt> {
        let Some(write_mode) = WriteMode::from_number(mode) else {
            return Err(GateHalt::BadArgument(format!(
                "wanted a file in mode {mode}; modes are 0, 1 and 2"
            )));
        };
        let access = match write_mode {
            WriteMode::Replace | WriteMode::New => FileAccess::Write,
            WriteMode::Append => FileAccess::Append,
        };
        let rules = Arc::clone(&self.rules);
        let decision = decide_file(&rules, path, access).map_err(Refused::from)?;
        let created = self
            .trees()?
            .create(decision.index, &decision.relative, write_mode);
        self.open(created.map(Open::Writer), file_halt)
    }

    pub(super) fn write_file(&mut self, handle: i32, bytes: &[u8]) -> Result<GateReply, GateHalt> {
        match self.find(handle)? {
            Open::Writer(writer) => answer(writer.write(bytes), file_halt),
            _ => Err(no_writer(handle, "file")),
        }
    }

    pub(super) fn commit_file(&mut self, handle: i32) -> Result<GateReply, GateHalt> {
        match std::mem::replace(self.find(handle)?, Open::Ended) {
            Open::Writer(writer) => answer(writer.commit().map(drop), file_halt),
            _ => Err(no_writer(handle, "file")),
        }
    }

    pub(super) fn undo(&mut self, run_id: &[u8]) -> Result<GateReply, GateHalt> {
        let text = String::from_utf8_lossy(run_id);
        let run: RunId = text
            .parse()
            .map_err(|error| GateHalt::BadArgument(format!("asked to undo a run: {error}")))?;
        answer(self.trees()?.undo(&run).map(drop), file_halt)
    }

    pub(super) fn create_artifact(&mut self, name: &[u8]) -> Result<GateReply, GateHalt> {
        let rules = Arc::clone(&self.rules);
        let grant = decide_artifact(&rules, name).map_err(Refused::from)?;
        let artifacts = match &mut self.artifacts {
            Some(artifacts) => artifacts,
            none => {
                let Some(directory) = &self.artifact_directory else {
                    return Err(GateHalt::Machine(
                        "there is no directory for artifacts".to_owned(),
                    ));
                };
                none.insert(Artifacts::new(directory, &self.run_id, grant))
            }
        };
        let created = artifacts.create(name);
        self.open(created.map(Open::Artifact), artifact_halt)
    }

    pub(super) fn write_artifact(
        &mut self,
        handle: i32,
        bytes: &[u8],
    ) -> Result<GateReply, GateHalt> {
        match self.find(handle)? {
            Open::Artifact(writer) => answer(writer.write(bytes), artifact_halt),
            _ => Err(no_writer(handle, "artifact")),
        }
    }

    pub(super) fn commit_artifact(&mut self, handle: i32) -> Result<GateReply, GateHalt> {
        match std::mem::replace(self.find(handle)?, Open::Ended) {
            Open::Artifact(writer) => answer(writer.commit().map(drop), artifact_halt),
            _ => Err(no_writer(handle, "artifact")),
        }
    }

    /// Files that were committed.
    pub(super) fn files_changed(&self) -> u64 {
        self.trees.as_ref().map_or(0, FileTrees::changes)
    }

    /// Drops what was not committed; hands out the artifacts, and what could not be cleaned up.
    pub(super) fn finish(&mut self) -> (Vec<Artifact>, Option<String>) {
        self.opened.clear();
        let artifacts = self.artifacts.take();
        let artifacts = artifacts.map(|artifacts| artifacts.committed());
        let problem = self.trees.take().and_then(|trees| trees.finish().err());
        (
            artifacts.unwrap_or_default(),
            problem.map(|error| error.to_string()),
        )
    }

    fn trees(&mut self) -> Result<&FileTrees, GateHalt> {
        match &mut self.trees {
            Some(trees) => Ok(trees),
            none => {
                for tree in &self.rules.files {
                    paths::unbent(&tree.path, self.rules.exec.iter()).map_err(|why| {
                        let cited = format!("{} {}", tree.origin, tree.path.display());
                        Refused::from(EffectRefusal::new(EffectCode::File, vec![cited], why))
                    })?;
                }
                let trees = FileTrees::open(
                    &self.rules.files,
                    &self.run_id,
                    &self.state_directory,
                    &self.protected,
                )
                .map_err(|error| GateHalt::Machine(error.to_string()))?;
                Ok(none.insert(trees))
            }
        }
    }

    /// A handle for what was opened, or the status that says why not.
    fn open<E>(
        &mut self,
        opened: Result<Open, E>,
        halt: fn(E) -> Result<GateReply, GateHalt>,
    ) -> Result<GateReply, GateHalt> {
        let open = match opened {
            Ok(open) => open,
            Err(error) => return halt(error),
        };
        let living = self
            .opened
            .iter()
            .filter(|open| !matches!(open, Open::Ended));
        if matches!(open, Open::Reader(..)) {
            // Only the newest result can be read: older readers are of no use any more.
            for older in &mut self.opened {
                if matches!(older, Open::Reader(..)) {
                    *older = Open::Ended;
                }
            }
        } else if living.count() >= OPEN_MAX {
            return Ok(GateReply::number(Status::Exceeded.number()));
        }
        if self.opened.len() >= OPENED_MAX {
            return Ok(GateReply::number(Status::Exceeded.number()));
        }
        self.opened.push(open);
        let handle = i32::try_from(self.opened.len()).unwrap_or(i32::MAX);
        Ok(GateReply::number(handle))
    }

    fn find(&mut self, handle: i32) -> Result<&mut Open, GateHalt> {
        let count = self.opened.len();
        let index = usize::try_from(handle).ok().and_then(|n| n.checked_sub(1));
        index
            .and_then(|index| self.opened.get_mut(index))
            .ok_or_else(|| {
                GateHalt::BadHandle(format!("named the file {handle}; {count} were opened"))
            })
    }
}

/// Fills `piece` unless the file ends.
fn fill(reader: &mut FileReader, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn no_writer(handle: i32, what: &str) -> GateHalt {
    GateHalt::BadHandle(format!(
        "wrote to {handle}, which is no {what} that is being written"
    ))
}

fn answer<E>(
    result: Result<(), E>,
    halt: fn(E) -> Result<GateReply, GateHalt>,
) -> Result<GateReply, GateHalt> {
    match result {
        Ok(()) => Ok(GateReply::number(0)),
        Err(error) => halt(error),
    }
}

fn file_halt(error: FileError) -> Result<GateReply, GateHalt> {
    let kind = error.kind();
    status_or_refusal(kind, "file_refused", || error.to_string())
}

fn artifact_halt(error: ArtifactError) -> Result<GateReply, GateHalt> {
    if let ArtifactError::Unsafe { .. } = error {
        return Err(GateHalt::Machine(error.to_string()));
    }
    let kind = error.kind();
    status_or_refusal(kind, "artifact_refused", || error.to_string())
}

/// The status of an effect that was not performed; what reached out of a grant ends the run.
pub(super) fn status_or_refusal(
    kind: EffectKind,
    code: &'static str,
    message: impl FnOnce() -> String,
) -> Result<GateReply, GateHalt> {
    let status = match kind {
        EffectKind::NotFound => Status::NotFound,
        EffectKind::AlreadyExists => Status::AlreadyExists,
        EffectKind::Exceeded => Status::Exceeded,
        EffectKind::Io => Status::Io,
        EffectKind::Refused => {
            return Err(GateHalt::Refused(Refused {
                code,
                rules: String::new(),
                message: message(),
                remedy: "name what the policy grants, or change the policy".to_owned(),
            }));
        }
    };
    Ok(GateReply::number(status.number()))
}
