//! The hostile programs. Each says on standard output what it achieved.

#![expect(unsafe_code, reason = "hostile programs make raw system calls")]

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io, ptr, thread};

use crate::network;

/// Plays `role`.
pub fn act(role: &str, arguments: &[String]) -> ExitCode {
    let first = arguments.first().map_or("", String::as_str);
    match role {
        "hello" => println!("hello"),
        "arguments" => arguments.iter().for_each(|argument| println!("{argument}")),
        "environment" => {
            std::env::vars_os().for_each(|(name, value)| println!("{name:?}={value:?}"))
        }
        "directory" => println!("{}", std::env::current_dir().unwrap().display()),
        "exit" => return ExitCode::from(first.parse::<u8>().unwrap()),
        "abort" => std::process::abort(),
        "cat" => {
            io::copy(&mut io::stdin(), &mut io::stdout()).unwrap();
        }
        "close_stdin" => close_stdin_and_wait(),
        "never_reads" | "never_ends" => ignore_and_wait(),
        "flood" => flood(first, arguments[1].parse().unwrap()),
        "both" => flood_both(first.parse().unwrap()),
        "allocate" => allocate(first.parse().unwrap()),
        "fork_bomb" => fork_bomb(),
        "hoppers" => hoppers(first.parse().unwrap()),
        "daemon" => daemon(),
        "threads" => println!("started {}", count_threads()),
        "read" => arguments.iter().for_each(|path| {
            say(
                path,
                fs::read(path).map(|bytes| format!("{} bytes", bytes.len())),
            )
        }),
        "list" => arguments.iter().for_each(|path| say(path, list(path))),
        "write" => arguments
            .iter()
            .for_each(|path| say(path, fs::write(path, b"x").map(|()| "written".to_owned()))),
        "fill" => println!("filled {}", fill(first)),
        "leave_set_user_id" => leave_set_user_id(first),
        "calls" => forbidden_calls(),
        "descriptors" => println!("{:?}", descriptors()),
        "processes" => println!("{:?}", processes()),
        "signal" => arguments
            .iter()
            .for_each(|pid| say(pid, signal(pid.parse().unwrap()))),
        "status" => println!("{}", fs::read_to_string("/proc/self/status").unwrap()),
        "limits" => println!("{}", limits()),
        "identity" => identity(),
        "network" => network::act(first, &arguments[1..]),
        other => panic!("no role {other}"),
    }
    ExitCode::SUCCESS
}

/// One line: what was tried, and what came of it.
pub fn say(what: &str, outcome: io::Result<String>) {
    match outcome {
        Ok(text) => println!("{what}: ACHIEVED {text}"),
        Err(error) => println!("{what}: denied {}", error.raw_os_error().unwrap_or(0)),
    }
}

fn last(answer: i64) -> io::Result<String> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer.to_string())
    }
}

fn close_stdin_and_wait() {
    // SAFETY: nothing of this program uses standard input afterwards.
    unsafe { libc::close(0) };
    println!("closed");
    ignore_and_wait();
}

fn ignore_and_wait() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE] {
        // SAFETY: ignoring a signal installs no code.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    println!("waiting");
    loop {
        thread::sleep(Duration::from_secs(1000));
    }
}

fn flood(stream: &str, bytes: u64) {
    let piece = vec![b'x'; 64 << 10];
    let mut left = bytes;
    let mut target: Box<dyn Write> = if stream == "stdout" {
        Box::new(io::stdout().lock())
    } else {
        Box::new(io::stderr().lock())
    };
    while left > 0 {
        let count = left.min(piece.len() as u64) as usize;
        if target.write_all(&piece[..count]).is_err() {
            return;
        }
        left -= count as u64;
    }
}

fn flood_both(bytes: u64) {
    let other = thread::spawn(move || flood("stderr", bytes));
    flood("stdout", bytes);
    other.join().unwrap();
}

fn allocate(bytes: usize) {
    let mut hoard: Vec<u8> = Vec::new();
    match hoard.try_reserve_exact(bytes) {
        Ok(()) => {
            hoard.resize(bytes, 1);
            println!("allocated {}", hoard.len());
        }
        Err(_) => println!("refused"),
    }
}

