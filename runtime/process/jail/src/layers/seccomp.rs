//! A filter of system calls.
//!
//! What is denied is what a program that scans, parses or fetches has no use for and that has let programs out of
//! isolation before: other processes' memory, mounts, namespaces, kernel modules and programs, keys, asynchronous
//! rings that pass by every filter, and families of sockets outside the scope. Calls newer than the newest that was
//! examined do not exist for the program, nor do those of other ABIs of the processor. A list of what is allowed
//! would break ordinary tools on the next version of their C library without stopping more of what is known.

mod calls;
mod filter;
#[cfg(test)]
mod tests;

use std::os::fd::OwnedFd;

use crate::spec::Network;
use crate::sys::seccomp::{Instruction, install};
use calls::{
    ABSENT, DENIED, FCHMODAT2, IPV4_OPTIONS, IPV6_OPTIONS, NEW_NAMESPACES, SET_ID_BITS, SHARED,
    TERMINAL,
};
use filter::{ALLOW, Filter, JUMP_ANY_BIT, JUMP_EQUAL, NOTIFY, errno};

/// Installs the filter for `network`. Gives the listener if the broker needs one.
pub(crate) fn enforce(network: &Network, own_queues: bool) -> Result<Option<OwnedFd>, String> {
    let program = program(network, own_queues);
    let broker = matches!(network, Network::Targets(_));
    install(&program, broker).map_err(|error| format!("seccomp: {error}"))
}

/// The filter for `network`.
fn program(network: &Network, own_queues: bool) -> Vec<Instruction> {
    let mut filter = Filter::new();
    filter.deny(DENIED, errno(libc::EPERM));
    filter.deny(ABSENT, errno(libc::ENOSYS));
    if !own_queues {
        filter.deny(SHARED, errno(libc::EPERM));
    }
    filter.on(libc::SYS_clone, |filter| {
        filter.load_argument(0);
        filter.if_any_bit(NEW_NAMESPACES, errno(libc::EPERM));
    });
    filter.on(libc::SYS_ioctl, |filter| {
        filter.load_argument(1);
        for operation in TERMINAL {
            filter.if_equal(operation as u32, errno(libc::EPERM));
        }
    });
    filter.on(libc::SYS_kill, |filter| {
        // Everything that the user may signal, which without a PID namespace is all he runs.
        filter.load_argument(0);
        filter.if_equal(-1_i32 as u32, errno(libc::EPERM));
    });
    filter.on(libc::SYS_personality, |filter| {
        filter.load_argument(0);
        filter.if_equal(0, ALLOW);
        filter.if_equal(u32::MAX, ALLOW);
        filter.answer(errno(libc::EPERM));
    });
    set_user_id_bits(&mut filter);
    filter.on(libc::SYS_socketpair, socket_pairs);
    filter.on(libc::SYS_socket, |filter| sockets(filter, network));
    connections(&mut filter, network);
    filter.answer(ALLOW);
    filter.0
}

/// Files that act as their owner for everybody must not be left behind in a tree to write to.
fn set_user_id_bits(filter: &mut Filter) {
    #[cfg(target_arch = "x86_64")]
    let (modes, opens) = (
        [
            (libc::SYS_chmod, 1),
            (libc::SYS_creat, 1),
            (libc::SYS_mknod, 1),
        ]
        .as_slice(),
        [(libc::SYS_open, 1)].as_slice(),
    );
    #[cfg(not(target_arch = "x86_64"))]
    let (modes, opens): (&[(libc::c_long, u32)], &[(libc::c_long, u32)]) = (&[], &[]);
    let everywhere = [
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (FCHMODAT2, 2),
        (libc::SYS_mknodat, 2),
    ];
    for &(call, mode) in modes.iter().chain(&everywhere) {
        filter.on(call, |filter| {
            filter.load_argument(mode);
            filter.if_any_bit(SET_ID_BITS, errno(libc::EPERM));
        });
    }
    // The mode stands behind the flags, and counts only where a file may be created.
    for &(call, flags) in opens.iter().chain(&[(libc::SYS_openat, 2)]) {
        filter.on(call, |filter| {
            filter.load_argument(flags);
            filter.push(
                JUMP_ANY_BIT,
                1,
                0,
                (libc::O_CREAT | libc::O_TMPFILE & !libc::O_DIRECTORY) as u32,
            );
            filter.answer(ALLOW);
            filter.load_argument(flags + 1);
            filter.if_any_bit(SET_ID_BITS, errno(libc::EPERM));
        });
    }
}

