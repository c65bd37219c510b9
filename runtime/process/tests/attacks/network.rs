//! Attempts to reach what is not granted, counted by real listeners.

#![expect(unsafe_code, reason = "hostile programs make raw system calls")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tenzik_process::{Exit, Layer, Network, Protocol, StartError, Target};

use crate::hostile::say;
use crate::suite::Test;
use crate::support::{Ran, hostile, layers, run, start, system};

pub const TESTS: &[Test] = &[
    (
        "network::granted_targets_are_reached_and_no_others",
        targets,
    ),
    ("network::every_way_to_name_an_address_is_judged", every_way),
    (
        "network::addresses_changed_behind_the_check_do_not_count",
        racing,
    ),
    ("network::options_that_route_or_send_do_not_exist", options),
    ("network::nobody_listens", nobody_listens),
    ("network::a_blocking_caller_blocks_nobody_else", blocking),
    (
        "network::hostile_calls_do_not_stop_the_broker",
        hostile_calls,
    ),
    (
        "network::without_a_broker_nothing_is_started",
        without_broker,
    ),
    ("network::the_whole_network_when_granted", whole),
    ("network::nmap_scans_granted_targets_only", nmap),
    ("network::a_brokered_connection_is_quick", quick),
];

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

/// Counts what arrives at an address, by TCP and UDP.
struct Counter {
    address: SocketAddr,
    arrived: Arc<AtomicU32>,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Counter {
    fn new(ip: &str) -> Counter {
        let tcp = TcpListener::bind((ip.parse::<IpAddr>().unwrap(), 0)).unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        let (arrived, done) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, over) = (arrived.clone(), done.clone());
        let thread = std::thread::spawn(move || {
            loop {
                let finished = over.load(Ordering::Relaxed);
                let mut idle = true;
                while tcp.accept().is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                    idle = false;
                }
                while udp.recv(&mut [0; 10]).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                    idle = false;
                }
                if finished && idle {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Counter {
            address,
            arrived,
            done,
            threads: vec![thread],
        }
    }

    /// How much arrived.
    fn count(mut self) -> u32 {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.arrived.load(Ordering::Relaxed)
    }
}

fn target(address: SocketAddr) -> Target {
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    Target {
        protocol: None,
        address: address.ip(),
        prefix,
        ports: (address.port(), address.port()),
    }
}

fn reach(granted: &[Target], role: &str, arguments: &[String]) -> Ran {
    let arguments: Vec<&str> = [role]
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .collect();
    let mut spec = hostile("network", &arguments);
    spec.network = Network::Targets(granted.to_vec());
    let ran = run(&spec);
    assert_eq!(ran.exit, Exit::Code(0), "{ran:?}");
    assert!(ran.report.enforces(Layer::Broker), "{:?}", ran.report);
    ran
}

fn achieved(ran: &Ran) -> Vec<&str> {
    ran.stdout
        .lines()
        .filter(|line| line.contains("ACHIEVED"))
        .collect()
}

fn targets() {
    let (granted, other) = (Counter::new("127.0.0.1"), Counter::new("127.0.0.1"));
    let (six, seven) = (Counter::new("::1"), Counter::new("::1"));
    let ranges = [target(granted.address), target(six.address)];
    let mapped = |address: SocketAddr| format!("[::ffff:127.0.0.1]:{}", address.port());
    let addresses = [
        granted.address.to_string(),
        six.address.to_string(),
        mapped(granted.address),
        format!("0.0.0.0:{}", granted.address.port()),
        other.address.to_string(),
        seven.address.to_string(),
        mapped(other.address),
        format!("0.0.0.0:{}", other.address.port()),
        format!("[::]:{}", seven.address.port()),
        format!("127.0.0.2:{}", granted.address.port()),
    ];
    let ran = reach(&ranges, "connect", &addresses);
    assert_eq!(achieved(&ran).len(), 4, "{}", ran.stdout);
    assert!(
        achieved(&ran)
            .iter()
            .all(|line| !line.contains(&other.address.port().to_string()))
    );
    assert_eq!(
        (ran.usage.network_granted, ran.usage.network_refused),
        (4, 6)
    );
    let refused = other.count() + seven.count();
    println!("    4 granted connections, 6 refused, {refused} of them left");
    assert_eq!((granted.count() + six.count(), refused), (4, 0));
}

fn every_way() {
    for ip in ["127.0.0.1", "::1"] {
        let (granted, other) = (Counter::new(ip), Counter::new(ip));
        let range = [target(granted.address)];
        let ran = reach(&range, "every_way", &[other.address.to_string()]);
        assert!(achieved(&ran).is_empty(), "{}", ran.stdout);
        let ways = ran.stdout.lines().count();
        let ran = reach(&range, "every_way", &[granted.address.to_string()]);
        let worked: Vec<&str> = ran
            .stdout
            .lines()
            .filter_map(|line| line.split_once(": ACHIEVED"))
            .map(|line| line.0)
            .collect();
        assert_eq!(
            worked,
            [
                "tcp connect",
                "tcp timeout",
                "udp sendto",
                "udp connect",
                "udp send",
                "udp sendmsg"
            ],
            "{}",
            ran.stdout
        );
        let left = other.count();
        println!(
            "    {ip}: {ways} ways to an ungranted target, {left} packets or connections left"
        );
        assert_eq!((left, granted.count()), (0, 5));
        // By protocol: UDP alone.
        let granted = Counter::new(ip);
        let only = [Target {
            protocol: Some(Protocol::Udp),
            ..target(granted.address)
        }];
        let ran = reach(&only, "every_way", &[granted.address.to_string()]);
        assert!(
            achieved(&ran).iter().all(|line| line.starts_with("udp")),
            "{}",
            ran.stdout
        );
    }
}

fn racing() {
    let (granted, other) = (Counter::new("127.0.0.1"), Counter::new("127.0.0.1"));
    let addresses = [granted.address.to_string(), other.address.to_string()];
    let ran = reach(&[target(granted.address)], "race", &addresses);
    let (arrived, left) = (granted.count(), other.count());
    println!(
        "    2000 rounds: {}, {arrived} arrived where granted, {left} elsewhere",
        ran.stdout.trim()
    );
    assert_eq!(left, 0);
    assert!(arrived > 0);
}

fn options() {
    let ran = reach(&[], "options", &[]);
    assert_eq!(ran.stdout.lines().count(), 5);
    assert!(
        ran.stdout
            .lines()
            .all(|line| line.ends_with(&format!("denied {}", libc::ENOPROTOOPT))),
        "{}",
        ran.stdout
    );
}

fn nobody_listens() {
    let ran = reach(&[], "listen", &[]);
    assert!(
        achieved(&ran).is_empty() && ran.stdout.lines().count() == 3,
        "{}",
        ran.stdout
    );
}

fn blocking() {
    let answering = Counter::new("127.0.0.1");
    // A listener whose queue is full answers nobody: connections to it hang.
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    // SAFETY: only numbers are passed; the socket listens already and only its queue changes.
    unsafe { libc::listen(full.as_raw_fd(), 0) };
    let silent = full.local_addr().unwrap();
    let _queued: Vec<_> = (0..3)
        .filter_map(|_| TcpStream::connect_timeout(&silent, Duration::from_millis(100)).ok())
        .collect();
    let ran = reach(
        &[target(answering.address), target(silent)],
        "block",
        &[silent.to_string(), answering.address.to_string()],
    );
    assert!(ran.stdout.contains("ACHIEVED"), "{}", ran.stdout);
    println!(
        "    beside a call that hangs another {}",
        ran.stdout.lines().last().unwrap_or_default()
    );
    // Blocking calls also succeed, and move data both ways.
    let echo = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = echo.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = echo.accept().unwrap();
        io::copy(&mut &stream, &mut &stream).unwrap();
    });
    assert_eq!(
        reach(&[target(address)], "talk", &[address.to_string()]).stdout,
        "talked\n"
    );
    server.join().unwrap();
}

