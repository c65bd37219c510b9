//! Files that want to hurt whoever reads them.

use std::fmt::Write as _;

use tenzik_policy::{POLICY_BYTES_MAX, PolicyFile};

use crate::dice::Dice;
use crate::{NMAP, one_rule, refused};

#[test]
fn size_depth_and_counts_are_bounded() {
    let long = format!("version = 1 #{}", "x".repeat(POLICY_BYTES_MAX));
    assert!(refused(&long).message.contains("262157 bytes"));
    let deep = format!(
        "version = 1\ngrants = {}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(refused(&deep).to_string().starts_with("p.toml:2:"));
    let tables = format!("version = 1\n{} = 1", "a.".repeat(60_000) + "a");
    assert!(refused(&tables).message.contains("recursion limit"));
    let inline = format!(
        "version = 1\ngrants = {}1{}",
        "{a=".repeat(50_000),
        "}".repeat(50_000)
    );
    refused(&inline);
    let array = format!("version = 1\ngrants = [{}]", "\"json\",".repeat(30_000));
    assert!(refused(&array).message.contains("30000 elements"));
    let mut many = String::from("version = 1\n");
    for _ in 0..65 {
        many += &one_rule("", "").replace("version = 1\n", "");
    }
    assert!(refused(&many).message.contains("65 rules"));
    let arguments = one_rule(&format!("args = [{}]", "\"a\",".repeat(257)), "");
    assert!(refused(&arguments).message.contains("257 elements"));
    let mut env = String::from("env = {");
    for number in 0..65 {
        write!(env, "A{number}=\"\",").unwrap();
    }
    assert!(
        refused(&one_rule(&(env.trim_end_matches(',').to_owned() + "}"), ""))
            .message
            .contains("65 variables")
    );
    let value = one_rule(&format!("args = [\"{}\"]", "a".repeat(4_097)), "");
    assert!(refused(&value).message.contains("4097 bytes"));
}

#[test]
fn messages_move_no_cursor_and_stay_short() {
    let escape = "version = 1\n\"\\u001b[2J\\n\u{202e}\" = 1";
    let shown = refused(escape).to_string();
    assert!(
        shown
            .chars()
            .all(|character| (' '..='~').contains(&character)),
        "{shown:?}"
    );
    let long = format!("version = 1\n{} = 1", "k".repeat(100_000));
    assert!(refused(&long).message.len() < 1_100);
    let name = format!(
        "version = 1\n[[exec]]\nname = \"{}\"\nprogram = \"/a\"",
        "k".repeat(100_000)
    );
    assert!(refused(&name).message.len() < 300);
}

/// Whatever stands in a file, reading it ends with a policy or an error with a place inside of it.
#[test]
fn every_text_is_read_or_refused() {
    let check = |text: &str| {
        if let Err(error) = PolicyFile::parse("p.toml", text) {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&(error.line as usize)), "{error}");
            assert!(error.column >= 1 && !error.message.is_empty());
        }
    };
    for cut in 0..NMAP.len() {
        check(&NMAP[..cut]);
    }
    let mut dice = Dice::new(4);
    let words = [
        "[[exec]]\n",
        "[exec.holes.a]\n",
        "=",
        "\n",
        "\"",
        "'",
        "{a}",
        "{a...}",
        "type",
        "name",
        "args",
        "[",
        "]",
        "{",
        "}",
        "1",
        "-1",
        "version",
        " = ",
        "\"/usr\"",
        "true",
        "targets",
        "\"::/0\"",
        "é",
        "\u{0}",
        "#",
        ",",
        ".",
        "\"{a}\"",
        "\"text\"",
        "pattern",
    ];
    for _ in 0..3_000 {
        let mut text = String::from(if dice.roll(2) == 0 {
            "version = 1\n"
        } else {
            ""
        });
        for _ in 0..dice.roll(40) {
            text += words[dice.roll(words.len())];
        }
        check(&text);
        let mut bytes = NMAP.as_bytes().to_vec();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(bytes.len());
            bytes[at] = dice.draw().to_le_bytes()[0];
        }
        check(&String::from_utf8_lossy(&bytes));
    }
}
