//! Hostile programs on the network.

#![expect(unsafe_code, reason = "hostile programs make raw system calls")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::hostile::say;

/// Plays a hostile role on the network.
pub fn act(role: &str, arguments: &[String]) {
    let address = |index: usize| arguments[index].parse::<SocketAddr>().unwrap();
    match role {
        "connect" => arguments
            .iter()
            .for_each(|to| say(to, connect(to.parse().unwrap()))),
        "every_way" => every_way_to(address(0)),
        "race" => race(address(0), address(1)),
        "options" => set_options(),
        "listen" => listen(),
        "talk" => talk(address(0)),
        "block" => block(address(0), address(1)),
        "storm" => storm(address(0)),
        "many" => many(address(0), arguments[1].parse().unwrap()),
        other => panic!("no role {other}"),
    }
}

fn connect(to: SocketAddr) -> io::Result<String> {
    TcpStream::connect(to).map(|stream| format!("connected from {}", stream.local_addr().unwrap()))
}

/// Everything that could send bytes to an address.
fn every_way_to(to: SocketAddr) {
    let any: SocketAddr = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }
        .parse()
        .unwrap();
    say("tcp connect", connect(to));
    say(
        "tcp timeout",
        TcpStream::connect_timeout(&to, Duration::from_secs(1)).map(|_| String::new()),
    );
    let udp = || UdpSocket::bind(any).unwrap();
    say("udp sendto", udp().send_to(b"x", to).map(|_| String::new()));
    say("udp connect", udp().connect(to).map(|()| String::new()));
    let socket = udp();
    let _ = socket.connect(to);
    say("udp send", socket.send(b"x").map(|_| String::new()));
    say("udp sendmsg", send_message(udp().as_raw_fd(), to, false));
    say("udp sendmmsg", send_message(udp().as_raw_fd(), to, true));
    // SAFETY: only numbers are passed; a descriptor that was not made is refused by the call that gets it.
    let stream = unsafe { libc::socket(family(to), libc::SOCK_STREAM, 0) };
    let (bytes, length) = raw(to);
    // SAFETY: `bytes` outlives the call and is `length` long.
    let sent = unsafe {
        libc::sendto(
            stream,
            b"x".as_ptr().cast(),
            1,
            libc::MSG_FASTOPEN,
            bytes.as_ptr().cast(),
            length,
        )
    };
    say("tcp fastopen", check(sent as i64));
    say("tcp sendmsg", send_message(stream, to, false));
    // An address without a family is taken for IPv4 by sendto.
    let mut nameless = bytes;
    nameless[..2].copy_from_slice(&0_u16.to_ne_bytes());
    // SAFETY: as above.
    let sent = unsafe {
        libc::sendto(
            udp().as_raw_fd(),
            b"x".as_ptr().cast(),
            1,
            0,
            nameless.as_ptr().cast(),
            length,
        )
    };
    say("udp nameless", check(sent as i64));
}

fn check(answer: i64) -> io::Result<String> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer.to_string())
    }
}

fn family(address: SocketAddr) -> i32 {
    if address.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    }
}

/// The address as the kernel has it.
fn raw(address: SocketAddr) -> ([u8; 28], u32) {
    let mut bytes = [0; 28];
    bytes[..2].copy_from_slice(&(family(address) as u16).to_ne_bytes());
    bytes[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address.ip() {
        IpAddr::V4(ip) => {
            bytes[4..8].copy_from_slice(&ip.octets());
            (bytes, 16)
        }
        IpAddr::V6(ip) => {
            bytes[8..24].copy_from_slice(&ip.octets());
            (bytes, 28)
        }
    }
}

fn send_message(socket: i32, to: SocketAddr, many: bool) -> io::Result<String> {
    let (mut bytes, length) = raw(to);
    let mut piece = libc::iovec {
        iov_base: b"x".as_ptr().cast_mut().cast(),
        iov_len: 1,
    };
    // SAFETY: an all-zero mmsghdr is an empty message.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    message.msg_hdr.msg_name = bytes.as_mut_ptr().cast();
    message.msg_hdr.msg_namelen = length;
    message.msg_hdr.msg_iov = &raw mut piece;
    message.msg_hdr.msg_iovlen = 1;
    // SAFETY: everything that the message points to outlives the call.
    check(unsafe {
        if many {
            i64::from(libc::sendmmsg(socket, &raw mut message, 1, 0))
        } else {
            libc::sendmsg(socket, &raw const message.msg_hdr, 0) as i64
        }
    })
}

/// Connects and sends to the first address over and over while another thread turns it into the second one.
fn race(granted: SocketAddr, other: SocketAddr) {
    static PORT: AtomicU32 = AtomicU32::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    // The address lies where the other thread writes: family and port share a word.
    #[repr(C)]
    struct Shared {
        head: AtomicU32,
        rest: [u32; 6],
    }
    let word = |address: SocketAddr| u32::from_ne_bytes(raw(address).0[..4].try_into().unwrap());
    let (bytes, length) = raw(granted);
    let rest = |index: usize| u32::from_ne_bytes(bytes[4 + 4 * index..][..4].try_into().unwrap());
    let shared: &Shared = Box::leak(Box::new(Shared {
        head: AtomicU32::new(word(granted)),
        rest: std::array::from_fn(rest),
    }));
    let _ = shared.rest;
    PORT.store(word(other), Ordering::Relaxed);
    let flipper = std::thread::spawn(move || {
        while !DONE.load(Ordering::Relaxed) {
            shared.head.store(word(other), Ordering::Relaxed);
            shared.head.store(word(granted), Ordering::Relaxed);
        }
    });
    let (mut reached, mut refused) = (0, 0);
    for _ in 0..2000 {
        // SAFETY: the address outlives the calls; the descriptor is closed here and used by nobody else.
        unsafe {
            let socket = libc::socket(family(granted), libc::SOCK_DGRAM, 0);
            if libc::connect(socket, (&raw const *shared).cast(), length) == 0 {
                reached += 1;
                libc::send(socket, b"x".as_ptr().cast(), 1, 0);
            } else {
                refused += 1;
            }
            libc::sendto(
                socket,
                b"x".as_ptr().cast(),
                1,
                0,
                (&raw const *shared).cast(),
                length,
            );
            libc::close(socket);
        }
    }
    DONE.store(true, Ordering::Relaxed);
    flipper.join().unwrap();
    println!("reached {reached} refused {refused}");
}

fn set_options() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let six = UdpSocket::bind("[::1]:0").unwrap();
    let tries = [
        (
            "ip options",
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_OPTIONS,
        ),
        (
            "membership",
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_ADD_MEMBERSHIP,
        ),
        (
            "multicast interface",
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MULTICAST_IF,
        ),
        (
            "join group",
            six.as_raw_fd(),
            libc::IPPROTO_IPV6,
            libc::IPV6_ADD_MEMBERSHIP,
        ),
        (
            "routing header",
            six.as_raw_fd(),
            libc::IPPROTO_IPV6,
            libc::IPV6_RTHDR,
        ),
    ];
    let value = [0_u8; 20];
    for (name, socket, level, option) in tries {
        // SAFETY: pointer and length are of one array.
        let answer = unsafe { libc::setsockopt(socket, level, option, value.as_ptr().cast(), 20) };
        say(name, check(i64::from(answer)));
    }
}

