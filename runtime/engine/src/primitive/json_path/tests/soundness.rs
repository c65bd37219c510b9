//! Hostile documents and queries: no panic, and the bound of the work holds.

use serde_json::Value;
use tenzik_host_abi::Status;

use super::super::{index, prepare};
use super::generate::{Dice, document, mutated, segments};

/// A document of everything that makes work: duplicates, escapes, long names, numbers and strings,
/// wide and deep nesting, white space.
fn hostile(dice: &mut Dice, depth: usize) -> String {
    let blank = dice.pick(&["", "", " ", "\n\t  "]).to_owned();
    let size = if dice.roll(8) == 0 { 40 } else { 4 };
    let children = dice.roll(size);
    let name = |dice: &mut Dice| match dice.roll(6) {
        0 => format!("\\u0061{}", "b".repeat(dice.roll(3))),
        1 => "n".repeat(dice.roll(300)),
        2 => format!("{}{}", "p".repeat(100), dice.roll(10)),
        _ => dice.pick(&["a", "b", "c", "\u{e4}"]).to_owned(),
    };
    match dice.roll(if depth == 0 { 3 } else { 8 }) {
        0 => format!(
            "{}.{}e-{}",
            1 + dice.roll(9),
            "0".repeat(dice.roll(200)),
            dice.roll(9)
        ),
        1 => format!(
            "\"{}{}\"",
            "a".repeat(dice.roll(200)),
            dice.pick(&["", "\\n", "b", "\\ud800"])
        ),
        2 => document(dice, 0),
        3..5 => {
            let elements: Vec<String> = (0..children).map(|_| hostile(dice, depth - 1)).collect();
            format!("{blank}[{}{blank}]", elements.join(","))
        }
        5 => {
            let twin = hostile(dice, depth - 1);
            format!("[{twin},{twin}{blank},{{\"a\":{twin},\"b\":{twin}}}]")
        }
        _ => {
            let mut members = Vec::new();
            for _ in 0..children {
                let name = name(dice);
                members.push(format!("{blank}\"{name}\":{}", hostile(dice, depth - 1)));
            }
            format!("{{{}}}{blank}", members.join(","))
        }
    }
}

/// Evaluates, and fails if the bound does not hold.
fn run(json: &str, query: &str) -> Result<(), Status> {
    let prepared = prepare(json.as_bytes(), query.as_bytes())?;
    match prepared.evaluate(1 << 16) {
        Ok(result) => {
            assert!(result.len() <= 1 << 16);
            assert!(index::index(&result).is_ok(), "{query} on {json}");
            Ok(())
        }
        Err(status) => {
            assert_eq!(status, Status::TooLarge, "{query} on {json}");
            Err(status)
        }
    }
}

fn bounds_hold(seed: u64, rounds: usize) {
    let mut dice = Dice(seed);
    let mut evaluated = 0;
    for _ in 0..rounds {
        let depth = 1 + dice.roll(6);
        let json = hostile(&mut dice, depth);
        for _ in 0..4 {
            let query = format!("${}", segments(&mut dice, 3));
            evaluated += usize::from(run(&json, &query).is_ok());
        }
        let query = [
            "$..[?@==$.a]",
            "$..[?@.a==@.b]",
            "$[?@==$[0]]",
            "$..[?@[0]==@[1]]",
            "$..[?@[?@==$[0]]]",
            "$..[?length(@)>length($)]",
            "$..[?search(@,'(a|aa)*b')]",
            "$..[?@.a<=@.b]",
            "$..*",
            "$..[::-1]",
            "$..[-1]",
            "$..*..*",
            "$..[?count(@..*)==value(@..a)]",
            "$..[?@>1.0000001]",
        ];
        evaluated += usize::from(run(&json, dice.pick(&query)).is_ok());
    }
    assert!(evaluated > rounds * 3, "{evaluated}");
}

#[test]
fn the_bound_holds() {
    bounds_hold(3, 400);
}

#[test]
fn mutated_documents_are_accepted_as_serde_json_accepts_them() {
    let mut dice = Dice(4);
    for _ in 0..20_000 {
        let json = document(&mut dice, 3);
        let json = mutated(&mut dice, &json);
        let ours = index::index(json.as_bytes());
        let theirs: Result<Value, _> = serde_json::from_str(&json);
        match (&ours, &theirs) {
            (Ok(document), Ok(value)) => {
                let compact: Value = serde_json::from_str(&document.text).unwrap();
                assert_eq!(&compact, value, "{json}");
            }
            (Err(status), Err(_)) => assert_eq!(*status, Status::InvalidJson, "{json}"),
            // Only there: numbers beyond a double and lone surrogates are refused.
            (Ok(_), Err(error)) => {
                let error = error.to_string();
                assert!(
                    error.contains("out of range") || error.contains("surrogate"),
                    "{json} {error}"
                );
            }
            (Err(_), Ok(_)) => panic!("refused {json}"),
        }
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let mut dice = Dice(5);
    let soup = b"$@.[]{}'\"\\*?,:()!=<>&|-+019eEabtrufnls_ \n\xc3\xa4\xff\0";
    for _ in 0..20_000 {
        let mut bytes = |sides| -> Vec<u8> {
            (0..dice.roll(sides))
                .map(|_| soup[dice.roll(soup.len())])
                .collect()
        };
        let (mut query, json) = (bytes(20), bytes(30));
        query.insert(0, b'$');
        if let Ok(prepared) = prepare(&json, &query) {
            prepared.evaluate(1000).unwrap();
        }
        let _ =
            prepare(b"[[1,{\"a\":\"b\"}],\"c\"]", &query).map(|prepared| prepared.evaluate(1000));
    }
}
