use tenzik_host_abi::Status;

use super::super::meter::Meter;
use super::super::text::Text;
use super::{Mode, Program, Scratch, WEIGHT_MAX};

fn matches(pattern: &str, text: &str, mode: Mode) -> bool {
    let program = Program::new(pattern, WEIGHT_MAX).unwrap();
    let steps_max = (program.weight() * (text.chars().count() + 1)) as u64;
    let mut meter = Meter::new(steps_max);
    let points = Text::plain(text).code_points();
    program
        .matches(points, mode, &mut Scratch::default(), &mut meter)
        .unwrap()
}

#[test]
fn whole_texts() {
    let rows: [(&str, &[&str], &[&str]); 22] = [
        ("", &[""], &["a"]),
        ("abc", &["abc"], &["ab", "abcd", "xabc"]),
        ("a|bc|", &["a", "bc", ""], &["b", "abc"]),
        ("a*", &["", "a", "aaaa"], &["b", "ab"]),
        ("a+b?", &["a", "aab"], &["", "b", "abb"]),
        ("a{3}", &["aaa"], &["aa", "aaaa"]),
        ("a{2,}", &["aa", "aaaaa"], &["a"]),
        ("a{0,2}", &["", "a", "aa"], &["aaa"]),
        ("(ab|c){2}", &["abab", "abc", "cc"], &["ab", "abcc"]),
        (".", &["a", "😀", "\u{2028}"], &["\n", "\r", "", "ab"]),
        ("[a-cx]", &["a", "b", "x"], &["d", "-"]),
        ("[^a-c]", &["d", "\n"], &["a", ""]),
        ("[-a]", &["-", "a"], &["b"]),
        ("[a-]", &["-", "a"], &["b"]),
        ("[a-c-]", &["-", "b"], &["d"]),
        ("[.*$^?]", &[".", "*", "$", "^", "?"], &["a"]),
        (r"\.\\\n\[\^", &[".\\\n[^"], &[]),
        (r"\p{Lu}\p{N}", &["A1", "Ж٣", "Ä½"], &["a1", "AA"]),
        (r"[\P{L}b]", &["1", "b", "!"], &["a", "ж"]),
        (r"\p{C}", &["\u{0}", "\u{e000}"], &["a"]),
        ("(a*)*b", &["b", "aab"], &["aa"]),
        ("^ab$", &["ab"], &["xab"]),
    ];
    for (pattern, good, bad) in rows {
        for text in good {
            assert!(matches(pattern, text, Mode::Whole), "{pattern} {text:?}");
        }
        for text in bad {
            assert!(!matches(pattern, text, Mode::Whole), "{pattern} {text:?}");
        }
    }
}

#[test]
fn parts_of_texts() {
    let rows: [(&str, &[&str], &[&str]); 7] = [
        ("", &["", "a"], &[]),
        ("b.?b", &["abab", "bb", "xbcby"], &["b", "bccb"]),
        ("^a", &["a", "ab"], &["ba", ""]),
        ("a$", &["a", "ba"], &["ab"]),
        ("(^|x)a", &["a", "bxa"], &["ba"]),
        ("^$", &[""], &["a"]),
        ("aab", &["aaab", "aaaaabc"], &["aacb"]),
    ];
    for (pattern, good, bad) in rows {
        for text in good {
            assert!(matches(pattern, text, Mode::Part), "{pattern} {text:?}");
        }
        for text in bad {
            assert!(!matches(pattern, text, Mode::Part), "{pattern} {text:?}");
        }
    }
}

#[test]
fn what_is_no_regexp_matches_nothing() {
    let refused = [
        "*",
        "a**",
        "a+?",
        "(",
        ")",
        "a)",
        "(a",
        "[",
        "]",
        "[]",
        "[^]",
        "a]",
        "{",
        "}",
        "a{",
        "a{}",
        "a{,2}",
        "a{2,1}",
        "a{1",
        "a{1,2,3}",
        "a{-1}",
        "[a",
        "[b-a]",
        "[a-",
        "[[a]]",
        "[a--]",
        "[--a]",
        r"[a-\p{L}]",
        r"\",
        r"\d",
        r"\w",
        r"\b",
        r"\x41",
        r"\u0041",
        r"\/",
        r"\p",
        r"\p{}",
        r"\p{Cs}",
        r"\p{Latin}",
        r"\p{IsBasicLatin}",
        r"\pL",
        "(?:a)",
    ];
    for pattern in refused {
        let program = Program::new(pattern, WEIGHT_MAX).unwrap();
        assert!(program.instructions.is_empty(), "{pattern}");
        assert!(!matches(pattern, "a", Mode::Part), "{pattern}");
        assert!(!matches(pattern, "", Mode::Whole), "{pattern}");
    }
}

#[test]
fn expensive_patterns_are_refused() {
    let refused = [
        "a{1024}".to_owned(),
        "((a{100}){100}){100}".to_owned(),
        "(){4294967295}".to_owned(),
        "((){1000}){1000}".to_owned(),
        "(a?){513}".to_owned(),
        "a{99999999999999999999}".to_owned(),
        "a{0,99999999999999999999}".to_owned(),
        r"\p{L}{120}".to_owned(),
        "(".repeat(33) + &")".repeat(33),
        "(".repeat(1000),
    ];
    for pattern in refused {
        let status = Program::new(&pattern, WEIGHT_MAX).err();
        assert_eq!(status, Some(Status::TooComplex), "{pattern}");
    }
    assert!(Program::new(&"a".repeat(WEIGHT_MAX - 1), WEIGHT_MAX).is_ok());
    assert!(Program::new(&("(".repeat(32) + &")".repeat(32)), WEIGHT_MAX).is_ok());
}

#[test]
fn hostile_repetitions_stay_within_the_weight() {
    let text = "a".repeat(2000);
    for pattern in [
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+$b",
        "(.*)(.*)(.*)(.*)b",
        "((a?){20}){5}b",
        "[a]{100}b",
    ] {
        assert!(!matches(pattern, &text, Mode::Whole), "{pattern}");
        assert!(!matches(pattern, &text, Mode::Part), "{pattern}");
    }
}
