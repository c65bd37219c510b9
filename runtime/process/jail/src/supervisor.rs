//! The helper's main process: outside of the tree, it starts init, answers for the network, and ends the tree.
//!
//! ```text
//! tenzik ──socket──► supervisor ──socket pair──► init (1 of its namespace) ──► program (2) ──► …
//! ```
//!
//! The socket is a lifeline: when tenzik closes it, or dies, the tree dies. Init dies with the supervisor, and with
//! init its whole namespace.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{DumpableBehavior, PidfdGetfdFlags, Signal, pidfd_getfd, pidfd_send_signal};

use crate::channel::{Channel, Received};
use crate::init::{self, Init};
use crate::layer::{Layer, Report};
use crate::layers::broker::Broker;
use crate::layers::cgroup::{self, Group};
use crate::layers::namespaces::{self, Side};
use crate::layers::{close_fds, user};
use crate::message::{Cause, Ending, Message, Order, Refusal};
use crate::spec::{JailSpec, Network};
use crate::sys::process::{
    Descriptors, children_usage, end_after, from_three_up, replace_standard, wait_any,
};
use crate::{family, trees};

/// How often it is looked whether callers that wait for a socket are still there.
const WAITING_LOOK: Duration = Duration::from_millis(100);

/// From the deadline, which the helper itself keeps, to that of the kernel.
const DEADLINE_SLACK: Duration = Duration::from_secs(3);

/// Runs what arrives on `control` and returns when its tree is dead.
pub(crate) fn run(control: OwnedFd) -> io::Result<()> {
    let started = Instant::now();
    let closed = close_fds::close_inherited();
    // The directory that tenzik runs in may be unmounted meanwhile.
    let _ = rustix::process::chdir("/");
    // Signals that a terminal sends to tenzik's group are for tenzik to act on.
    let _ = rustix::process::setsid();
    let mut control = Channel::new(control);
    let (spec, descriptors) = match control.receive_start()? {
        Received::Frame((Order::Start(spec), descriptors)) => (*spec, descriptors),
        _ => return Ok(()),
    };
    let [program, stdin] = <[OwnedFd; 2]>::try_from(descriptors)
        .map_err(|_| io::Error::other("a specification comes with two descriptors"))?;
    let mut report = Report::new();
    if spec.without.holds(Layer::CloseFds) {
        report.unavailable(Layer::CloseFds, "left out");
    } else {
        report.settle(Layer::CloseFds, closed.map(|()| String::new()));
    }
    match start(&spec, program, stdin, report) {
        Ok(tree) => tree.supervise(&mut control, started),
        Err(refusal) => control.send(&Message::Refused(refusal)),
    }
}

/// A tree whose init runs.
struct Tree<'a> {
    spec: &'a JailSpec,
    pidfd: OwnedFd,
    /// From init and, until it is executed, the program's process.
    setup: Option<Channel>,
    /// To init, and how the program ended from it.
    status: OwnedFd,
    group: Option<Group>,
    broker: Option<Broker>,
    own_namespace: bool,
    laid: bool,
    refused: bool,
    cause: Option<Cause>,
}

