//! What a policy file says.

use std::net::IpAddr;

use tenzik_host_abi::{Capability, CapabilitySet};
use tenzik_policy::{
    EnvValue, Limits, NetworkScope, POLICY_KEYS, PolicyFile, Profile, Protocol, SecretSource,
};

use crate::{NMAP, one_rule, refused, rules};

#[test]
fn the_example_reads_as_documented() {
    let file = PolicyFile::parse("nmap.toml", NMAP).unwrap();
    let policy = &file.policy;
    assert_eq!(
        policy.grants,
        CapabilitySet::of(&[Capability::Exec, Capability::Json])
    );
    assert_eq!(policy.limits, Limits::DEFAULT);
    assert_eq!(
        file.profile.as_ref().map(|(profile, _)| *profile),
        Some(Profile::Default)
    );
    let rule = &policy.rules.exec[0];
    assert_eq!(rule.origin.to_string(), "nmap.toml:5");
    assert_eq!(
        (rule.deadline_ms, rule.memory_bytes_max, rule.processes_max),
        (60_000, 1 << 30, 32)
    );
    assert_eq!(
        (rule.stdout_bytes_max, rule.stderr_bytes_max),
        (64 << 20, 64 << 10)
    );
    assert!(!rule.stdin && !rule.follow && rule.blake3.is_none() && rule.env.is_empty());
    assert_eq!(rule.network, NetworkScope::Targets);
    let reaches = |protocol, address: &str, port| {
        rule.reaches(protocol, address.parse::<IpAddr>().unwrap(), port)
    };
    assert!(reaches(Protocol::Tcp, "127.1.2.3", 9));
    assert!(reaches(Protocol::Udp, "::1", 9));
    assert!(
        reaches(Protocol::Tcp, "::ffff:127.0.0.1", 9),
        "the IPv4 address that it stands for"
    );
    assert!(reaches(Protocol::Tcp, "10.0.0.9", 1_024));
    assert!(!reaches(Protocol::Tcp, "10.0.0.9", 1_025));
    assert!(!reaches(Protocol::Udp, "10.0.0.9", 80));
    assert!(!reaches(Protocol::Tcp, "::ffff:8.8.8.8", 80));
    assert!(!reaches(Protocol::Tcp, "::2", 80));
}

#[test]
fn every_kind_of_rule_is_read() {
    let text = r#"version = 1
[limits]
module_bytes = "16KiB"
wall_us = "2s"
fuel = 5
[[exec]]
name = "git"
program = "/usr/bin/git"
follow = true
blake3 = "0000000000000000000000000000000000000000000000000000000000000001"
args = ["{{x}}", "--depth={n}"]
env = { LANG = "C", TOKEN = { secret = "token" } }
pass_env = ["TZ"]
cwd = "/work"
stdin = true
deadline = "1m 30s"
network = "host"
[exec.holes.n]
type = "integer"
max = 9
[[files]]
path = "/srv/data"
access = ["read", "append"]
bytes = "1MiB"
files = 3
[[signals]]
program = "/usr/bin/sleep"
uid = 1000
pid = 77
start = "12345"
signals = ["TERM", "KILL"]
[artifacts]
count = 2
[secrets.token]
env = "API_TOKEN"
[secrets.other]
command = ["/usr/bin/pass", "show"]
"#;
    let file = PolicyFile::parse("p.toml", text).unwrap();
    let rules = &file.policy.rules;
    assert_eq!(
        file.policy.grants.to_string(),
        "artifact,exec,file_read,file_write,process_signal,secret"
    );
    assert_eq!(file.policy.limits.module_bytes_max, 16 << 10);
    assert_eq!(
        (
            file.policy.limits.wall_us_base,
            file.policy.limits.fuel_base
        ),
        (2_000_000, 5)
    );
    let exec = &rules.exec[0];
    assert_eq!(exec.arguments[0].prefix, "{x}");
    assert_eq!(exec.arguments[0].source(), "{{x}}");
    assert_eq!(exec.arguments[1].source(), "--depth={n}");
    assert_eq!(
        exec.env[1],
        ("TOKEN".into(), EnvValue::Secret("token".into()))
    );
    assert_eq!(exec.deadline_ms, 90_000);
    assert_eq!(
        exec.targets.len(),
        2,
        "with network = host every address is a target"
    );
    let tree = &rules.files[0];
    assert!(tree.read && !tree.write && tree.append);
    assert_eq!(
        (tree.bytes_max, tree.files_max, tree.origin.line),
        (1 << 20, 3, 21)
    );
    assert_eq!(rules.signals[0].process, Some((77, 12_345)));
    assert_eq!(
        rules
            .artifacts
            .as_ref()
            .map(|grant| (grant.bytes_max, grant.count_max)),
        Some((64 << 20, 2))
    );
    assert_eq!(
        rules.secrets[1].source,
        SecretSource::Env("API_TOKEN".into())
    );
}

