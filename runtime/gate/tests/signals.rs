//! Signals to real processes.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};

use tenzik_gate::{EffectKind, ProcessIdentity, ProcessRequest, SignalError, signal};

use crate::sandbox::Sandbox;

/// A process that ends with its test.
struct Sleeper(Child);

impl Sleeper {
    fn of(mut command: Command) -> Sleeper {
        Sleeper(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    fn new() -> Sleeper {
        let mut command = Command::new("/usr/bin/sleep");
        command.arg("1000");
        Sleeper::of(command)
    }

    fn request(&self) -> ProcessRequest {
        let pid = i32::try_from(self.0.id()).unwrap();
        ProcessRequest {
            pid,
            start: start(pid),
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Field 22, found in another way than the code does.
fn start(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.trim().split(' ').rev().collect();
    fields[52 - 22].parse().unwrap()
}

fn admit(_: &ProcessIdentity) -> Result<(), &'static str> {
    Ok(())
}

#[test]
fn a_signal_reaches_the_process_that_was_meant() {
    let mut sleeper = Sleeper::new();
    let request = sleeper.request();
    let mut seen = None;
    let sent = signal(request, "TERM", |identity| {
        seen = Some(identity.clone());
        admit(identity)
    });
    let identity = sent.unwrap();
    assert_eq!(Some(&identity), seen.as_ref());
    assert_eq!((identity.pid, identity.start), (request.pid, request.start));
    assert_eq!(identity.uid, rustix::process::geteuid().as_raw());
    assert_eq!(
        identity.program,
        std::fs::canonicalize("/usr/bin/sleep").unwrap()
    );
    assert_eq!(sleeper.0.wait().unwrap().signal(), Some(15));
    // It is nobody's any more.
    let error = signal(request, "TERM", admit).unwrap_err();
    assert_eq!(error.kind(), EffectKind::NotFound, "{error}");
}

/// Its parent has not collected it: there is nothing to signal.
#[test]
fn a_process_that_has_ended_is_not_found() {
    let mut sleeper = Sleeper::new();
    let request = sleeper.request();
    sleeper.0.kill().unwrap();
    let pid = request.pid;
    while !std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .unwrap()
        .contains(") Z ")
    {
        std::thread::yield_now();
    }
    let error = signal(request, "TERM", admit).unwrap_err();
    assert_eq!(error.kind(), EffectKind::NotFound, "{error}");
}

#[test]
fn an_identity_that_the_decision_refuses_gets_no_signal() {
    let mut sleeper = Sleeper::new();
    let error = signal(sleeper.request(), "KILL", |_| Err("no rule admits it")).unwrap_err();
    assert_eq!(error.to_string(), "no rule admits it");
    assert_eq!(error.kind(), EffectKind::Refused);
    assert!(sleeper.0.try_wait().unwrap().is_none());
}

/// The id of a process is used again: the start tells them apart, before anything is decided.
#[test]
fn another_process_with_the_same_id_gets_no_signal() {
    let mut sleeper = Sleeper::new();
    let mut request = sleeper.request();
    for other in [request.start - 1, request.start + 1, 0, u64::MAX] {
        request.start = other;
        let error = signal(request, "KILL", |_| -> Result<(), &str> {
            panic!("not asked")
        });
        let error = error.unwrap_err();
        assert!(matches!(error, SignalError::OtherStart { .. }), "{error}");
        assert_eq!(error.kind(), EffectKind::NotFound);
    }
    assert!(sleeper.0.try_wait().unwrap().is_none());
}

#[test]
fn tenzik_its_parent_and_init_are_never_signalled() {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get();
    for pid in [1, own, parent] {
        let request = ProcessRequest {
            pid,
            start: start(pid),
        };
        let error = signal(request, "CONT", |_| -> Result<(), &str> {
            panic!("not asked")
        });
        let error = error.unwrap_err();
        assert!(matches!(error, SignalError::Protected { .. }), "{error}");
    }
}

#[test]
fn what_is_no_process_is_not_found() {
    // No group, no broadcast, nobody.
    for pid in [0, -1, -4711, i32::MIN, i32::MAX] {
        let request = ProcessRequest { pid, start: 1 };
        let error = signal(request, "KILL", admit).unwrap_err();
        assert_eq!(error.kind(), EffectKind::NotFound, "{pid}: {error}");
    }
    // A thread that leads no process.
    let (sender, receiver) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        sender
            .send(rustix::thread::gettid().as_raw_nonzero().get())
            .unwrap();
        let _ = ended.recv();
    });
    let pid = receiver.recv().unwrap();
    let error = signal(
        ProcessRequest {
            pid,
            start: start(pid),
        },
        "KILL",
        admit,
    )
    .unwrap_err();
    assert_eq!(error.kind(), EffectKind::NotFound, "{error}");
    drop(end);
    thread.join().unwrap();
}

#[test]
fn only_known_names_are_signals() {
    let sleeper = Sleeper::new();
    for name in [
        "",
        "SIGTERM",
        "term",
        "9",
        "TERM ",
        "SEGV",
        &"X".repeat(1000),
    ] {
        let error = signal(sleeper.request(), name, admit).unwrap_err();
        assert!(
            matches!(error, SignalError::UnknownSignal { .. }),
            "{error}"
        );
        assert!(error.to_string().len() < 300);
    }
}

/// A process may call itself anything; its executable is what the kernel says.
#[test]
fn a_process_with_a_false_name_keeps_its_identity() {
    let mut command = Command::new("/usr/bin/sleep");
    command.arg0("/usr/sbin/sshd").arg("1000");
    let sleeper = Sleeper::of(command);
    let identity = signal(sleeper.request(), "CONT", admit).unwrap();
    assert!(identity.program.ends_with("sleep"), "{identity:?}");
    // A name with everything that confuses those who read /proc/PID/stat.
    let sandbox = Sandbox::new();
    let odd = sandbox.path("a) S 1 (b");
    std::fs::copy("/usr/bin/sleep", &odd).unwrap();
    let mut command = Command::new(&odd);
    command.arg("1000");
    let sleeper = Sleeper::of(command);
    let identity = signal(sleeper.request(), "CONT", admit).unwrap();
    assert_eq!(identity.program, odd);
}

/// The file of its executable is gone or another one: the path tells nothing any more.
#[test]
fn a_process_whose_program_was_replaced_gets_no_signal() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("program");
    for replaced in [false, true] {
        std::fs::copy("/usr/bin/sleep", &path).unwrap();
        let mut command = Command::new(&path);
        command.arg("1000");
        let sleeper = Sleeper::of(command);
        std::fs::remove_file(&path).unwrap();
        if replaced {
            std::fs::copy("/usr/bin/sleep", &path).unwrap();
        }
        let error = signal(sleeper.request(), "KILL", admit).unwrap_err();
        assert!(matches!(error, SignalError::OtherProgram { .. }), "{error}");
        drop(sleeper);
        let _ = std::fs::remove_file(&path);
    }
}
