//! Where values come from, and that nothing else has them.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tenzik_gate::{EffectKind, SecretError, Secrets};
use tenzik_policy::{Origin, SecretGrant, SecretSource};

use crate::sandbox::{Sandbox, set_mode};

const VALUE: &str = "hunter2-Geheimnis/?";

fn secrets(source: SecretSource) -> Secrets {
    let grant = SecretGrant {
        name: "token".to_owned(),
        source,
        origin: Origin::default(),
    };
    let environment = |name: &str| match name {
        "TOKEN" => Some(OsString::from(VALUE)),
        "SHORT" => Some(OsString::from("abc")),
        "LONG" => Some(OsString::from("x".repeat((64 << 10) + 1))),
        _ => None,
    };
    Secrets::new(&[grant], std::sync::Arc::new(environment))
}

fn command(arguments: &[&str]) -> SecretSource {
    SecretSource::Command(
        arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
    )
}

fn value(source: SecretSource) -> Result<Vec<u8>, SecretError> {
    secrets(source)
        .resolve("token")
        .map(|value| value.expose().to_vec())
}

#[test]
fn values_come_from_variables_files_and_programs() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("secret", format!("{VALUE}\n"));
    set_mode(&file, 0o600);
    symlink(&file, sandbox.path("link")).unwrap();
    let two = sandbox.write("two", format!("{VALUE}\n\n"));
    let sources = [
        SecretSource::Env("TOKEN".to_owned()),
        SecretSource::File(file.clone()),
        SecretSource::File(sandbox.path("link")),
        command(&["/bin/sh", "-c", &format!("echo '{VALUE}'; echo error >&2")]),
        command(&["/bin/cat", file.to_str().unwrap()]),
    ];
    for source in sources {
        assert_eq!(
            value(source.clone()).unwrap(),
            VALUE.as_bytes(),
            "{source:?}"
        );
    }
    assert_eq!(
        value(SecretSource::File(two)).unwrap(),
        format!("{VALUE}\n").as_bytes()
    );
    let exact = sandbox.write("exact", "x".repeat(64 << 10) + "\n");
    assert_eq!(value(SecretSource::File(exact)).unwrap().len(), 64 << 10);
}

#[test]
fn values_are_fetched_once_and_only_when_needed() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("count");
    let script = format!("echo x >> {}; echo {VALUE}", file.display());
    let secrets = secrets(command(&["/bin/sh", "-c", &script]));
    assert!(!file.exists());
    assert_eq!(secrets.masked(VALUE), VALUE);
    for _ in 0..3 {
        secrets.resolve("token").unwrap();
    }
    assert_eq!(sandbox.text("count"), "x\n");
    assert_eq!(secrets.masked(&format!("it is {VALUE}!")), "it is ***!");
    let error = secrets.resolve("other").unwrap_err();
    assert_eq!(error.kind(), EffectKind::Refused);
    assert!(error.to_string().contains("[secrets.other]"), "{error}");
}

#[test]
fn programs_get_no_environment_no_input_and_no_shell() {
    let sandbox = Sandbox::new();
    let environment = value(command(&["/usr/bin/env"])).unwrap_err();
    assert!(
        matches!(environment, SecretError::TooShort { bytes: 0, .. }),
        "{environment}"
    );
    let input = value(command(&["/bin/cat"])).unwrap_err();
    assert!(
        matches!(input, SecretError::TooShort { bytes: 0, .. }),
        "{input}"
    );
    let touched = sandbox.path("touched");
    let argument = format!(
        "$(touch {})`;touch {}",
        touched.display(),
        touched.display()
    );
    assert_eq!(
        value(command(&["/bin/echo", &argument])).unwrap(),
        argument.as_bytes()
    );
    assert!(!touched.exists());
}

#[test]
fn sources_that_fail_say_why_and_what_to_do() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let long = sandbox.write("long", "x".repeat((64 << 10) + 1));
    let file = |path: PathBuf| SecretSource::File(path);
    let env = |name: &str| SecretSource::Env(name.to_owned());
    let cases = [
        (env("NONE"), "variable NONE is not set"),
        (env("SHORT"), "has 3 bytes; 4 are needed"),
        (env("LONG"), "more than 65536 bytes"),
        (file(sandbox.path("none")), "No such file"),
        (file(fifo), "is no regular file"),
        (file(sandbox.path("tree")), "is no regular file"),
        (file("/dev/zero".into()), "is no regular file"),
        (file(long), "more than 65536 bytes"),
        (command(&[]), "absolute path"),
        (command(&["echo", "value"]), "absolute path"),
        (command(&["/nonexistent/program"]), "cannot run"),
        (command(&["/usr/bin/yes"]), "more than 65536 bytes"),
        (
            command(&["/bin/sh", "-c", "echo value; exit 3"]),
            "exit status: 3",
        ),
        (
            command(&["/bin/sh", "-c", "echo value; kill -9 $$"]),
            "signal: 9",
        ),
    ];
    for (source, part) in cases {
        let error = value(source.clone()).unwrap_err().to_string();
        assert!(
            error.starts_with("secret token") && error.contains(part),
            "{source:?}: {error}"
        );
    }
}

#[test]
fn a_file_that_others_can_read_is_reported() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("secret", VALUE);
    for (mode, count) in [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)] {
        set_mode(&path, mode);
        let secrets = secrets(SecretSource::File(path.clone()));
        secrets.resolve("token").unwrap();
        let warnings = secrets.warnings();
        assert_eq!(warnings.len(), count, "{mode:o}: {warnings:?}");
        assert!(
            warnings
                .iter()
                .all(|warning| warning.contains(&format!("{mode:04o}")))
        );
    }
}

/// Nothing that can be printed has the value or a part of it.
#[test]
fn nothing_that_is_printed_has_a_value() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("secret", VALUE);
    let mut printed = String::new();
    let long = sandbox.write("long", VALUE.repeat(10_000));
    let sources = [
        SecretSource::Env("TOKEN".to_owned()),
        SecretSource::File(path.clone()),
        SecretSource::File(long),
        command(&["/bin/cat", path.to_str().unwrap()]),
        command(&[
            "/bin/sh",
            "-c",
            "cat \"$0\" >&2; cat \"$0\"; exit 1",
            path.to_str().unwrap(),
        ]),
    ];
    for source in sources {
        let secrets = secrets(source);
        let mut mask = secrets.mask();
        let value = secrets.resolve("token");
        mask.push(&VALUE.as_bytes()[..9], &mut Vec::new());
        if let Err(error) = &value {
            printed += &error.to_string();
        }
        printed += &format!("{secrets:?} {value:?} {mask:?} {:?}", secrets.warnings());
    }
    assert!(printed.contains("token"));
    for part in [&VALUE[..7], &VALUE[8..], "hunter", "Geheim"] {
        assert!(!printed.contains(part), "{printed}");
    }
}
