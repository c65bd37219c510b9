//! Texts and values that are made to take time, memory or stack. Each test runs on a thread with
//! 512 KiB of stack, a quarter of what threads have otherwise.

use serde_json::{Value, json};
use tenzik_scenario::cel::limits::{
    LIST_ELEMENTS_MAX, NESTING_MAX, SOURCE_BYTES_MAX, STRING_BYTES_MAX, VALUE_DEPTH_MAX,
};
use tenzik_scenario::cel::{Environment, Expression, Root, Template};

use super::{World, misread, origin};

/// Stack of the threads that the tests run on.
const STACK_BYTES: usize = 512 * 1024;

/// Runs a test with little stack.
#[track_caller]
fn with_little_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let running = thread.spawn(test).expect("a thread");
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

/// One variable `big` of any value.
struct Big(Value);

impl Environment for Big {
    fn value(&self, _: Root, name: &str, _: Option<&str>) -> Option<std::borrow::Cow<'_, Value>> {
        (name == "big").then_some(std::borrow::Cow::Borrowed(&self.0))
    }
}

/// Reads, checks and evaluates, whatever comes of it.
fn try_all(source: &str) {
    if let Ok(expression) = Expression::parse(source, origin()) {
        let _ = expression.check(&World::new());
        let _ = expression.evaluate(&World::new());
        drop(expression.clone());
    }
    let _ = Template::parse(&format!("${{{{ {source} }}}}"), origin());
    let _ = Template::parse(source, origin());
}

/// `part` so often that the text is as long as it may be, between a beginning and an end.
fn filled(begin: &str, part: &str, end: &str) -> String {
    let count = (SOURCE_BYTES_MAX - begin.len() - end.len()) / part.len();
    format!("{begin}{}{end}", part.repeat(count))
}

#[test]
fn texts_of_one_pattern_are_read_or_refused_without_stack() {
    with_little_stack(|| {
        for part in [
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "!",
            "-",
            "- ",
            "?",
            ":",
            ",",
            ".",
            "..",
            "'",
            "\"",
            "`",
            "'''",
            "\\",
            "b'",
            "r'",
            "a?",
            "(a?",
            "a?b:",
            "[[",
            "{{",
            "{1:",
            "{a:{",
            "f(",
            "a.f(",
            "a.map(x,",
            "a[",
            "a.b",
            ".b",
            "a&&",
            "a||",
            "a&&b||",
            "a+",
            "a*b+",
            "a<",
            "a in ",
            "!(",
            "-(",
            "!-",
            "0",
            "0x",
            "1e",
            "1.",
            ".1",
            "9u",
            "\0",
            "\u{202e}",
            "é",
            "\u{10ffff}",
            "//",
            "//\n",
            "\n",
            "$",
            "${{",
            "}}",
            "$${{",
            "has(",
            "size(",
            "coalesce(",
            "vars.",
            "vars[",
            "steps.a.",
            "'\\",
            "'\\u",
            "'\\x",
            "true",
            "null ",
            "a b ",
        ] {
            for (begin, end) in [
                ("", ""),
                ("a", "a"),
                ("", "1"),
                ("1", ""),
                ("'", "'"),
                ("(", ")"),
            ] {
                try_all(&filled(begin, part, end));
            }
        }
    });
}

#[test]
fn chains_are_flat_and_nesting_is_bounded() {
    with_little_stack(|| {
        for (begin, part, end) in [
            ("1", "+1", ""),
            ("true", "&&true", ""),
            ("false", "||false", ""),
            ("1", "<1", ""),
            ("vars.map", ".a", ""),
            ("vars.list", "[0]", ""),
            ("vars.text", ".trim()", ""),
            ("vars.list", ".map(x,x)", ""),
            ("", "false?1:", "2"),
            ("", "!", "true"),
            ("", "-", "1"),
            ("[", "1,", "1]"),
        ] {
            let source = filled(begin, part, end);
            let expression = Expression::parse(&source, origin()).expect(part);
            let _ = expression.check(&World::new());
            let _ = expression.evaluate(&World::new());
        }
        let deep = |count: usize, open: &str, close: &str| {
            format!("{}1{}", open.repeat(count), close.repeat(count))
        };
        let most = usize::from(NESTING_MAX) - 1;
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{1:", "}"),
            ("!(", ")"),
            ("size([", "])"),
            ("[1][", "]"),
            ("1+(2*", ")"),
            ("(1?", ":2)"),
        ] {
            let source = deep(most / open.len(), open, close);
            Expression::parse(&source, origin())
                .expect(&source)
                .check(&World::new())
                .ok();
            let refused = misread(&deep(most + 1, open, close));
            assert_eq!(refused.code, "expression_limit", "{open}: {refused}");
            assert!(refused.message.contains("64"), "{refused}");
        }
        Expression::parse(&deep(most, "[", "]"), origin()).expect("as deep as allowed");
        let refused = misread("[1].map(a, [1].map(b, [1].map(c, [1].map(d, d))))");
        assert_eq!(
            (refused.code, refused.place.column),
            ("expression_limit", 42)
        );
        let long = misread(&" ".repeat(SOURCE_BYTES_MAX + 1));
        assert_eq!(long.code, "expression_limit");
        assert!(long.message.contains("8193"), "{long}");
    });
}

