//! Policies under ceilings: nothing widens.

use std::net::IpAddr;

use tenzik_policy::{
    Ceiling, ExecRule, FileAccess, Policy, PolicyFile, Protocol, Rules, SignalTarget, decide_exec,
    decide_file, decide_signal,
};

use crate::dice::Dice;
use crate::{NMAP, argv};

fn policy(text: &str) -> Policy {
    PolicyFile::parse("p.toml", text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .policy
}

fn ceiling(text: &str) -> Ceiling {
    Ceiling::parse("c.toml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The narrowings as lines.
fn taken(policy: &Policy, ceiling: Ceiling) -> Vec<String> {
    let effective = policy.narrowed(&[ceiling]);
    let line = |narrowing: &tenzik_policy::Narrowing| {
        format!(
            "{}: {} -> {} by {}",
            narrowing.what, narrowing.asked, narrowing.left, narrowing.by
        )
    };
    effective.narrowings.iter().map(line).collect()
}

#[test]
fn an_empty_ceiling_allows_limits_and_pure_capabilities_only() {
    let effective = policy(NMAP).under(&[ceiling("version = 1\n")]);
    assert_eq!(effective.grants.to_string(), "json");
    assert!(effective.rules.is_empty());
    assert_eq!(effective.limits, policy(NMAP).limits);
    assert_eq!(policy(NMAP).under(&[]), policy(NMAP));
}

#[test]
fn what_is_taken_is_said_with_its_place() {
    let text = "version = 1\nprofile = \"production\"\ngrants = []\n[limits]\nfuel = 7\n[[exec]]\nname = \"any\"\nprogram = \"/usr/bin/nmap\"\nnetwork = \"targets\"\ntargets = [\"127.0.0.1\"]\nread = [\"/usr/lib\", \"/lib\"]\ndeadline = \"5s\"\nrequire = [\"seccomp\"]\n";
    let lines = taken(&policy(NMAP), ceiling(text));
    assert_eq!(
        lines,
        [
            "fuel: 10000000 -> 7 by c.toml:5",
            "memory_bytes: 33554432 -> 16777216 by c.toml:2",
            "wall_us: 1000000 -> 500000 by c.toml:2",
            "json: granted -> nothing by c.toml:3",
            "p.toml:5 nmap deadline: 60000 ms -> 5000 ms by c.toml:6",
            "p.toml:5 nmap targets: 127.0.0.0/8, ::1/128, tcp:10.0.0.0/24:1-1024 -> 127.0.0.1/32 by c.toml:6",
            "p.toml:5 nmap read: \"/etc/ld.so.cache\", \"/lib\", \"/lib64\", \"/usr\" -> \"/lib\", \"/usr/lib\" by c.toml:6",
            "p.toml:5 nmap require: netns, pidns -> netns, pidns, seccomp by c.toml:6",
        ]
    );
}

#[test]
fn rules_that_the_ceiling_does_not_admit_are_dropped_and_it_says_why() {
    let of = |keys: &str| {
        format!(
            "version = 1\n[[exec]]\nname = \"x\"\nprogram = \"/usr/bin/x\"\n{keys}\n[secrets.t]\nenv = \"T\"\n"
        )
    };
    let pin = |digit: &str| format!("blake3 = \"{}\"", digit.repeat(64));
    for (own, bound, why) in [
        (
            of("").replace("bin/x", "bin/y"),
            of(""),
            "no rule of the ceiling names its program",
        ),
        (
            of(&pin("0")),
            of(&pin("1")),
            "the ceiling pins another program (c.toml:2)",
        ),
        (
            of("env = { A = \"1\" }"),
            of("env = { A = \"2\" }"),
            "the variable A not in it",
        ),
        (
            of("env = { A = { secret = \"t\" } }"),
            of("").replace("[secrets.t]\nenv = \"T\"\n", ""),
            "the secret t, which is not allowed",
        ),
        (
            of("env = { A = { secret = \"t\" } }"),
            of("").replace("\"T\"", "\"U\""),
            "the secret t, which is not allowed",
        ),
    ] {
        let effective = policy(&own).narrowed(&[ceiling(&bound)]);
        assert!(effective.policy.rules.exec.is_empty(), "{own}\n{bound}");
        assert!(
            effective
                .narrowings
                .iter()
                .any(|narrowing| narrowing.left.contains(why)),
            "{:?}",
            effective.narrowings
        );
    }
    let pinned = policy(&of("")).under(&[ceiling(&of(&pin("1")))]);
    assert_eq!(pinned.rules.exec[0].blake3, Some([0x11; 32]));
    let unbound = policy(&of("env = { A = \"1\" }\nstdin = true\nmemory = \"1TiB\""
        .replace("1TiB", "1024GiB")
        .as_str()))
    .under(&[ceiling(&of(""))]);
    assert_eq!(
        (
            unbound.rules.exec[0].env.len(),
            unbound.rules.exec[0].stdin,
            unbound.rules.exec[0].memory_bytes_max
        ),
        (1, true, 1 << 40)
    );
}

#[test]
fn a_template_of_the_ceiling_binds_too() {
    let own = "version = 1\n[[exec]]\nname = \"x\"\nprogram = \"/usr/bin/x\"\nargs = [\"{a}\", \"{b}\"]\n[exec.holes.a]\ntype = \"text\"\npattern = \".*\"\n[exec.holes.b]\ntype = \"text\"\npattern = \".*\"\n";
    let bound = "version = 1\n[[exec]]\nname = \"any\"\nprogram = \"/usr/bin/x\"\nargs = [\"status\", \"{n}\"]\n[exec.holes.n]\ntype = \"integer\"\nmax = 9\n";
    let rules = policy(own).under(&[ceiling(bound)]).rules;
    assert!(decide_exec(&rules, &argv(&["x", "status", "7"])).is_ok());
    let refusal = decide_exec(&rules, &argv(&["x", "push", "7"])).unwrap_err();
    assert!(
        refusal
            .message
            .contains("p.toml:2 x: ceiling c.toml:2: argument 1 \"push\" is not \"status\""),
        "{refusal}"
    );
    let open = policy(own)
        .under(&[ceiling(
            "version = 1\n[[exec]]\nname = \"any\"\nprogram = \"/usr/bin/x\"\n",
        )])
        .rules;
    assert!(
        decide_exec(&open, &argv(&["x", "push", "7"])).is_ok(),
        "a ceiling without args bounds none"
    );
    let none = policy(own)
        .under(&[ceiling(
            "version = 1\n[[exec]]\nname = \"any\"\nprogram = \"/usr/bin/x\"\nargs = []\n",
        )])
        .rules;
    assert!(
        decide_exec(&none, &argv(&["x", "push", "7"])).is_err(),
        "a ceiling with no args allows none"
    );
}

/// Two small trees of one tree share its quota.
#[test]
fn a_quota_of_the_ceiling_counts_over_all_trees_below_it() {
    let own = "version = 1\n[[files]]\npath = \"/srv/a\"\naccess = [\"write\"]\n[[files]]\npath = \"/srv/b\"\naccess = [\"write\"]\n";
    let rules = policy(own)
        .under(&[ceiling(
            "version = 1\n[[files]]\npath = \"/srv\"\naccess = [\"write\"]\nbytes = 10\n",
        )])
        .rules;
    let decision = decide_file(&rules, b"/srv/b/x", FileAccess::Write).unwrap();
    let quotas: Vec<u64> = decision
        .charged
        .iter()
        .map(|index| rules.files[*index].bytes_max)
        .collect();
    assert_eq!(quotas, [64 << 20, 10]);
    assert!(decide_file(&rules, b"/srv/c", FileAccess::Write).is_err());
}

/// One of `choices`.
pub(crate) fn one<'a>(dice: &mut Dice, choices: &[&'a str]) -> &'a str {
    choices[dice.roll(choices.len())]
}

