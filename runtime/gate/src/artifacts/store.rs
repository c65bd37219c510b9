//! The artifacts of one run.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Dir, OFlags};
use tenzik_policy::ArtifactGrant;

use crate::lock::Locked;
use crate::run_id::RunId;

use super::directory;
use super::error::ArtifactError;
use super::index::{Artifact, ArtifactName};
use super::writer::ArtifactWriter;

/// The artifacts of one run. Nothing is made before the first one.
#[derive(Debug)]
pub struct Artifacts {
    shared: Arc<Mutex<Shared>>,
}

/// What the writers of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    directory: PathBuf,
    run: RunId,
    grant: ArtifactGrant,
    /// Locked for as long as the run goes on. Made by the first writer.
    index: Option<Locked>,
    /// Of all runs, open since the first writer.
    temporary: Option<OwnedFd>,
    index_bytes: u64,
    /// Names that are taken, by artifacts and by writers.
    names: BTreeSet<ArtifactName>,
    committed: Vec<Artifact>,
    bytes: u64,
    count: u64,
}

impl Artifacts {
    /// The artifacts of `run_id` below `directory`, as `grant` allows.
    pub fn new(directory: &Path, run_id: &RunId, grant: &ArtifactGrant) -> Artifacts {
        let shared = Shared {
            directory: directory.to_owned(),
            run: run_id.clone(),
            grant: grant.clone(),
            index: None,
            temporary: None,
            index_bytes: 0,
            names: BTreeSet::new(),
            committed: Vec::new(),
            bytes: 0,
            count: 0,
        };
        Artifacts {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Begins the artifact `name`.
    ///
    /// # Errors
    /// When the name is none or taken, the number of artifacts is used up, or the directory cannot
    /// be written.
    pub fn create(&self, name: &[u8]) -> Result<ArtifactWriter, ArtifactError> {
        let name = ArtifactName::from_bytes(name)?;
        let mut shared = self.lock();
        if shared.names.contains(&name) {
            return Err(ArtifactError::AlreadyExists { name });
        }
        let (spent, max) = (shared.count, shared.grant.count_max);
        if spent >= max {
            let (what, key, asked) = ("artifacts", "count", 1);
            return Err(ArtifactError::Quota {
                what,
                key,
                asked,
                spent,
                max,
            });
        }
        shared.begin()?;
        shared.count += 1;
        let path = shared.temporary_directory().join(shared.count.to_string());
        let file = new_file(&path)?;
        shared.names.insert(name.clone());
        Ok(ArtifactWriter::new(
            Arc::clone(&self.shared),
            name,
            path,
            file,
        ))
    }

    /// What was committed, in that order.
    pub fn committed(&self) -> Vec<Artifact> {
        self.lock().committed.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn temporary_directory(&self) -> PathBuf {
        self.directory.join("tmp").join(self.run.as_str())
    }

    /// Makes index and directories, and removes what runs that were killed left.
    fn begin(&mut self) -> Result<(), ArtifactError> {
        if self.index.is_some() {
            return Ok(());
        }
        let (names, temporary) = (self.directory.join("names"), self.directory.join("tmp"));
        directory::make_base(&self.directory)?;
        directory::make(&names)?;
        let temporary = directory::make(&temporary)?;
        let path = names.join(self.run.as_str());
        let index = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let index = match index {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(ArtifactError::RunExists {
                    run: self.run.clone(),
                });
            }
            other => other.map_err(ArtifactError::io("make", &path))?,
        };
        // Somebody who cleans up may hold it for a moment.
        let index = Locked::wait(index).map_err(ArtifactError::io("lock", &path))?;
        sync_directory(&names)?;
        clean_up(&names, &temporary);
        directory::make(&self.temporary_directory())?;
        self.index = Some(index);
        self.temporary = Some(temporary);
        Ok(())
    }

    /// Takes `bytes` from the quota: all of them or none.
    pub(super) fn spend(&mut self, asked: u64) -> Result<(), ArtifactError> {
        let (what, key, spent, max) = ("bytes", "bytes", self.bytes, self.grant.bytes_max);
        match spent.checked_add(asked).filter(|sum| *sum <= max) {
            Some(sum) => {
                self.bytes = sum;
                Ok(())
            }
            None => Err(ArtifactError::Quota {
                what,
                key,
                asked,
                spent,
                max,
            }),
        }
    }

    /// Frees the name of a writer that was not committed.
    pub(super) fn forget(&mut self, name: &ArtifactName) {
        self.names.remove(name);
    }

    /// Moves the complete file `temporary` to its content's name, and adds the line to the index.
    pub(super) fn commit(
        &mut self,
        temporary: &Path,
        artifact: Artifact,
    ) -> Result<Artifact, ArtifactError> {
        let digest = artifact.digest.to_hex();
        let directory = self.directory.join(&digest[..2]);
        directory::make(&directory)?;
        let path = directory.join(&digest[..]);
        // What is there already under this name stays if it is that content, and is repaired
        // otherwise.
        if has_content(&path, &artifact) {
            let _ = fs::remove_file(temporary);
        } else {
            fs::rename(temporary, &path).map_err(ArtifactError::io("make", &path))?;
        }
        sync_directory(&directory)?;
        sync_directory(&self.directory)?;
        self.append(&artifact)?;
        self.committed.push(artifact.clone());
        Ok(artifact)
    }

    fn append(&mut self, artifact: &Artifact) -> Result<(), ArtifactError> {
        let path = self.directory.join("names").join(self.run.as_str());
        let failed = |error| ArtifactError::io("write", &path)(error);
        let line = artifact
            .line()
            .map_err(|error| failed(io::Error::from(error)))?;
        let Some(index) = &mut self.index else {
            return Err(ArtifactError::Closed);
        };
        if let Err(error) = index.write_all(&line) {
            // Half a line must not stand before the next one.
            let _ = index.set_len(self.index_bytes);
            return Err(failed(error));
        }
        self.index_bytes += line.len() as u64;
        index.sync_data().map_err(failed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // If this fails, the next run does it.
            directory::remove_run(temporary, self.run.as_str());
        }
    }
}

/// Whether the file at `path` is regular and has the content of `artifact`.
fn has_content(path: &Path, artifact: &Artifact) -> bool {
    let plain = fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() == artifact.bytes);
    let digest = || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        io::Result::Ok(hasher.finalize())
    };
    plain && digest().is_ok_and(|digest| digest == artifact.digest)
}

/// Removes temporary files of runs that have ended, which is when nobody holds their index. What
/// cannot be removed is left.
fn clean_up(names: &Path, temporary: &OwnedFd) {
    let Ok(entries) = Dir::read_from(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy();
        let Ok(run) = name.parse::<RunId>() else {
            continue;
        };
        let ended = match open_index(&names.join(run.as_str())) {
            Ok(index) => matches!(Locked::attempt(index), Ok(Ok(_))),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if ended {
            directory::remove_run(temporary, run.as_str());
        }
    }
}

fn new_file(path: &Path) -> Result<File, ArtifactError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(ArtifactError::io("make", path))
}

fn open_index(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

fn sync_directory(path: &Path) -> Result<(), ArtifactError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(ArtifactError::io("synchronise", path))
}
