//! Files, signals, secrets, artifacts.

use std::path::Path;

use tenzik_policy::{
    FileAccess, SignalTarget, decide_artifact, decide_file, decide_secret, decide_signal,
};

use crate::rules;

const FILES: &str = r#"version = 1
[[files]]
path = "/srv"
access = ["read", "write"]
[[files]]
path = "/srv/logs"
access = ["append"]
[[files]]
path = "/srv/logs/old"
access = ["read"]
"#;

#[test]
fn the_longest_tree_decides() {
    let rules = rules(FILES);
    let decide = |path: &str, access| {
        decide_file(&rules, path.as_bytes(), access)
            .map(|decision| {
                (
                    decision.index,
                    decision.relative.to_str().unwrap().to_owned(),
                    decision.charged,
                )
            })
            .map_err(|refusal| refusal.message)
    };
    assert_eq!(
        decide("/srv/a/b", FileAccess::Read),
        Ok((0, "a/b".into(), vec![0]))
    );
    assert_eq!(
        decide("/srv/logs/x", FileAccess::Append),
        Ok((1, "x".into(), vec![0, 1]))
    );
    assert_eq!(
        decide("/srv/logs/old/x", FileAccess::Read),
        Ok((2, "x".into(), vec![0, 1, 2]))
    );
    for (path, access, why) in [
        (
            "/srv/logs/x",
            FileAccess::Read,
            "p.toml:5 \"/srv/logs\" does not grant it",
        ),
        ("/srv/logs/old/x", FileAccess::Append, "does not grant it"),
        ("/srv/x", FileAccess::Append, "does not grant it"),
        ("/srvx", FileAccess::Read, "none of the 3 granted trees"),
        ("/etc/passwd", FileAccess::Read, "none of the 3"),
        ("/srv", FileAccess::Read, "the tree itself"),
        ("/srv/../etc/passwd", FileAccess::Read, "component .."),
        ("/srv/./x", FileAccess::Read, "component ."),
        ("/srv//x", FileAccess::Read, "empty component"),
        ("/srv/x/", FileAccess::Read, "empty component"),
        ("srv/x", FileAccess::Read, "not an absolute path"),
        ("", FileAccess::Read, "not an absolute path"),
        ("/srv/a\0b", FileAccess::Read, "NUL"),
    ] {
        let message = decide(path, access).unwrap_err();
        assert!(message.contains(why), "{path:?}: {message}");
        assert!(!message.contains('\0'));
    }
    assert!(
        decide(&format!("/srv/{}", "x".repeat(5_000)), FileAccess::Read)
            .unwrap_err()
            .contains("at most 4095")
    );
    assert!(
        decide(&format!("/srv/{}", "x".repeat(256)), FileAccess::Read)
            .unwrap_err()
            .contains("at most 255")
    );
    let refusal = decide_file(&rules, b"/srv/\xff\x1b[2J", FileAccess::Append).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.rules),
        ("file_refused", vec!["p.toml:2 \"/srv\"".to_owned()])
    );
    assert!(!refusal.message.contains('\x1b'));
    assert!(
        decide_file(&rules, b"/srv/\xff", FileAccess::Read).is_ok(),
        "names need not be UTF-8"
    );
}

#[test]
fn signals_reach_what_fits_in_every_respect() {
    let rules = rules(
        "version = 1\n[[signals]]\nprogram = \"/bin/a\"\nuid = 5\nsignals = [\"TERM\"]\n[[signals]]\nprogram = \"/bin/b\"\npid = 9\nstart = 100\nsignals = [\"KILL\", \"TERM\"]\n",
    );
    let decide = |program: &'static str, uid, pid, start, signal: &'static str| {
        let target = SignalTarget {
            program: Path::new(program),
            uid,
            pid,
            start,
            signal,
        };
        decide_signal(&rules, &target)
            .map(|decision| decision.index)
            .map_err(|refusal| (refusal.code, refusal.message))
    };
    assert_eq!(decide("/bin/a", 5, 77, 1, "TERM"), Ok(0));
    assert_eq!(decide("/bin/b", 0, 9, 100, "KILL"), Ok(1));
    for (program, uid, pid, start, signal) in [
        ("/bin/a", 6, 77, 1, "TERM"),
        ("/bin/a", 5, 77, 1, "KILL"),
        ("/bin/a", 5, 1, 1, "TERM"),
        ("/bin/a", 5, 0, 1, "TERM"),
        ("/bin/a", 5, -1, 1, "TERM"),
        ("/bin/b", 0, 9, 101, "KILL"),
        ("/bin/b", 0, 10, 100, "KILL"),
        ("/bin/c", 0, 9, 100, "KILL"),
        ("/bin/a", 5, 77, 1, "SIGTERM"),
        ("/bin/a", 5, 77, 1, ""),
    ] {
        let (code, message) = decide(program, uid, pid, start, signal).unwrap_err();
        assert_eq!(code, "signal_refused");
        assert!(
            message.contains(&format!("to process {pid} of user {uid}")),
            "{message}"
        );
    }
}

#[test]
fn secrets_and_artifacts() {
    let rules = rules("version = 1\n[artifacts]\n[secrets.token]\nenv = \"T\"\n");
    assert_eq!(decide_secret(&rules, b"token").unwrap().name, "token");
    for name in [&b"toke"[..], b"", b"token\0", b"TOKEN", b"\xff"] {
        assert_eq!(
            decide_secret(&rules, name).unwrap_err().code,
            "secret_refused"
        );
    }
    for name in ["a", "scan-1.xml", "A_b"] {
        assert!(decide_artifact(&rules, name.as_bytes()).is_ok());
    }
    let long = "a".repeat(129);
    for name in ["", ".hidden", "-x", "a/b", "..", "a b", "a\n", "é", &long] {
        assert_eq!(
            decide_artifact(&rules, name.as_bytes()).unwrap_err().code,
            "artifact_refused",
            "{name}"
        );
    }
    assert!(
        decide_artifact(&crate::rules("version = 1"), b"a")
            .unwrap_err()
            .message
            .contains("grants no artifacts")
    );
}
