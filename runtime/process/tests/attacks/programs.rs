//! What may be executed, and what it finds.

use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use tenzik_process::{
    Exit, HelperKind, Layer, LocalAdapter, ProcessAdapter, ProcessSpec, StartError,
};

use crate::suite::Test;
use crate::support::{
    copy_to, hostile, layers, never, open_directory, own_program, run, start, system,
};

pub const TESTS: &[Test] = &[
    (
        "programs::a_program_runs_and_its_layers_are_told",
        a_program_runs,
    ),
    (
        "programs::arguments_environment_and_directory_arrive",
        arguments_arrive,
    ),
    ("programs::it_is_nobody_important", it_is_nobody_important),
    ("programs::codes_and_signals_are_told", codes_and_signals),
    (
        "programs::relative_missing_and_special_files_are_refused",
        special_files,
    ),
    ("programs::a_symlink_is_refused_unless_followed", symlinks),
    (
        "programs::a_script_is_refused_with_its_interpreter",
        scripts,
    ),
    ("programs::a_replaced_program_is_refused", replaced),
    ("programs::set_user_id_has_no_effect", set_user_id),
    ("programs::a_missing_loader_is_told", missing_loader),
    ("programs::bad_trees_are_told", bad_trees),
    (
        "programs::links_and_nested_trees_mean_what_they_mean_outside",
        nested_trees,
    ),
    ("programs::contradictions_are_refused", contradictions),
    ("programs::the_helper_beside_is_preferred", helper_beside),
    (
        "programs::a_helper_without_tenzik_does_nothing",
        helper_alone,
    ),
    ("programs::root_chooses_the_user", chosen_user),
];

fn a_program_runs() {
    let ran = run(&hostile("hello", &[]));
    assert_eq!(
        (ran.exit, ran.stdout.as_str()),
        (Exit::Code(0), "hello\n"),
        "{ran:?}"
    );
    for (layer, state) in ran.report.layers() {
        println!("    {layer} {} {}", state.name(), state.detail());
        if !matches!(layer, Layer::Cgroup | Layer::Broker) {
            assert!(state.is_enforced(), "{layer}: {state:?}");
        }
    }
    assert!(
        ran.usage.cpu_us > 0 && ran.usage.memory_bytes > 0 && ran.usage.wall_us > 0,
        "{:?}",
        ran.usage
    );
}

fn arguments_arrive() {
    let ran = run(&hostile("arguments", &["-a", "", "b c", "$(id)", "ü\n"]));
    assert_eq!(ran.stdout, "-a\n\nb c\n$(id)\nü\n\n");
    let mut spec = hostile("environment", &[]);
    spec.env = vec![(CString::new("NAME").unwrap(), CString::new("a=b").unwrap())];
    assert_eq!(run(&spec).stdout, "\"NAME\"=\"a=b\"\n");
    let mut spec = hostile("directory", &[]);
    spec.cwd = "/usr/bin".into();
    assert_eq!(run(&spec).stdout, "/usr/bin\n");
    spec.cwd = "/nowhere".into();
    assert!(matches!(start(&spec), Err(StartError::Invalid { what }) if what.contains("/nowhere")));
}

