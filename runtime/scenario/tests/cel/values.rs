//! Values of expressions.

use serde_json::json;

use super::value;

#[test]
fn expressions_have_the_values_of_the_language() {
    let cases = [
        ("steps.a.output.x > 3", json!(true)),
        ("1 + 2 * 3 - 4 / 2 % 3", json!(5)),
        ("-vars.x - -2", json!(-1)),
        ("!!true && !false", json!(true)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("0xff + 0x1", json!(256)),
        ("18446744073709551615u", json!(u64::MAX)),
        (
            "vars.huge > 1 && vars.huge == 18446744073709551615u",
            json!(true),
        ),
        ("1.5e3 + .5", json!(1500.5)),
        ("'a' + \"b\" + r'\\n' + '''c'''", json!("ab\\nc")),
        ("'\\u00e9\\x41\\101\\n'", json!("éAA\n")),
        ("b'\\xff\\101' == b\"\\377A\"", json!(true)),
        ("[1, 2,] + [3]", json!([1, 2, 3])),
        ("{'a': 1, \"b\": [null]}", json!({"a": 1, "b": [null]})),
        (
            "{1: 'a', 2u: 'b', true: 'c'}",
            json!({"1": "a", "2": "b", "true": "c"}),
        ),
        ("vars.map['b-c'] + vars.map.`b-c`", json!(4)),
        ("vars.list[0] + vars.list[2u] + vars.list[1.0]", json!(6)),
        (
            "1 < 1.5 && 1u < 2 && 2.0 == 2 && 1 != dyn('a')",
            json!(true),
        ),
        (
            "3 in vars.list && !(4 in vars.list) && 'a' in vars.map",
            json!(true),
        ),
        (
            "vars.x == 1 ? 'one' : vars.x == 3 ? 'three' : 'other'",
            json!("three"),
        ),
        ("false && 1 / 0 > 0 || true", json!(true)),
        ("1 / 0 > 0 || true", json!(true)),
        ("1 / 0 > 0 && false", json!(false)),
        (
            "has(vars.map.a) && !has(vars.map.z) && has(steps.a.output) && !has(steps.a.error)",
            json!(true),
        ),
        (
            "vars.list.all(i, i > 0) && vars.list.exists(i, i == 2) && vars.list.exists_one(i, i == 2)",
            json!(true),
        ),
        (
            "[0, 1].exists(i, 1 / i == 1) && ![0, 1].all(i, 1 / i == 2)",
            json!(true),
        ),
        ("vars.list.map(i, i * 2).filter(i, i > 2)", json!([4, 6])),
        ("vars.list.map(i, i > 1, string(i))", json!(["2", "3"])),
        ("vars.map.map(k, k + '!')", json!(["a!", "b-c!"])),
        (
            "steps.a.output.rows.filter(r, r.port < 80).map(r, r.name)",
            json!(["ssh"]),
        ),
        (
            "[[1, 2], [3]].map(l, l.map(x, x + l[0]))",
            json!([[2, 3], [6]]),
        ),
        ("[1].map(vars, vars + 1)", json!([2])),
        ("steps['a-b'].output.size()", json!(4)),
        ("item.host + string(index)", json!("h0")),
        ("error.exit != 30", json!(false)),
        (
            "coalesce(vars.none, vars.map.zz, vars.list[9], steps.a.error.message, 'last')",
            json!("last"),
        ),
        ("coalesce(null)", json!(null)),
        (
            "type(1) == int && type(type) == type && type([]) == list",
            json!(true),
        ),
        ("assets.web.size() + size('né')", json!(4)),
        ("cidr_hosts('10.0.0.5')", json!(["10.0.0.5"])),
        ("cidr_hosts('fd00::/127')", json!(["fd00::", "fd00::1"])),
        (
            "in_cidr('10.0.0.0/24', '10.0.0.0/8') && !in_cidr('fd00::1', '10.0.0.0/8')",
            json!(true),
        ),
        ("'a,b'.split(',').join('+')", json!("a+b")),
        ("''.split(',')", json!([""])),
        ("'abc'.split('')", json!(["a", "b", "c"])),
        ("json('[1,{\"a\":null}]')[1].a == null", json!(true)),
        ("true ? 1 : 'a' // a comment", json!(1)),
    ];
    for (source, wanted) in cases {
        assert_eq!(value(source), wanted, "{source}");
    }
}