#[test]
fn a_file_without_profile_grants_nothing_by_itself() {
    let policy = PolicyFile::parse("p.toml", "version = 1\n").unwrap().policy;
    assert!(policy.grants.is_empty() && policy.rules.is_empty());
    assert_eq!(policy.limits, Limits::DEFAULT);
    let production =
        PolicyFile::parse("p.toml", "version = 1\nprofile = \"production\"\n").unwrap();
    assert_eq!(production.policy, Profile::Production.policy());
}

/// Each line is refused at its line and column with these words.
#[test]
fn errors_name_line_column_fact_and_remedy() {
    let cases = [
        ("", (1, 1), "missing key `version`"),
        ("version = 2", (1, 11), "version 2 is not known"),
        (
            "version = 1\nprofile = \"fast\"",
            (2, 11),
            "\"fast\" is no profile",
        ),
        (
            "version = 1\nnonsense = 1",
            (2, 1),
            "unknown key `nonsense`",
        ),
        ("version = 1\nversion = 1", (2, 1), "duplicate key"),
        (
            "version = 1\ngrants = [\"json\", \"json\"]",
            (2, 19),
            "\"json\" stands twice",
        ),
        (
            "version = 1\ngrants = [\"exec\"]",
            (2, 11),
            "\"exec\" is not granted by name",
        ),
        (
            "version = 1\n[limits]\nspeed = 1",
            (3, 1),
            "there is no limit \"speed\"",
        ),
        (
            "version = 1\n[limits]\nfuel = \"1s\"",
            (3, 8),
            "fuel: \"1s\" is text",
        ),
        (
            "version = 1\n[limits]\nfuel = -1",
            (3, 8),
            "fuel: -1 is negative",
        ),
        (
            "version = 1\n[limits]\nfuel = 1.5",
            (3, 8),
            "invalid type: floating point",
        ),
        (
            "version = 1\n[limits]\nstack_bytes = \"1KiB\"",
            (3, 15),
            "stack_bytes: 1024 is out of range",
        ),
        (
            "version = 1\n[[files]]\npath = \"/a/../b\"\naccess = [\"read\"]",
            (3, 8),
            "the component ..",
        ),
        (
            "version = 1\n[[files]]\npath = \"/a\"\naccess = []",
            (4, 10),
            "access is empty",
        ),
        (
            "version = 1\n[[files]]\npath = \"/a\"\naccess = [\"execute\"]",
            (4, 11),
            "there is no access",
        ),
        (
            "version = 1\n[[files]]\npath = \"/a\"\naccess = [\"read\"]\n[[files]]\npath = \"/a\"\naccess = [\"read\"]",
            (6, 8),
            "stands twice",
        ),
        (
            "version = 1\n[[signals]]\nprogram = \"/a\"\nsignals = [\"SIGTERM\"]",
            (4, 12),
            "no signal that can be granted",
        ),
        (
            "version = 1\n[[signals]]\nprogram = \"/a\"\npid = 4\nsignals = [\"TERM\"]",
            (4, 7),
            "pid without start",
        ),
        (
            "version = 1\n[[signals]]\nprogram = \"/a\"\npid = 1\nstart = 1\nsignals = [\"TERM\"]",
            (4, 7),
            "pid 1 is no process",
        ),
        (
            "version = 1\n[secrets.t]\nenv = \"A\"\nfile = \"/a\"",
            (2, 10),
            "exactly one source",
        ),
        (
            "version = 1\n[secrets.t]\nvalue = \"hush\"",
            (3, 1),
            "unknown key `value`",
        ),
        (
            "version = 1\n[artifacts]\ncount = 9999999999",
            (3, 9),
            "out of range",
        ),
        (
            "version = 1\n# é\n[[exec]]\nx = 1",
            (4, 1),
            "unknown key `x`",
        ),
    ];
    for (text, place, words) in cases {
        let error = refused(text);
        assert!(error.message.contains(words), "{error}\n{text}");
        assert_eq!((error.line, error.column), place, "{error}\n{text}");
        assert!(!error.remedy.is_empty(), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("p.toml:{}:{}: ", place.0, place.1))
        );
    }
}

