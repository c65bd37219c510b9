//! Texts made to exhaust, crash or mislead the reader: all are refused, with a place, within bounds.

use std::fs;

use serde_json::Value;
use tenzik_scenario::{Problem, Scenario, yaml};

use crate::fixtures::{scenarios, shown};

/// The code of the first problem.
fn code(text: &str) -> &'static str {
    match yaml::parse(text) {
        Ok(_) => "read",
        Err(problems) => {
            check(text, &problems);
            problems.first().expect("there is one").code
        }
    }
}

/// Problems have a place in the text, and say something in one line.
fn check(text: &str, problems: &[Problem]) {
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
    assert!(!problems.is_empty() && problems.len() <= yaml::PROBLEMS_MAX);
    for problem in problems {
        let line = usize::try_from(problem.place.line).expect("it fits");
        // The parser may speak of the end, one line further.
        assert!(
            (1..=lines + 1).contains(&line),
            "{problem} of {lines} lines"
        );
        assert!(problem.place.column >= 1, "{problem}");
        for said in [&problem.message, &problem.remedy] {
            assert!(!said.is_empty() && said.len() < 2_000, "{problem}");
            assert!(!said.chars().any(char::is_control), "{problem:?}");
        }
    }
}

#[test]
fn deep_alias_bomb() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..=12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_eq!(code(&text), "yaml_limit");
}

#[test]
fn wide_alias_bomb() {
    let many = vec!["x"; 2_000].join(", ");
    let aliases = vec!["*a"; 2_000].join(", ");
    assert_eq!(
        code(&format!("a: &a [{many}]\nb: [{aliases}]\n")),
        "yaml_limit"
    );
}

#[test]
fn text_alias_bomb() {
    let long = "x".repeat(1 << 20);
    let aliases = vec!["*a"; 20].join(", ");
    assert_eq!(
        code(&format!("a: &a {long}\nb: [{aliases}]\n")),
        "yaml_limit"
    );
}

#[test]
fn aliases_count_as_what_they_stand_for_in_depth() {
    let deep =
        |inside: &str, depth: usize| format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth));
    let text = format!("- &a {}\n- {}\n", deep("x", 40), deep("*a", 40));
    assert_eq!(code(&text), "yaml_limit");
    let text = format!("- &a {}\n- {}\n", deep("x", 30), deep("*a", 30));
    assert_eq!(code(&text), "read");
}

#[test]
fn aliases_of_what_is_around_them() {
    for text in ["&a [*a]", "&a { b: *a }", "a: &a\n  - b: [*a]\n"] {
        assert_eq!(code(text), "yaml_alias", "{text}");
    }
    assert_eq!(code("- *a\n- &a 1"), "yaml_malformed");
}

#[test]
fn aliases_within_bounds() {
    let root = yaml::parse(
        "a: &a [1, &b { c: d }]\ne: *a\nf: *b\n*g : 1\n"
            .replace("*g ", "g")
            .as_str(),
    );
    let value = root.expect("it is YAML").to_value();
    assert_eq!(value["e"], value["a"]);
    assert_eq!(value["f"], value["a"][1]);
}