fn it_is_nobody_important() {
    let ran = run(&hostile("identity", &[]));
    assert!(ran.stdout.contains("pid=2 host=tenzik"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("user=0") && !ran.stdout.contains("group=0"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("stdin=\"\""), "{}", ran.stdout);
    let status = run(&hostile("status", &[])).stdout;
    let line = |name: &str| {
        status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(line("NoNewPrivs:"), "NoNewPrivs:\t1");
    assert_eq!(line("Seccomp:"), "Seccomp:\t2");
    for name in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(line(name), format!("{name}\t0000000000000000"));
    }
    assert_eq!(run(&hostile("descriptors", &[])).stdout, "[0, 1, 2]\n");
    assert_eq!(run(&hostile("processes", &[])).stdout, "[1, 2]\n");
}

fn codes_and_signals() {
    assert_eq!(run(&hostile("exit", &["0"])).exit, Exit::Code(0));
    assert_eq!(run(&hostile("exit", &["255"])).exit, Exit::Code(255));
    assert_eq!(
        run(&hostile("abort", &[])).exit,
        Exit::Signal(libc::SIGABRT)
    );
}

fn special_files() {
    let directory = open_directory();
    let at = |name: &str| directory.path().join(name);
    let refused = |path: &std::path::Path| start(&ProcessSpec::new(path)).err().unwrap();
    assert!(matches!(
        refused("usr/bin/env".as_ref()),
        StartError::NotAbsolute { .. }
    ));
    assert!(matches!(refused(&at("missing")), StartError::Open { .. }));
    assert!(matches!(
        refused(directory.path()),
        StartError::NotAFile {
            kind: "directory",
            ..
        }
    ));
    assert!(matches!(
        refused("/dev/null".as_ref()),
        StartError::NotAFile { kind: "device", .. }
    ));
    let fifo = CString::new(at("fifo").into_os_string().into_encoded_bytes()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        fifo.as_c_str(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert!(matches!(
        refused(&at("fifo")),
        StartError::NotAFile { kind: "FIFO", .. }
    ));
    fs::write(at("text"), "just text").unwrap();
    assert!(matches!(
        refused(&at("text")),
        StartError::NotExecutable { .. }
    ));
    fs::set_permissions(at("text"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(refused(&at("text")), StartError::NotElf { .. }));
    // An ELF file that is none behind its first bytes.
    fs::write(at("text"), b"\x7fELF\x02\x01\x01 and nothing else").unwrap();
    assert!(matches!(refused(&at("text")), StartError::Execute { .. }));
}

fn symlinks() {
    let directory = open_directory();
    let real = copy_to(directory.path(), "real");
    let link = directory.path().join("link");
    symlink(&real, &link).unwrap();
    let mut spec = hostile("hello", &[]);
    spec.program = link;
    let error = start(&spec).err().unwrap();
    assert!(
        matches!(&error, StartError::Symlink { resolved: Some(path), .. } if *path == real),
        "{error}"
    );
    spec.follow = true;
    assert_eq!(run(&spec).stdout, "hello\n");
}

fn scripts() {
    let directory = open_directory();
    let script = directory.path().join("script");
    fs::write(&script, "#! /bin/sh -e\nid\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let error = start(&ProcessSpec::new(&script)).err().unwrap();
    assert!(
        matches!(&error, StartError::Script { interpreter, .. } if interpreter == "/bin/sh -e"),
        "{error}"
    );
    // The interpreter itself may be ruled, with the script as its argument.
    let mut spec = system("/bin/sh", &[script.to_str().unwrap()]);
    spec.read.push(script);
    assert!(run(&spec).stdout.starts_with("uid="));
}

fn replaced() {
    let directory = open_directory();
    let program = copy_to(directory.path(), "program");
    let pin = *blake3::hash(&fs::read(&program).unwrap()).as_bytes();
    let mut spec = hostile("hello", &[]);
    spec.program = program.clone();
    spec.blake3 = Some(pin);
    assert_eq!(run(&spec).stdout, "hello\n");
    let mut bytes = fs::read(&program).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::remove_file(&program).unwrap();
    fs::write(&program, &bytes).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let error = start(&spec).err().unwrap();
    let digests = (
        blake3::Hash::from(pin).to_hex(),
        blake3::hash(&bytes).to_hex(),
    );
    assert!(
        matches!(&error, StartError::PinDiffers { expected, found, .. }
            if *expected == *digests.0 && *found == *digests.1),
        "{error}"
    );
}

fn set_user_id() {
    let directory = open_directory();
    let program = copy_to(directory.path(), "program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o6755)).unwrap();
    let mut spec = hostile("identity", &[]);
    spec.program = program;
    let plain = run(&hostile("identity", &[])).stdout;
    assert_eq!(run(&spec).stdout, plain);
}

fn missing_loader() {
    let mut spec = hostile("hello", &[]);
    spec.read = Vec::new();
    let error = start(&spec).err().unwrap();
    assert!(
        matches!(&error, StartError::Execute { reason, .. } if reason.contains("loader")),
        "{error}"
    );
}

fn bad_trees() {
    let directory = open_directory();
    let fifo = directory.path().join("fifo");
    let path = CString::new(fifo.clone().into_os_string().into_encoded_bytes()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path.as_c_str(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o666),
        0,
    )
    .unwrap();
    let link = directory.path().join("link");
    symlink("/etc", &link).unwrap();
    let bad = [
        "/nowhere",
        "/usr/../etc",
        "etc",
        "/",
        "/proc/1",
        "/dev/tty",
        "/dev",
        fifo.to_str().unwrap(),
    ];
    for tree in bad {
        let mut spec = hostile("hello", &[]);
        spec.read.push(tree.into());
        let error = start(&spec).err().unwrap();
        println!("    {error}");
        assert!(
            matches!(&error, StartError::Tree { path, .. } if path.to_str() == Some(tree)),
            "{error}"
        );
    }
    // Who may write could have made the link.
    let mut spec = hostile("hello", &[]);
    spec.write = vec![link.clone()];
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Tree { .. }
    ));
    spec.write = vec![directory.path().to_owned()];
    spec.read.push(link);
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Tree { .. }
    ));
}

fn nested_trees() {
    let directory = open_directory();
    let root = fs::canonicalize(directory.path()).unwrap();
    let at = |name: &str| root.join(name).to_str().unwrap().to_owned();
    fs::create_dir_all(root.join("data/inner/deep")).unwrap();
    fs::create_dir_all(root.join("secret")).unwrap();
    fs::write(root.join("secret/file"), "secret").unwrap();
    fs::write(root.join("data/file"), "data").unwrap();
    for name in ["data", "data/inner", "data/inner/deep", "secret"] {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(0o777)).unwrap();
    }
    symlink("data", root.join("relative")).unwrap();
    let files = [
        "data/new",
        "data/inner/new",
        "data/inner/deep/new",
        "secret/new",
        "new",
    ]
    .map(at);
    let mut spec = hostile("write", &files.each_ref().map(String::as_str));
    spec.read.extend([
        at("data").into(),
        at("relative").into(),
        at("data/inner/deep").into(),
    ]);
    spec.write.push(at("data/inner").into());
    let ran = run(&spec);
    // The last one is in the private /tmp.
    let outcomes: Vec<bool> = ran
        .stdout
        .lines()
        .map(|line| line.contains("ACHIEVED"))
        .collect();
    assert_eq!(
        outcomes,
        [false, true, false, false, true],
        "{}",
        ran.stdout
    );
    assert!(
        root.join("data/inner/new").exists()
            && !root.join("data/inner/deep/new").exists()
            && !root.join("new").exists()
    );
    let files = ["relative/file", "data/file", "secret/file"].map(at);
    let mut spec = hostile("read", &files.each_ref().map(String::as_str));
    spec.read.push(at("relative").into());
    let ran = run(&spec);
    let outcomes: Vec<bool> = ran
        .stdout
        .lines()
        .map(|line| line.contains("ACHIEVED 4 bytes"))
        .collect();
    assert_eq!(outcomes, [true, true, false], "{}", ran.stdout);
}

fn contradictions() {
    let mut spec = hostile("hello", &[]);
    spec.user = 0;
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Invalid { .. }
    ));
    let mut spec = hostile("hello", &[]);
    spec.cwd = "tmp".into();
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Invalid { .. }
    ));
    let mut spec = hostile("hello", &[]);
    spec.env = vec![(CString::new("A=B").unwrap(), CString::new("c").unwrap())];
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Invalid { .. }
    ));
    let mut spec = hostile("hello", &[&"x".repeat(300_000)]);
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::Execute { .. }
    ));
    spec = hostile("hello", &[]);
    spec.arguments
        .extend((0..90).map(|_| CString::new("y".repeat(100_000)).unwrap()));
    assert!(start(&spec).is_err());
    let mut spec = hostile("hello", &[]);
    spec.network = tenzik_process::Network::Host;
    spec.require = layers(&["netns"]);
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::LayerMissing {
            layer: Layer::Netns,
            ..
        }
    ));
    let mut spec = hostile("never_ends", &[]);
    spec.program = own_program();
    spec.deadline = Duration::ZERO;
    assert!(matches!(
        start(&spec).err().unwrap(),
        StartError::TimedOut { .. }
    ));
}

