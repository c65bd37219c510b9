//! Attempts to reach what is not granted, counted by real listeners.

#![expect(
    unsafe_code,
    reason = "a listener's queue is shortened by a raw system call"
)]

mod counter;
mod roles;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use tenzik_process::{Exit, Layer, Network, Protocol, StartError, Target};

use crate::suite::Test;
use crate::support::{Ran, hostile, layers, run, start, system};
use counter::Counter;
pub use roles::act;

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