fn some(dice: &mut Dice, choices: &[&str]) -> String {
    let picked: Vec<String> = choices
        .iter()
        .filter(|_| dice.roll(2) == 0)
        .map(|text| format!("{text:?}"))
        .collect();
    format!("[{}]", picked.join(", "))
}

const PATHS: [&str; 6] = ["/", "/srv", "/srv/a", "/srv/a/b", "/srv/c", "/usr"];
const TARGETS: [&str; 8] = [
    "127.0.0.0/8",
    "127.0.0.1",
    "tcp:10.0.0.0/8:1-100",
    "udp:10.0.0.0/24",
    "::/0",
    "0.0.0.0/0:50-60",
    "::1",
    "tcp:[2001:db8::/32]:443",
];

/// A file over a small universe, with all numbers written.
pub(crate) fn file(dice: &mut Dice) -> String {
    let mut text = format!(
        "version = 1\ngrants = {}\n[limits]\n",
        some(dice, &["json", "hash", "time"])
    );
    text += &format!("fuel = {}\nwall_us = {}\n", dice.roll(9), dice.roll(9));
    for _ in 0..dice.roll(4) {
        let targets = some(dice, &TARGETS);
        let network = if targets == "[]" {
            one(dice, &["none"])
        } else {
            one(dice, &["none", "targets", "host"])
        };
        text += &format!(
            "[[exec]]\nname = \"t\"\nprogram = \"{}\"\nfollow = {}\n{}args = {}\ntargets = {targets}\nnetwork = \"{network}\"\nread = {}\nwrite = {}\nrequire = {}\npass_env = {}\nstdin = {}\nprocesses = {}\n",
            one(dice, &["/bin/t", "/bin/u"]),
            dice.roll(2) == 0,
            one(
                dice,
                &[
                    "",
                    "",
                    "blake3 = \"1111111111111111111111111111111111111111111111111111111111111111\"\n",
                    "blake3 = \"2222222222222222222222222222222222222222222222222222222222222222\"\n"
                ]
            ),
            some(dice, &["a", "b"]),
            some(dice, &PATHS),
            some(dice, &PATHS),
            some(dice, &["pidns", "netns"]),
            some(dice, &["TZ", "LANG"]),
            dice.roll(2) == 0,
            1 + dice.roll(9),
        );
        for key in ["stdin_bytes", "stdout_bytes", "stderr_bytes", "file_bytes"] {
            text += &format!("{key} = {}\n", dice.roll(9));
        }
        text += &format!(
            "deadline = \"{}ms\"\nconcurrency = {}\nmemory = \"{}MiB\"\n",
            1 + dice.roll(9),
            1 + dice.roll(9),
            1 + dice.roll(9)
        );
    }
    for path in PATHS {
        let access = some(dice, &["read", "write", "append"]);
        if access != "[]" && dice.roll(3) == 0 {
            text += &format!(
                "[[files]]\npath = \"{path}\"\naccess = {access}\nbytes = {}\nfiles = {}\n",
                dice.roll(99),
                dice.roll(99)
            );
        }
    }
    for _ in 0..dice.roll(3) {
        let signals = some(dice, &["TERM", "KILL"]);
        if signals != "[]" {
            text += &format!(
                "[[signals]]\nprogram = \"{}\"\n{}{}signals = {signals}\n",
                one(dice, &["/bin/t", "/bin/u"]),
                one(dice, &["", "uid = 1\n", "uid = 2\n"]),
                one(dice, &["", "pid = 7\nstart = 8\n"])
            );
        }
    }
    if dice.roll(2) == 0 {
        text += &format!(
            "[artifacts]\nbytes = {}\ncount = {}\n",
            dice.roll(9),
            dice.roll(9)
        );
    }
    for secret in ["s", "t"] {
        if dice.roll(2) == 0 {
            text += &format!("[secrets.{secret}]\nenv = \"{}\"\n", one(dice, &["A", "B"]));
        }
    }
    text
}