#[test]
fn errors_of_rules_for_programs() {
    let cases = [
        ("follow = \"yes\"", "", "invalid type"),
        ("blake3 = \"12\"", "", "is no digest"),
        ("args = [\"{a}\"]", "", "the hole \"a\" is not defined"),
        (
            "args = [\"{a}{b}\"]",
            "[exec.holes.a]\ntype = \"ports\"\n[exec.holes.b]\ntype = \"ports\"",
            "two holes",
        ),
        (
            "args = [\"{a\"]",
            "[exec.holes.a]\ntype = \"ports\"",
            "a brace stands alone",
        ),
        ("args = [\"a}\"]", "", "a brace stands alone"),
        (
            "args = []",
            "[exec.holes.a]\ntype = \"ports\"",
            "no argument has the hole a",
        ),
        (
            "",
            "[exec.holes.a]\ntype = \"ports\"",
            "no argument has the hole a",
        ),
        (
            "args = [\"{a...}\", \"{a...}\"]",
            "[exec.holes.a]\ntype = \"ports\"",
            "a second element",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"ports\"\nmax_count = 2",
            "takes one argument",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"list\"",
            "there is no type",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"ports\"\nmin = 1",
            "has no key min",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"ports\"\nmax = 0",
            "max is out of range",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"address\"",
            "the rule has no targets",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"integer\"",
            "lacks the key max",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"integer\"\nmin = 5\nmax = 4",
            "no integer fits",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"integer\"\nmin = -5\nmax = 4",
            "may begin with -",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"enum\"\nvalues = []",
            "nothing fits",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"enum\"\nvalues = [\"-x\"]",
            "begins with -",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"enum\"\nvalues = [\"x\", \"x\"]",
            "stands twice",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"hostname\"\nnames = [\"*\"]",
            "is refused",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"hostname\"\nnames = [\"127.1\"]",
            "takes it for an address",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"path\"\nbelow = \"/srv\"",
            "lies in no tree",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"text\"\npattern = \"(\"",
            "is no pattern",
        ),
        (
            "args = [\"{a}\"]",
            "[exec.holes.a]\ntype = \"text\"\npattern = \"a)|(b\"",
            "is no pattern",
        ),
        ("args = [\"a\\nb\"]", "", "control character"),
        ("network = \"all\"", "", "there is no network"),
        ("network = \"targets\"", "", "there are none"),
        (
            "targets = [\"::ffff:1.2.3.4\"]",
            "",
            "IPv4 address inside of IPv6",
        ),
        ("targets = [\"10.0.0.1/8\"]", "", "it is written 10.0.0.0/8"),
        ("targets = [\"localhost\"]", "", "neither an IP address"),
        ("read = [\"usr\"]", "", "not an absolute path"),
        ("read = [\"/usr/\"]", "", "empty component"),
        ("read = [\"/usr\", \"/usr\"]", "", "stands twice"),
        ("require = [\"magic\"]", "", "there is no layer"),
        ("env = { \"A=B\" = \"c\" }", "", "no name of a variable"),
        ("env = { A = { secret = \"s\" } }", "", "there is no secret"),
        (
            "env = { A = { secrets = \"s\" } }",
            "",
            "unknown key `secrets`",
        ),
        ("env = { A = 1 }", "", "invalid type: integer"),
        (
            "env = { A = \"b\" }\npass_env = [\"A\"]",
            "",
            "in env and in pass_env",
        ),
        ("deadline = 5", "", "has no unit"),
        ("deadline = \"8days\"", "", "out of range"),
        ("concurrency = 0", "", "out of range"),
        ("memory = \"1KiB\"", "", "out of range"),
        ("cwd = \"..\"", "", "not an absolute path"),
    ];
    for (keys, holes, words) in cases {
        let error = refused(&one_rule(keys, holes));
        assert!(error.message.contains(words), "{error}\n{keys}\n{holes}");
        assert!(error.line >= 2 && !error.remedy.is_empty(), "{error}");
    }
}

/// The table that the documentation is rendered from has the keys that the parser takes, and no others.
#[test]
fn keys_are_those_of_the_table() {
    let stems = [
        ("", "version = 1\n", ""),
        ("[[exec]]", "version = 1\n[[exec]]\n", ""),
        (
            "[exec.holes.NAME]",
            "version = 1\n[[exec]]\nname = \"a\"\nprogram = \"/a\"\n[exec.holes.a]\n",
            "",
        ),
        ("[[files]]", "version = 1\n[[files]]\n", ""),
        ("[[signals]]", "version = 1\n[[signals]]\n", ""),
        ("[artifacts]", "version = 1\n[artifacts]\n", ""),
        ("[secrets.NAME]", "version = 1\n[secrets.a]\n", ""),
    ];
    for (table, stem, _) in stems {
        let error = refused(&format!("{stem}unheard_of = 1\n"));
        let mut known: Vec<&str> = error.message.split('`').skip(3).step_by(2).collect();
        known.retain(|key| {
            !["limits", "exec", "files", "signals", "artifacts", "secrets"].contains(key)
                || !table.is_empty()
        });
        let documented: Vec<&str> = POLICY_KEYS
            .iter()
            .filter(|key| key.table == table)
            .map(|key| key.key)
            .collect();
        assert_eq!(known, documented, "{table}: {error}");
    }
}

#[test]
fn several_rules_may_have_one_name() {
    let text = one_rule("args = [\"a\"]", "")
        + &one_rule("args = [\"b\"]", "").replace("version = 1\n", "");
    assert_eq!(rules(&text).exec.len(), 2);
}

/// What the documentation shows is a policy, and the first of them is the one that is tested here.
#[test]
fn examples_of_the_documentation_are_policies() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
    let text = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    // With what the scope has a use for, and what Debian's nmap needs besides.
    let shown = NMAP
        .replace("\"netns\"", "\"broker\"")
        .replace("ld.so.cache\"]", "ld.so.cache\", \"/etc/alternatives\"]");
    assert_eq!(blocks.first(), Some(&shown.as_str()));
    assert!(blocks.len() >= 4);
    for block in blocks {
        rules(block);
    }
}
