//! Compiled code that is kept between commands: in the cache directory, and under a key in the state
//! directory that only this user can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use tenzik_runtime::CodeStore;

use crate::printer;
use crate::user_directories;
use crate::world;

/// The key's file in the state directory.
const KEY_FILE: &str = "compiled.key";

/// The store, unless the user wants none or there is no place for it: it only saves time.
pub(crate) fn store() -> Option<Arc<CodeStore>> {
    if world::code_cache_is_off() {
        return None;
    }
    let directory = user_directories::cache().ok()?.join("compiled");
    let state = user_directories::state().ok()?;
    let key = key(&state).ok()?;
    Some(Arc::new(CodeStore::new(&directory, key)))
}

/// Says when kept code was not what tenzik had written.
pub(crate) fn warn(store: Option<&Arc<CodeStore>>) {
    if store.is_some_and(|store| store.refused() > 0) {
        printer::note(
            "warning: compiled code in the cache directory was not as tenzik wrote it; it was removed and compiled again",
        );
    }
}

/// The key, made when there is none. One that others could read or have written is not used.
fn key(state: &Path) -> io::Result<[u8; 32]> {
    let path = state.join(KEY_FILE);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state)?;
    let key = world::key().map_err(io::Error::other)?;
    let own = state.join(format!("{KEY_FILE}.{}.new", std::process::id()));
    let _ = fs::remove_file(&own);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&own)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| fs::hard_link(&own, &path));
    fs::remove_file(&own)?;
    match linked {
        Ok(()) => Ok(key),
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(&path)?.ok_or_else(|| io::Error::other("the key is gone again"))
        }
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match fs::symlink_metadata(path) {
        Ok(facts) if !facts.is_file() => return Err(io::Error::other("the key is no file")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut file = File::open(path)?;
    let facts = file.metadata()?;
    let is_ours = facts.uid() == rustix::process::geteuid().as_raw() && facts.mode() & 0o077 == 0;
    if !is_ours || facts.len() != 32 {
        return Err(io::Error::other("the key is not this user's alone"));
    }
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    Ok(Some(key))
}