/// The problem of an evaluation that runs into a bound.
fn bounded(source: &str, big: Value) -> String {
    let expression = Expression::parse(source, origin()).expect(source);
    match expression.evaluate(&Big(big)) {
        Ok(value) => panic!("{source} has a value of {} bytes", value.to_string().len()),
        Err(problem) => {
            assert_eq!(problem.code, "expression_limit", "{source}: {problem}");
            problem.message
        }
    }
}

#[test]
fn loops_over_loops_run_out_of_steps() {
    let list: Value = (0..2000).collect();
    for source in [
        "vars.big.all(a, vars.big.all(b, vars.big.all(c, a + b + c >= 0)))",
        "vars.big.map(a, vars.big.map(b, a * b)).size()",
        "vars.big.all(a, vars.big.all(b, !([b] in vars.big)))",
        "vars.big.exists(a, a / 0 == 1 || vars.big.exists(b, b / 0 == 1))",
        "vars.big.all(a, coalesce(vars.big.map(b, b)[a + 5000], true))",
        "vars.big.all(a, a in vars.big.reverse())",
    ] {
        let message = bounded(source, list.clone());
        let bound = ["1000000 steps", "16777216 bytes"];
        assert!(
            bound.iter().any(|bound| message.contains(bound)),
            "{message}"
        );
    }
}

#[test]
fn strings_and_lists_that_double_run_out_of_bytes() {
    let text = "0123456789abcdef".repeat(16);
    let doubled = format!("[vars.big]{}", ".map(x, x + x)".repeat(20));
    assert!(bounded(&doubled, json!(text)).contains("bytes"));
    let replaced = format!("vars.big{}", ".replace('', '0123456789')".repeat(10));
    assert!(bounded(&replaced, json!(text)).contains("string of"));
    let lists = format!("vars.big{}", ".map(x, [x, x]).flatten()".repeat(20));
    assert!(bounded(&lists, json!([1])).contains("bytes"));
    let flattened = "[vars.big, vars.big].flatten().size()";
    assert!(bounded(flattened, json!(vec![0; LIST_ELEMENTS_MAX])).contains("elements"));
    let large = json!("x".repeat(STRING_BYTES_MAX));
    assert!(
        bounded("[vars.big, vars.big, vars.big, vars.big]", large.clone()).contains("16777216")
    );
    assert!(bounded("[vars.big, 'x'].join()", large.clone()).contains("4194305"));
    assert!(bounded("to_json([vars.big, 1])", large.clone()).contains("string of"));
    assert!(bounded("{'a': vars.big + 'x'}", large).contains("string of"));
    let shared = format!(
        "[[1,1,1,1,1,1,1,1]]{}",
        ".map(x, [x,x,x,x,x,x,x,x])".repeat(12)
    );
    assert!(bounded(&shared, Value::Null).contains("bytes"));
    assert!(bounded(&format!("to_json({shared})"), Value::Null).contains("bytes"));
    assert!(bounded(&format!("{shared} == {shared}"), Value::Null).contains("steps"));
    assert!(bounded(&format!("({shared} + {shared}).distinct()"), Value::Null).contains("steps"));
}

#[test]
fn values_are_only_so_deep() {
    with_little_stack(|| {
        let deeper = format!("[1]{}", ".map(x, [[[[x]]]])".repeat(400));
        let message = bounded(&deeper, Value::Null);
        assert!(message.contains("96"), "{message}");
        let mut deep = json!(1);
        for _ in 0..VALUE_DEPTH_MAX {
            deep = json!([deep]);
        }
        let expression = Expression::parse("vars.big", origin()).expect("a name");
        assert!(expression.evaluate(&Big(deep.clone())).is_ok());
        assert!(bounded("[vars.big]", deep.clone()).contains("96"));
        let text = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        assert!(bounded("json(vars.big)", json!(text)).contains("96"));
        let expression = Expression::parse("vars.big == vars.big && [vars.big] != [1]", origin());
        assert_eq!(
            expression.expect("it can be read").evaluate(&Big(deep)),
            Ok(json!(true))
        );
    });
}