fn hostile_calls() {
    let granted = Counter::new("127.0.0.1");
    let ran = reach(
        &[target(granted.address)],
        "storm",
        &[granted.address.to_string()],
    );
    assert!(
        ran.stdout.contains("afterwards: ACHIEVED"),
        "{}",
        ran.stdout
    );
    assert_eq!(granted.count(), 1);
}

fn without_broker() {
    for name in ["broker", "seccomp"] {
        let mut spec = hostile("hello", &[]);
        spec.network = Network::Targets(Vec::new());
        spec.without = layers(&[name]);
        let error = start(&spec).err().unwrap();
        assert!(
            matches!(
                error,
                StartError::LayerMissing {
                    layer: Layer::Broker,
                    ..
                }
            ),
            "{error}"
        );
    }
}

fn whole() {
    let counter = Counter::new("127.0.0.1");
    let mut spec = hostile("network", &["connect", &counter.address.to_string()]);
    spec.network = Network::Host;
    let ran = run(&spec);
    assert_eq!(achieved(&ran).len(), 1, "{ran:?}");
    assert_eq!(ran.report.state(Layer::Netns).name(), "unused");
    assert_eq!(counter.count(), 1);
}

fn nmap() {
    if !std::path::Path::new("/usr/bin/nmap").exists() {
        println!("    NOT TESTED: nmap is not installed");
        assert!(
            std::env::vars_os().all(|(name, _)| name != "CI"),
            "nmap is not installed"
        );
        return;
    }
    let (granted, other) = (Counter::new("127.0.0.1"), Counter::new("127.0.0.2"));
    let ports = format!("{},{}", granted.address.port(), other.address.port());
    let mut spec = system(
        "/usr/bin/nmap",
        &[
            "-sT",
            "-n",
            "-Pn",
            "-oX",
            "-",
            "-p",
            &ports,
            "127.0.0.1",
            "127.0.0.2",
        ],
    );
    spec.network = Network::Targets(vec![Target {
        protocol: Some(Protocol::Tcp),
        address: "127.0.0.1".parse().unwrap(),
        prefix: 32,
        ports: (1, 65535),
    }]);
    let ran = run(&spec);
    let open = ran.stdout.matches("state=\"open\"").count();
    assert_eq!((ran.exit, open), (Exit::Code(0), 1), "{ran:?}");
    let left = other.count();
    println!(
        "    {} granted, {} refused, {left} left",
        ran.usage.network_granted, ran.usage.network_refused
    );
    assert!(left == 0 && granted.count() > 0 && ran.usage.network_refused > 0);
}

fn quick() {
    let counter = Counter::new("127.0.0.1");
    let arguments = [counter.address.to_string(), "2000".to_owned()];
    let brokered = reach(&[target(counter.address)], "many", &arguments);
    assert_eq!(brokered.usage.network_granted, 2000);
    let mut spec = hostile("network", &["many", &arguments[0], "2000"]);
    spec.network = Network::Host;
    let direct = run(&spec);
    let nanoseconds = |ran: &Ran| ran.stdout.trim().parse::<u64>().unwrap();
    let (brokered, direct) = (nanoseconds(&brokered), nanoseconds(&direct));
    println!("    the middle one of 2000 connects: brokered {brokered} ns, direct {direct} ns");
}
