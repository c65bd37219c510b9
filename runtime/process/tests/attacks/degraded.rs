//! Layers taken away: by the specification, by a filter that the suite is under, and by limits of the machine.

#![expect(
    unsafe_code,
    reason = "the suite installs filters and makes namespaces for itself"
)]

use std::fs;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use tenzik_process::{Exit, Layer, LayerSet, StartError};

use crate::suite::Test;
use crate::support::{hostile, marker, never, own_program, run, start, survivors};

pub const TESTS: &[Test] = &[
    (
        "degraded::each_layer_can_be_missing_and_is_told",
        each_layer,
    ),
    (
        "degraded::a_required_layer_refuses_before_anything_runs",
        required,
    ),
    (
        "degraded::without_namespaces_trees_still_die",
        without_namespaces,
    ),
    (
        "degraded::without_a_root_landlock_bounds_paths",
        without_root,
    ),
    (
        "degraded::kernels_and_policies_that_refuse",
        refusing_machines,
    ),
];

/// Layers that the suite's machine has.
const PRESENT: [Layer; 12] = [
    Layer::CloseFds,
    Layer::Ipcns,
    Layer::Landlock,
    Layer::Mountns,
    Layer::Netns,
    Layer::NoNewPrivs,
    Layer::Pidns,
    Layer::Rlimits,
    Layer::Seccomp,
    Layer::User,
    Layer::Userns,
    Layer::Utsns,
];

fn each_layer() {
    for layer in PRESENT {
        // Without this flag an ordinary user may install no filter and no rules.
        if layer == Layer::User && rustix::process::geteuid().is_root() {
            continue;
        }
        let mut spec = hostile("hello", &[]);
        spec.without = LayerSet::EMPTY.with(layer);
        let ran = run(&spec);
        assert_eq!(
            (ran.exit, ran.stdout.as_str()),
            (Exit::Code(0), "hello\n"),
            "{layer}: {ran:?}"
        );
        assert_eq!(ran.report.state(layer).name(), "unavailable", "{layer}");
        assert_eq!(ran.report.state(layer).detail(), "left out", "{layer}");
        let others: Vec<Layer> = PRESENT
            .into_iter()
            .filter(|&other| !ran.report.enforces(other))
            .collect();
        println!("    without {layer}: missing {others:?}");
    }
}

fn required() {
    for layer in PRESENT {
        let marker = marker();
        let mut spec = hostile("never_ends", &[&marker]);
        spec.without = LayerSet::EMPTY.with(layer);
        spec.require = LayerSet::EMPTY.with(layer);
        let error = start(&spec).err().unwrap();
        assert!(
            matches!(&error, StartError::LayerMissing { layer: missing, .. } if *missing == layer),
            "{error}"
        );
        assert_eq!(survivors(&marker), []);
    }
    let mut spec = hostile("hello", &[]);
    spec.require = PRESENT.into_iter().collect();
    assert_eq!(run(&spec).exit, Exit::Code(0));
}

fn without_namespaces() {
    let (mut rounds, mut left) = (0, 0);
    for _ in 0..5 {
        let marker = marker();
        let mut spec = hostile("hoppers", &["9", &marker]);
        spec.without = LayerSet::EMPTY.with(Layer::Userns);
        let mut process = start(&spec).unwrap();
        assert!(!process.layers().enforces(Layer::Pidns));
        let mut line = [0; 8];
        process
            .read(tenzik_process::Stream::Stdout, &mut line, &never)
            .unwrap();
        process.kill();
        assert_eq!(process.wait(&never).unwrap(), Exit::Killed);
        rounds += 1;
        left += survivors(&marker).len();
    }
    println!("    {rounds} trees of 9 hoppers without a namespace, {left} survivors (best effort)");
    let marker = marker();
    let mut spec = hostile("daemon", &[&marker]);
    spec.without = LayerSet::EMPTY.with(Layer::Userns);
    assert_eq!(run(&spec).exit, Exit::Code(0));
    assert_eq!(survivors(&marker), []);
}

fn without_root() {
    let mut spec = hostile(
        "read",
        &["/etc/passwd", "/proc/self/environ", "/usr/bin/env"],
    );
    spec.without = LayerSet::EMPTY.with(Layer::Mountns);
    let ran = run(&spec);
    let outcomes: Vec<bool> = ran
        .stdout
        .lines()
        .map(|line| line.contains("ACHIEVED"))
        .collect();
    assert_eq!(outcomes, [false, false, true], "{}", ran.stdout);
    let own = std::process::id().to_string();
    let mut spec = hostile("signal", &[&own, "-1"]);
    spec.without = LayerSet::EMPTY.with(Layer::Userns);
    let ran = run(&spec);
    assert!(!ran.stdout.contains("ACHIEVED"), "{}", ran.stdout);
}

