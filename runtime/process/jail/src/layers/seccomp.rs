//! A filter of system calls.
//!
//! What is denied is what a program that scans, parses or fetches has no use for and that has let programs out of
//! isolation before: other processes' memory, mounts, namespaces, kernel modules and programs, keys, asynchronous
//! rings that pass by every filter, and families of sockets outside the scope. Calls newer than the newest that was
//! examined do not exist for the program, nor do those of other ABIs of the processor. A list of what is allowed
//! would break ordinary tools on the next version of their C library without stopping more of what is known.

use std::os::fd::OwnedFd;

use crate::spec::Network;
use crate::sys::seccomp::{Instruction, install};

/// The newest system call that was examined: file_setattr. Newer ones do not exist for the program.
const NEWEST: u32 = 469;
/// Set in the numbers of x32 calls, which reach the kernel past filters that only know the others.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Every flag of `clone` that makes a namespace.
const NEW_NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

const fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number as u32
}

/// Calls that are answered with EPERM.
const DENIED: &[libc::c_long] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // Mounts, roots and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    STATMOUNT,
    LISTMOUNT,
    libc::SYS_unshare,
    libc::SYS_setns,
    // Files by handle pass by the root.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    // The kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    // Keys, clocks.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

const SET_ID_BITS: u32 = libc::S_ISUID | libc::S_ISGID;
const FCHMODAT2: libc::c_long = 452;
const STATMOUNT: libc::c_long = 457;
const LISTMOUNT: libc::c_long = 458;
const OPEN_TREE_ATTR: libc::c_long = 467;

/// Calls that do not exist for the program, so that its library falls back to older ones.
const ABSENT: &[libc::c_long] = &[
    // Their flags and modes lie in memory, where a filter cannot see them.
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// System V and POSIX queues and shared memory, denied where they are not the tree's own.
const SHARED: &[libc::c_long] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
];

/// Operations on terminals that act on who else has them open.
const TERMINAL: [u64; 3] = [libc::TIOCSTI, TIOCLINUX, TIOCSETD];
const TIOCLINUX: u64 = 0x541c;
const TIOCSETD: u64 = 0x5423;

/// Options of IPv4 that a process in the machine's network may set: none that routes, joins a group or sends by itself.
const IPV4_OPTIONS: [i32; 12] = [1, 2, 8, 10, 11, 12, 13, 15, 24, 33, 34, 49];
/// Options of IPv6, likewise.
const IPV6_OPTIONS: [i32; 13] = [16, 18, 19, 23, 24, 25, 26, 49, 51, 62, 66, 67, 70];

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
    for level in [libc::SOL_SOCKET, libc::IPPROTO_TCP, libc::IPPROTO_UDP] {
        filter.if_equal(level as u32, ALLOW);
    }
    filter.answer(errno(libc::ENOPROTOOPT));
}

// Instructions of the kernel's classic BPF: what they do, and on what.
const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const JUMP_ABOVE: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
const JUMP_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;

// Where struct seccomp_data has the number of the call, the architecture and the arguments, of 8 bytes each, the low
// half first on the little-endian machines this is built for.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// A filter under construction. Between rules the accumulator holds the number of the call.
struct Filter(Vec<Instruction>);

impl Filter {
    /// Starts with what kills: calls of another architecture.
    fn new() -> Filter {
        let mut filter = Filter(Vec::with_capacity(256));
        filter.push(LOAD, 0, 0, ARCH);
        filter.unless_equal(ARCHITECTURE, KILL);
        filter.push(LOAD, 0, 0, NUMBER);
        #[cfg(target_arch = "x86_64")]
        {
            filter.push(JUMP_ANY_BIT, 0, 1, X32);
            filter.answer(KILL);
        }
        filter.push(JUMP_ABOVE, 0, 1, NEWEST);
        filter.answer(errno(libc::ENOSYS));
        filter
    }

    fn push(&mut self, code: u16, on_true: u8, on_false: u8, value: u32) {
        self.0.push(Instruction {
            code,
            jt: on_true,
            jf: on_false,
            k: value,
        });
    }

    fn answer(&mut self, action: u32) {
        self.push(RETURN, 0, 0, action);
    }

    fn if_equal(&mut self, value: u32, action: u32) {
        self.push(JUMP_EQUAL, 0, 1, value);
        self.answer(action);
    }

    fn unless_equal(&mut self, value: u32, action: u32) {
        self.push(JUMP_EQUAL, 1, 0, value);
        self.answer(action);
    }

    fn if_any_bit(&mut self, bits: u32, action: u32) {
        self.push(JUMP_ANY_BIT, 0, 1, bits);
        self.answer(action);
    }

    fn and(&mut self, bits: u32) {
        self.push(AND, 0, 0, bits);
    }

    /// Loads the low half of an argument. Flags, families, options and descriptors are `int` to the kernel, which
    /// ignores the other half.
    fn load_argument(&mut self, index: u32) {
        self.push(LOAD, 0, 0, ARGUMENTS + 8 * index);
    }

