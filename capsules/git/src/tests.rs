use std::boxed::Box;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use scripted::{Processes, Scripted, ends, writes};
use tenzik_sdk::Status;
use tenzik_sdk::native::{Ending, Outcome};

use super::*;

extern crate std;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONFIG: &str = "core.bare\0remote.origin.url\0remote.origin.fetch\0branch.main.merge\0";

fn run(request: &str, processes: &Processes) -> Outcome {
    let mut state = Box::new(State {
        pieces: Pieces::new(),
        output: Report::new(),
        request: [0; REQUEST_BYTES],
        arguments: [0; ARGUMENTS_BYTES],
    });
    processes.run(request).call(|| git(&mut state))
}

fn request(op: &str) -> String {
    format!("{{\"op\":\"{op}\",\"directory\":\"/srv/r\"}}")
}

/// What a run with these processes writes, and the arguments of each behind those that all have.
fn works(request: &str, processes: Vec<Scripted>) -> (String, Vec<String>) {
    let processes = Processes::new(processes);
    let output = String::from_utf8(run(request, &processes).into_output()).unwrap();
    let begin = arguments::FIXED;
    let behind = |request: &String| {
        let rest = request.strip_prefix("{\"argv\":[").unwrap();
        String::from(
            rest.strip_prefix(begin)
                .unwrap()
                .strip_suffix("]}")
                .unwrap(),
        )
    };
    (output, processes.requests().iter().map(behind).collect())
}

#[track_caller]
fn fails(op: &str, processes: Vec<Scripted>, expected_code: i32, expected: &str) {
    let Ending::Failure { code, message } = run(&request(op), &Processes::new(processes)).ending
    else {
        panic!("no failure");
    };
    assert_eq!(String::from_utf8(message).unwrap(), expected);
    assert_eq!(code, expected_code);
}

#[test]
fn clone_names_the_commit() {
    let request = r#"{"op":"clone","repository":"file:///srv/o","directory":"/srv/r","depth":1}"#;
    let head = format!("{COMMIT}\n");
    let (output, calls) = works(request, vec![writes(""), writes(&head)]);
    assert_eq!(
        output,
        format!("{{\"op\":\"clone\",\"head\":\"{COMMIT}\"}}\n")
    );
    let expected = concat!(
        ",\"clone\",\"-q\",\"--no-local\",\"--no-recurse-submodules\",\"--template=\",",
        "\"--depth=1\",\"--\",\"file:///srv/o\",\"/srv/r\"",
    );
    assert_eq!(calls.first().unwrap(), expected);
    let expected = concat!(
        ",\"--git-dir=/srv/r/.git\",\"--work-tree=/srv/r\",",
        "\"rev-parse\",\"--verify\",\"-q\",\"HEAD\"",
    );
    assert_eq!(calls.get(1).unwrap(), expected);
}

#[test]
fn an_empty_repository_has_no_commit() {
    let request = r#"{"op":"clone","repository":"file:///srv/o","directory":"/srv/r"}"#;
    let (output, _) = works(request, vec![writes(""), ends(1, "")]);
    assert_eq!(output, "{\"op\":\"clone\",\"head\":null}\n");
}

#[test]
fn pull_looks_at_the_configuration_first() {
    let processes = vec![writes(CONFIG), writes(""), writes(COMMIT)];
    let (output, calls) = works(&request("pull"), processes);
    assert_eq!(
        output,
        format!("{{\"op\":\"pull\",\"head\":\"{COMMIT}\"}}\n")
    );
    let operations: Vec<&str> = calls
        .iter()
        .map(|call| call.split("--work-tree=/srv/r\",").nth(1).unwrap())
        .collect();
    let expected = [
        r#""config","--local","--list","--name-only","-z""#,
        r#""pull","-q","--ff-only","--no-recurse-submodules""#,
        r#""rev-parse","--verify","-q","HEAD""#,
    ];
    assert_eq!(operations, expected);
}

#[test]
fn status_lists_what_changed() {
    let listed = [
        &b"# branch.oid 0123\0# branch.head main\0# branch.ab +1 -0\0# stash 2\0"[..],
        b"1 M. N... 100644 100644 100644 1111 2222 a file\0",
        b"u UU N... 1 2 3 4 5 6 7 both\0? new \"file\"\n\0? \xff\0",
    ];
    let (output, _) = works(
        &request("status"),
        vec![writes(CONFIG), writes(listed.concat())],
    );
    let expected = concat!(
        "{\"op\":\"status\",\"branch\":{\"oid\":\"0123\",\"head\":\"main\",\"ab\":\"+1 -0\"},\"entries\":[",
        "{\"status\":\"M.\",\"path\":\"a file\"},{\"status\":\"UU\",\"path\":\"both\"},",
        "{\"status\":\"?\",\"path\":\"new \\\"file\\\"\\u000a\"},",
        "{\"status\":\"?\",\"path\":\"\u{fffd}\",\"lossy\":true}]}\n",
    );
    assert_eq!(output, expected);
    let (output, _) = works(&request("status"), vec![writes(CONFIG), writes("")]);
    assert_eq!(output, "{\"op\":\"status\",\"branch\":{},\"entries\":[]}\n");
}

