//! Processes of this machine, isolated by the helper.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::pipe::{PipeFlags, pipe_with};
use tenzik_jail::{Bounds, Channel, HELPER_ARGUMENT, JailSpec, Message, Received, Refusal, Report};

use crate::error::StartError;
use crate::process::{Cancelled, HelperKind, Process, ProcessAdapter};
use crate::program::Program;
use crate::running::{GRACE, Parts, Running, wait_readable};
use crate::spec::ProcessSpec;

/// Name of the helper's file.
const HELPER_NAME: &str = "tenzik-jail";
/// Longest time in which the helper takes its specification.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// Starts processes of this machine through the helper.
#[derive(Clone, Debug)]
pub struct LocalAdapter {
    helper: PathBuf,
    arguments: Vec<OsString>,
    kind: HelperKind,
}

impl LocalAdapter {
    /// With the helper `helper`.
    pub fn with_helper(helper: impl Into<PathBuf>) -> LocalAdapter {
        LocalAdapter {
            helper: helper.into(),
            arguments: Vec::new(),
            kind: HelperKind::Beside,
        }
    }

    /// With the helper beside `executable` if one lies there, else with `executable` [itself](LocalAdapter::itself).
    pub fn beside(executable: &Path) -> LocalAdapter {
        let beside = executable.with_file_name(HELPER_NAME);
        if beside.is_file() {
            return LocalAdapter::with_helper(beside);
        }
        LocalAdapter::itself(executable)
    }

    /// With `executable` itself, which must call [`tenzik_jail::run_helper`] when [`HELPER_ARGUMENT`] is its first
    /// argument.
    pub fn itself(executable: impl Into<PathBuf>) -> LocalAdapter {
        let arguments = vec![OsString::from(HELPER_ARGUMENT)];
        LocalAdapter {
            helper: executable.into(),
            arguments,
            kind: HelperKind::Itself,
        }
    }

    /// Which helper it uses.
    pub fn kind(&self) -> HelperKind {
        self.kind
    }

    /// Starts the helper. Without anything to be done between fork and execution the library needs no fork, which
    /// would copy the page tables of a process that may be large.
    fn spawn(
        &self,
        control: OwnedFd,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> Result<Child, StartError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the helper is started here alone"
        )]
        let mut command = Command::new(&self.helper);
        command.args(&self.arguments).env_clear();
        command
            .stdin(Stdio::from(control))
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr));
        command.spawn().map_err(|source| StartError::Helper {
            path: self.helper.clone(),
            source,
        })
    }
}

impl ProcessAdapter for LocalAdapter {
    fn start(
        &self,
        spec: &ProcessSpec,
        cancelled: Cancelled<'_>,
    ) -> Result<Box<dyn Process>, StartError> {
        let started = Instant::now();
        let jail_spec = describe(spec)?;
        let program = Program::open(spec, cancelled)?;
        let machine = |error: &dyn std::fmt::Display| StartError::Machine(error.to_string());
        let (control, helper_control) = Channel::pair().map_err(|error| machine(&error))?;
        set_socket_timeout(&control, Timeout::Send, Some(SEND_TIME_MAX))
            .map_err(|error| machine(&error))?;
        let (stdout, helper_stdout) = output_pipe().map_err(|error| machine(&error))?;
        let (stderr, helper_stderr) = output_pipe().map_err(|error| machine(&error))?;
        let (helper_stdin, stdin) = input(spec.stdin).map_err(|error| machine(&error))?;
        let child = self.spawn(helper_control, helper_stdout, helper_stderr)?;
        let parts = Parts {
            control: Channel::new(control),
            child,
            stdin,
            stdout,
            stderr,
            started,
            report: Report::new(),
            helper: self.kind,
        };
        // From here on dropping it kills and waits.
        let mut running = Running::new(parts, spec);
        let jail_spec = JailSpec {
            program: bytes(&program.path),
            stamp: program.stamp,
            ..jail_spec
        };
        running
            .control()
            .send_start(jail_spec, program.file.as_fd(), helper_stdin.as_fd())
            .map_err(|error| {
                StartError::Machine(format!("helper took no specification: {error}"))
            })?;
        drop(helper_stdin);
        await_execution(&mut running, spec, cancelled)?;
        Ok(Box::new(running))
    }
}

