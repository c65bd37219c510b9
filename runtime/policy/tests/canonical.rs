//! The text form of a policy, read back.

use std::sync::Arc;

use tenzik_policy::{
    ArgumentPattern, Hole, HoleKind, Origin, Policy, PolicyFile, Profile, Template,
};

use crate::NMAP;

/// A policy with everything that a policy can have.
fn everything() -> Policy {
    let text = NMAP.to_owned()
        + r#"
[[exec]]
name = "all"
program = "/bin/a b"
follow = true
blake3 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
args = ["{{x}}", "n={n}.", "{e}", "{h}", "{p}", "{t...}", ""]
env = { A = "v \" \\", B = { secret = "t" } }
pass_env = ["TZ", "LANG"]
stdin = true
network = "host"
write = ["/tmp/w"]
[exec.holes.n]
type = "integer"
min = -5
max = 5
option = true
[exec.holes.e]
type = "enum"
values = ["é \"x\" \\\\", "count=3"]
[exec.holes.h]
type = "hostname"
names = ["*.example.org", "a.b"]
[exec.holes.p]
type = "path"
below = "/tmp/w"
[exec.holes.t]
type = "text"
pattern = "[a-z]\"?\\d"
max_bytes = 20
max_count = 2
option = true
[[files]]
path = "/srv/a b"
access = ["read", "append"]
[[files]]
path = "/srv/c"
access = ["write"]
[[signals]]
program = "/bin/a"
uid = 7
pid = 12
start = "34"
signals = ["TERM", "HUP"]
[[signals]]
program = "/bin/b"
signals = ["KILL"]
[artifacts]
bytes = "1MiB"
[secrets.t]
env = "T"
[secrets.u]
file = "/etc/u"
[secrets.v]
command = ["/bin/v", "a b"]
"#;
    let mut policy = PolicyFile::parse("p.toml", &text)
        .unwrap_or_else(|error| panic!("{error}"))
        .policy;
    let rules = Arc::make_mut(&mut policy.rules);
    let bound = |prefix: &str, hole| Template {
        arguments: vec![ArgumentPattern {
            prefix: prefix.to_owned(),
            hole,
            suffix: String::new(),
        }],
        origin: Origin::default(),
    };
    let hole = Hole {
        name: "x".to_owned(),
        kind: HoleKind::Ports { ports_max: 3 },
        count_max: Some(9),
        option: false,
    };
    rules.exec[0].bounds = vec![bound("a", Some(hole)), bound("b", None)];
    policy
}

/// Without the places of its rules, which the text does not have.
fn placeless(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    let rules = Arc::make_mut(&mut policy.rules);
    rules
        .exec
        .iter_mut()
        .for_each(|rule| rule.origin = Origin::default());
    rules
        .files
        .iter_mut()
        .for_each(|rule| rule.origin = Origin::default());
    rules
        .signals
        .iter_mut()
        .for_each(|rule| rule.origin = Origin::default());
    rules
        .artifacts
        .iter_mut()
        .for_each(|rule| rule.origin = Origin::default());
    rules
        .secrets
        .iter_mut()
        .for_each(|rule| rule.origin = Origin::default());
    policy
}

#[test]
fn every_policy_is_read_back_whole() {
    let policies = [
        Profile::Default.policy(),
        Profile::Development.policy(),
        Profile::Production.policy(),
        PolicyFile::parse("p.toml", NMAP).unwrap().policy,
        PolicyFile::parse("p.toml", "version = 1\n[artifacts]\n")
            .unwrap()
            .policy,
        everything(),
    ];
    for policy in policies {
        let text = policy.canonical();
        let read = Policy::parse_canonical(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, placeless(&policy), "{text}");
        assert_eq!(read.commit(), policy.commit());
    }
}

#[test]
fn what_is_not_canonical_is_refused_with_its_line() {
    let text = everything().canonical();
    for (from, to, line) in [
        ("tenzik policy v2", "tenzik policy v3", 1),
        ("tenzik policy v2", "tenzik policy v1", 1),
        ("artifact,exec", "exec,artifact", 2),
        ("artifact,exec", "artifact,exec,shell", 2),
        ("fuel=", "fuel=0", 3),
        ("exec \"nmap\"\n", "exec \"nmap\" \n", 4),
        ("exec \"nmap\"\n", "exec  \"nmap\"\n", 4),
        ("program \"/usr/bin/nmap\"", "program /usr/bin/nmap", 5),
        ("program \"/usr/bin/nmap\"", "program \"/usr/bin/nmap", 5),
        ("program \"/usr/bin/nmap\"", "program \"/usr/bin/nmap\"x", 5),
        (
            "program \"/usr/bin/nmap\"",
            "program \"\\u002fusr/bin/nmap\"",
            5,
        ),
        ("follow false", "follow no", 6),
        ("blake3 -", "blake3 00", 7),
        ("argument \"-sT\"", "argument \"-sT\" ports 1", 8),
        (
            "argument \"{ports}\" ports 65535",
            "argument \"{ports}\"",
            12,
        ),
        (
            "argument \"{ports}\" ports 65535",
            "argument \"{ports}\" ports 65535 count=2",
            12,
        ),
        (
            "argument \"{ports}\" ports 65535",
            "argument \"{ports}\" ports 065535",
            12,
        ),
        (
            "argument \"{ports}\" ports 65535",
            "argument \"{ports\" ports 65535",
            12,
        ),
        ("address count=3", "address", 13),
        ("address count=3", "shell count=3", 13),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = Policy::parse_canonical(&changed).unwrap_err();
        assert_eq!(error.line, line, "{from} -> {to}: {error}");
    }
    for wrong in ["", "\n", "tenzik policy v1\n", "tenzik policy v1\n\n"] {
        assert!(Policy::parse_canonical(wrong).is_err(), "{wrong:?}");
    }
    let long = text + &"\n".repeat(70_000);
    assert!(Policy::parse_canonical(&long).is_err());
}

/// No text with any byte changed, taken away or added is read as another policy with another text.
#[test]
fn only_canonical_text_is_read() {
    let text = everything().canonical();
    for (at, _) in text.char_indices() {
        for with in ["", "\"", " ", "\n", "7", "é", "\\"] {
            let mut changed = text.clone();
            let next = at + text[at..].chars().next().map_or(0, char::len_utf8);
            changed.replace_range(at..next, with);
            if let Ok(policy) = Policy::parse_canonical(&changed) {
                assert_eq!(policy.canonical(), changed);
            }
        }
    }
}

#[test]
fn regular_expressions_are_counted() {
    let element = "argument \"{t}\" text \"a\" 9\n";
    let text = PolicyFile::parse(
        "p.toml",
        "version = 1\n[[exec]]\nname = \"t\"\nprogram = \"/bin/t\"\nargs = [\"{t}\"]\n[exec.holes.t]\ntype = \"text\"\npattern = \"a\"\nmax_bytes = 9\n",
    )
    .unwrap()
    .policy
    .canonical();
    assert!(Policy::parse_canonical(&text.replace(element, &element.repeat(256))).is_ok());
    let error = Policy::parse_canonical(&text.replace(element, &element.repeat(257))).unwrap_err();
    assert!(error.problem.contains("at most 256"), "{error}");
}
