use std::boxed::Box;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use scripted::{Processes, Scripted, ends, writes};
use tenzik_sdk::Status;
use tenzik_sdk::native::{Ending, Outcome};

use super::*;

extern crate std;

const REQUEST: &str = r#"{"target":"127.0.0.1","ports":"1-1024"}"#;
const REPORT: &str = concat!(
    "<nmaprun scanner=\"nmap\"><host><ports><port protocol=\"tcp\" portid=\"22\">",
    "<state state=\"open\"/></port></ports></host><runstats><finished exit=\"success\"/>",
    "</runstats></nmaprun>\n",
);
const FINDINGS: &str = concat!(
    "{\"scanner\":\"nmap\",\"hosts\":[{\"ports\":[{\"protocol\":\"tcp\",\"port\":22,",
    "\"state\":\"open\",\"scripts\":[],\"cpe\":[]}],\"addresses\":[],\"hostnames\":[],\"os\":[]}],",
    "\"runstats\":{\"exit\":\"success\"}}\n",
);

fn run(request: &str, processes: &Processes) -> Outcome {
    let mut state = Box::new(State {
        parser: Parser::new(Scan {
            process: None,
            ended: false,
        }),
        request: [0; REQUEST_BYTES],
        arguments: [0; ARGUMENTS_BYTES],
    });
    processes.run(request).call(|| nmap_scan(&mut state))
}

/// The arguments that a request leads to.
fn arguments(request: &str) -> String {
    let processes = Processes::new([writes(REPORT)]);
    assert_eq!(run(request, &processes).into_output(), FINDINGS.as_bytes());
    let [request] = <[String; 1]>::try_from(processes.requests()).unwrap();
    let fixed = format!("{{\"argv\":[{FIXED},");
    String::from(request.strip_prefix(&fixed).unwrap())
}

#[track_caller]
fn fails(process: Scripted, expected_code: i32, expected: &str) {
    let Ending::Failure { code, message } = run(REQUEST, &Processes::new([process])).ending else {
        panic!("no failure");
    };
    assert_eq!(String::from_utf8(message).unwrap(), expected);
    assert_eq!(code, expected_code);
}