/// A machine that lacks something, and the layers that are missing then.
const MACHINES: [(&str, &[Layer]); 6] = [
    ("namespaces-eperm", &NAMESPACES),
    ("namespaces-enosys", &NAMESPACES),
    ("netns-eperm", &[Layer::Netns]),
    ("landlock-enosys", &[Layer::Landlock]),
    ("seccomp-enosys", &[Layer::Seccomp]),
    ("mounts-eperm", &[Layer::Mountns]),
];
const NAMESPACES: [Layer; 6] = [
    Layer::Ipcns,
    Layer::Mountns,
    Layer::Netns,
    Layer::Pidns,
    Layer::Userns,
    Layer::Utsns,
];

fn refusing_machines() {
    for (machine, missing) in MACHINES {
        check_machine(machine, missing);
    }
    // A namespace of its own in which the suite may set the limit, and is not root outside.
    let mut all = NAMESPACES.to_vec();
    if rustix::process::geteuid().is_root() {
        // In it there is nobody else to become.
        all.push(Layer::User);
    }
    all.sort_unstable();
    check_machine("no-user-namespaces", &all);
}

fn check_machine(machine: &str, missing: &[Layer]) {
    let output = Command::new(own_program())
        .args(["degraded", machine])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{machine}: {text}");
    let told: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("missing "))
        .collect();
    let names: Vec<&str> = told
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    println!("    {machine}:");
    told.iter().for_each(|line| println!("      {line}"));
    let expected: Vec<&str> = missing.iter().map(|layer| layer.name()).collect();
    assert_eq!(names, expected, "{machine}: {text}");
}

/// Runs a program and a required layer on a machine that lacks something.
pub fn report_under(machine: &str) -> ExitCode {
    take_away(machine);
    let ran = run(&hostile("hello", &[]));
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (Exit::Code(0), "hello\n"),
        "{ran:?}"
    );
    for layer in PRESENT {
        let state = ran.report.state(layer);
        if !state.is_enforced() {
            println!("missing {layer} {}", state.detail());
            let mut spec = hostile("hello", &[]);
            spec.require = LayerSet::EMPTY.with(layer);
            assert!(
                matches!(start(&spec), Err(StartError::LayerMissing { .. })),
                "{layer}"
            );
        }
    }
    ExitCode::SUCCESS
}

const NEW: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS) as u32;

fn take_away(machine: &str) {
    match machine {
        "namespaces-eperm" => refuse(&[(libc::SYS_clone, Some(NEW))], libc::EPERM),
        "namespaces-enosys" => refuse(&[(libc::SYS_clone, Some(NEW))], libc::ENOSYS),
        "netns-eperm" => refuse(
            &[(libc::SYS_clone, Some(libc::CLONE_NEWNET as u32))],
            libc::EPERM,
        ),
        "landlock-enosys" => refuse(&[(libc::SYS_landlock_create_ruleset, None)], libc::ENOSYS),
        "seccomp-enosys" => refuse(&[(libc::SYS_seccomp, None)], libc::ENOSYS),
        "mounts-eperm" => {
            let calls = [
                libc::SYS_mount,
                libc::SYS_open_tree,
                libc::SYS_fsopen,
                libc::SYS_fsmount,
            ];
            refuse(&calls.map(|call| (call, None)), libc::EPERM);
        }
        "no-user-namespaces" => {
            let (user, group) = (
                rustix::process::geteuid().as_raw(),
                rustix::process::getegid().as_raw(),
            );
            // SAFETY: this process has one thread, as the call wants.
            let answer = unsafe { libc::unshare(libc::CLONE_NEWUSER) };
            assert_eq!(answer, 0, "{}", io::Error::last_os_error());
            fs::write("/proc/self/setgroups", "deny").unwrap();
            fs::write("/proc/self/gid_map", format!("{group} {group} 1")).unwrap();
            fs::write("/proc/self/uid_map", format!("{user} {user} 1")).unwrap();
            fs::write("/proc/sys/user/max_user_namespaces", "0").unwrap();
        }
        other => panic!("no machine {other}"),
    }
}

/// Installs a filter that answers calls, with any of the flags in the first argument if there are some, with `errno`.
fn refuse(calls: &[(libc::c_long, Option<u32>)], errno: i32) {
    let instruction = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let answer = libc::BPF_RET | libc::BPF_K;
    let mut program = Vec::new();
    for &(call, flags) in calls {
        program.push(instruction(load, 0, 0, 0));
        program.push(instruction(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            3,
            call as u32,
        ));
        program.push(instruction(load, 0, 0, 16));
        let hit = instruction(
            libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K,
            0,
            1,
            flags.unwrap_or(0),
        );
        let always = instruction(libc::BPF_JMP | libc::BPF_JA, 0, 0, 0);
        program.push(if flags.is_some() { hit } else { always });
        program.push(instruction(
            answer,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | errno as u32,
        ));
    }
    program.push(instruction(answer, 0, 0, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: `filter` describes `program`, which outlives the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const filter
            ),
            0
        );
    }
}
