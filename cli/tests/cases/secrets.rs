//! Secrets are used and seen nowhere: everything that a run leaves is searched for them.

use std::path::Path;

use crate::world::{Ended, World};

/// Every form is another one, and none stands in a temporary path by chance.
const VALUE: &str = "Wp7-geheim/\"?\u{e9}8Kq";

/// Tells its secret on both outputs, plainly and encoded.
const TELLS: &str = "printf '%s' \"$TOKEN\"; echo; printf '%s' \"$TOKEN\" | base64; \
    printf 'x%s' \"$TOKEN\" | base64; printf '%s' \"$TOKEN\" | od -An -v -tx1 | tr -d ' \\n'; echo; \
    echo \"error: $TOKEN\" >&2; cat; exit 3";

fn policy(source: &str) -> String {
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    format!(
        "version = 1\ngrants = [\"json\"]\n[[exec]]\nname = \"tells\"\nprogram = {shell:?}\n\
         args = [\"-c\", {TELLS:?}]\nenv = {{ TOKEN = {{ secret = \"token\" }}, PATH = \"/usr/bin:/bin\" }}\n\
         read = [\"/usr\", \"/bin\", \"/lib\", \"/lib64\", \"/etc/ld.so.cache\"]\n\
         [secrets.token]\n{source}\n"
    )
}

/// Runs the capsule `exec` with a receipt and a bundle.
fn run(world: &World, arguments: &[&str]) -> Ended {
    let request = serde_json::json!({ "argv": ["tells", "-c", TELLS] }).to_string();
    let base = [
        "run",
        "exec",
        "--policy",
        "p.toml",
        "--input-text",
        &request,
    ];
    let evidence = ["--receipt", "r.json", "--record", "b.bundle"];
    let mut command = world.command([&base[..], &evidence, arguments].concat());
    command
        .env("XDG_STATE_HOME", world.path("state"))
        .env("API_TOKEN", VALUE);
    crate::world::ended(command.output().unwrap())
}

/// The forms that must not be anywhere.
fn forms() -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let hexadecimal: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    let shifted = encode(&[b"x", VALUE.as_bytes()].concat());
    [
        VALUE.to_owned(),
        "geheim".to_owned(),
        encode(VALUE.as_bytes())[..16].to_owned(),
        shifted[4..20].to_owned(),
        hexadecimal,
        VALUE.replace('"', "\\\""),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn holds_none(what: &str, bytes: &[u8]) {
    for form in forms() {
        assert!(
            !bytes.windows(form.len()).any(|part| part == form),
            "{what} has {}",
            String::from_utf8_lossy(&form)
        );
    }
}

/// Searches every file below `directory`; how many there are.
fn search(directory: &Path, except: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += search(&path, except);
        } else if path != except {
            holds_none(path.to_str().unwrap(), &std::fs::read(&path).unwrap());
            count += 1;
        }
    }
    count
}

#[test]
fn nothing_that_a_run_leaves_has_a_secret() {
    let world = World::new();
    let file = world.write("value", VALUE);
    let sources = [
        "env = \"API_TOKEN\"".to_owned(),
        format!("file = {file:?}"),
        format!("command = [\"/bin/cat\", {file:?}]"),
    ];
    for source in sources {
        world.write("p.toml", policy(&source));
        for arguments in [&["--json"][..], &[], &["--output", "out"]] {
            for name in ["r.json", "b.bundle", "out"] {
                let _ = std::fs::remove_file(world.path(name));
            }
            let said = run(&world, arguments);
            assert_eq!(said.code, 20, "{said:?}");
            holds_none("standard output", &said.stdout);
            holds_none("standard error", said.stderr.as_bytes());
            if arguments.is_empty() {
                // It did use the secret: three lines of encodings and one of itself are masked.
                assert!(said.text().starts_with("***\n***"), "{said:?}");
            }
            assert!(search(&world.path(""), &file) >= 4);
        }
    }
}

#[test]
fn a_source_that_fails_ends_the_run_and_tells_nothing() {
    let world = World::new();
    let file = world.write("value", VALUE.repeat(10_000));
    let sources = [
        "env = \"NOT_SET\"".to_owned(),
        format!("file = {file:?}"),
        format!(
            "command = [\"/bin/sh\", \"-c\", \"cat {} >&2; cat {}; exit 1\"]",
            file.display(),
            file.display()
        ),
    ];
    for source in sources {
        world.write("p.toml", policy(&source));
        let said = run(&world, &["--json"]);
        assert_ne!(said.code, 0, "{said:?}");
        assert!(said.stderr.contains("secret token"), "{said:?}");
        holds_none("standard output", &said.stdout);
        holds_none("standard error", said.stderr.as_bytes());
        search(&world.path(""), &file);
    }
}