fn fork() -> i32 {
    // SAFETY: hostile roles that fork have one thread.
    unsafe { libc::fork() }
}

fn fork_bomb() {
    println!("forking");
    loop {
        if fork() < 0 {
            thread::yield_now();
        }
    }
}

/// Processes that leave their session, group and parent over and over.
fn hoppers(count: u32) {
    for _ in 0..count {
        if fork() == 0 {
            hop();
        }
    }
    println!("hopping");
    ignore_and_wait();
}

fn hop() -> ! {
    loop {
        // SAFETY: only numbers are passed, and this process has one thread.
        unsafe {
            libc::setsid();
            if libc::fork() > 0 {
                libc::_exit(0);
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Leaves a descendant behind that holds the outputs.
fn daemon() {
    if fork() == 0 {
        // SAFETY: only numbers are passed, and this process has one thread.
        unsafe {
            libc::setsid();
            if libc::fork() > 0 {
                libc::_exit(0);
            }
        }
        loop {
            thread::sleep(Duration::from_secs(1000));
        }
    }
    println!("left");
}

fn count_threads() -> usize {
    let mut threads = Vec::new();
    while threads.len() < 1000 {
        match thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(|| thread::sleep(Duration::from_secs(1)))
        {
            Ok(handle) => threads.push(handle),
            Err(_) => break,
        }
    }
    threads.len()
}

fn list(path: &str) -> io::Result<String> {
    let mut names: Vec<String> = fs::read_dir(path)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names.join(" "))
}

/// Writes until it is refused.
fn fill(path: &str) -> u64 {
    // SAFETY: ignoring a signal installs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let Ok(mut file) = fs::File::create(path) else {
        return 0;
    };
    let piece = vec![1; 64 << 10];
    let mut written = 0;
    while let Ok(count) = file.write(&piece) {
        written += count as u64;
        if written > 1 << 30 {
            break;
        }
    }
    written
}

/// Tries to leave a file that acts as its owner for everybody.
fn leave_set_user_id(path: &str) {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    fs::write(path, b"x").unwrap();
    let bits = || fs::Permissions::from_mode(0o6755);
    say(
        "chmod",
        fs::set_permissions(path, bits()).map(|()| String::new()),
    );
    let file = fs::File::open(path).unwrap();
    say(
        "fchmod",
        file.set_permissions(bits()).map(|()| String::new()),
    );
    let create = |mode| {
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(format!("{path}2"))
    };
    say("create", create(0o4755).map(|_| String::new()));
    // SAFETY: only numbers and null are passed.
    say(
        "openat2",
        last(unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, 0, 0, 0) }),
    );
}

