//! Starts init in as many new namespaces as the machine gives.
//!
//! All are asked for in one call, which works for ordinary users because the user namespace is among them. Where that
//! is refused, each kind is tried alone to learn which are there, and why the others are not.

use std::io;
use std::os::fd::OwnedFd;

use crate::layer::{Layer, LayerSet, Report};
use crate::spec::Network;
use crate::sys::process::{Split, clone, exit_now};

/// Kinds besides the user namespace, without which an ordinary user gets none of them.
const KINDS: [(Layer, libc::c_int); 5] = [
    (Layer::Mountns, libc::CLONE_NEWNS),
    (Layer::Pidns, libc::CLONE_NEWPID),
    (Layer::Netns, libc::CLONE_NEWNET),
    (Layer::Ipcns, libc::CLONE_NEWIPC),
    (Layer::Utsns, libc::CLONE_NEWUTS),
];

/// The two sides of a start.
pub(crate) enum Side {
    /// The helper, with a descriptor of init.
    Helper(OwnedFd),
    /// Init.
    Init,
}

/// Starts init and notes in `report`, on both sides, in which namespaces it is.
pub(crate) fn start_init(
    network: &Network,
    without: LayerSet,
    report: &mut Report,
) -> io::Result<Side> {
    let mut wanted = Vec::new();
    for (layer, flag) in KINDS {
        match (layer, network) {
            (Layer::Netns, Network::Targets(_) | Network::Host) => {
                report.unused(layer, "the network scope needs the machine's network");
            }
            _ if without.holds(layer) => report.unavailable(layer, "left out"),
            _ => wanted.push((layer, flag)),
        }
    }
    if without.holds(Layer::Userns) {
        let why = "left out";
        report.unavailable(Layer::Userns, why);
        return start_without(&wanted, report, why);
    }
    match split(&wanted, report) {
        Ok(side) => Ok(side),
        Err(_) => start_with_fewer(wanted, report),
    }
}

/// Tries each kind alone and starts init in those that work.
fn start_with_fewer(
    mut wanted: Vec<(Layer, libc::c_int)>,
    report: &mut Report,
) -> io::Result<Side> {
    if let Err(error) = probe(libc::CLONE_NEWUSER) {
        let why = format!("{error}; {}", remedy(&error));
        report.unavailable(Layer::Userns, why.as_str());
        return start_without(&wanted, report, "needs userns");
    }
    wanted.retain(|&(layer, flag)| match probe(libc::CLONE_NEWUSER | flag) {
        Ok(()) => true,
        Err(error) => {
            report.unavailable(layer, format!("{error}; {}", remedy(&error)));
            false
        }
    });
    split(&wanted, report)
}

fn start_without(
    wanted: &[(Layer, libc::c_int)],
    report: &mut Report,
    why: &str,
) -> io::Result<Side> {
    for &(layer, _) in wanted {
        report.unavailable(layer, why);
    }
    Ok(match clone(0)? {
        Split::Parent(_, pidfd) => Side::Helper(pidfd),
        Split::Child => Side::Init,
    })
}

fn split(kinds: &[(Layer, libc::c_int)], report: &mut Report) -> io::Result<Side> {
    let flags = kinds
        .iter()
        .fold(libc::CLONE_NEWUSER, |flags, &(_, flag)| flags | flag);
    let split = clone(flags)?;
    for &(layer, _) in kinds {
        report.enforced(layer);
    }
    report.enforced(Layer::Userns);
    Ok(match split {
        Split::Parent(_, pidfd) => Side::Helper(pidfd),
        Split::Child => Side::Init,
    })
}

/// Whether a process can be started with these flags.
fn probe(flags: libc::c_int) -> io::Result<()> {
    match clone(flags)? {
        Split::Child => exit_now(0),
        Split::Parent(pid, _) => {
            let _ = rustix::process::waitpid(
                rustix::process::Pid::from_raw(pid),
                rustix::process::WaitOptions::empty(),
            );
            Ok(())
        }
    }
}

/// What an operator can do about it.
fn remedy(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EUSERS) => "raise the limits in /proc/sys/user",
        Some(libc::EPERM | libc::EACCES) => {
            "allow user namespaces (sysctl kernel.unprivileged_userns_clone, \
             kernel.apparmor_restrict_unprivileged_userns, or the filter of the container)"
        }
        _ => "the kernel does not offer it",
    }
}
