//! Which requests a rule for programs admits.

use tenzik_policy::{ARGUMENT_BYTES_MAX, Rules, decide_exec};

use crate::{NMAP, argv, one_rule, rules};

/// A rule whose one argument is a hole.
fn hole(keys: &str, hole: &str) -> Rules {
    rules(&one_rule(
        &format!("args = [\"{{h}}\"]\n{keys}"),
        &format!("[exec.holes.h]\n{hole}"),
    ))
}

#[track_caller]
fn check(rules: &Rules, fitting: &[&str], others: &[(&str, &str)]) {
    for value in fitting {
        let decision = decide_exec(rules, &argv(&["t", value]));
        assert!(decision.is_ok(), "{value:?}: {decision:?}");
    }
    for (value, why) in others {
        let refusal = decide_exec(rules, &argv(&["t", value])).expect_err(value);
        assert_eq!(refusal.code, "exec_refused");
        assert_eq!(refusal.rules, ["p.toml:2 t"]);
        assert!(
            refusal.message.contains(why),
            "{value:?}: {}",
            refusal.message
        );
    }
}

#[test]
fn integers() {
    check(
        &hole("", "type = \"integer\"\nmin = 5\nmax = 20"),
        &["5", "12", "20"],
        &[
            ("4", "not between 5 and 20"),
            ("21", "not between"),
            ("05", "it is written 5"),
            ("+5", "it is written 5"),
            ("", "empty"),
            ("5 ", "not a decimal"),
            ("0x5", "not a decimal"),
            ("\u{665}", "not a decimal"),
            ("-5", "could be an option"),
            ("99999999999999999999", "not a decimal"),
            ("5\n", "U+000A"),
        ],
    );
    check(
        &hole("", "type = \"integer\"\nmin = -5\nmax = 5\noption = true"),
        &["-5", "0"],
        &[("-0", "it is written 0"), ("-6", "not between")],
    );
}

#[test]
fn ports() {
    check(
        &hole("", "type = \"ports\"\nmax = 1100"),
        &["22", "22,80,1-1024", "65535", "7-7"],
        &[
            ("0", "list of ports"),
            ("65536", "list of ports"),
            ("022", "list of ports"),
            ("80,", "list of ports"),
            ("80,,81", "list of ports"),
            ("9-8", "list of ports"),
            ("1-", "list of ports"),
            ("-5", "could be an option"),
            ("1-1101", "names 1101 ports"),
            ("1-600,1-600", "names 1200"),
            ("\u{ff18}\u{ff10}", "list of ports"),
            ("T:80", "list of ports"),
            ("80 ", "list of ports"),
        ],
    );
}

#[test]
fn addresses() {
    check(
        &hole(
            "targets = [\"127.0.0.0/8\", \"::1\", \"2001:db8::/32\", \"tcp:10.0.0.0/24:80\"]",
            "type = \"address\"",
        ),
        &[
            "127.0.0.1",
            "127.0.0.0/8",
            "::1",
            "::1/128",
            "2001:db8::/48",
            "2001:db8::1",
            "10.0.0.9",
        ],
        &[
            ("8.8.8.8", "not wholly inside"),
            ("126.0.0.0/7", "not wholly"),
            ("10.0.0.0/8", "not wholly"),
            ("0.0.0.0/0", "not wholly"),
            ("127.0.0.1/8", "it is written 127.0.0.0/8"),
            ("127.1", "neither"),
            ("127.0.0.01", "neither"),
            ("0x7f.0.0.1", "neither"),
            ("2130706433", "neither"),
            ("::ffff:127.0.0.1", "IPv4 address inside of IPv6"),
            ("::FFFF:7f00:1", "it is written"),
            ("2001:DB8::1", "it is written 2001:db8::1"),
            ("2001:db8:0::1", "it is written"),
            ("fe80::1%lo", "neither"),
            ("[::1]", "neither"),
            ("127.0.0.1;id", "neither"),
            ("127.0.0.1 127.0.0.2", "neither"),
            ("127.0.0.0-9", "neither"),
            ("localhost", "neither"),
            ("127.0.0.\u{661}", "neither"),
            ("127.0.0.1/32/32", "neither"),
            ("127.0.0.1/", "neither"),
        ],
    );
}