/// Builds what is built outside of the tree and starts init.
fn start(
    spec: &JailSpec,
    program: OwnedFd,
    stdin: OwnedFd,
    mut report: Report,
) -> Result<Tree<'_>, Refusal> {
    let machine =
        |what: &str, error: &dyn std::fmt::Display| Refusal::Machine(format!("{what}: {error}"));
    if spec.user == 0 {
        return Err(Refusal::Invalid(
            "programs do not run as user 0; name another user".to_owned(),
        ));
    }
    let group = if spec.without.holds(Layer::Cgroup) {
        report.unavailable(Layer::Cgroup, "left out");
        None
    } else {
        match cgroup::enforce(&spec.bounds) {
            Ok(group) => {
                report.enforced(Layer::Cgroup);
                Some(group)
            }
            Err(why) => {
                report.unavailable(Layer::Cgroup, why);
                None
            }
        }
    };
    if spec.without.holds(Layer::User) {
        report.unavailable(Layer::User, "left out");
    } else {
        report.settle(Layer::User, user::enforce(spec.user));
    }
    // The program can make calls of the broker block. So the kernel ends the helper, and with it init and
    // the tree, when tenzik ends, and some time behind the deadline. Another user's process would have
    // lost the first of these settings.
    let timer = Duration::from_millis(spec.bounds.deadline_ms).saturating_add(DEADLINE_SLACK);
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| machine("prctl", &error))?;
    end_after(timer).map_err(|error| machine("setitimer", &error))?;
    let trees = trees::resolve(&spec.read, &spec.write)
        .map_err(|bad| Refusal::Tree(bad.path, bad.reason))?;
    // Orphans of a tree without a namespace of its own become children of the helper, which can kill them then.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| machine("prctl", &error))?;
    let (setup, init_setup) = Channel::pair().map_err(|error| machine("socketpair", &error))?;
    let (status, init_status) = Channel::pair().map_err(|error| machine("socketpair", &error))?;
    // Inside of the new namespace nobody has a name until they are mapped.
    let user = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let side = namespaces::start_init(&spec.network, spec.without, &mut report)
        .map_err(|error| machine("clone", &error))?;
    match side {
        Side::Init => {
            drop((setup, status));
            let init = Init {
                spec,
                trees,
                report,
                program,
                stdin,
                setup: Channel::new(init_setup),
                status: init_status,
                user,
            };
            init.run()
        }
        Side::Helper(pidfd) => {
            drop((init_setup, init_status, program, stdin));
            // The program alone holds the output pipes, so that they end with it.
            close_outputs().map_err(|error| machine("/dev/null", &error))?;
            // Where the tree has no namespace of its own, its user must not get into this process either.
            let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
            Ok(Tree {
                spec,
                pidfd,
                setup: Some(Channel::new(setup)),
                status,
                group,
                broker: None,
                own_namespace: report.enforces(Layer::Pidns),
                laid: false,
                refused: false,
                cause: None,
            })
        }
    }
}

/// Lets go of standard output and standard error.
fn close_outputs() -> io::Result<()> {
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    replace_standard(1, null.as_fd())?;
    replace_standard(2, null.as_fd())?;
    // What was opened here is closed in whatever the helper might ever execute.
    let _ = from_three_up(Descriptors::CloseOnExecution);
    Ok(())
}

