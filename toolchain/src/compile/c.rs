//! C with clang and wasm-ld.

use std::path::{Path, PathBuf};

use super::{CompileError, FindCompilerError, Job, owned, read_module, version_after};
use crate::compiled::{Compiled, Tool};
use crate::host::Host;
use crate::rust::first_output;

/// The oldest clang whose flags and output are known to fit.
const MAJOR_MIN: u32 = 16;

/// No library, no features but those that tenzik accepts whatever the compiler's default is, and
/// warnings on: the compiler is the only reader that every capsule has.
const COMPILE_FLAGS: [&str; 14] = [
    "--no-default-config",
    "--target=wasm32-unknown-unknown",
    "-mcpu=mvp",
    "-mbulk-memory",
    "-mmutable-globals",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-std=c17",
    "-Wall",
    "-Wextra",
    "-Oz",
    "-flto",
    "-ffreestanding",
    "-fvisibility=hidden",
];

/// 16 KiB of stack below the data, so that an overflow traps and a small capsule fits one page.
const LINK_FLAGS: [&str; 5] = [
    "--no-entry",
    "-zstack-size=16384",
    "--stack-first",
    "--strip-all",
    "--compress-relocations",
];

/// Where `#include` looks besides the file's own directory.
const INCLUDE: &str = "-Ivendor";

/// Variables that would change the result.
const UNSET: [&str; 4] = [
    "CPATH",
    "C_INCLUDE_PATH",
    "CCC_OVERRIDE_OPTIONS",
    "SOURCE_DATE_EPOCH",
];

/// A clang that emits WebAssembly, and the linker of its version.
#[derive(Clone, Debug)]
pub(crate) struct Clang {
    pub(crate) path: PathBuf,
    /// Its name for itself.
    pub(crate) name: String,
    version: String,
    pub(crate) linker: PathBuf,
    pub(crate) linker_name: String,
}

impl Clang {
    /// `clang` of the search path, else the newest `clang-N`, whichever is the first that can be
    /// used.
    pub(crate) fn find(host: &Host) -> Result<Clang, FindCompilerError> {
        let mut fact = "clang is not on the search path".to_owned();
        let candidates = host.which("clang").into_iter();
        for path in candidates.chain(host.numbered_programs("clang-")) {
            match Clang::ask(host, &path) {
                Ok(clang) => return Ok(clang),
                Err(problem) => fact = problem,
            }
        }
        let command = "apt-get install clang-19 lld-19".to_owned();
        Err(FindCompilerError { fact, command })
    }

    fn ask(host: &Host, path: &Path) -> Result<Clang, String> {
        let shown = path.display();
        let text = first_output(host, path, &["--version"]).unwrap_or_default();
        let name = text.lines().next().unwrap_or_default().trim().to_owned();
        let version = version_after(&name, "clang version ").map(str::to_owned);
        let Some((version, major)) = version.and_then(|version| {
            let major = major_of(&version)?;
            Some((version, major))
        }) else {
            return Err(format!("{shown} does not say that it is clang"));
        };
        if major < MAJOR_MIN {
            return Err(format!(
                "{shown} is clang {version}, older than {MAJOR_MIN}"
            ));
        }
        let targets = first_output(host, path, &["--print-targets"]).unwrap_or_default();
        if !targets.contains("wasm32") {
            return Err(format!("{shown} cannot emit WebAssembly"));
        }
        let linker = find_linker(host, path, major);
        let Some((linker, linker_name)) = linker else {
            return Err(format!(
                "there is no wasm-ld of version {major} for {shown}"
            ));
        };
        Ok(Clang {
            path: path.to_owned(),
            name,
            version,
            linker,
            linker_name,
        })
    }

    pub(super) fn compile(
        &self,
        job: &Job<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<Compiled, CompileError> {
        let mut objects = Vec::new();
        for (index, source) in job.project.sources.iter().enumerate() {
            let object = job.scratch.path().join(format!("{index}.o"));
            let call = job
                .call(&self.path)
                .unset(&UNSET)
                .arguments(COMPILE_FLAGS)
                .arguments([INCLUDE, "-c", source, "-o"])
                .arguments([&object]);
            job.finish("clang", call, on_line)?;
            objects.push(object);
        }
        let module = job.module();
        // Not through clang: it would run a wasm-opt of its own where one is installed.
        let call = job
            .call(&self.linker)
            .arguments(LINK_FLAGS)
            .arguments(&objects)
            .arguments(["-o".as_ref(), module.as_os_str()]);
        job.finish("wasm-ld", call, on_line)?;
        Ok(Compiled {
            linker: Some(self.linker_name.clone()),
            tool: Some(Tool::new("clang", &self.version)),
            flags: owned(&[&COMPILE_FLAGS[..], &[INCLUDE], &LINK_FLAGS[..]].concat()),
            ..Compiled::of(job.project, &self.name, read_module(&module)?)
        })
    }
}

fn major_of(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// Objects hold the compiler's own intermediate code, which an older linker cannot read.
fn find_linker(host: &Host, clang: &Path, major: u32) -> Option<(PathBuf, String)> {
    let numbered = host.which(&format!("wasm-ld-{major}"));
    let beside = clang.canonicalize().ok().and_then(|clang| {
        let linker = clang.with_file_name("wasm-ld");
        linker.is_file().then_some(linker)
    });
    let found = numbered
        .into_iter()
        .chain(beside)
        .chain(host.which("wasm-ld"));
    found.into_iter().find_map(|linker| {
        let text = first_output(host, &linker, &["--version"])?;
        let name = text.lines().next()?.split(" (").next()?.trim().to_owned();
        let version = version_after(&name, "LLD ")?;
        (major_of(version)? >= major).then_some((linker, name))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::fake_programs;
    use super::*;

    fn host(programs: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let directory = fake_programs(programs);
        let host = Host::default().with_path(directory.path());
        (directory, host)
    }

    #[test]
    fn the_first_clang_that_can_be_used_is_taken() {
        let (directory, host) = host(&[
            ("clang", "Debian clang version 14.0.6 wasm32"),
            ("clang-19", "Debian clang version 19.1.7 wasm32"),
            ("clang-22", "Debian clang version 22.1.0 wasm32"),
            ("clang-cpp-23", "clang version 23.0.0 wasm32"),
            ("wasm-ld", "LLD 14.0.6"),
            (
                "wasm-ld-19",
                "Debian LLD 19.1.7 (compatible with GNU linkers)",
            ),
        ]);
        let clang = Clang::find(&host).unwrap();
        assert_eq!(clang.path, directory.path().join("clang-19"));
        assert_eq!(clang.linker, directory.path().join("wasm-ld-19"));
        assert_eq!(clang.linker_name, "Debian LLD 19.1.7");
        assert_eq!(clang.version, "19.1.7");
    }

    #[test]
    fn what_is_missing_is_said_with_the_command() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[], "clang is not on the search path"),
            (&[("clang", "clang version 15.0.1 wasm32")], "older than 16"),
            (
                &[("clang-19", "clang version 19.1.7")],
                "cannot emit WebAssembly",
            ),
            (&[("clang", "gcc 12")], "does not say that it is clang"),
            (
                &[
                    ("clang", "clang version 19.1.7 wasm32"),
                    ("wasm-ld", "LLD 16.0.0"),
                ],
                "no wasm-ld of version 19",
            ),
        ];
        for (programs, reason) in cases {
            let (_directory, host) = host(programs);
            let error = Clang::find(&host).unwrap_err();
            assert!(error.fact.contains(reason), "{error}");
            assert_eq!(error.command, "apt-get install clang-19 lld-19");
        }
    }
}