#[test]
fn hostnames() {
    check(
        &hole(
            "",
            "type = \"hostname\"\nnames = [\"example.org\", \"*.example.net\"]",
        ),
        &[
            "example.org",
            "EXAMPLE.org",
            "a.example.net",
            "a.b.example.net",
        ],
        &[
            ("example.net", "none of the names"),
            ("xexample.net", "none of the names"),
            ("a.example.org", "none of"),
            ("example.org.", "not a DNS name"),
            (".example.net", "not a DNS name"),
            ("a_b.example.net", "not a DNS name"),
            ("a-.example.net", "not a DNS name"),
            ("-a.example.net", "could be an option"),
            ("exämple.org", "not a DNS name"),
            ("a..example.net", "not a DNS name"),
            ("127.1", "takes it for an address"),
            ("a.0x7f", "takes it for an address"),
            ("0x7f000001", "takes it"),
            ("example.org/x", "not a DNS name"),
            ("example.org:80", "not a DNS name"),
            ("user@example.org", "not a DNS name"),
        ],
    );
    let long = format!("{}.example.net", "a.".repeat(130).trim_end_matches('.'));
    check(
        &hole("", "type = \"hostname\"\nnames = [\"*.example.net\"]"),
        &[],
        &[(&long, "at most 253")],
    );
}

#[test]
fn enums_paths_and_texts() {
    check(
        &hole("", "type = \"enum\"\nvalues = [\"a\", \"b\"]"),
        &["a", "b"],
        &[("A", "none of the 2"), ("ab", "none of"), ("", "empty")],
    );
    check(
        &hole("", "type = \"enum\"\nvalues = [\"-v\"]\noption = true"),
        &["-v"],
        &[("-w", "none of the 1")],
    );
    check(
        &hole(
            "read = [\"/srv\"]",
            "type = \"path\"\nbelow = \"/srv/data\"",
        ),
        &["/srv/data", "/srv/data/a b/c", "/srv/data/..."],
        &[
            ("/srv", "not below"),
            ("/srv/database", "not below"),
            ("/srv/data/../x", "component .."),
            ("/srv/data/./x", "component ."),
            ("/srv/data//x", "empty component"),
            ("/srv/data/", "empty component"),
            ("srv/data", "not an absolute"),
            ("/srv/data/\u{0}", "U+0000"),
            ("~/x", "not an absolute"),
        ],
    );
    check(
        &hole("", "type = \"text\"\npattern = '[a-z]+\\d?'\nmax_bytes = 5"),
        &["abc", "abc1"],
        &[
            ("abcdef", "at most 5"),
            ("ABC", "does not match"),
            ("ab\u{661}", "does not match"),
            ("abc\n", "U+000A"),
            ("a b", "does not match"),
        ],
    );
    check(
        &hole("", "type = \"text\"\npattern = '.*'"),
        &["a\u{e9}b", "$(id)"],
        &[
            ("-x", "could be an option"),
            ("\u{85}", "U+0085"),
            ("\u{7f}", "U+007F"),
        ],
    );
}

#[test]
fn the_template_fits_element_by_element() {
    let rules = rules(NMAP);
    let fits =
        |arguments: &[&str]| decide_exec(&rules, &argv(arguments)).map(|decision| decision.index);
    let why = |arguments: &[&str]| fits(arguments).expect_err("accepted").message;
    assert_eq!(
        fits(&["nmap", "-sT", "-oX", "-", "-p", "22,80", "127.0.0.1"]),
        Ok(0)
    );
    assert_eq!(
        fits(&[
            "nmap",
            "-sT",
            "-oX",
            "-",
            "-p",
            "1",
            "::1",
            "127.0.0.2",
            "10.0.0.1"
        ]),
        Ok(0)
    );
    assert!(
        why(&[
            "nmap", "-sT", "-oX", "-", "-p", "1", "::1", "::1", "::1", "::1"
        ])
        .contains("4 arguments stand where \"{target...}\" takes at most 3")
    );
    assert!(
        why(&["nmap", "-sT", "-oX", "-", "-p", "1"])
            .contains("argument 6 is missing: \"{target...}\" has to stand there")
    );
    assert!(why(&["nmap"]).contains("argument 1 is missing: \"-sT\""));
    assert!(
        why(&["nmap", "-sT", "-oX", "-", "-oN", "/etc/x", "::1"])
            .contains("argument 4 \"-oN\" is not \"-p\"")
    );
    assert!(
        why(&["nmap", "-sT", "-oX", "-", "-p", "1", "::1", "-oN"])
            .contains("argument 7 \"-oN\" does not fit \"{target...}\": it begins with -")
    );
    assert!(
        why(&["masscan"])
            .contains("no rule is named \"masscan\" for a program; rules are named nmap")
    );
    assert!(why(&["/usr/bin/nmap"]).contains("no rule is named"));
    assert!(why(&[]).contains("names no program"));
}

