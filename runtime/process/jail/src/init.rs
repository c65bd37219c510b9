//! The first process of a tree: it builds the layers from inside, executes the program, and reaps until it ends.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::net::RecvFlags;
use rustix::process::{DumpableBehavior, Signal};

use crate::channel::{Channel, retry};
use crate::layer::{Layer, Report};
use crate::layers::landlock::{self, Scoped};
use crate::layers::mountns::{self, NoRoot};
use crate::layers::{close_fds, no_new_privs, rlimits, seccomp, userns, utsns};
use crate::message::{Cause, Message, Refusal};
use crate::spec::{FileStamp, JailSpec, Network};
use crate::sys::process::{execute, exit_now, fork, replace_standard, reset_signals, wait_any};
use crate::trees::Trees;

/// The supervisor answers for the network.
pub(crate) const GO_ON: &[u8] = b"+";
/// The supervisor could not take the listener.
pub(crate) const NO_BROKER: &[u8] = b"-";

/// Everything that init works with.
pub(crate) struct Init<'a> {
    pub(crate) spec: &'a JailSpec,
    pub(crate) trees: Trees,
    pub(crate) report: Report,
    pub(crate) program: OwnedFd,
    pub(crate) stdin: OwnedFd,
    pub(crate) setup: Channel,
    pub(crate) status: OwnedFd,
    /// User and group of this process outside.
    pub(crate) user: (u32, u32),
}