    fn load_argument_high(&mut self, index: u32) {
        self.push(LOAD, 0, 0, ARGUMENTS + 8 * index + 4);
    }

    fn deny(&mut self, calls: &[libc::c_long], action: u32) {
        for &call in calls {
            self.if_equal(call as u32, action);
        }
    }

    /// Rules for one call. What none of them answers is allowed.
    fn on(&mut self, call: libc::c_long, rules: impl FnOnce(&mut Filter)) {
        self.block(call as u32, |filter| {
            rules(filter);
            filter.answer(ALLOW);
        });
    }

    /// Instructions that are passed over unless the accumulator holds `value`. They have to end with an answer.
    fn block(&mut self, value: u32, rules: impl FnOnce(&mut Filter)) {
        self.push(JUMP_EQUAL, 1, 0, value);
        let jump = self.0.len();
        self.push(JUMP, 0, 0, 0);
        rules(self);
        // An unconditional jump has 32 bits of room; a conditional one only 8.
        self.0[jump].k = (self.0.len() - jump - 1) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter answers, by interpreting it.
    fn judge(program: &[Instruction], arch: u32, number: i64, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend_from_slice(&(number as u32).to_le_bytes());
        data.extend_from_slice(&arch.to_le_bytes());
        data.extend_from_slice(&0_u64.to_le_bytes());
        for argument in arguments {
            data.extend_from_slice(&argument.to_le_bytes());
        }
        let (mut accumulator, mut at) = (0_u32, 0);
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            let take = |holds: bool| usize::from(if holds { jt } else { jf });
            match code {
                LOAD => {
                    accumulator = u32::from_le_bytes(data[k as usize..][..4].try_into().unwrap())
                }
                AND => accumulator &= k,
                RETURN => return k,
                JUMP => at += k as usize,
                JUMP_EQUAL => at += take(accumulator == k),
                JUMP_ABOVE => at += take(accumulator > k),
                JUMP_ANY_BIT => at += take(accumulator & k != 0),
                _ => panic!("unknown instruction {code}"),
            }
        }
    }

    fn ask(network: &Network, number: i64, arguments: &[u64]) -> u32 {
        let mut all = [0; 6];
        all[..arguments.len()].copy_from_slice(arguments);
        judge(&program(network, true), ARCHITECTURE, number, all)
    }

    const EPERM: u32 = errno(libc::EPERM);

    #[test]
    fn other_architectures_are_killed_and_newer_calls_do_not_exist() {
        let program = program(&Network::Host, true);
        assert_eq!(judge(&program, 0x4000_0003, libc::SYS_read, [0; 6]), KILL);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(
            judge(
                &program,
                ARCHITECTURE,
                libc::SYS_read | i64::from(X32),
                [0; 6]
            ),
            KILL
        );
        assert_eq!(
            judge(&program, ARCHITECTURE, 470, [0; 6]),
            errno(libc::ENOSYS)
        );
        assert_eq!(judge(&program, ARCHITECTURE, libc::SYS_read, [0; 6]), ALLOW);
        assert!(program.len() < 4096);
    }