#[test]
fn log_lists_commits() {
    let listed = b"c1\0Ann \xff\0a@b\x002026-01-01T00:00:00Z\0\0c2\0B\0b@c\0d\0subject\0";
    let (output, calls) = works(&request("log"), vec![writes(CONFIG), writes(listed)]);
    let expected = concat!(
        "{\"op\":\"log\",\"commits\":[",
        "{\"commit\":\"c1\",\"author\":\"Ann \u{fffd}\",\"email\":\"a@b\",",
        "\"time\":\"2026-01-01T00:00:00Z\",\"subject\":\"\",\"lossy\":true},",
        "{\"commit\":\"c2\",\"author\":\"B\",\"email\":\"b@c\",\"time\":\"d\",\"subject\":\"subject\"}]}\n",
    );
    assert_eq!(output, expected);
    assert!(
        calls
            .get(1)
            .unwrap()
            .ends_with(r#","--max-count=100","HEAD","--""#)
    );
    let seven = r#"{"op":"log","directory":"/srv/r","depth":7}"#;
    let (_, calls) = works(seven, vec![writes(CONFIG), writes("")]);
    assert!(
        calls
            .get(1)
            .unwrap()
            .ends_with(r#","--max-count=7","HEAD","--""#)
    );
}

/// A repository that could make git execute something is not touched.
#[test]
fn configuration_that_can_name_programs_is_refused() {
    for key in [
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "diff.x.textconv",
        "merge.x.driver",
        "remote.origin.uploadpack",
        "remote.origin.vcs",
        "include.path",
        "includeif.gitdir:/.path",
        "http.sslverify",
        "http.https://h/.proxy",
        "url.ext::sh -c id.insteadof",
        "gpg.program",
        "extensions.worktreeconfig",
        "credential.helper",
        "submodule.x.update",
        "trailer.x.command",
        "branch.main.mergeoptions",
        "interactive.difffilter",
        "core",
        "remote.origin.urls",
    ] {
        for op in ["pull", "status", "log"] {
            let processes = Processes::new([writes(format!("{CONFIG}{key}\0")), writes("started")]);
            let Ending::Failure {
                code: 1002,
                message,
            } = run(&request(op), &processes).ending
            else {
                panic!("{key}");
            };
            assert!(String::from_utf8(message).unwrap().contains(key));
            assert_eq!(processes.requests().len(), 1);
        }
    }
}

#[test]
fn a_failure_of_git_is_told() {
    let fatal = "fatal: not a git repository: '/srv/r/.git'\n";
    let told = "git ended with exit code 128: fatal: not a git repository: '/srv/r/.git'";
    fails("status", vec![ends(128, fatal)], 128, told);
    fails("log", vec![writes(CONFIG), ends(128, fatal)], 128, told);
    fails("pull", vec![writes(CONFIG), ends(128, fatal)], 128, told);
    let killed = vec![writes(CONFIG), ends(265, "")];
    fails("pull", killed, 265, "git was ended by signal 9");
    let late = vec![writes(CONFIG), ends(Status::TimedOut.number(), "")];
    fails("log", late, 1009, "git passed its deadline");
    let no_head = vec![writes(CONFIG), writes(""), ends(128, fatal)];
    fails("pull", no_head, 128, told);
}

#[test]
fn output_that_is_none_is_refused() {
    let unreadable = "the output of git is cut off or of another form";
    for listed in [
        "# branch.oid",
        "? a\0? b",
        "2 R. a\0",
        "1 M. a\0",
        "x\0",
        "\0",
    ] {
        let processes = vec![writes(CONFIG), writes(listed)];
        fails("status", processes, 1001, unreadable);
    }
    for listed in ["c", "c\0a\0b\0d\0", "c\0a\0b\0d\0s"] {
        fails(
            "log",
            vec![writes(CONFIG), writes(listed)],
            1001,
            unreadable,
        );
    }
    for listed in ["x\n", "0123456789abcdef0123456789abcdef0123456x", "\0"] {
        let processes = vec![writes(CONFIG), writes(""), writes(listed)];
        fails("pull", processes, 1001, unreadable);
    }
    let long = "the program wrote a piece of more than 16384 bytes";
    let endless = || Scripted {
        endless: true,
        ..writes("y")
    };
    fails("status", vec![endless()], 1001, long);
    fails("log", vec![writes(CONFIG), endless()], 1001, long);
}

#[test]
fn what_is_no_request_starts_nothing() {
    let long = format!(
        "{{\"op\":\"log\",\"directory\":\"/{}\"}}",
        "a".repeat(2 << 20)
    );
    for request in [
        "",
        "{}",
        r#"{"op":"log"}"#,
        r#"{"op":"push","directory":"/a"}"#,
        r#"{"op":"clone","directory":"/a"}"#,
        r#"{"op":"log","directory":"/a","repository":"x"}"#,
        r#"{"op":"pull","directory":"/a","depth":1}"#,
        r#"{"op":"log","directory":"/a","depth":"1"}"#,
        r#"{"op":"log","directory":"/a","depth":-1}"#,
        r#"{"op":"log","directory":["/a"]}"#,
        r#"{"op":"log","directory":"/a","config":"x"}"#,
        &long,
    ] {
        let processes = Processes::new([writes(CONFIG)]);
        let outcome = run(request, &processes);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{request}"
        );
        assert!(processes.requests().is_empty());
    }
}