#[test]
fn a_hole_for_many_stands_anywhere() {
    let text = one_rule(
        "args = [\"a\", \"x={h...}\", \"b\", \"c\"]",
        "[exec.holes.h]\ntype = \"integer\"\nmax = 9\nmax_count = 2",
    );
    let rules = rules(&text);
    let fits = |arguments: &[&str]| {
        decide_exec(&rules, &argv(arguments)).map_err(|refusal| refusal.message)
    };
    assert!(fits(&["t", "a", "x=1", "b", "c"]).is_ok());
    assert!(fits(&["t", "a", "x=1", "x=2", "b", "c"]).is_ok());
    assert!(
        fits(&["t", "a", "b", "c"])
            .unwrap_err()
            .contains("argument 2 \"b\" does not fit \"x={h...}\"")
    );
    assert!(
        fits(&["t", "a", "x=1", "2", "b", "c"])
            .unwrap_err()
            .contains("argument 3")
    );
    assert!(
        fits(&["t", "a", "x=1", "x=1", "x=1", "b", "c"])
            .unwrap_err()
            .contains("at most 2")
    );
    assert!(
        fits(&["t", "a", "x=1", "b"])
            .unwrap_err()
            .contains("argument 4 is missing")
    );
    assert!(fits(&["t", "a", "x=1", "b", "c", "d"]).is_err());
    assert!(
        fits(&["t", "a"])
            .unwrap_err()
            .contains("argument 2 is missing")
    );
}

#[test]
fn the_first_rule_that_admits_is_used_and_refusals_name_all() {
    let second = one_rule("args = [\"b\"]", "").replace("version = 1\n", "");
    let rules = rules(&(one_rule("args = [\"a\"]", "") + &second));
    assert_eq!(decide_exec(&rules, &argv(&["t", "b"])).unwrap().index, 1);
    let refusal = decide_exec(&rules, &argv(&["t", "c"])).unwrap_err();
    assert_eq!(refusal.rules, ["p.toml:2 t", "p.toml:7 t"]);
    assert!(refusal.message.contains(
        "p.toml:2 t: argument 1 \"c\" is not \"a\"; p.toml:7 t: argument 1 \"c\" is not \"b\""
    ));
    assert!(!refusal.remedy.is_empty());
}

#[test]
fn sizes_are_bounded_before_anything_is_looked_at() {
    let rules = rules(&one_rule(
        "args = [\"{h...}\"]",
        "[exec.holes.h]\ntype = \"text\"\npattern = 'a*'\nmax_bytes = \"127KiB\"\nmax_count = 4000",
    ));
    let why = |argv: &[String]| decide_exec(&rules, argv).unwrap_err().message;
    let with = |text: String| vec!["t".to_owned(), text];
    assert!(decide_exec(&rules, &with("a".repeat(127 << 10))).is_ok());
    assert!(
        why(&with("a".repeat(ARGUMENT_BYTES_MAX))).contains("131071 bytes; at most 130048 fit")
    );
    assert!(why(&with("a".repeat(ARGUMENT_BYTES_MAX + 1))).contains("argument 1 has 131072 bytes"));
    assert!(why(&with("a".repeat(2 << 20))).contains("argument 1 has 2097152 bytes"));
    let many = |count: usize, text: &str| {
        let mut argv = vec!["t".to_owned()];
        argv.resize(count, text.to_owned());
        argv
    };
    assert!(why(&many(4_097, "a")).contains("4097 arguments"));
    assert!(why(&many(18, &"a".repeat(127 << 10))).contains("at most 2097152"));
    assert!(decide_exec(&rules, &many(4_000, "a")).is_ok());
}