/// Every number of a rule.
fn numbers(rule: &ExecRule) -> [u64; 8] {
    [
        rule.stdin_bytes_max,
        rule.stdout_bytes_max,
        rule.stderr_bytes_max,
        rule.file_bytes_max,
        rule.deadline_ms,
        rule.memory_bytes_max,
        rule.concurrency_max.into(),
        rule.processes_max.into(),
    ]
}

/// Whether `inner` allows nothing that `outer` does not, apart from arguments.
fn is_within(inner: &ExecRule, outer: &ExecRule, dice: &mut Dice) -> bool {
    let trees = |rule: &ExecRule| -> Vec<std::path::PathBuf> {
        rule.read.iter().chain(&rule.write).cloned().collect()
    };
    let inside = |inner: &[std::path::PathBuf], outer: &[std::path::PathBuf]| {
        inner
            .iter()
            .all(|path| outer.iter().any(|tree| path.starts_with(tree)))
    };
    let pins = outer.blake3.is_none_or(|pin| inner.blake3 == Some(pin));
    let reach = (0..40).all(|_| {
        let address: IpAddr = one(
            dice,
            &[
                "127.0.0.1",
                "127.9.9.9",
                "10.0.0.1",
                "10.9.9.9",
                "8.8.8.8",
                "::1",
                "2001:db8::1",
                "::ffff:10.0.0.1",
            ],
        )
        .parse()
        .unwrap();
        let port: u16 = one(dice, &["1", "55", "80", "100", "443", "9999"])
            .parse()
            .unwrap();
        let protocol = [Protocol::Tcp, Protocol::Udp][dice.roll(2)];
        !inner.reaches(protocol, address, port) || outer.reaches(protocol, address, port)
    });
    inner.program == outer.program
        && pins
        && (!inner.follow || outer.follow)
        && (!inner.stdin || outer.stdin)
        && numbers(inner)
            .iter()
            .zip(numbers(outer))
            .all(|(inner, outer)| *inner <= outer)
        && inner.network <= outer.network
        && inner.targets.iter().all(|target| {
            outer
                .targets
                .iter()
                .any(|other| other.intersection(target) == Some(*target))
        })
        && reach
        && inside(&trees(inner), &trees(outer))
        && inside(&inner.write, &outer.write)
        && outer
            .require
            .iter()
            .all(|layer| inner.require.contains(layer))
        && inner
            .pass_env
            .iter()
            .all(|name| outer.pass_env.contains(name))
}