fn helper_beside() {
    let directory = open_directory();
    let tenzik = copy_to(directory.path(), "tenzik");
    let spec = hostile("hello", &[]);
    let run_with = |adapter: &LocalAdapter| {
        let mut process = adapter
            .start(&spec, &never)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(process.helper(), adapter.kind());
        assert_eq!(process.wait(&never).unwrap(), Exit::Code(0));
    };
    let itself = LocalAdapter::beside(&tenzik);
    assert_eq!(itself.kind(), HelperKind::Itself);
    run_with(&itself);
    copy_to(directory.path(), "tenzik-jail");
    let beside = LocalAdapter::beside(&tenzik);
    assert_eq!(beside.kind(), HelperKind::Beside);
    run_with(&beside);
    let missing = LocalAdapter::with_helper(directory.path().join("missing"));
    assert!(matches!(
        missing.start(&spec, &never).err().unwrap(),
        StartError::Helper { .. }
    ));
    // A helper that is another program is not taken for one.
    let wrong = LocalAdapter::with_helper("/usr/bin/true");
    assert!(matches!(
        wrong.start(&spec, &never).err().unwrap(),
        StartError::Machine(_)
    ));
}

fn helper_alone() {
    let helper = || {
        let mut command = Command::new(own_program());
        command
            .arg(tenzik_jail::HELPER_ARGUMENT)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let output = helper().stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a socket"));
    for sent in [
        b"".as_slice(),
        b"\0\0\0\0",
        b"\xff\xff\xff\xff\x01",
        b"\x02\0\0\0\x01\x07",
        b"\x01\0\0\0\x02",
        b"GET / HTTP/1.1",
    ] {
        let (own, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let child = helper()
            .stdin(std::os::fd::OwnedFd::from(other))
            .spawn()
            .unwrap();
        (&own).write_all(sent).unwrap();
        drop(own);
        let output = child.wait_with_output().unwrap();
        let code = output.status.code();
        assert!(code == Some(0) || code == Some(1), "{sent:?}: {output:?}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "{output:?}"
        );
    }
}

fn chosen_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut spec = hostile("identity", &[]);
    spec.user = 12345;
    assert!(run(&spec).stdout.starts_with("user=12345 group=12345 "));
}
