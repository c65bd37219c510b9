//! The commitment to a policy.

use tenzik_policy::{PolicyFile, Profile};

use crate::NMAP;

fn policy(text: &str) -> tenzik_policy::Policy {
    PolicyFile::parse("p.toml", text).unwrap().policy
}

#[test]
fn without_rules_the_text_is_that_of_version_1() {
    let default = Profile::Default.policy();
    let written = policy("version = 1\nprofile = \"default\"\n");
    assert_eq!(written.commit(), default.commit());
    let hex: String = default
        .commit()
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hex,
        "c61dc8a15c28ade7df88a03510338082fb875ded481ddcb2cf71e5660110bf83"
    );
}

#[test]
fn with_rules_the_text_is_that_of_version_2() {
    let formats = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/formats.md"
    ))
    .unwrap();
    assert!(
        formats.contains(&policy(NMAP).canonical()),
        "{}",
        policy(NMAP).canonical()
    );
}

/// Every key that can change what happens changes the commitment; comments, places and the order of
/// sets do not.
#[test]
fn every_fact_is_committed() {
    let text = NMAP.to_owned()
        + "[[files]]\npath = \"/srv\"\naccess = [\"read\"]\n[[signals]]\nprogram = \"/bin/a\"\nsignals = [\"TERM\"]\n[artifacts]\n[secrets.t]\nenv = \"T\"\n";
    let base = policy(&text).commit();
    let exec = |line: &str| {
        text.replace(
            "network = \"targets\"\n",
            &format!("network = \"targets\"\n{line}\n"),
        )
    };
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let changed = [
        with("profile = \"default\"", "profile = \"production\""),
        with("[\"json\"]", "[]"),
        with("name = \"nmap\"", "name = \"map\""),
        with("/usr/bin/nmap", "/usr/bin/map"),
        exec("follow = true"),
        exec(&format!("blake3 = \"{}\"", "0".repeat(64))),
        with("\"-sT\"", "\"-sS\""),
        with("\"-sT\", \"-oX\"", "\"-sT -oX\""),
        with("{target...}", "{target}").replace("max_count = 3\n", ""),
        with("max_count = 3", "max_count = 4"),
        with("type = \"ports\"", "type = \"ports\"\nmax = 9"),
        with("type = \"ports\"", "type = \"ports\"\noption = true"),
        with("type = \"ports\"", "type = \"integer\"\nmax = 9"),
        exec("env = { A = \"b\" }"),
        exec("env = { A = { secret = \"t\" } }"),
        exec("env = { A = \"t\" }"),
        exec("pass_env = [\"A\"]"),
        exec("cwd = \"/usr\""),
        exec("stdin = true"),
        exec("stdin_bytes = 1"),
        exec("stdout_bytes = 1"),
        exec("stderr_bytes = 1"),
        exec("deadline = \"1s\""),
        exec("concurrency = 2"),
        exec("memory = \"2GiB\""),
        exec("processes = 1"),
        exec("file_bytes = 1"),
        with("network = \"targets\"", "network = \"none\""),
        with("\"::1\"", "\"::2\""),
        with("tcp:10", "udp:10"),
        with("\"/lib64\", ", ""),
        exec("write = [\"/srv\"]"),
        with("\"pidns\", ", ""),
        with("path = \"/srv\"", "path = \"/srw\""),
        with("access = [\"read\"]", "access = [\"append\"]"),
        with("access = [\"read\"]", "access = [\"read\"]\nbytes = 1"),
        with("access = [\"read\"]", "access = [\"read\"]\nfiles = 1"),
        with("program = \"/bin/a\"", "program = \"/bin/b\""),
        with("signals = [\"TERM\"]", "signals = [\"KILL\"]"),
        with("signals = [\"TERM\"]", "uid = 1\nsignals = [\"TERM\"]"),
        with(
            "signals = [\"TERM\"]",
            "pid = 2\nstart = 1\nsignals = [\"TERM\"]",
        ),
        with("[artifacts]", "[artifacts]\nbytes = 1"),
        with("[artifacts]", "[artifacts]\ncount = 1"),
        with("secrets.t]", "secrets.u]"),
        with("env = \"T\"", "env = \"U\""),
        with("env = \"T\"", "file = \"/T\""),
        with("env = \"T\"", "command = [\"/T\"]"),
    ];
    let mut seen = vec![base];
    for text in changed {
        let commit = policy(&text).commit();
        assert!(!seen.contains(&commit), "{text}");
        seen.push(commit);
    }
    let same = [
        format!("# a comment\n\n{text}"),
        with("\"/usr\", \"/lib\"", "\"/lib\", \"/usr\""),
        with("\"pidns\", \"netns\"", "\"netns\", \"pidns\""),
        with("\"127.0.0.0/8\", \"::1\"", "\"::1/128\", \"127.0.0.0/8\""),
        exec("deadline = \"1m\"\nstdout_bytes = \"64MiB\"\ncwd = \"/\""),
    ];
    for text in same {
        assert_eq!(policy(&text).commit(), base, "{text}");
    }
    let elsewhere = PolicyFile::parse("other.toml", &text).unwrap();
    assert_eq!(elsewhere.policy.commit(), base);
}