impl Init<'_> {
    /// Builds, executes, reaps, and ends.
    pub(crate) fn run(mut self) -> ! {
        if let Err(refusal) = self.build().and_then(|()| self.judge()) {
            let _ = self.setup.send(&Message::Refused(refusal));
            exit_now(1);
        }
        // Who is not heard is alone: then nothing is executed.
        if self
            .setup
            .send(&Message::Layers(self.report.clone()))
            .is_err()
        {
            exit_now(1);
        }
        match fork() {
            Ok(None) => self.become_program(),
            Ok(Some(program)) => self.reap(program),
            Err(error) => {
                let refusal =
                    Refusal::Execute(format!("fork: {error}; raise the number of processes"));
                let _ = self.setup.send(&Message::Refused(refusal));
                exit_now(1)
            }
        }
    }

    /// Builds the layers, from those that need rights to those that take them.
    fn build(&mut self) -> Result<(), Refusal> {
        rustix::process::umask(Mode::from_raw_mode(0o022));
        if self.report.enforces(Layer::Userns) {
            let (user, group) = self.user;
            userns::map_own_user(user, group).map_err(Refusal::Machine)?;
        }
        die_with_the_supervisor()?;
        self.fresh_root()?;
        if self.report.enforces(Layer::Utsns) {
            self.report
                .settle(Layer::Utsns, utsns::enforce().map(|()| String::new()));
        }
        self.enter_directory()?;
        self.find_program()?;
        let capabilities = no_new_privs::drop_capabilities();
        self.layer(Layer::NoNewPrivs, |_| {
            capabilities?;
            no_new_privs::enforce().map(|()| String::new())
        });
        let own_users = self.report.enforces(Layer::Userns);
        self.layer(Layer::Rlimits, |init| {
            rlimits::enforce(&init.spec.bounds, own_users)
        });
        let fresh_root = self.report.enforces(Layer::Mountns);
        self.layer(Layer::Landlock, |init| {
            landlock::enforce(&Scoped {
                trees: &init.trees,
                network: &init.spec.network,
                program: init.program.as_fd(),
                fresh_root,
            })
        });
        self.filter()?;
        // What the program may do to processes of its user it shall not do to this one.
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
        die_with_the_supervisor()
    }

    /// Sets up one layer, unless it is left out.
    fn layer(&mut self, layer: Layer, set_up: impl FnOnce(&Self) -> Result<String, String>) {
        if self.spec.without.holds(layer) {
            self.report.unavailable(layer, "left out");
        } else {
            let outcome = set_up(self);
            self.report.settle(layer, outcome);
        }
    }

    fn fresh_root(&mut self) -> Result<(), Refusal> {
        if !self.report.enforces(Layer::Mountns) {
            return Ok(());
        }
        match mountns::enforce(&self.trees, self.spec.bounds.tmp_bytes_max) {
            Ok(lack) => self.report.settle(Layer::Mountns, Ok(lack)),
            Err(NoRoot::Denied(why)) => self.report.unavailable(Layer::Mountns, why),
            Err(NoRoot::BadTree(path, why)) => {
                return Err(Refusal::Tree(path.as_os_str().as_bytes().to_vec(), why));
            }
            Err(NoRoot::Failed(why)) => return Err(Refusal::Machine(format!("fresh root: {why}"))),
        }
        Ok(())
    }

    fn enter_directory(&self) -> Result<(), Refusal> {
        let cwd = Path::new(OsStr::from_bytes(&self.spec.cwd));
        rustix::process::chdir(cwd).map_err(|error| {
            let cwd = cwd.display();
            Refusal::Invalid(format!(
                "working directory {cwd}: {error}; it has to lie in a granted tree"
            ))
        })
    }

    /// Prefers the program's file as the new root shows it, if it is the same one, so that the program can tell where
    /// it lies; and makes sure that it is the file that was examined.
    fn find_program(&mut self) -> Result<(), Refusal> {
        let path = Path::new(OsStr::from_bytes(&self.spec.program));
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let inside = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
        if let Ok(inside) = inside
            && stamp(inside.as_fd()).is_ok_and(|found| found == self.spec.stamp)
        {
            self.program = inside;
            return Ok(());
        }
        let found = stamp(self.program.as_fd())
            .map_err(|error| Refusal::Machine(format!("fstat: {error}")))?;
        if found == self.spec.stamp {
            Ok(())
        } else {
            Err(Refusal::Changed)
        }
    }

    /// Installs the filter, and lets the supervisor take what it hands over.
    fn filter(&mut self) -> Result<(), Refusal> {
        let own_queues = self.report.enforces(Layer::Ipcns);
        let targets = matches!(self.spec.network, Network::Targets(_));
        if !targets {
            self.report
                .unused(Layer::Broker, "the network scope names no targets");
        } else if self.spec.without.holds(Layer::Broker) {
            self.report.unavailable(Layer::Broker, "left out");
        }
        if self.spec.without.holds(Layer::Seccomp) {
            self.report.unavailable(Layer::Seccomp, "left out");
            if targets {
                self.report.unavailable(Layer::Broker, "needs seccomp");
            }
            return Ok(());
        }
        let listener = match seccomp::enforce(&self.spec.network, own_queues) {
            Ok(listener) => listener,
            Err(why) => {
                if targets {
                    self.report.unavailable(Layer::Broker, why.as_str());
                }
                self.report.unavailable(Layer::Seccomp, why);
                return Ok(());
            }
        };
        self.report.enforced(Layer::Seccomp);
        if let Some(listener) = listener
            && !self.spec.without.holds(Layer::Broker)
        {
            let outcome = self.hand_over(&listener).map(|()| String::new());
            self.report.settle(Layer::Broker, outcome);
        }
        Ok(())
    }

    fn hand_over(&self, listener: &OwnedFd) -> Result<(), String> {
        let say = |error: &dyn std::fmt::Display| format!("handing over the listener: {error}");
        let number = u32::try_from(listener.as_raw_fd()).map_err(|error| say(&error))?;
        self.setup
            .send(&Message::Listener(number))
            .map_err(|error| say(&error))?;
        let mut answer = [0];
        let count =
            retry(|| rustix::io::read(&self.status, &mut answer)).map_err(|error| say(&error))?;
        if answer[..count] == *GO_ON {
            Ok(())
        } else {
            Err("the helper may not take descriptors of its own tree (pidfd_getfd)".to_owned())
        }
    }

    /// Refuses if a layer is missing without which the program may not run.
    fn judge(&self) -> Result<(), Refusal> {
        let missing =
            |layer| Refusal::LayerMissing(layer, self.report.state(layer).detail().to_owned());
        if let Some((layer, _)) = self.report.first_missing(self.spec.require) {
            return Err(missing(layer));
        }
        // Nothing else could tell granted targets from others.
        if matches!(self.spec.network, Network::Targets(_)) && !self.report.enforces(Layer::Broker)
        {
            return Err(missing(Layer::Broker));
        }
        Ok(())
    }

    /// Becomes the program. What fails is said over the setup socket, which its execution closes.
    fn become_program(self) -> ! {
        let reason = match self.execute() {
            Ok(never) => match never {},
            Err(reason) => reason,
        };
        let _ = self.setup.send(&Message::Refused(Refusal::Execute(reason)));
        exit_now(127)
    }

    fn execute(&self) -> Result<std::convert::Infallible, String> {
        let strings = |list: &[Vec<u8>]| {
            list.iter()
                .map(|item| {
                    CString::new(item.as_slice())
                        .map_err(|_| "an argument has a zero byte".to_owned())
                })
                .collect::<Result<Vec<_>, String>>()
        };
        let (arguments, environment) = (
            strings(&self.spec.arguments)?,
            strings(&self.spec.environment)?,
        );
        replace_standard(0, self.stdin.as_fd())
            .map_err(|error| format!("standard input: {error}"))?;
        if self.report.enforces(Layer::CloseFds) {
            close_fds::close_on_execution()?;
        }
        reset_signals();
        if self.report.enforces(Layer::Rlimits) {
            rlimits::enforce_memory(&self.spec.bounds)?;
        }
        Err(reason(&execute(
            self.program.as_fd(),
            &arguments,
            &environment,
        )))
    }

    /// Waits for the program and, meanwhile, for every orphan of the tree; then says how it ended.
    fn reap(self, program: i32) -> ! {
        let Init {
            status,
            setup,
            stdin,
            program: file,
            ..
        } = self;
        drop((setup, stdin, file));
        // The program alone holds what tenzik reads from; and init holds no end of the socket to tenzik.
        for number in 0..3 {
            let _ = replace_standard(number, status.as_fd());
        }
        while let Some(waited) = wait_any(true) {
            if waited.pid == program {
                let words = match waited.end {
                    Ok(code) => [0, code],
                    Err(signal) => [1, signal],
                };
                let _ = rustix::io::write(&status, &words);
                break;
            }
        }
        exit_now(0)
    }
}

