//! This machine, as far as the plan of a scenario depends on it. Nothing is started or written.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tenzik_runtime::policy::Ceiling;
use tenzik_runtime::scenario::plan::{CapsuleFacts, Missing, PlanWorld, ProgramFacts};
use tenzik_runtime::{Policy, Profile};

use crate::capsule_source::CapsuleSource;
use crate::failure::{Failure, shown};
use crate::policy_source;

/// Records of Debian's package manager: the files of each package, and their versions.
const DPKG: &str = "/var/lib/dpkg";
/// Largest record that is looked at.
const RECORD_BYTES_MAX: u64 = 64 << 20;

/// This machine, and the directory of a scenario.
pub(crate) struct MachineWorld {
    directory: PathBuf,
    ceilings: Vec<Ceiling>,
    /// Whether versions of programs are looked up.
    versions: bool,
}

impl MachineWorld {
    /// For a scenario in `directory`, under the ceilings of machine and user, and those named.
    pub(crate) fn new(
        directory: &Path,
        ceilings: &[PathBuf],
        versions: bool,
    ) -> Result<MachineWorld, Failure> {
        Ok(MachineWorld {
            directory: directory.to_owned(),
            ceilings: policy_source::ceilings(ceilings)?,
            versions,
        })
    }

    /// A word of a scenario as one of the command line: paths are relative to the scenario.
    pub(crate) fn capsule_word(&self, word: &str) -> String {
        let is_path = word.contains('/') || word.ends_with(".wasm") || word.ends_with(".wat");
        if is_path {
            self.directory.join(word).to_string_lossy().into_owned()
        } else {
            word.to_owned()
        }
    }
}

fn missing(failure: Failure) -> Missing {
    Missing {
        code: failure.code,
        message: failure.message,
        remedy: failure.remedy,
    }
}

impl PlanWorld for MachineWorld {
    fn policy(&self, path: &str) -> Result<Policy, Missing> {
        let file = policy_source::policy(&self.directory.join(path)).map_err(missing)?;
        Ok(file.policy.under(&self.ceilings))
    }

    fn default_policy(&self) -> Policy {
        Profile::default().policy().under(&self.ceilings)
    }

    fn bounded(&self, policy: Policy) -> Policy {
        policy.under(&self.ceilings)
    }

    fn capsule(&self, word: &str, policy: &Policy) -> Result<CapsuleFacts, Missing> {
        let word = self.capsule_word(word);
        let source = CapsuleSource::of(OsStr::new(&word)).map_err(missing)?;
        let examination = source.examine(policy).map_err(missing)?;
        match (examination.admitted(), examination.first_error()) {
            (Some((capsule, _)), _) => Ok(CapsuleFacts {
                id: capsule.id().to_string(),
                needs: examination.validation().needs(),
                bytes: examination.validation().bytes(),
                word,
            }),
            (None, first) => Err(Missing {
                code: first.map_or("machine_failure", |first| first.code.code()),
                message: format!(
                    "{}: {}",
                    source.shown(),
                    first.map_or("neither admitted nor rejected", |first| &first.message)
                ),
                remedy: first.map_or_else(String::new, |first| first.remedy.clone()),
            }),
        }
    }

    fn program(&self, path: &Path) -> Result<ProgramFacts, Missing> {
        let failed = |message: String| Missing {
            code: "tool_missing",
            message,
            remedy: "install it, or correct program = in the policy".to_owned(),
        };
        let resolved = fs::canonicalize(path)
            .map_err(|error| failed(format!("the program {}: {error}", shown(path))))?;
        let facts = fs::metadata(&resolved)
            .map_err(|error| failed(format!("the program {}: {error}", shown(path))))?;
        if !facts.is_file() || facts.permissions().mode() & 0o111 == 0 {
            return Err(failed(format!("{} is not an executable file", shown(path))));
        }
        let mut hasher = blake3::Hasher::new();
        File::open(&resolved)
            .and_then(|file| hasher.update_reader(file).map(|_| ()))
            .map_err(|error| failed(format!("the program {}: {error}", shown(path))))?;
        let version = self.versions.then(|| version(path, &resolved)).flatten();
        Ok(ProgramFacts {
            path: resolved,
            digest: hasher.finalize().to_hex().to_string(),
            version,
        })
    }
}

/// Package and version of a file by the records of the package manager, without asking the program.
fn version(path: &Path, resolved: &Path) -> Option<String> {
    let lists = fs::read_dir(Path::new(DPKG).join("info")).ok()?;
    // Packages name files of merged directories with and without /usr.
    let merged = |path: &Path| match path.strip_prefix("/usr") {
        Ok(rest) => Path::new("/").join(rest),
        Err(_) => Path::new("/usr").join(path.strip_prefix("/").unwrap_or(path)),
    };
    let names = [
        path.to_owned(),
        resolved.to_owned(),
        merged(path),
        merged(resolved),
    ];
    let wanted = names.map(|path| path.as_os_str().as_encoded_bytes().to_vec());
    let list = lists
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("list")))
        .find(|path| has_line(path, &wanted))?;
    let package = list.file_stem()?.to_str()?.split(':').next()?.to_owned();
    let status = File::open(Path::new(DPKG).join("status")).ok()?;
    let lines = BufReader::new(status.take(RECORD_BYTES_MAX)).lines();
    let header = format!("Package: {package}");
    let mut lines = lines
        .map_while(Result::ok)
        .skip_while(|line| *line != header);
    let version = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix("Version: ").map(str::to_owned))?;
    Some(format!("{package} {version}"))
}

fn has_line(list: &Path, wanted: &[Vec<u8>; 4]) -> bool {
    let Ok(file) = File::open(list) else {
        return false;
    };
    let lines = BufReader::new(file.take(RECORD_BYTES_MAX)).split(b'\n');
    lines
        .map_while(Result::ok)
        .any(|line| wanted.contains(&line))
}
