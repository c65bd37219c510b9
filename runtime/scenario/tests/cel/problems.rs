//! What is wrong with expressions, where, and what to do.

use tenzik_scenario::cel::{Expression, Root, is_reserved_name};

use super::{misread, origin, problem, problems, value};

/// Whether a problem stands at a column of the first line, with a code and parts of its text.
#[track_caller]
fn expect(problem: &tenzik_scenario::Problem, column: u32, code: &str, parts: &[&str]) {
    let text = format!("{problem}; {}", problem.remedy);
    assert_eq!(
        (problem.place.line, problem.place.column),
        (10, column),
        "{text}"
    );
    assert_eq!(problem.code, code, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn texts_that_are_no_expressions_say_where_and_why() {
    let cases: &[(&str, u32, &str, &[&str])] = &[
        ("", 5, "expression_syntax", &["no expression"]),
        ("vars.x = 3", 12, "expression_syntax", &["`=`", "=="]),
        ("vars.x and true", 12, "expression_syntax", &["`and`", "&&"]),
        ("(1 + 2", 11, "expression_syntax", &["the end", "`)`"]),
        ("[1, 2", 10, "expression_syntax", &["`]`"]),
        ("'abc", 5, "expression_syntax", &["no closing '"]),
        ("1 + 'a\\q'", 11, "expression_syntax", &["escape"]),
        ("'\\ud800'", 6, "expression_syntax", &["surrogate"]),
        ("1 2", 7, "expression_syntax", &["the number 2"]),
        ("9223372036854775808", 5, "arithmetic", &["no int"]),
        ("18446744073709551616u", 5, "arithmetic", &["no uint"]),
        ("1e999", 5, "arithmetic", &["no double"]),
        ("a ? b", 10, "expression_syntax", &["the end", "`:`"]),
        ("if", 5, "expression_syntax", &["reserved"]),
        ("vars", 5, "unknown_name", &["vars.NAME"]),
        ("vars[vars.x]", 5, "unknown_name", &["literal name"]),
        ("vars.x + steps", 14, "unknown_name", &["steps.NAME.FIELD"]),
        (
            "steps.a",
            5,
            "unknown_name",
            &["no value", "steps.NAME.output"],
        ),
        (
            "steps.a-b",
            5,
            "unknown_name",
            &["no value", "steps[\"a-b\"]"],
        ),
        (
            "siez(vars.x)",
            5,
            "unknown_function",
            &["siez()", "did you mean size()"],
        ),
        (
            "vars.text.contain('a')",
            15,
            "unknown_function",
            &["did you mean contains()"],
        ),
        (
            "contains(vars.text, 'a')",
            5,
            "unknown_function",
            &["value.contains"],
        ),
        ("vars.x.int()", 12, "unknown_function", &["int(value)"]),
        (
            "timestamp('2026-01-01T00:00:00Z')",
            5,
            "unknown_function",
            &["times are no values"],
        ),
        (
            "vars.text.contains()",
            15,
            "wrong_arguments",
            &["0 arguments", "string.contains(string)"],
        ),
        ("size(1, 2, 3)", 5, "wrong_arguments", &["3 arguments"]),
        ("coalesce()", 5, "wrong_arguments", &["no argument"]),
        ("has(vars.x, 1)", 5, "wrong_arguments", &["one argument"]),
        (
            "has(vars.list[0])",
            5,
            "wrong_arguments",
            &["ends with a name"],
        ),
        ("vars.list.map(1, 2)", 15, "wrong_arguments", &["map(x"]),
        (
            "vars.list.all(x)",
            15,
            "wrong_arguments",
            &["all(x, condition"],
        ),
        ("vars.?x", 10, "expression_syntax", &["name"]),
        ("vars.map.?x", 14, "expression_syntax", &["optional"]),
        ("Foo{a: 1}", 8, "expression_syntax", &["message type"]),
        ("1 + #", 9, "expression_syntax", &["`#`"]),
        ("1 + \u{202e}", 9, "expression_syntax", &["\\u{202e}"]),
    ];
    for (source, column, code, parts) in cases {
        expect(&misread(source), *column, code, parts);
    }
}

#[test]
fn problems_before_the_run_name_what_is_nearest() {
    let cases: &[(&str, u32, &str, &[&str])] = &[
        (
            "vars.txet == 'a'",
            5,
            "unknown_name",
            &["variable `txet`", "vars.text"],
        ),
        (
            "size(assets.wep)",
            10,
            "unknown_name",
            &["asset group `wep`", "assets.web"],
        ),
        (
            "steps.aa.output",
            5,
            "unknown_name",
            &["step that is visible here `aa`", "steps.a"],
        ),
        (
            "steps.a.ouptut",
            5,
            "unknown_name",
            &["step `a` has no `ouptut`", "`output`"],
        ),
        ("itme.x", 5, "unknown_name", &["`itme`", "`item`"]),
        (
            "1 + 'a'",
            7,
            "type_mismatch",
            &["int + string", "string(…)"],
        ),
        ("1 + 1.0", 7, "type_mismatch", &["int + double"]),
        ("vars.text > 3", 15, "type_mismatch", &["string > int"]),
        ("vars.text == 3", 15, "type_mismatch", &["never equal"]),
        ("!vars.x", 6, "type_mismatch", &["! needs a bool", "int"]),
        (
            "vars.flag && vars.text",
            18,
            "type_mismatch",
            &["&& needs a bool", "string"],
        ),
        ("vars.x ? 1 : 2", 5, "type_mismatch", &["? : needs a bool"]),
        ("-vars.text", 5, "type_mismatch", &["string"]),
        (
            "vars.text.y",
            15,
            "type_mismatch",
            &["type string has no `y`", "json(text)"],
        ),
        (
            "vars.list.y",
            15,
            "type_mismatch",
            &["type list has no `y`"],
        ),
        ("vars.text[0]", 14, "type_mismatch", &["charAt"]),
        (
            "vars.x.map(i, i)",
            12,
            "type_mismatch",
            &["map() does not go through type int"],
        ),
        (
            "vars.list.filter(i, 1)",
            25,
            "type_mismatch",
            &["filter() needs a bool"],
        ),
        (
            "vars.list.contains('a')",
            15,
            "type_mismatch",
            &["(list, string)", "string.contains(string)"],
        ),
        ("1 in vars.text", 7, "type_mismatch", &["contains(part)"]),
        ("1.5 % 2.0", 9, "type_mismatch", &["ints"]),
        ("{1.5: 2}", 6, "type_mismatch", &["key is of type double"]),
        ("type(1) < int", 13, "type_mismatch", &["type < type"]),
    ];
    for (source, column, code, parts) in cases {
        let problems = problems(source);
        assert_eq!(problems.len(), 1, "{source}: {problems:?}");
        expect(&problems[0], *column, code, parts);
    }
    assert_eq!(problems("vars.aa + vars.bb + (1 + 'a')").len(), 3);
}

#[test]
fn names_that_stand_alone_say_where_they_may_be_meant() {
    let cases: &[(&str, u32, &[&str])] = &[
        ("ratio > 1.0", 5, &["`ratio`", "`vars.ratio`"]),
        ("size(web)", 10, &["`web`", "`assets.web`"]),
        ("a.x", 5, &["`a`", "`steps.a.output`"]),
        ("step.a.output", 5, &["`step`", "`steps`"]),
        ("error.cod == 'a'", 11, &["`error` has no `cod`", "`code`"]),
    ];
    for (source, column, parts) in cases {
        expect(&problems(source)[0], *column, "unknown_name", parts);
    }
}

#[test]
fn keys_that_are_computed_are_not_shown() {
    let cases: &[(&str, &[&str])] = &[
        ("vars.map['b_c']", &["`b_c`", "`b-c`"]),
        ("vars.map[vars.text]", &["2 keys", "this string"]),
        ("vars.map[1]", &["this int"]),
    ];
    for (source, parts) in cases {
        expect(&problem(source), 13, "missing_value", parts);
    }
}

#[test]
fn problems_during_the_run_say_where_and_why() {
    let cases: &[(&str, u32, &str, &[&str])] = &[
        (
            "steps.a.output.rows[0].prot",
            28,
            "missing_value",
            &["2 keys", "`prot`", "`port`"],
        ),
        (
            "steps.a.output.rows[2]",
            24,
            "missing_value",
            &["2 elements", "none at 2"],
        ),
        ("vars.none.x", 15, "missing_value", &["null has no `x`"]),
        ("vars.x / 0", 12, "arithmetic", &["divisor is 0"]),
        ("9223372036854775807 + 1", 25, "arithmetic", &["no int"]),
        ("0u - 1u", 8, "arithmetic", &["no uint"]),
        ("dyn(1) + 'a'", 12, "type_mismatch", &["int + string"]),
        ("dyn(1) < 'a'", 12, "type_mismatch", &["no order"]),
        ("dyn(1) ? 1 : 2", 5, "type_mismatch", &["needs a bool"]),
        (
            "vars.list.join()",
            15,
            "type_mismatch",
            &["is of type int", "string(x)"],
        ),
        ("int('12x')", 5, "invalid_argument", &["3 bytes"]),
        ("1.0 / 0.0", 5, "not_json", &["inf"]),
        ("b'a'", 5, "not_json", &["1 bytes", "string"]),
        ("int", 5, "not_json", &["type int"]),
        ("{'1': 1, 1: 2}", 5, "not_json", &["two keys"]),
        ("{'a': 1, 'a': 2}", 14, "invalid_argument", &["twice"]),
        (
            "'a'.matches('(')",
            9,
            "invalid_argument",
            &["regular expression"],
        ),
        ("json('{')", 5, "invalid_argument", &["line 1 column 1"]),
        (
            "cidr_hosts('10.0.0.0/8')",
            5,
            "expression_limit",
            &["2^24", "65536"],
        ),
        ("cidr_hosts('ten')", 5, "invalid_argument", &["no network"]),
        (
            "'abc'.substring(2, 1)",
            11,
            "invalid_argument",
            &["position 2", "3 characters"],
        ),
        ("nobody", 5, "unknown_name", &["`nobody`"]),
    ];
    for (source, column, code, parts) in cases {
        expect(&problem(source), *column, code, parts);
    }
}

#[test]
fn values_of_the_run_are_not_in_messages() {
    let secret = "'hunter2hunter2'";
    for source in [
        "int(S)",
        "bool(S)",
        "json(S)",
        "cidr_hosts(S)",
        "{'a': 1}[S + 'x'] == S",
        "S.x",
    ] {
        let source = source.replace('S', &format!("dyn({secret})"));
        let problem = problem(&source);
        assert!(!problem.message.contains("hunter2"), "{problem}");
    }
}

#[test]
fn places_of_further_lines_count_from_their_column() {
    let found = problem("vars.x +\n  steps.a.output.y");
    assert_eq!((found.place.line, found.place.column), (11, 7 + 17));
}

#[test]
fn references_are_told_once_and_without_variables_of_macros() {
    let source = "vars.x + vars['x'] + steps['a-b'].output.size() + item.n + vars.list.map(item, item + index)[0]";
    let expression = Expression::parse(source, origin()).expect("it can be read");
    let references: Vec<_> = expression
        .references()
        .iter()
        .map(|one| {
            (
                one.root,
                one.name.as_str(),
                one.field.as_deref(),
                one.place.column,
            )
        })
        .collect();
    assert_eq!(
        references,
        [
            (Root::Variable, "x", None, 5),
            (Root::Step, "a-b", Some("output"), 26),
            (Root::Binding, "item", None, 55),
            (Root::Variable, "list", None, 64),
            (Root::Binding, "index", None, 91),
        ]
    );
}

#[test]
fn types_before_the_run_are_those_of_the_value() {
    use tenzik_scenario::cel::Type;
    let cases = [
        ("1 + 2", Type::Int),
        ("vars.x > 2", Type::Bool),
        ("vars.text + string(vars.x)", Type::String),
        ("vars.list.map(x, x)", Type::List),
        ("vars.none == null ? 1 : 2", Type::Int),
        ("steps.a.output", Type::Dyn),
        ("coalesce(vars.text, '')", Type::String),
        ("[1][0]", Type::Dyn),
        ("1.5", Type::Double),
    ];
    for (source, wanted) in cases {
        let expression = Expression::parse(source, origin()).expect(source);
        assert_eq!(
            expression.check(&super::World::new()),
            Ok(wanted),
            "{source}"
        );
    }
    assert_eq!(value("vars.flag"), serde_json::json!(true));
}

#[test]
fn names_that_are_reserved_are_no_bindings() {
    for name in [
        "vars", "assets", "steps", "error", "in", "if", "true", "null", "int", "map", "type",
    ] {
        assert!(is_reserved_name(name), "{name}");
        let read = Expression::parse(name, origin());
        let references = read.map(|expression| expression.references().len());
        assert_eq!(
            references.unwrap_or(0),
            usize::from(name == "error"),
            "{name}"
        );
    }
    for name in ["item", "host", "has", "size", "index", "vars2"] {
        assert!(!is_reserved_name(name), "{name}");
        let read = Expression::parse(name, origin()).expect(name);
        assert_eq!(read.references()[0].root, Root::Binding);
    }
}