/// How the program ended, as init said last; `None` if it was killed before it could.
pub(crate) fn read_end(status: BorrowedFd<'_>) -> Option<Cause> {
    let mut words = [0; 2];
    match rustix::net::recv(status, words.as_mut_slice(), RecvFlags::DONTWAIT) {
        Ok((2, _)) if words[0] == 0 => Some(Cause::Code(words[1])),
        Ok((2, _)) => Some(Cause::Signal(words[1])),
        _ => None,
    }
}

/// Has the kernel kill this process when the supervisor dies.
fn die_with_the_supervisor() -> Result<(), Refusal> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| Refusal::Machine(format!("prctl: {error}")))
}

fn stamp(file: BorrowedFd<'_>) -> io::Result<FileStamp> {
    let stat = fstat(file)?;
    Ok(FileStamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        bytes: stat.st_size as u64,
        modified: (stat.st_mtime, stat.st_mtime_nsec as i64),
        changed: (stat.st_ctime, stat.st_ctime_nsec as i64),
    })
}

/// What the system says about an execution, and what to do about it.
fn reason(error: &io::Error) -> String {
    let remedy = match error.raw_os_error() {
        Some(libc::ENOENT) => {
            "its loader is not among its trees; grant reading of the loader and libraries, such as /usr, /lib and /lib64"
        }
        Some(libc::ENOEXEC) => "it is not for this machine",
        Some(libc::EACCES) => {
            "its mode or its file system forbids the execution, or its loader may not be read"
        }
        Some(libc::ENOMEM) => "raise its memory",
        Some(libc::E2BIG) => "shorten arguments and environment",
        Some(libc::EAGAIN) => "raise the number of processes",
        _ => return error.to_string(),
    };
    format!("{error}; {remedy}")
}
