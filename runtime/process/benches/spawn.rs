//! From the wish to run a program to its first byte: a plain process, tenzik's isolation and bubblewrap's; and a whole
//! scan of a thousand ports, plain and with every connection brokered.
//!
//! All competitors run in turn, each round in another order, so that the machine's other load hits all alike. Needs the
//! helper: `cargo build --release -p tenzik-jail`, then `cargo bench -p tenzik-process`. Arguments name further
//! helpers to compare, such as one that is linked statically.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark starts real programs"
)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::ffi::CString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenzik_process::{
    Exit, Layer, LayerSet, LocalAdapter, Network, ProcessAdapter, ProcessSpec, Stream, Target,
};

/// Rounds that are measured.
const ROUNDS: usize = 201;
/// The program: it writes a line and ends.
const PROGRAM: &str = "/usr/bin/echo";
/// Scans that are measured.
const SCANS: usize = 31;
/// What scans.
const SCANNER: &str = "/usr/bin/nmap";
/// How it scans.
const SCAN: [&str; 8] = ["-sT", "-n", "-Pn", "-oX", "-", "-p", "1-1000", "127.0.0.1"];
/// Trees that it needs.
const TREES: [&str; 4] = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"];

struct Competitor {
    name: String,
    run: Box<dyn FnMut() -> Duration>,
    times: Vec<Duration>,
}

fn main() {
    let own = std::env::current_exe().expect("this program has a path");
    let target = own
        .ancestors()
        .nth(2)
        .expect("it lies in target/release/deps");
    let helper = target.join("tenzik-jail");
    assert!(
        helper.is_file(),
        "build the helper first: cargo build --release -p tenzik-jail"
    );
    let mut competitors = vec![
        competitor("plain process", Box::new(plain)),
        competitor("tenzik, all layers", jailed(&helper, LayerSet::EMPTY)),
        competitor(
            "tenzik, no namespaces",
            jailed(&helper, LayerSet::EMPTY.with(Layer::Userns)),
        ),
    ];
    for other in std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
    {
        let name = format!("tenzik, all layers, {other}");
        competitors.push(competitor(
            &name,
            jailed(Path::new(&other), LayerSet::EMPTY),
        ));
    }
    if Path::new("/usr/bin/bwrap").exists() {
        competitors.push(competitor("bubblewrap", Box::new(bubblewrap)));
    } else {
        println!("NOT MEASURED: bubblewrap is not installed");
    }
    measure(&mut competitors, ROUNDS);
    tell("to the first byte", ROUNDS, &mut competitors);
    if !Path::new(SCANNER).exists() {
        println!("NOT MEASURED: nmap is not installed");
        return;
    }
    let mut scans = vec![
        competitor("plain nmap", Box::new(plain_scan)),
        competitor(
            "tenzik, all layers, the machine's network",
            jailed_scan(&helper, Network::Host),
        ),
        competitor(
            "tenzik, all layers, every connection brokered",
            jailed_scan(&helper, loopback()),
        ),
    ];
    measure(&mut scans, SCANS);
    tell("for 1,000 ports", SCANS, &mut scans);
}

fn tell(what: &str, rounds: usize, competitors: &mut [Competitor]) {
    println!("{rounds} rounds, microseconds {what}");
    println!("{:>8} {:>8} {:>8}  competitor", "median", "p10", "p90");
    for Competitor { name, times, .. } in competitors {
        times.sort_unstable();
        let at = |part: usize| times[times.len() * part / 100].as_micros();
        println!("{:>8} {:>8} {:>8}  {name}", at(50), at(10), at(90));
    }
}

fn competitor(name: &str, run: Box<dyn FnMut() -> Duration>) -> Competitor {
    Competitor {
        name: name.to_owned(),
        run,
        times: Vec::new(),
    }
}

fn measure(competitors: &mut [Competitor], rounds: usize) {
    let count = competitors.len();
    for round in 0..rounds + 5 {
        for turn in 0..count {
            let turn = if round % 2 == 0 {
                turn
            } else {
                count - 1 - turn
            };
            let competitor = &mut competitors[(turn + round) % count];
            let time = (competitor.run)();
            // The first rounds warm the machine's caches.
            if round >= 5 {
                competitor.times.push(time);
            }
        }
    }
}

fn plain() -> Duration {
    first_byte(Command::new(PROGRAM).arg("hello"))
}

fn bubblewrap() -> Duration {
    let mut command = Command::new("/usr/bin/bwrap");
    command.args([
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ]);
    for tree in TREES {
        match std::fs::read_link(tree) {
            Ok(link) => command.arg("--symlink").arg(link).arg(tree),
            Err(_) => command.args(["--ro-bind", tree, tree]),
        };
    }
    command.args([
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", PROGRAM, "hello",
    ]);
    first_byte(&mut command)
}

fn first_byte(command: &mut Command) -> Duration {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut output = child.stdout.take().expect("it is piped");
    output.read_exact(&mut [0]).expect("it writes");
    let time = started.elapsed();
    child.wait().expect("it ends");
    time
}

fn jailed(helper: &Path, without: LayerSet) -> Box<dyn FnMut() -> Duration> {
    let adapter = LocalAdapter::with_helper(helper);
    let mut spec = ProcessSpec::new(PROGRAM);
    let word = |text: &str| CString::new(text).expect("it has no zero byte");
    spec.arguments = vec![word(PROGRAM), word("hello")];
    spec.read = TREES.iter().map(PathBuf::from).collect();
    spec.without = without;
    Box::new(move || {
        let started = Instant::now();
        let mut process = adapter
            .start(&spec, &|| false)
            .unwrap_or_else(|error| panic!("{error}"));
        process
            .read(Stream::Stdout, &mut [0], &|| false)
            .expect("it writes");
        let time = started.elapsed();
        process.wait(&|| false).expect("it ends");
        time
    })
}

fn plain_scan() -> Duration {
    let started = Instant::now();
    let output = Command::new(SCANNER)
        .args(SCAN)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "the scan failed");
    started.elapsed()
}

fn loopback() -> Network {
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    Network::Targets(vec![Target {
        protocol: None,
        address,
        prefix: 32,
        ports: (1, 65535),
    }])
}

fn jailed_scan(helper: &Path, network: Network) -> Box<dyn FnMut() -> Duration> {
    let adapter = LocalAdapter::with_helper(helper);
    let mut spec = ProcessSpec::new(SCANNER);
    let word = |text: &str| CString::new(text).expect("it has no zero byte");
    spec.arguments = [SCANNER].into_iter().chain(SCAN).map(word).collect();
    // Debian chooses some of its libraries by links in there.
    let trees = TREES
        .iter()
        .chain(&["/etc/alternatives"])
        .map(PathBuf::from);
    spec.read = trees.filter(|tree| tree.exists()).collect();
    spec.network = network;
    Box::new(move || {
        let started = Instant::now();
        let mut process = adapter
            .start(&spec, &|| false)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut buffer = vec![0; 64 << 10];
        while process
            .read(Stream::Stdout, &mut buffer, &|| false)
            .expect("it writes")
            > 0
        {}
        assert_eq!(process.wait(&|| false).expect("it ends"), Exit::Code(0));
        started.elapsed()
    })
}
