use std::boxed::Box;
use std::string::String;
use std::{format, vec};

use tenzik_sdk::native::{Ending, Outcome, run};

use super::*;

extern crate std;

fn parse(input: impl AsRef<[u8]>) -> Outcome {
    let mut state = Box::new(State {
        input: Input::new(),
        output: Output::new(),
        line: [0; LINE_BYTES],
        number: 0,
        findings: 0,
    });
    run(input, || gobuster_parse(&mut state))
}

#[track_caller]
fn finds(input: &str, findings: &str) {
    let output = String::from_utf8(parse(input).into_output()).unwrap();
    assert_eq!(output, format!("{{\"findings\":[{findings}]}}\n"));
}

#[track_caller]
fn fails(input: impl AsRef<[u8]>, expected: &str) {
    let Ending::Failure { code: 1, message } = parse(input).ending else {
        panic!("no failure");
    };
    assert_eq!(String::from_utf8(message).unwrap(), expected);
}

#[test]
fn findings_have_what_is_written() {
    finds("", "");
    finds(
        "/admin                (Status: 301) [Size: 312] [--> http://127.0.0.1/admin/]\n",
        r#"{"path":"/admin","status":301,"size":312,"location":"http://127.0.0.1/admin/"}"#,
    );
    finds(
        "/a (Status: 200)\n/b c \"d\" (Status: 204) [Size: 0]\r\n",
        r#"{"path":"/a","status":200},{"path":"/b c \"d\"","status":204,"size":0}"#,
    );
    finds(
        "http://h/x (Status: 302) [--> /y] (Status: 200) [Size: 1]]",
        r#"{"path":"http://h/x","status":302,"location":"/y] (Status: 200) [Size: 1]"}"#,
    );
}

#[test]
fn terminals_and_noise_leave_nothing() {
    let noise = concat!(
        "===============================================================\n",
        "Gobuster v3.5\nby OJ Reeves (@TheColonial) & Christian Mehlmauer (@firefart)\n",
        "[+] Url:                     http://127.0.0.1:8000\n",
        "2026/01/31 07:18:59 Starting gobuster in directory enumeration mode\n",
        "Starting gobuster in directory enumeration mode\n\nFinished\n",
        "Progress: 4614 / 4615 (99.98%)\n",
    );
    finds(noise, "");
    finds(
        "\r\x1b[2KProgress: 1 / 2\r\x1b[2K\x1b[36m/a\x1b[0m (Status: 200)\x1b[34m [Size: 3]\x1b[0m\r\n",
        r#"{"path":"/a","status":200,"size":3}"#,
    );
}

#[test]
fn other_lines_are_refused_by_number() {
    for line in [
        "Error: the server is gone",
        "/a",
        " (Status: 200)",
        "/a (Status: )",
        "/a (Status: 20)",
        "/a (Status: 2000)",
        "/a (Status: 020)",
        "/a (Status: 200",
        "/a (Status: 200)x",
        "/a (Status: 200) [Size: ]",
        "/a (Status: 200) [Size: -1]",
        "/a (Status: 200) [Size: 01]",
        "/a (Status: 200) [Size: 1234567890123456]",
        "/a (Status: 200) [Size: 1] x",
        "/a (Status: 301) [--> /b",
        "/a (Status: 200) [Size: \u{661}]",
        "Found: a.example.org (Status: 200) [Size: 1]",
        "Missed: /a (Status: 404) [Size: 1]",
        "2026/01/31x",
    ] {
        let expected = "line 2 is not a line of gobuster dir";
        fails(format!("/a (Status: 200)\n{line}\n"), expected);
        fails(format!("\n{line}"), expected);
    }
    fails(b"/a\xff (Status: 200)\n", "line 1 is not UTF-8");
    fails(b"/a (Status: 301) [--> \xc3]", "line 1 is not UTF-8");
    let twelfth = "\n".repeat(11) + "?";
    fails(twelfth, "line 12 is not a line of gobuster dir");
}

#[test]
fn lengths_are_bounded() {
    let path = |length: usize| format!("/{} (Status: 200)", "a".repeat(length - 1));
    assert_eq!(parse(path(4096)).ending, Ending::Ok);
    fails(path(4097), "line 1 is not a line of gobuster dir");
    let location = |length: usize| format!("/a (Status: 301) [--> {}]", "b".repeat(length));
    assert_eq!(parse(location(8192)).ending, Ending::Ok);
    fails(location(8193), "line 1 is not a line of gobuster dir");
    fails(vec![b'a'; 17_000], "line 1 has more than 16384 bytes");
    fails(
        b"\n\n"
            .repeat(2_000)
            .into_iter()
            .chain(vec![b'a'; 17_000])
            .collect::<vec::Vec<u8>>(),
        "line 4001 has more than 16384 bytes",
    );
}

#[test]
fn every_cut_of_a_finding_is_whole_or_refused() {
    let line = "/admin (Status: 301) [Size: 312] [--> /admin/]";
    let whole = [
        "/admin (Status: 301)",
        "/admin (Status: 301) [Size: 312]",
        line,
    ];
    for cut in 1..=line.len() {
        let part = line.get(..cut).unwrap();
        let ok = parse(part).ending == Ending::Ok;
        assert_eq!(ok, whole.contains(&part.trim_end()), "{part}");
    }
}
