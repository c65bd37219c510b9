//! Compiles capsules that have a `tenzik.toml`.

mod assemblyscript;
mod c;
mod error;
mod wat;
mod zig;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use assemblyscript::AssemblyScript;
pub(crate) use c::Clang;
pub use error::{CompileError, FindCompilerError};
pub(crate) use zig::Zig;

use crate::compiled::Compiled;
use crate::host::{Call, Finished, Host};
use crate::language::Language;
use crate::printable::printable;
use crate::project::Project;

/// A larger file is not the module of a capsule.
const MODULE_BYTES_MAX: u64 = 64 << 20;

/// Compiles a project with the compiler for its language that this machine has. The project's
/// directory is not written to. Lines that the compiler writes go to `on_line` as they come.
///
/// # Errors
/// [`CompileError`]; compiler errors were given to `on_line`.
pub fn compile(
    host: &Host,
    project: &Project,
    timeout: Duration,
    on_line: &mut dyn FnMut(&str),
) -> Result<Compiled, CompileError> {
    for source in &project.sources {
        let path = project.directory.join(source);
        if !path.is_file() {
            let path = path.display().to_string();
            return Err(CompileError::NoSource { path });
        }
    }
    let job = Job {
        host,
        project,
        deadline: Instant::now() + timeout,
        scratch: tempfile::tempdir().map_err(CompileError::Scratch)?,
    };
    match project.language {
        Language::C => Clang::find(host)?.compile(&job, on_line),
        Language::AssemblyScript => {
            AssemblyScript::find(host, Some(&project.directory))?.compile(&job, on_line)
        }
        Language::Zig => Zig::find(host)?.compile(&job, on_line),
        Language::Wat => wat::compile(&job),
        Language::Rust => Err(CompileError::Rust),
    }
}

/// One compilation.
struct Job<'a> {
    host: &'a Host,
    project: &'a Project,
    deadline: Instant,
    /// For what the compiler makes; removed with everything in it.
    scratch: tempfile::TempDir,
}

impl Job<'_> {
    /// Where the module is to be put.
    fn module(&self) -> PathBuf {
        self.scratch.path().join("capsule.wasm")
    }

    /// A call in the project's directory that may take what is left of the time.
    fn call<'p>(&'p self, program: &'p Path) -> Call<'p> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Call::new(program, left).directory(&self.project.directory)
    }

    /// Runs a compiler to its end.
    fn finish(
        &self,
        program: &'static str,
        call: Call<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<(), CompileError> {
        let finished = self.host.run(call, on_line)?;
        if finished.status.success() {
            return Ok(());
        }
        let message = first_error(&finished);
        Err(CompileError::Failed { program, message })
    }

    /// The only source of a language that has one.
    fn source(&self) -> &str {
        self.project
            .sources
            .first()
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// The first line that says "error", else how the compiler ended.
fn first_error(finished: &Finished) -> String {
    let mut lines = finished.last_lines.iter();
    let error = lines.find(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("error") || line.contains(" error: ") || line.contains("error:")
    });
    match error {
        Some(line) => printable(line),
        None => finished.status.to_string(),
    }
}

fn read_module(path: &Path) -> Result<Vec<u8>, CompileError> {
    let failed = |source| CompileError::Read {
        path: path.display().to_string(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let count = file.take(MODULE_BYTES_MAX + 1).read_to_end(&mut bytes);
    if count.map_err(failed)? as u64 > MODULE_BYTES_MAX {
        return Err(CompileError::TooLarge {
            limit: MODULE_BYTES_MAX,
        });
    }
    Ok(bytes)
}

/// Flags as a report shows them.
fn owned(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// The first word of `text` after `before` that begins with a digit: a version.
pub(crate) fn version_after<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    let version = rest.split_whitespace().next()?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(version)
}

/// A directory of programs that print their text, whatever they are asked.
#[cfg(all(test, unix))]
#[expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail like the tests themselves"
)]
fn fake_programs(programs: &[(&str, &str)]) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in programs {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\necho '{text}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        // A process that another test is just starting may have the file open for writing, until
        // it is started: then nobody can run the file. It runs for good once it has run.
        let starts = || {
            let call = Call::new(&path, Duration::from_secs(10));
            Host::default().run(call, &mut |_| {}).is_ok()
        };
        assert!((0..1_000).any(|_| starts()), "{name} does not start");
    }
    directory
}