#[test]
fn nesting() {
    const DEPTH: usize = 100_000;
    for (text, expected) in [
        ("[".repeat(DEPTH), "yaml_limit"),
        ("{a: ".repeat(DEPTH), "yaml_limit"),
        ("[{a: ".repeat(DEPTH), "yaml_limit"),
        ("- ".repeat(DEPTH), "yaml_limit"),
        ("? ".repeat(DEPTH), "yaml_limit"),
        ("- ? ".repeat(DEPTH), "yaml_limit"),
        ("]".repeat(DEPTH), "yaml_malformed"),
        ("a: ".repeat(DEPTH), "yaml_malformed"),
    ] {
        let got = code(&text);
        let shown: String = text.chars().take(12).collect();
        // The parser has a limit of its own for brackets: 255.
        assert!(got == expected || got == "yaml_malformed", "{shown}: {got}");
    }
    let block: String = (0..2_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert_eq!(code(&block), "yaml_limit");
    let within = format!("{}x{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(code(&within), "read");
    assert_eq!(code(&format!("[{within}]")), "yaml_limit");
}

#[test]
fn sizes() {
    let far = "x".repeat(yaml::TEXT_BYTES_MAX + 1);
    assert_eq!(code(&far), "yaml_limit");
    assert_eq!(code(&"x".repeat(yaml::SCALAR_BYTES_MAX + 1)), "yaml_limit");
    assert_eq!(code(&"x".repeat(yaml::SCALAR_BYTES_MAX)), "read");
    assert_eq!(code(&"- \n".repeat(1_000_001)), "yaml_limit");
    assert_eq!(code(&"- \n".repeat(999_999)), "read");
    assert_eq!(code(&format!("[{}]", "1,".repeat(500_001))), "yaml_limit");
    let nodes = format!("[{}]", "1,".repeat(499_990));
    assert_eq!(code(&nodes), "read");
}

#[test]
fn numbers() {
    for (text, expected) in [
        ("18446744073709551616", "number_too_large"),
        ("-9223372036854775809", "number_too_large"),
        ("0x1ffffffffffffffff", "number_too_large"),
        ("1e400", "number_too_large"),
        (".inf", "number_not_finite"),
        ("-.INF", "number_not_finite"),
        (".nan", "number_not_finite"),
    ] {
        assert_eq!(code(&format!("a: {text}")), expected, "{text}");
        assert_eq!(code(&format!("a: '{text}'")), "read", "{text}");
    }
    let digits = "9".repeat(1_000_000);
    assert_eq!(code(&digits), "number_too_large");
    assert_eq!(code(&format!("0.{digits}")), "read");
    assert_eq!(code(&format!("1e{digits}")), "number_too_large");
}

#[test]
fn keys() {
    for text in [
        "a: 1\na: 2",
        "{a: 1, a: 2}",
        "a: 1\n'a': 2",
        "a: 1\n\"\\x61\": 2",
        "1: a\n\"1\": b",
        "true: a\n'true': b",
        "&a a: 1\n*a : 2",
    ] {
        assert_eq!(code(text), "duplicate_key", "{text}");
    }
    // The same after what they mean: refused as keys already.
    for text in [
        "1: a\n0x1: b",
        "1: a\n+1: b",
        "1: a\n01: b",
        "1.0: a\n1.00: b",
        "true: a\nTrue: b",
    ] {
        assert_eq!(code(text), "key_malformed", "{text}");
    }
    for text in [
        "? [a]\n: b",
        "? {a: b}\n: c",
        "[[a]: b]",
        ": a",
        "~: a",
        "null: a",
        "{? : a}",
    ] {
        assert_eq!(code(text), "key_malformed", "{text}");
    }
    assert_eq!(code("a: &a {b: c}\nd:\n  <<: *a\n"), "yaml_merge_key");
    assert_eq!(code("'<<': a"), "read");
    let giant = "k".repeat(1_000_000);
    assert_eq!(code(&format!("{giant}: 1")), "yaml_malformed");
    assert_eq!(
        code(&format!("? {giant}\n: 1\n? {giant}\n: 2")),
        "duplicate_key"
    );
    let many: String = (0..100_000)
        .map(|n| format!("k{}: 1\n", n % 50_000))
        .collect();
    assert_eq!(code(&many), "duplicate_key");
}

#[test]
fn characters() {
    for character in ('\0'..' ').filter(|character| !"\t\n\r".contains(*character)) {
        for text in ["a: b?c", "a: \"?\"", "? a: b", "a: b # ?", "|\n ?"] {
            let text = text.replacen('?', &character.to_string(), 1);
            assert_eq!(code(&text), "control_character", "{text:?}");
        }
    }
    assert_eq!(code("a: 1\0\nevil: 2"), "control_character");
    assert_eq!(code("a:\n\tb: 1"), "yaml_malformed");
    assert_eq!(code("a:\n  b: 1\n\tc: 1"), "yaml_malformed");
    assert_eq!(code("\u{feff}a: 1"), "read");
    assert_eq!(code("a: \u{feff}1"), "yaml_malformed");
    assert_eq!(code("\"\\ud83d\""), "yaml_malformed");
    assert_eq!(code("\"\\UFFFFFFFF\""), "yaml_malformed");
}

#[test]
fn unterminated() {
    for text in [
        "[",
        "{",
        "[a",
        "{a",
        "{a:",
        "{a: b",
        "{a: [",
        "\"",
        "'",
        "\"a",
        "'a",
        "a: \"",
        "a: 'b\nc: d",
        "&",
        "*",
        "!",
        "!<",
        "!!",
        "a: &",
        "a: *",
        "%",
        "%YAML",
        "%YAML 1.2",
        "--- [",
        "? ? [",
        "a: |x",
        "a: |0",
        "\"\\",
        "\"\\x",
        "\"\\x4",
        "\"\\u00",
        "@",
        "`",
        "]",
        "}",
        "a: b: c",
        "a\nb: c",
        "- a\nb",
        "a: 1\n b: 2",
        "a: [1\nb: 2",
    ] {
        assert!(
            ["yaml_malformed", "yaml_tag", "yaml_version"].contains(&code(text)),
            "{text:?}: {}",
            code(text)
        );
    }
    for text in ["", "\n", "# nothing", "---", "...", "\u{feff}", "--- # a"] {
        assert!(
            ["yaml_empty", "read"].contains(&code(text)),
            "{text:?}: {}",
            code(text)
        );
        assert!(Scenario::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn outside_of_the_language() {
    for (text, expected) in [
        ("a: 1\n---\nb: 2\n", "yaml_documents"),
        ("--- a\n--- b\n", "yaml_documents"),
        ("%YAML 1.1\n---\nyes\n", "yaml_version"),
        ("# c\n\n%YAML 1.3\n---\na\n", "yaml_version"),
        ("a: !env HOME", "yaml_tag"),
        ("a: !!binary AAAA", "yaml_tag"),
        ("a: !!set {b}", "yaml_tag"),
        (
            "a: !<tag:yaml.org,2002:python/object/apply:os.system> [x]",
            "yaml_tag",
        ),
        ("a: !!int b", "yaml_tag"),
        ("a: ! b", "yaml_tag"),
        ("!x {a: b}", "yaml_tag"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
    for text in [
        "a: !!str 1",
        "a: !!int 1",
        "!!map {a: !!seq [b]}",
        "%YAML 1.2\n---\na: 1\n...\n",
    ] {
        assert_eq!(code(text), "read", "{text}");
    }
}

#[test]
fn json_is_read_alike() {
    for text in [
        r#"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#,
        "[]",
        "{}",
        r#""text""#,
        "1",
        r#"{"":""}"#,
        "{\n\t\"a\"\t:\t[\n\t\t1,\r\n\t\t-1.5e+3\n\t]\n}\n",
        r#"["\u00e9\/\\\"\b\f\n\r\t", "\ud83d\ude00 \uD83D\uDE00", "é 😀"]"#,
        r#"{"yes":"yes","1":"1","null":"null","<<":"a"}"#,
        r##"["a: b", "- a", "# c", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "[", "}", ",", "'"]"##,
        r#"[0, -0.0, 18446744073709551615, -9223372036854775808, 1E5, 1e-7, 0.1]"#,
        "[[[[[[[[[[1]]]]]]]]]]",
        "[\"\u{7f}\u{85}\u{2028}\u{2029}\"]",
    ] {
        let meant: Value = serde_json::from_str(text).expect("it is JSON");
        let node = yaml::parse(text).map_err(|problems| shown(&problems));
        assert_eq!(node.map(|node| node.to_value()), Ok(meant), "{text}");
    }
}

#[test]
fn many_problems_are_collected_up_to_a_limit() {
    let steps: String = (0..1_000)
        .map(|n| format!("  - run: a\n    x{n}: 1\n"))
        .collect();
    let text = format!("version: 1\nname: a\nsteps:\n{steps}");
    let problems = Scenario::parse(&text).expect_err("it is malformed");
    assert_eq!(problems.len(), yaml::PROBLEMS_MAX);
    check(&text, &problems);
    let keys: String = (0..1_000).map(|n| format!("{}: 1\n", n % 10)).collect();
    let problems = yaml::parse(&keys).expect_err("keys are there twice");
    assert_eq!(problems.len(), yaml::PROBLEMS_MAX);
}

/// The scenarios of `yaml/ok`.
pub(crate) fn good_texts() -> Vec<String> {
    scenarios("ok")
        .iter()
        .map(|path| fs::read_to_string(path).expect("it is there"))
        .collect()
}

#[test]
fn truncated_everywhere() {
    for text in good_texts() {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let part = &text[..end];
            if let Err(problems) = Scenario::parse(part) {
                check(part, &problems);
            }
        }
    }
}

/// Xorshift, by Marsaglia: the same changes in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end.max(1)).expect("it fits");
        usize::try_from(self.0 % end).expect("it fits")
    }
}

const PIECES: [&str; 32] = [
    "\n", " ", "  ", "\t", ":", ": ", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!",
    "!!str ", "|", ">", "|+\n", "'", "\"", "\\", "#", " #", "%", "---\n", "...\n", "\r",
    "\u{feff}", "${{", "}}",
];

/// The same text with a few changes.
pub(crate) fn changed(text: &str, random: &mut Random) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = u8::try_from(random.below(256)).expect("it fits"),
            1 => {
                bytes.drain(at..end);
            }
            2 => {
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            3 => bytes.truncate(at.max(1)),
            _ => {
                let piece = PIECES[random.below(PIECES.len())].bytes();
                bytes.splice(at..at, piece);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn changed_at_random() {
    const TEXTS: usize = 100_000;
    let texts: Vec<String> = good_texts()
        .into_iter()
        .filter(|text| text.len() < 2_000)
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for number in 0..TEXTS {
        let text = changed(&texts[number % texts.len()], &mut random);
        if let Err(problems) = Scenario::parse(&text) {
            check(&text, &problems);
            refused += 1;
        }
    }
    assert!(
        refused > TEXTS / 2 && refused < TEXTS,
        "{refused} of {TEXTS}"
    );
}

#[test]
fn ten_thousand_steps() {
    let steps: String = (0..10_000)
        .map(|n| {
            format!(
                "  - id: s{n}\n    run: wc\n    needs: [s{}]\n",
                n.max(1) - 1
            )
        })
        .collect();
    let text = format!("version: 1\nname: long\nsteps:\n{steps}");
    let scenario = Scenario::parse(&text).expect("it is a scenario");
    assert_eq!(scenario.steps.len(), 10_000);
}

/// The parser holds all tokens of an outermost bracket before one is built.
#[test]
fn brackets_full_of_nothing() {
    for piece in [",", "[],", "\"a\":1,"] {
        let marks = piece
            .bytes()
            .filter(|byte| b",:[]?&!".contains(byte))
            .count();
        for (count, end) in [
            (yaml::MARKS_MAX - 2, "]"),
            (yaml::MARKS_MAX - 2, ""),
            (yaml::MARKS_MAX, ""),
        ] {
            let text = format!("[{}{end}", piece.repeat(count / marks));
            if let Err(problems) = yaml::parse(&text) {
                check(&text, &problems);
            }
        }
    }
}
