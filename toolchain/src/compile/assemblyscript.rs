//! AssemblyScript with asc, which runs in Node.js.

use std::path::{Path, PathBuf};

use super::{CompileError, FindCompilerError, Job, owned, read_module, version_after};
use crate::compiled::{Compiled, Tool};
use crate::host::Host;
use crate::rust::first_output;

/// No memory manager, no texts for failed assertions. `asconfig.json` is not read: a build follows
/// from the sources and these flags alone.
const FLAGS: [&str; 9] = [
    "--config",
    "none",
    "--runtime",
    "stub",
    "--use",
    "abort=",
    "-Oz",
    "--converge",
    "--noAssert",
];

/// Variables that would change the result.
const UNSET: [&str; 2] = ["NODE_OPTIONS", "NODE_PATH"];

const LOCK_FILE: &str = "package-lock.json";
/// A larger lock file is not read.
const LOCK_BYTES_MAX: u64 = 16 << 20;

/// An asc that answers.
#[derive(Clone, Debug)]
pub(crate) struct AssemblyScript {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

impl AssemblyScript {
    /// The asc of the project's `node_modules`, of the search path or of tenzik's cache.
    pub(crate) fn find(
        host: &Host,
        project: Option<&Path>,
    ) -> Result<AssemblyScript, FindCompilerError> {
        if host.which("node").is_none() {
            return Err(FindCompilerError {
                fact: "node, which runs the AssemblyScript compiler, is not on the search path"
                    .to_owned(),
                command: "apt-get install nodejs npm".to_owned(),
            });
        }
        let bin = Path::new("node_modules").join(".bin").join("asc");
        let own = project.and_then(|project| project.join(&bin).canonicalize().ok());
        let cached = host.languages().map(|cache| cache.join("assemblyscript"));
        let in_cache = cached.as_ref().map(|cache| cache.join(&bin));
        let found = own.into_iter().chain(host.which("asc")).chain(in_cache);
        let asc = found.into_iter().find_map(|path| {
            let text = first_output(host, &path, &["--version"])?;
            let version = version_after(&text, "Version ")?.to_owned();
            Some(AssemblyScript { path, version })
        });
        asc.ok_or_else(|| {
            let place = match cached {
                Some(cache) => format!("--prefix {}", cache.display()),
                None => "--global".to_owned(),
            };
            FindCompilerError {
                fact: "asc, the AssemblyScript compiler, was not found".to_owned(),
                command: format!("npm install {place} assemblyscript@0.28"),
            }
        })
    }

    pub(super) fn compile(
        &self,
        job: &Job<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<Compiled, CompileError> {
        let module = job.module();
        let call = job
            .call(&self.path)
            .unset(&UNSET)
            .arguments(&job.project.sources)
            .arguments(FLAGS)
            .arguments([
                "--noColors".as_ref(),
                "--outFile".as_ref(),
                module.as_os_str(),
            ]);
        job.finish("asc", call, on_line)?;
        Ok(Compiled {
            tool: Some(Tool::new("asc", &self.version)),
            flags: owned(&FLAGS),
            lock_hash: lock_hash(&job.project.directory.join(LOCK_FILE)),
            ..Compiled::of(
                job.project,
                &format!("asc {}", self.version),
                read_module(&module)?,
            )
        })
    }
}

fn lock_hash(path: &Path) -> Option<String> {
    let size = path
        .metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)?
        .len();
    if size > LOCK_BYTES_MAX {
        return None;
    }
    let lock = std::fs::read(path).ok()?;
    Some(blake3::hash(&lock).to_hex().to_string())
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::fake_programs;
    use super::*;

    #[test]
    fn the_projects_own_compiler_comes_first_and_the_cache_last() {
        let project = fake_programs(&[("node_modules/.bin/asc", "Version 0.28.1")]);
        let on_path = fake_programs(&[("node", "v20.0.0"), ("asc", "Version 0.28.2")]);
        let in_cache = "tenzik/languages/assemblyscript/node_modules/.bin/asc";
        let cache = fake_programs(&[(in_cache, "Version 0.28.3")]);
        let host = Host::default()
            .with_path(on_path.path())
            .with_cache(cache.path());
        let version =
            |project: Option<&Path>| AssemblyScript::find(&host, project).unwrap().version;
        assert_eq!(version(Some(project.path())), "0.28.1");
        assert_eq!(version(Some(cache.path())), "0.28.2");
        assert_eq!(version(None), "0.28.2");
        std::fs::remove_file(on_path.path().join("asc")).unwrap();
        let found = AssemblyScript::find(&host, None).unwrap();
        assert_eq!(
            (found.version.as_str(), found.path),
            ("0.28.3", cache.path().join(in_cache))
        );
    }

    #[test]
    fn node_and_the_compiler_are_missing_each_with_its_command() {
        let cache = fake_programs(&[]);
        let host = Host::default().with_cache(cache.path());
        let error = AssemblyScript::find(&host, None).unwrap_err();
        assert_eq!(error.command, "apt-get install nodejs npm");
        let on_path = fake_programs(&[("node", "v20.0.0"), ("asc", "no version")]);
        let error = AssemblyScript::find(&host.with_path(on_path.path()), None).unwrap_err();
        let place = cache.path().join("tenzik/languages/assemblyscript");
        let command = format!(
            "npm install --prefix {} assemblyscript@0.28",
            place.display()
        );
        assert_eq!(error.command, command);
    }
}
