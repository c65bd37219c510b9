//! What tests share: specifications, runs, and the search for survivors.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tenzik_process::{
    Exit, LayerSet, LocalAdapter, Process, ProcessAdapter, ProcessSpec, Report, StartError, Stream,
    Usage,
};

/// Nobody cancels.
pub fn never() -> bool {
    false
}

/// This program.
pub fn own_program() -> PathBuf {
    fs::canonicalize("/proc/self/exe").unwrap()
}

/// The adapter with this program as helper.
pub fn adapter() -> LocalAdapter {
    LocalAdapter::itself(own_program())
}

/// A word that no other process of the machine has in its arguments.
pub fn marker() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "marker-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Trees that a dynamically linked program needs, as far as this machine has them.
pub fn system_trees() -> Vec<PathBuf> {
    [
        "/usr",
        "/bin",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/alternatives",
    ]
    .iter()
    .map(PathBuf::from)
    .filter(|path| path.symlink_metadata().is_ok())
    .collect()
}

/// This program in a hostile role.
pub fn hostile(role: &str, arguments: &[&str]) -> ProcessSpec {
    let mut spec = ProcessSpec::new(own_program());
    let words = ["attacks", "hostile", role]
        .into_iter()
        .chain(arguments.iter().copied());
    spec.arguments = words.map(|word| CString::new(word).unwrap()).collect();
    spec.read = system_trees();
    spec.deadline = Duration::from_secs(30);
    spec
}

/// A program of the system.
pub fn system(program: &str, arguments: &[&str]) -> ProcessSpec {
    let mut spec = ProcessSpec::new(program);
    spec.follow = true;
    let words = [program].into_iter().chain(arguments.iter().copied());
    spec.arguments = words.map(|word| CString::new(word).unwrap()).collect();
    spec.read = system_trees();
    spec.deadline = Duration::from_secs(30);
    spec
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub exit: Exit,
    pub stdout: String,
    pub stderr: String,
    pub report: Report,
    pub usage: Usage,
}

pub fn start(spec: &ProcessSpec) -> Result<Box<dyn Process>, StartError> {
    adapter().start(spec, &never)
}

/// Runs `spec` to its end.
pub fn run(spec: &ProcessSpec) -> Ran {
    let mut process = start(spec).unwrap_or_else(|error| panic!("{error}"));
    let stdout = read_all(&mut *process, Stream::Stdout);
    let stderr = read_all(&mut *process, Stream::Stderr);
    let exit = process.wait(&never).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran {
        exit,
        stdout: text(stdout),
        stderr: text(stderr),
        report: process.layers().clone(),
        usage: process.usage(),
    }
}

/// Everything of `stream`.
pub fn read_all(process: &mut dyn Process, stream: Stream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = process.read(stream, &mut piece, &never).unwrap();
        if count == 0 {
            return all;
        }
        all.extend_from_slice(&piece[..count]);
    }
}

/// Layers of the names.
pub fn layers(names: &[&str]) -> LayerSet {
    names
        .iter()
        .map(|name| tenzik_process::Layer::from_name(name).unwrap())
        .collect()
}

/// Identifiers of processes that have `marker` among their arguments.
pub fn survivors(marker: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if arguments
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
        {
            found.push(pid);
        }
    }
    found
}

/// A directory that every user may use.
pub fn open_directory() -> tempfile::TempDir {
    let directory = tempfile::Builder::new()
        .prefix("tenzik-attacks-")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    directory
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what} did not come about in 10 s");
}

/// Copies this program to `directory` under `name`.
pub fn copy_to(directory: &Path, name: &str) -> PathBuf {
    let copy = directory.join(name);
    fs::copy(own_program(), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// Starts `spec` for a caller who gave up already.
pub fn adapter_start_cancelled(spec: &ProcessSpec) -> Result<Box<dyn Process>, StartError> {
    adapter().start(spec, &|| true)
}
