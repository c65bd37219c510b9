//! Zig, from the search path or from the Python package that carries it.

use std::path::{Path, PathBuf};

use super::{CompileError, FindCompilerError, Job, owned, read_module};
use crate::compiled::{Compiled, Tool};
use crate::host::{Call, Host};
use crate::rust::{PROBE_TIMEOUT, first_output};

/// No features but those that tenzik accepts, whatever the compiler's default is.
const FLAGS: [&str; 9] = [
    "-target",
    "wasm32-freestanding",
    "-mcpu=mvp+bulk_memory+mutable_globals+sign_ext+nontrapping_fptoint",
    "-OReleaseSmall",
    "-fstrip",
    "-fno-entry",
    "-fsingle-threaded",
    "--export=run",
    "--stack",
];
/// Bytes.
const STACK: &str = "16384";

/// The SDK, below the project's directory.
const SDK: &str = "vendor/tenzik.zig";

/// Variables that would change the result.
const UNSET: [&str; 3] = ["ZIG_LIB_DIR", "ZIG_LOCAL_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR"];

/// Prints where the Python package has its compiler.
const ASK_PYTHON: &str = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";

/// A Zig that answers.
#[derive(Clone, Debug)]
pub(crate) struct Zig {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

impl Zig {
    /// The zig of the search path, of tenzik's cache or of the Python package `ziglang`.
    pub(crate) fn find(host: &Host) -> Result<Zig, FindCompilerError> {
        let cached = host.languages().map(|cache| cache.join("ziglang"));
        let in_cache = cached.as_ref().map(|cache| cache.join("ziglang/zig"));
        let found = host.which("zig").into_iter().chain(in_cache);
        let zig = found.into_iter().find_map(|path| Zig::ask(host, path));
        zig.or_else(|| Zig::ask(host, python_package(host)?))
            .ok_or_else(|| {
                let place = match cached {
                    Some(cache) => format!("--target {}", cache.display()),
                    None => "--user".to_owned(),
                };
                FindCompilerError {
                    fact: "zig is neither on the search path nor in the Python package ziglang"
                        .to_owned(),
                    command: format!("python3 -m pip install {place} ziglang"),
                }
            })
    }

    fn ask(host: &Host, path: PathBuf) -> Option<Zig> {
        let version = first_output(host, &path, &["version"])?.trim().to_owned();
        let is_version = version.starts_with(|first: char| first.is_ascii_digit())
            && version.chars().all(|c| c.is_ascii_graphic());
        is_version.then_some(Zig { path, version })
    }

    pub(super) fn compile(
        &self,
        job: &Job<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<Compiled, CompileError> {
        let module = job.module();
        // Compiled parts of the standard library are worth keeping; without a cache they are made
        // anew each time.
        let cache = job.host.languages().map(|cache| cache.join("zig-cache"));
        let cache = cache.unwrap_or_else(|| job.scratch.path().join("cache"));
        let mut emit = std::ffi::OsString::from("-femit-bin=");
        emit.push(&module);
        let call = job
            .call(&self.path)
            .unset(&UNSET)
            .arguments(["build-exe"])
            .arguments(FLAGS)
            .arguments([STACK, "--dep", "tenzik"])
            .arguments([
                format!("-Mroot={}", job.source()),
                format!("-Mtenzik={SDK}"),
            ])
            .arguments(["--color", "off", "--cache-dir"])
            .arguments([
                job.scratch.path().join("local"),
                "--global-cache-dir".into(),
                cache,
            ])
            .arguments([emit]);
        job.finish("zig", call, on_line)?;
        Ok(Compiled {
            tool: Some(Tool::new("zig", &self.version)),
            flags: owned(&[&FLAGS[..], &[STACK]].concat()),
            ..Compiled::of(
                job.project,
                &format!("zig {}", self.version),
                read_module(&module)?,
            )
        })
    }
}

fn python_package(host: &Host) -> Option<PathBuf> {
    let python = host.which("python3")?;
    // Python looks for modules in its working directory, which must not be the capsule's.
    let call = Call::new(&python, PROBE_TIMEOUT)
        .directory(python.parent()?)
        .arguments(["-c", ASK_PYTHON]);
    let finished = host.run(call, &mut |_| {}).ok()?;
    let directory = String::from_utf8(finished.stdout).ok()?;
    let zig = Path::new(directory.trim_end()).join("zig");
    zig.is_absolute().then_some(zig)
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::fake_programs;
    use super::*;

    #[test]
    fn the_search_path_comes_before_the_cache_and_the_python_package_is_last() {
        let package = fake_programs(&[("zig", "0.17.3")]);
        let python = package.path().display().to_string();
        let on_path = fake_programs(&[("zig", "0.17.1"), ("python3", &python)]);
        let in_cache = "tenzik/languages/ziglang/ziglang/zig";
        let cache = fake_programs(&[(in_cache, "0.17.2")]);
        let host = Host::default()
            .with_path(on_path.path())
            .with_cache(cache.path());
        for (version, path) in [
            ("0.17.1", on_path.path().join("zig")),
            ("0.17.2", cache.path().join(in_cache)),
            ("0.17.3", package.path().join("zig")),
        ] {
            let found = Zig::find(&host).unwrap();
            assert_eq!((found.version.as_str(), &found.path), (version, &path));
            std::fs::remove_file(path).unwrap();
        }
        let error = Zig::find(&host).unwrap_err();
        assert!(
            error
                .command
                .starts_with("python3 -m pip install --target "),
            "{error}"
        );
    }
}