/// Every call that leaves isolation or looks into others.
fn forbidden_calls() {
    // SAFETY: pointers are null or of strings that outlive the calls, and lengths fit; what a call would change if it
    // were allowed is what the test is about.
    unsafe {
        say("ptrace", last(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0)));
        say(
            "ptrace init",
            last(libc::ptrace(libc::PTRACE_ATTACH, 1, 0, 0)),
        );
        let tmp = c"/tmp".as_ptr();
        say(
            "mount",
            last(i64::from(libc::mount(
                tmp,
                tmp,
                ptr::null(),
                libc::MS_BIND,
                ptr::null(),
            ))),
        );
        say(
            "umount",
            last(i64::from(libc::umount2(
                c"/proc".as_ptr(),
                libc::MNT_DETACH,
            ))),
        );
        say("chroot", last(i64::from(libc::chroot(tmp))));
        for (name, flag) in [
            ("user", libc::CLONE_NEWUSER),
            ("mount", libc::CLONE_NEWNS),
            ("pid", libc::CLONE_NEWPID),
            ("net", libc::CLONE_NEWNET),
        ] {
            say(
                &format!("unshare {name}"),
                last(i64::from(libc::unshare(flag))),
            );
            let flags = i64::from(flag | libc::SIGCHLD);
            let child = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0);
            if child == 0 {
                libc::_exit(0);
            }
            say(&format!("clone {name}"), last(child));
        }
        let raw: [(&str, libc::c_long); 14] = [
            ("setns", libc::SYS_setns),
            ("bpf", libc::SYS_bpf),
            ("perf_event_open", libc::SYS_perf_event_open),
            ("userfaultfd", libc::SYS_userfaultfd),
            ("keyctl", libc::SYS_keyctl),
            ("add_key", libc::SYS_add_key),
            ("io_uring_setup", libc::SYS_io_uring_setup),
            ("open_by_handle_at", libc::SYS_open_by_handle_at),
            ("process_vm_readv", libc::SYS_process_vm_readv),
            ("pidfd_getfd", libc::SYS_pidfd_getfd),
            ("clone3", libc::SYS_clone3),
            ("init_module", libc::SYS_init_module),
            ("reboot", libc::SYS_reboot),
            ("open_tree", libc::SYS_open_tree),
        ];
        for (name, number) in raw {
            say(name, last(libc::syscall(number, 0, 0, 0, 0, 0)));
        }
        let (mut master, character) = (0, b'x');
        say(
            "tiocsti",
            last(i64::from(libc::ioctl(
                0,
                libc::TIOCSTI,
                &raw const character,
            ))),
        );
        for family in [
            libc::AF_UNIX,
            libc::AF_NETLINK,
            libc::AF_PACKET,
            libc::AF_VSOCK,
            libc::AF_ALG,
        ] {
            master = libc::socket(family, libc::SOCK_DGRAM, 0).max(master);
            say(
                &format!("socket {family}"),
                last(i64::from(libc::socket(family, libc::SOCK_DGRAM, 0))),
            );
        }
        say(
            "socket raw",
            last(i64::from(libc::socket(
                libc::AF_INET,
                libc::SOCK_RAW,
                libc::IPPROTO_ICMP,
            ))),
        );
        say(
            "socket ping",
            last(i64::from(libc::socket(
                libc::AF_INET,
                libc::SOCK_DGRAM,
                libc::IPPROTO_ICMP,
            ))),
        );
        say("abstract", abstract_socket());
    }
}

/// Sends to an abstract socket over what is left: a pair of its own.
unsafe fn abstract_socket() -> io::Result<String> {
    let mut pair = [0; 2];
    // SAFETY: `pair` has room for two descriptors.
    last(i64::from(unsafe {
        libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, pair.as_mut_ptr())
    }))
}

fn descriptors() -> Vec<i32> {
    // SAFETY: only numbers are passed.
    (0..1024)
        .filter(|&number| unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0)
        .collect()
}

fn processes() -> Vec<i32> {
    let mut found: Vec<i32> = fs::read_dir("/proc")
        .map(|entries| {
            entries
                .flatten()
                .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
                .collect()
        })
        .unwrap_or_default();
    found.sort_unstable();
    found
}

fn signal(pid: i32) -> io::Result<String> {
    // SAFETY: only numbers are passed.
    last(i64::from(unsafe { libc::kill(pid, libc::SIGKILL) }))
}

fn limits() -> String {
    let names = [
        ("address_space", libc::RLIMIT_AS),
        ("processes", libc::RLIMIT_NPROC),
        ("descriptors", libc::RLIMIT_NOFILE),
        ("core", libc::RLIMIT_CORE),
        ("file", libc::RLIMIT_FSIZE),
    ];
    names
        .map(|(name, resource)| {
            let mut limit = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            // SAFETY: `limit` outlives the call.
            unsafe { libc::getrlimit(resource, &raw mut limit) };
            format!("{name}={}/{}", limit.rlim_cur, limit.rlim_max)
        })
        .join(" ")
}

fn identity() {
    let mut name = [0_u8; 64];
    // SAFETY: pointer and length are of one array; the others take nothing.
    let (user, group, pid) = unsafe {
        libc::gethostname(name.as_mut_ptr().cast(), name.len());
        (libc::getuid(), libc::getgid(), libc::getpid())
    };
    let end = name.iter().position(|&byte| byte == 0).unwrap();
    println!(
        "user={user} group={group} pid={pid} host={}",
        String::from_utf8_lossy(&name[..end])
    );
    let mut rest = String::new();
    io::stdin().read_to_string(&mut rest).unwrap();
    println!("stdin={rest:?}");
}