#[test]
fn sorting_is_bounded_and_stable() {
    let text = "x".repeat(4000);
    let rows: Vec<String> = (0..3000)
        .map(|row: u32| format!("{text}{}", row * 7919 % 3001))
        .collect();
    assert!(bounded("vars.big.sort().size()", json!(rows)).contains("steps"));
    let many: Value = (0..LIST_ELEMENTS_MAX)
        .map(|row| row * 7919 % 100_003)
        .collect();
    assert!(bounded("vars.big.sort().size()", many).contains("steps"));
    let fewer: Value = (0..20_000).rev().collect();
    let expression = Expression::parse("vars.big.sort()[0]", origin()).expect("it can be read");
    assert_eq!(expression.evaluate(&Big(fewer)), Ok(json!(0)));
    let mixed = json!([1, 1.0, "a", null, [1], [1.0], {"a": 1}, {"a": 1.0}, true, true, null, "a"]);
    let expression = Expression::parse("vars.big.distinct()", origin()).expect("it can be read");
    assert_eq!(
        expression.evaluate(&Big(mixed)),
        Ok(json!([1, "a", null, [1], {"a": 1}, true]))
    );
}

#[test]
fn regular_expressions_are_bounded() {
    let text = "a".repeat(100_000);
    let linear = Expression::parse("vars.big.matches('(a*)*b')", origin()).expect("it can be read");
    assert_eq!(linear.evaluate(&Big(json!(text))), Ok(json!(false)));
    for (pattern, part) in [
        ("(a{1000}){1000}", "65536"),
        (".{300}", "65536"),
        (&"a".repeat(1025), "1025"),
    ] {
        let message = bounded(&format!("vars.big.matches('{pattern}')"), json!(""));
        assert!(message.contains(part), "{message}");
    }
    let large = json!("x".repeat(STRING_BYTES_MAX));
    assert!(bounded("[vars.big, vars.big].exists(x, x.matches('y'))", large).contains("steps"));
    for pattern in ["(a?){300}b", "[ab]{500}c", ".{40}z", "(.*)(.*)[a-y]{30}z"] {
        let source = format!(
            "[{}].all(x, !x.matches('{pattern}'))",
            "vars.big,".repeat(16)
        );
        let message = bounded(&source, json!(text));
        assert!(message.contains("steps"), "{pattern}: {message}");
    }
    let many = "vars.big.all(i, 'x'.matches(string(i)) || true)";
    let list: Value = (0..10_000).collect();
    assert!(bounded(many, list).contains("steps"));
    for pattern in [
        "(?",
        "[",
        "\\\\",
        "(?P<",
        "a{99999999999}",
        &"(".repeat(500),
    ] {
        let source = format!("'x'.matches('{pattern}')");
        let problem = super::problem(&source);
        assert!(
            ["invalid_argument", "expression_limit"].contains(&problem.code),
            "{problem}"
        );
    }
}

#[test]
fn long_texts_and_lists_of_the_environment_pass_unchanged() {
    let large = json!(vec![1; 2_000_000]);
    let expression = Expression::parse("vars.big", origin()).expect("a name");
    assert_eq!(expression.evaluate(&Big(large.clone())), Ok(large.clone()));
    let size = Expression::parse("vars.big.size() + vars.big[1999999]", origin());
    assert_eq!(
        size.expect("it can be read").evaluate(&Big(large)),
        Ok(json!(2_000_001))
    );
}

#[test]
fn long_templates_are_refused() {
    let long = Template::parse(&"x".repeat(1024 * 1024 + 1), origin()).expect_err("too long");
    assert_eq!(long.code, "expression_limit");
    let many = Template::parse(&"${{ 1 }}".repeat(1001), origin()).expect_err("too many");
    assert!(many.message.contains("1000"), "{many}");
    let large = Big(json!("x".repeat(STRING_BYTES_MAX)));
    let twice = Template::parse("${{ vars.big }}${{ vars.big }}", origin()).expect("two");
    assert_eq!(
        twice.evaluate(&large).expect_err("too long").code,
        "expression_limit"
    );
}
