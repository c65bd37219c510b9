//! The examples of RFC 9535.

use super::{check, select};

const STORE: &str = r#"{"store":{"book":[
    {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
    {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
    {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
    {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
    "bicycle":{"color":"red","price":399}}}"#;

#[test]
fn section_1_5() {
    let authors = r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#;
    let cheap = r#"["Sayings of the Century","Moby Dick"]"#;
    check(
        STORE,
        &[
            ("$.store.book[*].author", authors),
            ("$..author", authors),
            ("$.store..price", "[8.95,12.99,8.99,22.99,399]"),
            ("$..book[2].author", r#"["Herman Melville"]"#),
            ("$..book[2].publisher", "[]"),
            ("$..book[-1].title", r#"["The Lord of the Rings"]"#),
            ("$..book[0,1].price", "[8.95,12.99]"),
            ("$..book[:2].price", "[8.95,12.99]"),
            ("$..book[?@.isbn].price", "[8.99,22.99]"),
            ("$..book[?@.price<10].title", cheap),
        ],
    );
    for (query, count) in [("$.store.*", 2), ("$..*", 27)] {
        let result = select(STORE, query).unwrap();
        let values: Vec<serde_json::Value> = serde_json::from_str(&result).unwrap();
        assert_eq!(values.len(), count, "{query}");
    }
}

#[test]
fn selectors_of_section_2_3() {
    check(
        r#"{"o":{"j j":{"k.k":3}},"'":{"@":2}}"#,
        &[
            ("$.o['j j']", r#"[{"k.k":3}]"#),
            ("$.o['j j']['k.k']", "[3]"),
            (r#"$.o["j j"]["k.k"]"#, "[3]"),
            (r#"$["'"]["@"]"#, "[2]"),
        ],
    );
    check(
        r#"{"o":{"j":1,"k":2},"a":[5,3]}"#,
        &[
            ("$[*]", r#"[{"j":1,"k":2},[5,3]]"#),
            ("$.o[*]", "[1,2]"),
            ("$.o[*,*]", "[1,2,1,2]"),
            ("$.a[*]", "[5,3]"),
        ],
    );
    check(
        r#"["a","b"]"#,
        &[
            ("$[1]", r#"["b"]"#),
            ("$[-2]", r#"["a"]"#),
            ("$[2]", "[]"),
            ("$[-3]", "[]"),
        ],
    );
    check(
        r#"["a","b","c","d","e","f","g"]"#,
        &[
            ("$[1:3]", r#"["b","c"]"#),
            ("$[5:]", r#"["f","g"]"#),
            ("$[1:5:2]", r#"["b","d"]"#),
            ("$[5:1:-2]", r#"["f","d"]"#),
            ("$[::-1]", r#"["g","f","e","d","c","b","a"]"#),
            (
                "$[-9007199254740991:9007199254740991:9007199254740991]",
                r#"["a"]"#,
            ),
            (
                "$[9007199254740991:-9007199254740991:-9007199254740991]",
                r#"["g"]"#,
            ),
        ],
    );
}

#[test]
fn table_11_comparisons() {
    let rows = [
        ("$.absent1 == $.absent2", true),
        ("$.absent1 <= $.absent2", true),
        ("$.absent1 >= $.absent2", true),
        ("$.absent1 < $.absent2", false),
        ("$.absent == 'g'", false),
        ("$.absent1 != $.absent2", false),
        ("$.absent != 'g'", true),
        ("1 <= 2", true),
        ("1 > 2", false),
        ("13 == '13'", false),
        ("'a' <= 'b'", true),
        ("'a' > 'b'", false),
        ("$.obj == $.arr", false),
        ("$.obj != $.arr", true),
        ("$.obj == $.obj", true),
        ("$.obj != $.obj", false),
        ("$.arr == $.arr", true),
        ("$.arr != $.arr", false),
        ("$.obj == 17", false),
        ("$.obj != 17", true),
        ("$.obj <= $.arr", false),
        ("$.obj < $.arr", false),
        ("$.obj <= $.obj", true),
        ("$.arr <= $.arr", true),
        ("1 <= $.arr", false),
        ("1 >= $.arr", false),
        ("1 > $.arr", false),
        ("1 < $.arr", false),
        ("true <= true", true),
        ("true > true", false),
        ("false < true", false),
        ("null <= null", true),
    ];
    let json = r#"{"obj":{"x":"y"},"arr":[2,3]}"#;
    for (condition, expected) in rows {
        let selected = select(json, &format!("$[?{condition}]")).unwrap();
        assert_eq!(selected != "[]", expected, "{condition}");
        // The same condition, where it cannot be evaluated ahead.
        let query = format!("$[?@ && ({})]", condition.replace("$.", "@[0]."));
        let selected = select(&format!("[[{json}]]"), &query).unwrap();
        assert_eq!(selected != "[]", expected, "{query}");
    }
}

#[test]
fn filters_of_section_2_3_5() {
    check(
        r#"{"a":[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}],"o":{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}},"e":"f"}"#,
        &[
            ("$.a[?@.b == 'kilo']", r#"[{"b":"kilo"}]"#),
            ("$.a[?(@.b == 'kilo')]", r#"[{"b":"kilo"}]"#),
            ("$.a[?@>3.5]", "[5,4,6]"),
            (
                "$.a[?@.b]",
                r#"[{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]"#,
            ),
            (
                "$[?@.*]",
                r#"[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}],{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}}]"#,
            ),
            (
                "$[?@[?@.b]]",
                r#"[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]]"#,
            ),
            ("$.o[?@<3, ?@<3]", "[1,2,1,2]"),
            ("$.a[?@<2 || @.b == \"k\"]", r#"[1,{"b":"k"}]"#),
            ("$.a[?match(@.b, \"[jk]\")]", r#"[{"b":"j"},{"b":"k"}]"#),
            (
                "$.a[?search(@.b, \"[jk]\")]",
                r#"[{"b":"j"},{"b":"k"},{"b":"kilo"}]"#,
            ),
            ("$.o[?@>1 && @<4]", "[2,3]"),
            ("$.o[?@.u || @.x]", r#"[{"u":6}]"#),
            ("$.a[?@.b == $.x]", "[3,5,1,2,4,6]"),
            (
                "$.a[?@ == @]",
                r#"[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]"#,
            ),
        ],
    );
}

#[test]
fn descendants_of_section_2_5_2() {
    check(
        r#"{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}"#,
        &[
            ("$..j", "[1,4]"),
            ("$..[0]", r#"[5,{"j":4}]"#),
            (
                "$..[*]",
                r#"[{"j":1,"k":2},[5,3,[{"j":4},{"k":6}]],1,2,5,3,[{"j":4},{"k":6}],{"j":4},{"k":6},4,6]"#,
            ),
            ("$..o", r#"[{"j":1,"k":2}]"#),
            ("$.o..[*, *]", "[1,2,1,2]"),
            ("$.a..[0, 1]", r#"[5,3,{"j":4},{"k":6}]"#),
        ],
    );
}