impl Tree<'_> {
    /// Waits for the end of the tree, whoever brings it about, and reports it.
    fn supervise(mut self, control: &mut Channel, started: Instant) -> io::Result<()> {
        let deadline = started + Duration::from_millis(self.spec.bounds.deadline_ms);
        let mut lifeline = true;
        loop {
            let ready = self.wait(control, lifeline, deadline)?;
            if ready.setup {
                self.hear_init(control, lifeline)?;
            }
            if let Some(broker) = &mut self.broker {
                broker.serve(ready.calls);
                broker.resume();
            }
            if ready.control && !self.obey(control) {
                lifeline = false;
            }
            if Instant::now() >= deadline {
                self.kill(Cause::TimedOut);
            }
            if ready.ended {
                break;
            }
        }
        // The last words of init, if it had any.
        self.hear_init(control, lifeline)?;
        self.finish(control, lifeline)
    }

    /// Waits until something happens, or the deadline.
    fn wait(&self, control: &Channel, lifeline: bool, deadline: Instant) -> io::Result<Ready> {
        // What has ended is not polled for: it would be ready for ever.
        let mut sources = vec![Source::Init];
        let mut interests = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
        if lifeline {
            sources.push(Source::Control);
            interests.push(PollFd::new(control, PollFlags::IN));
        }
        if let Some(setup) = &self.setup {
            sources.push(Source::Setup);
            interests.push(PollFd::new(setup, PollFlags::IN));
        }
        if let Some(broker) = &self.broker {
            if let Some(calls) = broker.calls() {
                sources.push(Source::Calls);
                interests.push(calls);
            }
            interests.extend(broker.sockets());
        }
        let mut left = deadline.saturating_duration_since(Instant::now());
        if self.cause.is_some() {
            // It is being killed: nothing but its end is waited for.
            left = Duration::from_secs(1);
        }
        if self.broker.as_ref().is_some_and(Broker::has_waiting) {
            left = left.min(WAITING_LOOK);
        }
        let left = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut interests, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let events = |source: Source| {
            let mut pairs = sources.iter().zip(&interests);
            let found = pairs.find(|(own, _)| **own == source);
            found.map_or(PollFlags::empty(), |(_, interest)| interest.revents())
        };
        let woken = |source: Source| !events(source).is_empty();
        Ok(Ready {
            ended: woken(Source::Init),
            control: woken(Source::Control),
            setup: woken(Source::Setup),
            calls: events(Source::Calls),
        })
    }

    /// Passes on what init says.
    fn hear_init(&mut self, control: &Channel, lifeline: bool) -> io::Result<()> {
        while let Some(setup) = &mut self.setup {
            let message = match setup.receive()? {
                Received::Nothing => return Ok(()),
                Received::Frame(Message::Listener(number)) => {
                    self.take_listener(number)?;
                    continue;
                }
                Received::Frame(message) => message,
                Received::End => {
                    self.setup = None;
                    if !self.laid || self.refused {
                        return Ok(());
                    }
                    Message::Started
                }
            };
            match &message {
                Message::Layers(_) => self.laid = true,
                Message::Refused(_) => self.refused = true,
                _ => {}
            }
            if lifeline {
                control.send(&message).or_else(gone_is_fine)?;
            }
        }
        Ok(())
    }

    /// Takes the listener of init's filter and lets init go on.
    fn take_listener(&mut self, number: u32) -> io::Result<()> {
        let Network::Targets(targets) = &self.spec.network else {
            return Ok(());
        };
        let number = i32::try_from(number).map_err(io::Error::other)?;
        let answer: &[u8] = match pidfd_getfd(&self.pidfd, number, PidfdGetfdFlags::empty()) {
            Ok(listener) => {
                self.broker = Some(Broker::new(listener, targets.clone()));
                init::GO_ON
            }
            Err(_) => init::NO_BROKER,
        };
        rustix::io::write(&self.status, answer)?;
        Ok(())
    }

    /// Does what is ordered; false when nobody is there any more to order.
    fn obey(&mut self, control: &mut Channel) -> bool {
        match control.receive_order() {
            Ok(Received::Nothing) => true,
            Ok(Received::Frame(Order::Kill)) => {
                self.kill(Cause::Killed);
                true
            }
            _ => {
                self.kill(Cause::Killed);
                false
            }
        }
    }

    /// Kills the tree. The first cause counts.
    fn kill(&mut self, cause: Cause) {
        self.cause.get_or_insert(cause);
        if !self.own_namespace {
            family::kill_descendants();
        }
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Reaps what is left and reports the end.
    fn finish(mut self, control: &Channel, lifeline: bool) -> io::Result<()> {
        if !self.own_namespace {
            family::kill_all_children();
        }
        while wait_any(false).is_some() {}
        if let Some(group) = self.group.take() {
            group.remove();
        }
        let end = init::read_end(self.status.as_fd());
        let cause = self
            .cause
            .or(end)
            .unwrap_or(Cause::Signal(libc::SIGKILL as u8));
        let (cpu_us, memory_bytes) = children_usage();
        let (network_granted, network_refused) = self
            .broker
            .as_ref()
            .map_or((0, 0), |broker| (broker.granted, broker.refused));
        let ending = Ending {
            cause,
            cpu_us,
            memory_bytes,
            network_granted,
            network_refused,
        };
        if !lifeline {
            return Ok(());
        }
        if !self.laid && !self.refused {
            let refusal = if cause == Cause::TimedOut {
                Refusal::TimedOut
            } else {
                Refusal::Machine("init died before the program was executed".to_owned())
            };
            control
                .send(&Message::Refused(refusal))
                .or_else(gone_is_fine)?;
        }
        control.send(&Message::Ended(ending)).or_else(gone_is_fine)
    }
}

/// What can be acted on.
struct Ready {
    ended: bool,
    control: bool,
    setup: bool,
    calls: PollFlags,
}

/// What can become ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Init,
    Control,
    Setup,
    Calls,
}

/// That nobody listens is noticed by the next look at the socket.
fn gone_is_fine(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Ok(()),
        _ => Err(error),
    }
}
