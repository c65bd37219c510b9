//! Attempts to leave the isolation.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use tenzik_process::Exit;

use crate::suite::Test;
use crate::support::{hostile, open_directory, run, system};

pub const TESTS: &[Test] = &[
    ("attacks::forbidden_calls_are_denied", forbidden_calls),
    ("attacks::the_root_holds_nothing_but_what_was_granted", root),
    (
        "attacks::files_outside_are_neither_read_nor_written",
        files_outside,
    ),
    (
        "attacks::no_set_user_id_file_is_left_behind",
        set_user_id_left,
    ),
    ("attacks::nobody_outside_gets_a_signal", signals),
    (
        "attacks::the_machine_has_no_abstract_sockets",
        abstract_sockets,
    ),
    ("attacks::the_network_is_empty", no_network),
    ("attacks::ordinary_tools_still_work", ordinary_tools),
];

fn forbidden_calls() {
    let ran = run(&hostile("calls", &[]));
    assert_eq!(ran.exit, Exit::Code(0), "{ran:?}");
    let achieved: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("ACHIEVED"))
        .collect();
    println!(
        "    {} forbidden calls, {} escapes",
        ran.stdout.lines().count(),
        achieved.len()
    );
    assert!(achieved.is_empty(), "{achieved:?}");
    assert!(ran.stdout.lines().count() >= 35, "{}", ran.stdout);
}

fn root() {
    let ran = run(&hostile(
        "list",
        &["/", "/dev", "/tmp", "/etc", "/proc/1/fd", "/proc/1/task"],
    ));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let names: Vec<&str> = lines[0]
        .trim_start_matches("/: ACHIEVED ")
        .split(' ')
        .collect();
    for name in &names {
        assert!(
            ["bin", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr"].contains(name),
            "{name}"
        );
    }
    assert_eq!(
        lines[1],
        "/dev: ACHIEVED fd full null random stderr stdin stdout urandom zero"
    );
    assert_eq!(lines[2], "/tmp: ACHIEVED ");
    assert!(!lines[3].contains("passwd"), "{}", lines[3]);
    assert!(lines[4].contains("denied"), "{}", lines[4]);
}

fn files_outside() {
    let directory = open_directory();
    let secret = directory.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let own = std::process::id();
    let paths = [
        "/etc/passwd".to_owned(),
        "/etc/shadow".to_owned(),
        "/proc/1/environ".to_owned(),
        "/proc/1/mem".to_owned(),
        "/proc/1/root/etc/passwd".to_owned(),
        format!("/proc/{own}/environ"),
        "/proc/kcore".to_owned(),
        "/dev/mem".to_owned(),
        "/dev/kmsg".to_owned(),
        "/sys/kernel/notes".to_owned(),
        "/root/.profile".to_owned(),
        "/proc/self/root/etc/passwd".to_owned(),
        "/proc/self/cwd/etc/passwd".to_owned(),
        "/../../etc/passwd".to_owned(),
        secret.to_str().unwrap().to_owned(),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let ran = run(&hostile("read", &paths));
    let achieved: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("ACHIEVED"))
        .collect();
    assert!(achieved.is_empty(), "{achieved:?}");
    let places = [
        "/etc/new",
        "/usr/new",
        "/new",
        "/dev/new",
        "/proc/sys/kernel/hostname",
        "/proc/self/oom_score_adj",
        "/proc/sysrq-trigger",
        "/proc/1/mem",
        secret.to_str().unwrap(),
    ];
    let ran = run(&hostile("write", &places));
    let achieved: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("ACHIEVED"))
        .collect();
    println!(
        "    {} reads, {} writes outside, {} escapes",
        paths.len(),
        places.len(),
        achieved.len()
    );
    assert!(achieved.is_empty(), "{achieved:?}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

fn signals() {
    let own = std::process::id().to_string();
    let parent = std::os::unix::process::parent_id().to_string();
    let ran = run(&hostile("signal", &[&own, &parent, "1", "-1"]));
    let outcomes: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        outcomes[0].contains("denied") && outcomes[1].contains("denied"),
        "{outcomes:?}"
    );
    // Init takes no signal from its own namespace, although sending one looks like a success.
    assert_eq!(ran.exit, Exit::Code(0));
    assert!(outcomes[3].contains("denied"), "{outcomes:?}");
}

fn abstract_sockets() {
    let name = format!("tenzik-attacks-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let code = format!(
        "use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die \"socket $!\"; \
         connect($s, pack('Sa*', AF_UNIX, \"\\0{name}\")) or die \"connect $!\"; print 'connected'"
    );
    let ran = run(&system("/usr/bin/perl", &["-e", &code]));
    assert!(
        !ran.stdout.contains("connected") && ran.stderr.contains("socket"),
        "{ran:?}"
    );
    assert!(listener.accept().is_err());
}

fn no_network() {
    let code =
        "use Socket; socket(my $s, AF_INET, SOCK_STREAM, 0) or die \"socket $!\"; print 'made'";
    let ran = run(&system("/usr/bin/perl", &["-e", code]));
    assert!(
        !ran.stdout.contains("made") && ran.stderr.contains("socket"),
        "{ran:?}"
    );
}

fn ordinary_tools() {
    let ran = run(&system(
        "/bin/sh",
        &[
            "-c",
            "echo a b | tr a-z A-Z | sort; ls /tmp; echo x > /tmp/x; cat /tmp/x",
        ],
    ));
    assert_eq!(
        (ran.exit, ran.stdout.as_str(), ran.stderr.as_str()),
        (Exit::Code(0), "A B\nx\n", "")
    );
    let ran = run(&system(
        "/usr/bin/perl",
        &["-e", "print join ',', map { $_ * 2 } 1..3"],
    ));
    assert_eq!(ran.stdout, "2,4,6");
    let ran = run(&system("/bin/sh", &["-c", "(exit 3) & wait $!; echo $?"]));
    assert_eq!(ran.stdout, "3\n");
}

fn set_user_id_left() {
    let directory = open_directory();
    let path = directory.path().join("left");
    let mut spec = hostile("leave_set_user_id", &[path.to_str().unwrap()]);
    spec.write = vec![directory.path().to_owned()];
    let ran = run(&spec);
    assert!(
        !ran.stdout.contains("ACHIEVED") && ran.stdout.lines().count() == 4,
        "{}",
        ran.stdout
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o6000,
        0
    );
}
