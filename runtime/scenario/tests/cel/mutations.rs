//! Expressions and templates with random changes: none may panic or go past the bounds.

use tenzik_scenario::cel::{Expression, Template};

use super::chance::Chance;
use super::{World, origin};

/// Changed texts.
const MUTATIONS: usize = 100_000;

/// What is put into texts.
const PARTS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "`",
    "\\",
    "\\u00e9",
    "\\x",
    ".",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "<",
    "<=",
    "==",
    "!=",
    "&&",
    "||",
    " in ",
    "=",
    "&",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "1u",
    "1.5",
    "1e308",
    "0x",
    "null",
    "true",
    "x",
    "vars.",
    "vars.x",
    "vars.list",
    "vars.map",
    "steps.a.output",
    "assets.web",
    "item",
    "error.code",
    ".map(x, x)",
    ".filter(x, x > 1)",
    ".all(x, true)",
    ".size()",
    ".sort()",
    ".distinct()",
    ".flatten()",
    ".reverse()",
    ".first()",
    ".join('')",
    ".split('')",
    ".substring(1)",
    ".replace('a', 'b')",
    ".indexOf('l', 2)",
    ".lastIndexOf('l', 2)",
    ".charAt(1)",
    ".slice(0, 1)",
    ".matches('l+')",
    "has(",
    "coalesce(",
    "json(",
    "to_json(",
    "string(",
    "int(",
    "bytes(",
    "min(",
    "max(",
    "type(",
    "cidr_hosts(",
    "${{",
    "}}",
    "$",
    "\n",
    "\0",
    "é",
    "\u{202e}",
    "//",
];

#[test]
fn changed_texts_never_panic() {
    let vectors = include_str!("conformance/vectors.jsonl").lines();
    let seeds: Vec<String> = vectors
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect(line)[1]
                .as_str()
                .expect(line)
                .to_owned()
        })
        .chain(
            [
                "steps.a.output.rows.filter(r, r.port < 80).map(r, r.name).join(',')",
                "a ${{ vars.x }} b ${{ {'a': {}} }}",
            ]
            .map(str::to_owned),
        )
        .collect();
    let world = World::new();
    let mut chance = Chance(1);
    let (mut read, mut checked, mut evaluated) = (0, 0, 0);
    for _ in 0..MUTATIONS {
        let mut characters: Vec<char> = chance.of(&seeds).chars().collect();
        for _ in 0..=chance.below(4) {
            let at = chance.below(characters.len() + 1);
            match chance.below(4) {
                0 if at < characters.len() => drop(characters.remove(at)),
                1 => characters.truncate(at.max(1)),
                2 => {
                    let other: Vec<char> = chance.of(&seeds).chars().collect();
                    let from = chance.below(other.len() + 1);
                    characters.splice(at..at, other.into_iter().skip(from).take(30));
                }
                _ => drop(characters.splice(at..at, chance.of(PARTS).chars())),
            }
        }
        let source: String = characters.into_iter().collect();
        if let Ok(expression) = Expression::parse(&source, origin()) {
            read += 1;
            checked += usize::from(expression.check(&world).is_ok());
            evaluated += usize::from(expression.evaluate(&world).is_ok());
        }
        if let Ok(template) = Template::parse(&source, origin()) {
            let _ = template.check(&world);
            let _ = template.evaluate(&world);
        }
        let _ = Expression::parse_condition(&source, origin());
    }
    assert!(
        read > MUTATIONS / 10 && checked > MUTATIONS / 50 && evaluated > MUTATIONS / 50,
        "{read} {checked} {evaluated}"
    );
}
