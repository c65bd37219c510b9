//! Compiled code that is kept between processes.
//!
//! Code from a file is executed as it is, so each file carries a MAC over its name and all its bytes,
//! made with a key that only this user can read. What does not carry it is removed and compiled again.
//!
//! ```text
//! file:  MAC, 32 bytes (keyed BLAKE3 over name ‖ code) ‖ code as wasmtime serializes it
//! name:  keyed BLAKE3 over engine, cost model, variant, wasmtime's own compatibility hash and the capsule
//! ```

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::fs::Mode;

/// Bytes of a MAC.
const MAC_BYTES: usize = 32;
/// Largest file that is read or written.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Files that are kept; the one written longest ago leaves first.
const FILES_MAX: usize = 256;

/// A directory of compiled code.
#[derive(Debug)]
pub struct CodeStore {
    directory: PathBuf,
    key: [u8; 32],
    refused: AtomicU64,
    written: AtomicU64,
}

impl CodeStore {
    /// In `directory`, which is made when it is first written to. Whoever knows `key` can make tenzik
    /// execute anything.
    pub fn new(directory: &Path, key: [u8; 32]) -> CodeStore {
        CodeStore {
            directory: directory.to_owned(),
            key,
            refused: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// Files so far that did not carry their MAC.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The code of this name, as it was kept.
    pub(crate) fn find(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.directory.join(name);
        let mut bytes = Vec::new();
        let file = File::open(&path).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        let is_good = bytes
            .split_first_chunk::<MAC_BYTES>()
            .is_some_and(|(mac, code)| self.mac(name, code) == blake3::Hash::from_bytes(*mac));
        if !is_good {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let _ = fs::remove_file(&path);
            return None;
        }
        Some(bytes.split_off(MAC_BYTES))
    }

    /// Keeps code. Where it cannot be written, nothing is kept.
    pub(crate) fn keep(&self, name: &str, code: &[u8]) {
        if code.len() as u64 + MAC_BYTES as u64 > FILE_BYTES_MAX {
            return;
        }
        let _ = self.write(name, code);
        let _ = self.make_room();
    }

    fn write(&self, name: &str, code: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        rustix::fs::chmod(&self.directory, Mode::RWXU)?;
        // Several processes may write the same name: each has a file of its own until it is whole.
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let own = format!("{name}.{}.{number}.new", std::process::id());
        let temporary = self.directory.join(own);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(self.mac(name, code).as_bytes())?;
                file.write_all(code)
            })
            .and_then(|()| fs::rename(&temporary, self.directory.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn make_room(&self) -> std::io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.directory)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(FILES_MAX);
        for (_, path) in files.into_iter().take(surplus) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    fn mac(&self, name: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(code);
        hasher.finalize()
    }
}

/// The name of code that depends on all of these. It depends on the key too, so that users of one
/// directory with several keys do not take each other's files for broken ones.
pub(crate) fn name(store: &CodeStore, engine: &wasmtime::Engine, parts: &[&[u8]]) -> String {
    let mut hasher = Digesting(blake3::Hasher::new_keyed(&store.key));
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex().to_string()
}

/// Takes what [`Hash`] writes into a digest.
struct Digesting(blake3::Hasher);

impl Hasher for Digesting {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.finalize();
        let first = digest.as_bytes().first_chunk::<8>();
        first.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}