    #[test]
    fn what_is_denied_is_denied_in_every_scope() {
        for network in [Network::None, Network::Targets(Vec::new()), Network::Host] {
            for &call in DENIED {
                assert_eq!(ask(&network, call, &[]), EPERM, "{call}");
            }
            assert_eq!(ask(&network, libc::SYS_clone3, &[]), errno(libc::ENOSYS));
            assert_eq!(
                ask(
                    &network,
                    libc::SYS_clone,
                    &[u64::from(libc::CLONE_NEWUSER as u32)]
                ),
                EPERM
            );
            assert_eq!(
                ask(&network, libc::SYS_clone, &[libc::SIGCHLD as u64]),
                ALLOW
            );
            // Bits that the kernel ignores hide nothing.
            assert_eq!(
                ask(&network, libc::SYS_ioctl, &[0, libc::TIOCSTI | 1 << 40]),
                EPERM
            );
            assert_eq!(
                ask(&network, libc::SYS_ioctl, &[0, libc::TIOCGWINSZ]),
                ALLOW
            );
            assert_eq!(ask(&network, libc::SYS_kill, &[u64::MAX, 9]), EPERM);
            assert_eq!(ask(&network, libc::SYS_kill, &[7, 9]), ALLOW);
            assert_eq!(ask(&network, libc::SYS_personality, &[0x0040000]), EPERM);
            let mode = |call, arguments: &[u64]| ask(&network, call, arguments);
            assert_eq!(mode(libc::SYS_fchmodat, &[0, 0, 0o4755]), EPERM);
            assert_eq!(mode(libc::SYS_fchmod, &[0, 0o2755]), EPERM);
            assert_eq!(mode(libc::SYS_fchmod, &[0, 0o1755]), ALLOW);
            assert_eq!(
                mode(libc::SYS_openat, &[0, 0, libc::O_CREAT as u64, 0o4755]),
                EPERM
            );
            assert_eq!(
                mode(libc::SYS_openat, &[0, 0, libc::O_TMPFILE as u64, 0o4755]),
                EPERM
            );
            assert_eq!(
                mode(libc::SYS_openat, &[0, 0, libc::O_DIRECTORY as u64, 0o4755]),
                ALLOW
            );
            assert_eq!(
                mode(libc::SYS_openat, &[0, 0, libc::O_CREAT as u64, 0o644]),
                ALLOW
            );
            assert_eq!(mode(libc::SYS_openat2, &[]), errno(libc::ENOSYS));
            let pair = |family: i32, kind: i32| {
                ask(
                    &network,
                    libc::SYS_socketpair,
                    &[family as u64, kind as u64],
                )
            };
            assert_eq!(
                pair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC),
                ALLOW
            );
            assert_eq!(
                pair(libc::AF_UNIX, libc::SOCK_DGRAM),
                errno(libc::EPROTONOSUPPORT)
            );
            assert_eq!(
                pair(libc::AF_TIPC, libc::SOCK_STREAM),
                errno(libc::EAFNOSUPPORT)
            );
        }
    }

    #[test]
    fn sockets_follow_the_scope() {
        let socket = |network: &Network, family: i32, kind: i32, protocol: i32| {
            ask(
                network,
                libc::SYS_socket,
                &[family as u64, kind as u64, protocol as u64],
            )
        };
        let targets = Network::Targets(Vec::new());
        let stream = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
        for network in [&targets, &Network::Host] {
            assert_eq!(socket(network, libc::AF_INET, stream, 0), ALLOW);
            assert_eq!(
                socket(network, libc::AF_INET6, libc::SOCK_DGRAM, libc::IPPROTO_UDP),
                ALLOW
            );
            assert_eq!(socket(network, libc::AF_INET, libc::SOCK_RAW, 1), EPERM);
            assert_eq!(
                socket(network, libc::AF_INET, libc::SOCK_DGRAM, 1),
                errno(libc::EPROTONOSUPPORT)
            );
            for family in [
                libc::AF_UNIX,
                libc::AF_PACKET,
                libc::AF_VSOCK,
                libc::AF_ALG,
                libc::AF_XDP,
            ] {
                assert_eq!(
                    socket(network, family, stream, 0),
                    errno(libc::EAFNOSUPPORT)
                );
            }
        }
        assert_eq!(
            socket(&targets, libc::AF_NETLINK, libc::SOCK_RAW, 0),
            errno(libc::EAFNOSUPPORT)
        );
        assert_eq!(
            socket(&Network::Host, libc::AF_NETLINK, libc::SOCK_RAW, 0),
            ALLOW
        );
        assert_eq!(
            socket(&Network::None, libc::AF_INET, stream, 0),
            errno(libc::EAFNOSUPPORT)
        );
    }

    #[test]
    fn addresses_go_to_the_broker() {
        let targets = Network::Targets(Vec::new());
        assert_eq!(ask(&targets, libc::SYS_connect, &[]), NOTIFY);
        assert_eq!(ask(&targets, libc::SYS_bind, &[]), NOTIFY);
        assert_eq!(ask(&targets, libc::SYS_sendmsg, &[]), NOTIFY);
        assert_eq!(ask(&targets, libc::SYS_sendmmsg, &[]), errno(libc::ENOSYS));
        assert_eq!(ask(&targets, libc::SYS_listen, &[]), errno(libc::EACCES));
        assert_eq!(ask(&targets, libc::SYS_sendto, &[3, 1, 1, 0, 0, 0]), ALLOW);
        assert_eq!(ask(&targets, libc::SYS_sendto, &[3, 1, 1, 0, 8, 0]), NOTIFY);
        assert_eq!(
            ask(&targets, libc::SYS_sendto, &[3, 1, 1, 0, 1 << 32, 0]),
            NOTIFY
        );
        assert_eq!(
            ask(&Network::None, libc::SYS_connect, &[]),
            errno(libc::EACCES)
        );
        assert_eq!(
            ask(&Network::None, libc::SYS_sendto, &[3, 1, 1, 0, 8, 0]),
            errno(libc::EACCES)
        );
        assert_eq!(ask(&Network::Host, libc::SYS_connect, &[]), ALLOW);
        let option = |level: i32, name: i32| {
            ask(
                &targets,
                libc::SYS_setsockopt,
                &[3, level as u64, name as u64],
            )
        };
        assert_eq!(option(libc::SOL_SOCKET, libc::SO_REUSEADDR), ALLOW);
        assert_eq!(option(libc::IPPROTO_TCP, libc::TCP_NODELAY), ALLOW);
        assert_eq!(option(libc::IPPROTO_IP, libc::IP_TTL), ALLOW);
        assert_eq!(
            option(libc::IPPROTO_IP, libc::IP_OPTIONS),
            errno(libc::ENOPROTOOPT)
        );
        assert_eq!(
            option(libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP),
            errno(libc::ENOPROTOOPT)
        );
        assert_eq!(option(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), ALLOW);
        assert_eq!(option(libc::IPPROTO_IPV6, 57), errno(libc::ENOPROTOOPT));
        assert_eq!(option(132, 1), errno(libc::ENOPROTOOPT));
    }
}