#[test]
fn requests_become_arguments() {
    assert_eq!(arguments(REQUEST), r#""-p","1-1024","127.0.0.1"]}"#);
    let several = r#"{"ports":"22,80","targets":["10.0.0.1", "10.0.1.0/24"],"scan":"connect"}"#;
    let expected = r#""-p","22,80","10.0.0.1", "10.0.1.0/24"]}"#;
    assert_eq!(arguments(several), expected);
    let services = r#"{"target":"::1","ports":"1","services":true}"#;
    assert_eq!(arguments(services), r#""-sV","-6","-p","1","::1"]}"#);
    let services = r#"{"target":"::1","ports":"1","services":false}"#;
    assert_eq!(arguments(services), r#""-6","-p","1","::1"]}"#);
}

/// Whatever stands in a value stays one argument: the policy sees it, and no shell.
#[test]
fn values_stay_single_arguments() {
    for value in [
        "127.0.0.1;id",
        "-oN /etc/x",
        "$(id)",
        r"a\nb",
        r"\u0000",
        r#"\",\"-oN"#,
        "\u{661}",
    ] {
        let request = format!("{{\"target\":\"{value}\",\"ports\":\"1\"}}");
        assert_eq!(arguments(&request), format!(r#""-p","1","{value}"]}}"#));
        let request = format!("{{\"ports\":\"{value}\",\"target\":\"a\"}}");
        assert_eq!(arguments(&request), format!(r#""-p","{value}","a"]}}"#));
    }
}

#[test]
fn what_is_no_request_starts_nothing() {
    let long = format!("{{\"ports\":\"1\",\"target\":\"{}\"}}", "1".repeat(2 << 20));
    for request in [
        "",
        "{}",
        r#"{"target":"a"}"#,
        r#"{"ports":"1"}"#,
        r#"{"target":"a","targets":["b"],"ports":"1"}"#,
        r#"{"targets":[],"ports":"1"}"#,
        r#"{"target":"a","ports":1}"#,
        "{\"target\":\"a\nb\",\"ports\":\"1\"}",
        r#"{"target":"a","ports":"1","scan":"syn"}"#,
        r#"{"target":"a","ports":"1","services":"yes"}"#,
        r#"{"target":"a","ports":"1","script":"x"}"#,
        "{\"target\":\"a\0\",\"ports\":\"1\"}",
        &long,
    ] {
        let processes = Processes::new([writes(REPORT)]);
        let outcome = run(request, &processes);
        assert!(
            matches!(outcome.ending, Ending::Failure { code: 1000, .. }),
            "{:?}",
            outcome.ending
        );
        assert!(processes.requests().is_empty() && outcome.output.is_empty());
    }
}

#[test]
fn a_failure_of_nmap_is_told_with_its_first_words() {
    let failed = "Failed to resolve \"a\".\nmore\n";
    fails(
        ends(1, failed),
        1,
        "nmap ended with exit code 1: Failed to resolve \"a\".",
    );
    fails(ends(265, ""), 265, "nmap was ended by signal 9");
    fails(
        ends(Status::TimedOut.number(), ""),
        1009,
        "nmap passed its deadline",
    );
    fails(
        ends(Status::Exceeded.number(), ""),
        1010,
        "nmap wrote more than its rule allows",
    );
    let whole = Scripted {
        stdout: REPORT.into(),
        ..ends(2, "late")
    };
    fails(whole, 2, "nmap ended with exit code 2: late");
}

#[test]
fn a_report_is_never_accepted_before_its_end() {
    for cut in 0..REPORT.len() - 1 {
        let process = Scripted {
            stdout: REPORT.as_bytes().get(..cut).unwrap().to_vec(),
            ..ends(0, "why")
        };
        let message =
            format!("the report of nmap: unexpected end at byte {cut}; its first words: why");
        fails(process, 1001, &message);
    }
}

#[test]
fn what_is_no_report_is_not_waited_for() {
    let endless = |stdout: &[u8]| Scripted {
        endless: true,
        ..writes(stdout)
    };
    let cases: [(&[u8], &str); 5] = [
        (b"y", "content outside root at byte "),
        (b"<nmaprun>\xff", "invalid UTF-8 at byte "),
        (b"<nmaprun><", "malformed markup at byte "),
        (b"<nmaprun a=\"\x01", "illegal character at byte "),
        (b"<nmaprun><a", "too deep or large at byte "),
    ];
    for (stdout, why) in cases {
        let outcome = run(REQUEST, &Processes::new([endless(stdout)]));
        let Ending::Failure {
            code: 1001,
            message,
        } = outcome.ending
        else {
            panic!("{:?}", outcome.ending);
        };
        let message = String::from_utf8(message).unwrap();
        assert!(
            message.starts_with(&format!("the report of nmap: {why}")),
            "{message}"
        );
    }
    // A text may be endless: then the limit of the run ends it.
    let outcome = run(REQUEST, &Processes::new([endless(b"<nmaprun args=\"y")]));
    assert!(matches!(
        outcome.ending,
        Ending::Fault {
            code: "output_exceeded",
            ..
        }
    ));
}

#[test]
fn warnings_of_nmap_are_logged() {
    let process = Scripted {
        stdout: REPORT.into(),
        ..ends(0, "Warning: slow\n")
    };
    let outcome = run(REQUEST, &Processes::new([process]));
    let logged: Vec<&str> = outcome
        .log
        .iter()
        .map(|entry| entry.message.as_str())
        .collect();
    assert_eq!(logged, vec!["Warning: slow"]);
    assert_eq!(outcome.into_output(), FINDINGS.as_bytes());
}
