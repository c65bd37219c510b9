//! Texts with expressions in them.

use serde_json::json;
use tenzik_scenario::cel::{Expression, Template, Type};

use super::{World, origin, template};

#[test]
fn templates_have_the_values_of_their_parts() {
    let cases = [
        ("", json!("")),
        ("plain $ text $$ {{ }}", json!("plain $ text $$ {{ }}")),
        ("${{ vars.x }}", json!(3)),
        ("${{vars.list}}", json!([1, 2, 3])),
        (" ${{ vars.x }}", json!(" 3")),
        ("${{ vars.x }}\n", json!("3\n")),
        (
            "a ${{ vars.text }}, ${{ vars.ratio }} ${{ vars.flag }}",
            json!("a hello, 2.5 true"),
        ),
        (
            "${{ vars.list }}${{ vars.map }}",
            json!("[1,2,3]{\"a\":1,\"b-c\":2}"),
        ),
        ("$${{ vars.x }}", json!("${{ vars.x }}")),
        ("$$${{ vars.x }}", json!("$${{ vars.x }}")),
        ("${{ '}}' }}", json!("}}")),
        ("${{ \"}}\" + '''}}''' }}!", json!("}}}}!")),
        ("${{ {'a': {'b': 1}} }}", json!({"a": {"b": 1}})),
        ("${{{'a':{'b':1}}}}", json!({"a": {"b": 1}})),
        ("${{ r'\\' }}é${{ vars.x }}", json!("\\é3")),
        ("${{ 1e30 }} ${{ 3.0 }}", json!("1e+30 3")),
    ];
    for (source, wanted) in cases {
        let template = template(source);
        template
            .check(&World::new())
            .unwrap_or_else(|why| panic!("{source}: {why:?}"));
        assert_eq!(
            template.evaluate(&World::new()).expect(source),
            wanted,
            "{source}"
        );
    }
}

#[test]
fn a_template_without_expressions_is_a_literal() {
    assert_eq!(template("$${{ x").literal(), Some("${{ x"));
    assert_eq!(template("").literal(), Some(""));
    assert_eq!(template("${{ 1 }}").literal(), None);
    assert_eq!(
        template("a ${{ 1 }}").check(&World::new()),
        Ok(Type::String)
    );
    assert_eq!(template("${{ 1 }}").check(&World::new()), Ok(Type::Int));
    assert_eq!(
        template("a${{ vars.x }}${{ vars.text }}")
            .expressions()
            .len(),
        2
    );
}

#[test]
fn templates_say_where_they_are_wrong() {
    let cases = [
        ("ab ${{ vars.x", 10, 8, "no closing }}"),
        ("ab ${{ vars.x }", 10, 19, "one }"),
        ("${{ 'x }}", 10, 9, "no closing '"),
        ("${{ }}", 10, 9, "no expression"),
        ("a\nbc ${{ 1 + }}", 11, 18, "instead of a value"),
        (
            "${{ 1 }} é\n${{ 2 }} b ${{ 3 +\n }}",
            12,
            8,
            "the end instead of a value",
        ),
        ("a ${{ 1 }} é ${{ * }}", 10, 22, "instead of a value"),
        ("é${{ # }}", 10, 10, "`#`"),
        ("${{ 1 // }}", 10, 5, "no closing }}"),
    ];
    for (source, line, column, part) in cases {
        let problem = Template::parse(source, origin()).expect_err(source);
        assert_eq!(
            (problem.place.line, problem.place.column),
            (line, column),
            "{problem}"
        );
        assert!(problem.message.contains(part), "{problem}");
    }
}

#[test]
fn null_and_bytes_have_no_text() {
    let found = template("--url ${{ vars.none }}")
        .evaluate(&World::new())
        .expect_err("null");
    assert_eq!((found.code, found.place.column), ("type_mismatch", 14));
    assert!(found.remedy.contains("coalesce"), "{}", found.remedy);
    let problems = template("a ${{ null }} ${{ b'x' }}")
        .check(&World::new())
        .expect_err("both");
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_condition_stands_with_or_without_its_frame() {
    for source in ["vars.x > 2", "${{ vars.x > 2 }}", "  ${{ vars.x > 2 }}\n"] {
        let expression = Expression::parse_condition(source, origin()).expect(source);
        assert_eq!(
            expression.evaluate(&World::new()).expect(source),
            json!(true)
        );
    }
    let framed = Expression::parse_condition(" ${{ nobody }}", origin()).expect("it can be read");
    assert_eq!(framed.references()[0].place.column, 10);
    let two = Expression::parse_condition("${{ 1 }}${{ 2 }}", origin()).expect_err("two");
    assert_eq!(two.code, "expression_syntax");
}

#[test]
fn threads_may_share_them() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Expression>();
    shared::<Template>();
}