fn listen() {
    say(
        "bind port",
        TcpListener::bind("127.0.0.1:45678").map(|_| String::new()),
    );
    say(
        "listen",
        TcpListener::bind("127.0.0.1:0").map(|_| String::new()),
    );
    say(
        "udp port",
        UdpSocket::bind("127.0.0.1:45678").map(|_| String::new()),
    );
}

/// Sends 300,000 bytes over a connection with sendmsg, and reads them back.
fn talk(to: SocketAddr) {
    let mut stream = TcpStream::connect(to).unwrap();
    let sent: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 253) as u8)
        .collect();
    let reader = stream.try_clone().unwrap();
    let expected = sent.clone();
    let check = std::thread::spawn(move || {
        let mut got = vec![0; expected.len()];
        (&reader).read_exact(&mut got).unwrap();
        assert_eq!(got, expected);
    });
    let (first, second) = sent.split_at(100_000);
    for half in [first, second] {
        let mut left = half;
        while !left.is_empty() {
            let pieces = left
                .chunks(10_000)
                .map(io::IoSlice::new)
                .collect::<Vec<_>>();
            left = &left[send_pieces(&stream, &pieces)..];
        }
    }
    stream.flush().unwrap();
    check.join().unwrap();
    println!("talked");
}

fn send_pieces(stream: &TcpStream, pieces: &[io::IoSlice<'_>]) -> usize {
    // SAFETY: an all-zero msghdr is an empty message.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = pieces.as_ptr().cast_mut().cast();
    message.msg_iovlen = pieces.len() as _;
    // SAFETY: IoSlice is an iovec by its documentation; what it points to is borrowed for the call.
    let sent = unsafe { libc::sendmsg(stream.as_raw_fd(), &raw const message, 0) };
    usize::try_from(sent).unwrap()
}

/// One thread waits for an answer that never comes while this one connects.
fn block(silent: SocketAddr, answering: SocketAddr) {
    std::thread::spawn(move || {
        let _ = TcpStream::connect(silent);
    });
    std::thread::sleep(Duration::from_millis(50));
    let started = Instant::now();
    say("other", connect(answering));
    println!("took {} ms", started.elapsed().as_millis());
    std::process::exit(0);
}

/// Calls with pointers to nowhere, lengths beyond everything and descriptors that are none, from many threads.
fn storm(to: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let number = socket.as_raw_fd();
    let bad = [0_usize, 1, 4096, usize::MAX, usize::MAX - 4096, 1 << 47];
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                for round in 0..200_usize {
                    let pointer = bad[round % bad.len()] as *const libc::c_void;
                    let length = [0, 1, 16, 128, 129, u32::MAX][round % 6];
                    // SAFETY: the pointers are nowhere, which is what the kernel and the broker have to find out.
                    unsafe {
                        libc::connect(number, pointer.cast(), length);
                        libc::connect(-1, pointer.cast(), 16);
                        libc::connect(1, pointer.cast(), 16);
                        libc::bind(number, pointer.cast(), length);
                        libc::sendto(number, pointer, round << 20, 0, pointer.cast(), length);
                        libc::sendmsg(number, pointer.cast(), 0);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    say("afterwards", connect(to));
}

/// Connects many times without waiting, as scanners do, and tells the middle one's time.
fn many(to: SocketAddr, count: usize) {
    let (bytes, length) = raw(to);
    let mut times: Vec<u128> = (0..count)
        .map(|_| {
            // SAFETY: the address outlives the call, and the descriptor is closed here.
            unsafe {
                let socket = libc::socket(family(to), libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0);
                let started = Instant::now();
                let answer = libc::connect(socket, bytes.as_ptr().cast(), length);
                let time = started.elapsed().as_nanos();
                let error = io::Error::last_os_error().raw_os_error();
                assert!(answer == 0 || error == Some(libc::EINPROGRESS), "{error:?}");
                libc::close(socket);
                time
            }
        })
        .collect();
    times.sort_unstable();
    println!("{}", times[count / 2]);
}