/// Pairs of connected Unix sockets are pipes; a pair for datagrams could send elsewhere.
fn socket_pairs(filter: &mut Filter) {
    filter.load_argument(0);
    filter.unless_equal(libc::AF_UNIX as u32, errno(libc::EAFNOSUPPORT));
    filter.load_argument(1);
    filter.and(0xff);
    filter.if_equal(libc::SOCK_STREAM as u32, ALLOW);
    filter.if_equal(libc::SOCK_SEQPACKET as u32, ALLOW);
    filter.answer(errno(libc::EPROTONOSUPPORT));
}

/// TCP and UDP where the scope has a network; reading the machine's interfaces where it has the machine's.
fn sockets(filter: &mut Filter, network: &Network) {
    if *network == Network::None {
        filter.answer(errno(libc::EAFNOSUPPORT));
        return;
    }
    filter.load_argument(0);
    if *network == Network::Host {
        filter.if_equal(libc::AF_NETLINK as u32, ALLOW);
    }
    // Jumps over the second comparison when the first one holds.
    filter.push(JUMP_EQUAL, 2, 0, libc::AF_INET as u32);
    filter.unless_equal(libc::AF_INET6 as u32, errno(libc::EAFNOSUPPORT));
    filter.load_argument(1);
    filter.and(0xff);
    filter.push(JUMP_EQUAL, 2, 0, libc::SOCK_STREAM as u32);
    filter.unless_equal(libc::SOCK_DGRAM as u32, errno(libc::EPERM));
    filter.load_argument(2);
    for protocol in [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP] {
        filter.if_equal(protocol as u32, ALLOW);
    }
    filter.answer(errno(libc::EPROTONOSUPPORT));
}

/// Calls that name an address.
fn connections(filter: &mut Filter, network: &Network) {
    let named = match network {
        Network::Host => return,
        Network::None => errno(libc::EACCES),
        Network::Targets(_) => NOTIFY,
    };
    filter.deny(&[libc::SYS_listen], errno(libc::EACCES));
    filter.deny(&[libc::SYS_connect, libc::SYS_bind], named);
    filter.on(libc::SYS_sendto, |filter| {
        // Without an address it is a plain send over a connection.
        filter.load_argument(4);
        // Jumps over the look at the other half when this one is not zero.
        filter.push(JUMP_EQUAL, 0, 3, 0);
        filter.load_argument_high(4);
        filter.if_equal(0, ALLOW);
        filter.answer(named);
    });
    if let Network::Targets(_) = network {
        filter.deny(&[libc::SYS_sendmsg], NOTIFY);
        filter.deny(&[libc::SYS_sendmmsg], errno(libc::ENOSYS));
        filter.on(libc::SYS_setsockopt, socket_options);
    }
}

/// Options that send packets by themselves, or past the address that was checked, do not exist.
fn socket_options(filter: &mut Filter) {
    filter.load_argument(1);
    for (level, allowed) in [
        (libc::IPPROTO_IP, IPV4_OPTIONS.as_slice()),
        (libc::IPPROTO_IPV6, IPV6_OPTIONS.as_slice()),
    ] {
        filter.block(level as u32, |filter| {
            filter.load_argument(2);
            for &option in allowed {
                filter.if_equal(option as u32, ALLOW);
            }
            filter.answer(errno(libc::ENOPROTOOPT));
        });
    }
    // Closing such a socket waits, and the broker closes its own copy. Programs are told that it worked.
    filter.block(libc::SOL_SOCKET as u32, |filter| {
        filter.load_argument(2);
        filter.if_equal(libc::SO_LINGER as u32, errno(0));
        filter.answer(ALLOW);
    });
    for level in [libc::IPPROTO_TCP, libc::IPPROTO_UDP] {
        filter.if_equal(level as u32, ALLOW);
    }
    filter.answer(errno(libc::ENOPROTOOPT));
}
