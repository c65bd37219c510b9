//! The capsule exec.

use super::{example, failed, program, refused, run};
use crate::world::World;

/// A world with the example, whose tree has a file.
fn with_example(more: &[(&str, &str)]) -> Option<World> {
    let sha256sum = program("sha256sum")?;
    let world = World::new();
    let data = world.path("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("abc"), "abc").unwrap();
    let mut changes = vec![
        ("/srv/data", data.to_str().unwrap()),
        ("/usr/bin/sha256sum", sha256sum.to_str().unwrap()),
    ];
    changes.extend(more);
    example(&world, "exec", &changes);
    Some(world)
}

fn request(world: &World, file: &str) -> String {
    let path = world.path("data").join(file);
    format!("{{\"argv\":[\"sha256sum\",\"--\",\"{}\"]}}", path.display())
}

#[test]
fn a_granted_program_runs() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    let ended = run(&world, "exec", request(&world, "abc")).exits(0);
    // FIPS 180-2, B.1.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(ended.text().starts_with(digest), "{}", ended.text());
}

#[test]
fn its_exit_code_is_the_code_of_the_failure() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    let ended = run(&world, "exec", request(&world, "none"));
    assert!(ended.stderr.contains("[warning] "), "{}", ended.stderr);
    failed(ended, 1, "the program ended with exit code 1: ");
}

#[test]
fn what_no_rule_admits_is_refused() {
    let Some(world) = with_example(&[]) else {
        return;
    };
    for argv in [
        r#"["id"]"#,
        r#"["/usr/bin/sha256sum","--","/etc/passwd"]"#,
        r#"["sha256sum"]"#,
        r#"["sha256sum","--"]"#,
        r#"["sha256sum","--","/etc/passwd"]"#,
        r#"["sha256sum","--check","/etc/passwd"]"#,
        r#"["sha256sum","--",""]"#,
    ] {
        refused(&world, "exec", format!("{{\"argv\":{argv}}}"));
    }
    let file = request(&world, "abc");
    for (from, to) in [
        ("/abc", "/../abc"),
        ("/abc", "//abc"),
        ("/abc", "/abc;id"),
        ("/abc", "/abc\\u0000"),
        ("/abc", "/abc\\n"),
    ] {
        // A name such as `abc;id` is a file like others: no shell sees it.
        let input = file.replace(from, to);
        if to == "/abc;id" {
            failed(run(&world, "exec", &input), 1, "No such file or directory");
        } else {
            refused(&world, "exec", &input);
        }
    }
}

#[test]
fn a_flood_ends_at_the_cap_of_the_rule() {
    let Some(yes) = program("yes") else { return };
    let world = World::new();
    let policy = format!(
        "version = 1\ngrants = []\n[[exec]]\nname = \"yes\"\nprogram = {yes:?}\nargs = []\n{}",
        "read = [\"/usr/lib\", \"/lib\", \"/lib64\", \"/etc/ld.so.cache\"]\nstdout_bytes = \"1MiB\"\n"
    );
    world.write("policy.toml", policy);
    let ended = run(&world, "exec", r#"{"argv":["yes"]}"#);
    assert!(ended.stdout.len() <= 1 << 20);
    failed(ended, 1010, "the program wrote more than its rule allows");
}

#[test]
fn a_program_ends_at_the_deadline_of_its_rule() {
    let Some(sleep) = program("sleep") else {
        return;
    };
    let world = World::new();
    let policy = format!(
        "version = 1\ngrants = []\n[[exec]]\nname = \"sleep\"\nprogram = {sleep:?}\nargs = [\"600\"]\n{}",
        "read = [\"/usr/lib\", \"/lib\", \"/lib64\", \"/etc/ld.so.cache\"]\ndeadline = \"1s\"\n"
    );
    world.write("policy.toml", policy);
    let ended = run(&world, "exec", r#"{"argv":["sleep","600"]}"#);
    failed(ended, 1009, "the program passed its deadline");
}

/// Whatever stands in a request, capsule and host agree on what it says: none is passed on that the host
/// would not read, and the capsule is stricter only where the page says so.
#[test]
fn requests_are_read_as_the_host_reads_them() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        argv: Vec<String>,
    }

    let Some(world) = with_example(&[]) else {
        return;
    };
    let seed = br#" {"argv" : ["id","a\u00e9\ud83d\ude00\n","/"] } "#;
    let pieces: [&[u8]; 16] = [
        b"\"",
        b"\\",
        b"\\u",
        b"\\ud800",
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b"\0",
        b"\n",
        b"\xff",
        "\u{e9}".as_bytes(),
        b"null",
        b"0",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        // Knuth's MMIX generator.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut accepted, mut total) = (0, 0);
    for _ in 0..150 {
        let mut input = seed.to_vec();
        for _ in 0..=random(2) {
            let at = random(input.len());
            let end = (at + random(3)).min(input.len());
            input.splice(at..end, pieces[random(pieces.len())].iter().copied());
        }
        let read = serde_json::from_slice::<Request>(&input);
        let ended = run(&world, "exec", &input);
        let shown = String::from_utf8_lossy(&input);
        let stricter = input.windows(6).all(|window| window != b"\"argv\"");
        match (&read, ended.code) {
            (Ok(request), 20) => assert!(request.argv.is_empty() || stricter, "{shown}"),
            (Err(_), code) => {
                assert_eq!(code, 20, "{shown}");
                failed(ended, 1000, "the request ");
            }
            (Ok(_), code) => {
                assert_eq!(code, 30, "{shown}");
                accepted += 1;
            }
        }
        total += 1;
    }
    assert!(
        accepted > 10 && accepted < total - 10,
        "{accepted} of {total}"
    );
}
