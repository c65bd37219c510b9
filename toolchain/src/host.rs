//! The machine as this crate sees it: the one place that reads the environment and, in
//! [`process`], starts programs.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the toolchain that reads the environment"
)]

mod output;
mod process;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use process::ProcessError;
pub(crate) use process::{Call, Finished};

/// The machine: where programs are found and where caches are kept. Programs that it starts
/// inherit the environment of this process, except for `PATH`, which is the one given here.
#[derive(Clone, Debug, Default)]
pub struct Host {
    path: OsString,
    cache: Option<PathBuf>,
    rust_way: Option<OsString>,
    c_compiler: Option<OsString>,
    stop: Option<Arc<AtomicBool>>,
}

impl Host {
    /// The machine that this process runs on, from `PATH`, `XDG_CACHE_HOME`, `HOME`,
    /// `TENZIK_WASM_TOOLCHAIN` and `CC`.
    pub fn from_env() -> Host {
        let cache = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            // The XDG base directory specification: a relative path is ignored.
            .filter(|cache| cache.is_absolute())
            .or_else(|| env::home_dir().map(|home| home.join(".cache")));
        Host {
            path: env::var_os("PATH").unwrap_or_default(),
            cache,
            rust_way: env::var_os("TENZIK_WASM_TOOLCHAIN").filter(|way| !way.is_empty()),
            c_compiler: env::var_os("CC").filter(|compiler| !compiler.is_empty()),
            stop: None,
        }
    }

    /// This machine with another search path for programs, in the form of `PATH`.
    #[must_use]
    pub fn with_path(self, path: impl Into<OsString>) -> Host {
        Host {
            path: path.into(),
            ..self
        }
    }

    /// This machine with another directory for caches.
    #[must_use]
    pub fn with_cache(self, cache: impl Into<PathBuf>) -> Host {
        Host {
            cache: Some(cache.into()),
            ..self
        }
    }

    /// This machine with another value of `TENZIK_WASM_TOOLCHAIN`: `auto`, `rustup` or `debian`.
    #[must_use]
    pub fn with_rust_way(self, way: impl Into<OsString>) -> Host {
        Host {
            rust_way: Some(way.into()),
            ..self
        }
    }

    /// This machine until `stop` is true: then every program that runs is killed with its
    /// descendants, and none is started any more.
    #[must_use]
    pub fn with_stop(self, stop: Arc<AtomicBool>) -> Host {
        Host {
            stop: Some(stop),
            ..self
        }
    }

    fn is_stopped(&self) -> bool {
        let stop = self.stop.as_ref();
        stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// tenzik's own cache directory; `None` when the user has no home.
    pub(crate) fn tenzik_cache(&self) -> Option<PathBuf> {
        self.cache.as_ref().map(|cache| cache.join("tenzik"))
    }

    /// Where `scripts/setup-languages` puts compilers that no package manager of the system has.
    pub(crate) fn languages(&self) -> Option<PathBuf> {
        self.tenzik_cache().map(|cache| cache.join("languages"))
    }

    /// The value of `TENZIK_WASM_TOOLCHAIN`.
    pub(crate) fn rust_way(&self) -> Option<&OsStr> {
        self.rust_way.as_deref()
    }

    /// The value of `CC`.
    pub(crate) fn c_compiler(&self) -> Option<&OsStr> {
        self.c_compiler.as_deref()
    }

    /// The first program of this name on the search path.
    pub(crate) fn which(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.path_dirs()
            .map(|dir| dir.join(&file))
            .find(|path| is_program(path))
    }

    /// The programs on the search path that are called `PREFIXnn` with a decimal number,
    /// highest number first.
    pub(crate) fn numbered_programs(&self, prefix: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for dir in self.path_dirs() {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let number = name.to_str().and_then(|name| name.strip_prefix(prefix));
                if let Some(number) = number.and_then(|number| number.parse::<u32>().ok())
                    && is_program(&entry.path())
                {
                    found.push((number, entry.path()));
                }
            }
        }
        found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// Relative entries are skipped: what they mean depends on the working directory, and a
    /// capsule's directory is not a place to take compilers from.
    fn path_dirs(&self) -> impl Iterator<Item = PathBuf> {
        env::split_paths(&self.path).filter(|dir| dir.is_absolute())
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