/// Whether the decisions over `inner` admit nothing that those over `outer` refuse.
fn check_decisions(inner: &Rules, outer: &Rules, dice: &mut Dice) {
    for _ in 0..30 {
        let path = format!(
            "{}/{}",
            one(dice, &PATHS).trim_end_matches('/'),
            one(dice, &["x", "a/x", "a/b/x", "c/x", "srv/a/y"])
        );
        let access = FileAccess::ALL[dice.roll(3)];
        let (own, other) = (
            decide_file(inner, path.as_bytes(), access),
            decide_file(outer, path.as_bytes(), access),
        );
        if let Ok(own) = own {
            let other = other.expect(&path);
            let least = |rules: &Rules, charged: &[usize]| {
                charged
                    .iter()
                    .map(|index| rules.files[*index].bytes_max)
                    .min()
            };
            assert!(
                least(inner, &own.charged) <= least(outer, &other.charged),
                "{path}"
            );
        }
        let target = SignalTarget {
            program: std::path::Path::new(one(dice, &["/bin/t", "/bin/u"])),
            uid: [1, 2, 3][dice.roll(3)],
            pid: [7, 9][dice.roll(2)],
            start: 8,
            signal: one(dice, &["TERM", "KILL"]),
        };
        assert!(decide_signal(inner, &target).is_err() || decide_signal(outer, &target).is_ok());
    }
    for rule in &inner.exec {
        assert!(
            outer.exec.iter().any(|other| is_within(rule, other, dice)),
            "{rule:?}\n{outer:?}"
        );
    }
    for secret in &inner.secrets {
        assert!(
            outer
                .secrets
                .iter()
                .any(|other| other.source == secret.source)
        );
    }
    if let Some(own) = &inner.artifacts {
        let other = outer.artifacts.as_ref().unwrap();
        assert!(own.bytes_max <= other.bytes_max && own.count_max <= other.count_max);
    }
}

#[test]
fn nothing_below_a_ceiling_widens_it() {
    let mut dice = Dice::new(3);
    let mut kept = 0;
    for _ in 0..400 {
        let (own, first, second) = (file(&mut dice), file(&mut dice), file(&mut dice));
        let asked = policy(&own);
        let one_ceiling = asked.under(&[ceiling(&first)]);
        let both = asked.under(&[ceiling(&first), ceiling(&second)]);
        kept += one_ceiling.rules.exec.len();
        // A ceiling read as a policy has the same numbers and lists, since all of them are written.
        for (inner, outer) in [
            (&one_ceiling, &asked),
            (&one_ceiling, &policy(&first)),
            (&both, &one_ceiling),
            (&both, &policy(&second)),
            (&both, &asked),
        ] {
            assert!(
                inner.grants.minus(outer.grants).is_empty(),
                "{} {}",
                inner.grants,
                outer.grants
            );
            for ((name, inner), (_, outer)) in inner.limits.values().zip(outer.limits.values()) {
                assert!(
                    inner <= outer || name != "fuel" && name != "wall_us",
                    "{name}"
                );
            }
            check_decisions(&inner.rules, &outer.rules, &mut dice);
        }
        let arguments = argv(&["t", "a"]);
        if decide_exec(&both.rules, &arguments).is_ok() {
            for text in [&own, &first, &second] {
                let mut rules = policy(text).rules.as_ref().clone();
                rules
                    .exec
                    .retain(|rule| rule.arguments.len() == 1 && rule.arguments[0].prefix == "a");
                assert!(!rules.exec.is_empty());
            }
        }
        // Twice the same ceiling is once, and what is exactly allowed by both is allowed.
        let again = asked.under(&[ceiling(&first), ceiling(&first)]);
        assert_eq!(again.limits, one_ceiling.limits);
        assert_eq!(again.grants, one_ceiling.grants);
        for path in [
            "/x",
            "/srv/x",
            "/srv/a/x",
            "/srv/a/b/x",
            "/srv/c/x",
            "/usr/x",
        ] {
            for access in FileAccess::ALL {
                let is_admitted =
                    |rules: &Rules| decide_file(rules, path.as_bytes(), access).is_ok();
                let expected = is_admitted(&asked.rules) && is_admitted(&policy(&first).rules);
                assert_eq!(
                    is_admitted(&one_ceiling.rules),
                    expected,
                    "{path}\n{own}\n{first}"
                );
                assert_eq!(is_admitted(&again.rules), expected);
            }
        }
    }
    assert!(kept > 100, "{kept}");
}