/// Waits until the program is executed or refused.
fn await_execution(
    running: &mut Running,
    spec: &ProcessSpec,
    cancelled: Cancelled<'_>,
) -> Result<(), StartError> {
    let until = running.deadline() + GRACE;
    loop {
        match running.control().receive() {
            Ok(Received::Frame(Message::Layers(report))) => running.set_report(report),
            Ok(Received::Frame(Message::Started)) => return Ok(()),
            Ok(Received::Frame(Message::Refused(refusal))) => return Err(refused(refusal, spec)),
            Ok(Received::Frame(_)) => {
                return Err(StartError::Machine("helper spoke out of turn".to_owned()));
            }
            Ok(Received::End) => {
                return Err(StartError::Machine(
                    "helper ended before the program was executed".to_owned(),
                ));
            }
            Ok(Received::Nothing) => {
                if cancelled() {
                    return Err(StartError::Cancelled);
                }
                if Instant::now() >= until {
                    return Err(timed_out(spec));
                }
                wait_readable(running.control().as_fd()).map_err(StartError::Machine)?;
            }
            Err(error) => {
                return Err(StartError::Machine(format!(
                    "helper is not understood: {error}"
                )));
            }
        }
    }
}

fn timed_out(spec: &ProcessSpec) -> StartError {
    let deadline_ms = u64::try_from(spec.deadline.as_millis()).unwrap_or(u64::MAX);
    StartError::TimedOut {
        path: spec.program.clone(),
        deadline_ms,
    }
}

fn refused(refusal: Refusal, spec: &ProcessSpec) -> StartError {
    let path = spec.program.clone();
    match refusal {
        Refusal::Invalid(what) => StartError::Invalid { what },
        Refusal::Tree(tree, reason) => StartError::Tree {
            path: PathBuf::from(std::ffi::OsStr::from_bytes(&tree)),
            reason,
        },
        Refusal::LayerMissing(layer, reason) => StartError::LayerMissing { layer, reason },
        Refusal::Changed => StartError::Changed { path },
        Refusal::Execute(reason) => StartError::Execute { path, reason },
        Refusal::TimedOut => timed_out(spec),
        Refusal::Machine(what) => StartError::Machine(what),
    }
}

/// The specification as the helper is told it, without what only the opened program tells.
fn describe(spec: &ProcessSpec) -> Result<JailSpec, StartError> {
    let invalid = |what: String| Err(StartError::Invalid { what });
    if !spec.cwd.is_absolute() {
        let cwd = spec.cwd.display();
        return invalid(format!(
            "working directory {cwd} is not absolute; write it from the root"
        ));
    }
    for (name, _) in &spec.env {
        let name = name.to_bytes();
        if name.is_empty() || name.contains(&b'=') {
            let name = name.escape_ascii();
            return invalid(format!(
                "variable name \"{name}\" is empty or has a = in it; rename it"
            ));
        }
    }
    for path in spec
        .read
        .iter()
        .chain(&spec.write)
        .chain([&spec.program, &spec.cwd])
    {
        if path.as_os_str().as_bytes().contains(&0) {
            return invalid("a path has a zero byte in it".to_owned());
        }
    }
    let environment = spec
        .env
        .iter()
        .map(|(name, value)| [name.to_bytes(), b"=", value.to_bytes()].concat());
    let arguments = if spec.arguments.is_empty() {
        vec![bytes(&spec.program)]
    } else {
        spec.arguments
            .iter()
            .map(|argument| argument.to_bytes().to_vec())
            .collect()
    };
    Ok(JailSpec {
        program: bytes(&spec.program),
        stamp: tenzik_jail::FileStamp::default(),
        arguments,
        environment: environment.collect(),
        cwd: bytes(&spec.cwd),
        read: spec.read.iter().map(|path| bytes(path)).collect(),
        write: spec.write.iter().map(|path| bytes(path)).collect(),
        network: spec.network.clone(),
        bounds: Bounds {
            deadline_ms: u64::try_from(spec.deadline.as_millis()).unwrap_or(u64::MAX),
            memory_bytes_max: spec.memory_bytes_max,
            processes_max: spec.processes_max,
            file_bytes_max: spec.file_bytes_max,
            descriptors_max: spec.descriptors_max,
            tmp_bytes_max: spec.tmp_bytes_max,
        },
        require: spec.require,
        without: spec.without,
        user: spec.user,
    })
}

fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// A pipe to read from without waiting, and its other end.
fn output_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    set_nonblocking(&read)?;
    Ok((read, write))
}

/// What the process reads from, and the other end of that if it has one.
fn input(wanted: bool) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    if !wanted {
        return Ok((File::open("/dev/null")?.into(), None));
    }
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    set_nonblocking(&write)?;
    Ok((read, Some(write)))
}

fn set_nonblocking(end: &OwnedFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(end)?;
    Ok(rustix::fs::fcntl_setfl(
        end,
        flags | rustix::fs::OFlags::NONBLOCK,
    )?)
}
