//! Where texts stand: what is said of a part of a text points at that part in the file.

use tenzik_scenario::cel::Expression;
use tenzik_scenario::yaml::{self, Data, Node};
use tenzik_scenario::{Place, Scenario, Step, StepKind};

/// The place of the only `needle` in `text`.
fn place_of(text: &str, needle: &str) -> Place {
    assert_eq!(text.matches(needle).count(), 1, "{needle} in {text:?}");
    let before = text.split(needle).next().expect("it is there");
    let before = before
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let count = |number: usize| u32::try_from(number).expect("it is small");
    Place {
        line: count(before.matches('\n').count() + 1),
        column: count(before.rsplit('\n').next().unwrap_or("").chars().count() + 1),
    }
}

/// Every scalar of a tree.
fn scalars<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    match &node.data {
        Data::Scalar(_) => found.push(node),
        Data::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Data::Map(entries) => entries.iter().for_each(|(_, value)| scalars(value, found)),
    }
}

/// The place that the origin of the scalar with `needle` in it gives for the needle.
fn origin_place(text: &str, needle: &str) -> Place {
    let root = yaml::parse(text).expect("it is YAML");
    let mut found = Vec::new();
    scalars(&root, &mut found);
    let scalar = found
        .iter()
        .filter_map(|node| node.scalar())
        .find(|scalar| scalar.text.contains(needle))
        .expect("the needle is in a scalar");
    let offset = scalar.text.find(needle).expect("it is there");
    scalar.origin.place(&scalar.text, offset)
}

#[test]
fn parts_of_scalars() {
    for text in [
        "a: x NEEDLE y",
        "é: ö NEEDLE",
        "- - - [a, {b: NEEDLE}]",
        "a: 'x NEEDLE'",
        "a: \"ä NEEDLE\"",
        "a:\n    NEEDLE\n",
        "a: |\n  x\n\n  y NEEDLE\n",
        "a: |\n\n\n  x\n   NEEDLE\n",
        "a: |2\n     NEEDLE\n",
        "a:\n  - |-\n   x\n   NEEDLE",
        "a: >\n  NEEDLE\n",
        "\u{feff}a: NEEDLE",
        "a: 1\r\nb: x NEEDLE\r\n",
        "a: 1\rb: x NEEDLE",
        "a: |\r\n  x\r\n  NEEDLE\r\n",
        "a: !!str NEEDLE",
        "a: &x NEEDLE",
        "a: &x 'NEEDLE'",
        "a: !!str &x |\n  x\n  NEEDLE",
        "{\n\t\"a\": [\"NEEDLE\"]\n}",
        "%YAML 1.2\n--- NEEDLE",
        "--- |\nx\nNEEDLE\n",
    ] {
        assert_eq!(
            origin_place(text, "NEEDLE"),
            place_of(text, "NEEDLE"),
            "{text:?}"
        );
    }
}

/// The `when` of the first step, and the expression of its input.
fn expressions(text: &str) -> Vec<Expression> {
    let scenario = Scenario::parse(text).expect("it is a scenario");
    let Step { common, kind, .. } = scenario.steps.into_iter().next().expect("there is one");
    let condition = match kind {
        StepKind::If { condition, .. } => Some(condition),
        _ => None,
    };
    common.when.into_iter().chain(condition).collect()
}

#[test]
fn expressions_begin_where_they_stand() {
    for written in [
        "NEEDLE > 1",
        "${{ NEEDLE > 1 }}",
        "'${{NEEDLE > 1}}'",
        "\"  NEEDLE > 1 \"",
        "|\n      NEEDLE >\n      1\n",
        ">\n      NEEDLE >\n      1\n",
        ">-\n\n\n      ${{\n        NEEDLE\n      }}\n",
        "\n      NEEDLE",
        "'${{\n      NEEDLE }}'",
    ] {
        for key in ["run: a\n    when", "then: [{ run: a }]\n    if"] {
            let text = format!("version: 1\nname: a\nsteps:\n  - {key}: {written}\n");
            let all = expressions(&text);
            let [expression] = all.as_slice() else {
                panic!("{text}");
            };
            assert!(expression.source().starts_with("NEEDLE"), "{expression:?}");
            assert_eq!(expression.place(), place_of(&text, "NEEDLE"), "{text}");
        }
    }
}

#[test]
fn nodes_begin_where_they_stand() {
    let text = "a: [b, {c: d}]\ne:\n  - f: g\n    h: i\n  -\n    - j\nk: *x\n";
    let text = text.replace("*x", "&x l");
    let root = yaml::parse(&text).expect("it is YAML");
    let value = |node: &Node, key: &str| -> Node {
        match &node.data {
            Data::Map(entries) => entries
                .iter()
                .find(|(known, _)| &*known.text == key)
                .map(|(_, value)| value.clone())
                .expect("it has the key"),
            _ => panic!("it is a map"),
        }
    };
    let place = |line, column| Place { line, column };
    assert_eq!(root.place, place(1, 1));
    assert_eq!(value(&root, "a").place, place(1, 4));
    let e = value(&root, "e");
    assert_eq!(e.place, place(3, 3));
    let items = e.items().expect("it is a list");
    assert_eq!(items.first().map(|item| item.place), Some(place(3, 5)));
    assert_eq!(items.get(1).map(|item| item.place), Some(place(6, 5)));
}
