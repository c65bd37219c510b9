//! Interprets filters.

use super::calls::*;
use super::filter::*;
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
            LOAD => accumulator = u32::from_le_bytes(data[k as usize..][..4].try_into().unwrap()),
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
    assert_eq!(option(libc::SOL_SOCKET, libc::SO_LINGER), errno(0));
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
