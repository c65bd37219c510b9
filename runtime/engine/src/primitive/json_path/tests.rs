mod generate;
mod oracle;
mod rfc_9535;
mod soundness;

use super::*;

fn select(json: &str, query: &str) -> Result<String, Status> {
    let prepared = prepare(json.as_bytes(), query.as_bytes())?;
    prepared
        .evaluate(1 << 24)
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

#[track_caller]
fn check(json: &str, rows: &[(&str, &str)]) {
    for (query, expected) in rows {
        assert_eq!(
            select(json, query).as_deref(),
            Ok(*expected),
            "{query} on {json}"
        );
    }
}

#[test]
fn values_come_out_as_they_were_written() {
    let json = r#" { "z" : 1.0 , "a" : [ 1e400 , -0 , 123456789012345678901234567890 ] ,
        "é\u0041" : "\u00e4\/\ud83d\ude00 \ud800" , "n" : { } , "e" : [ ] , "t" : [ true , null ] } "#;
    check(
        json,
        &[
            ("$.z", "[1.0]"),
            ("$.a[*]", "[1e400,-0,123456789012345678901234567890]"),
            ("$.a", "[[1e400,-0,123456789012345678901234567890]]"),
            ("$['éA']", r#"["\u00e4\/\ud83d\ude00 \ud800"]"#),
            ("$['n','e','t']", "[{},[],[true,null]]"),
            ("$.missing", "[]"),
            (
                "$",
                r#"[{"z":1.0,"a":[1e400,-0,123456789012345678901234567890],"é\u0041":"\u00e4\/\ud83d\ude00 \ud800","n":{},"e":[],"t":[true,null]}]"#,
            ),
        ],
    );
    check(
        " 1.50 ",
        &[
            ("$", "[1.50]"),
            ("$.a", "[]"),
            ("$[0]", "[]"),
            ("$..*", "[]"),
        ],
    );
}

#[test]
fn members_keep_the_order_of_their_text() {
    let json = r#"{"b":1,"a":{"d":2,"c":3},"B":4}"#;
    check(
        json,
        &[
            ("$.*", r#"[1,{"d":2,"c":3},4]"#),
            ("$..*", r#"[1,{"d":2,"c":3},4,2,3]"#),
            ("$[?@>0]", "[1,4]"),
            ("$['a','b']", r#"[{"d":2,"c":3},1]"#),
        ],
    );
}

#[test]
fn a_name_selects_the_last_of_duplicates_and_everything_else_sees_all() {
    let json =
        r#"{"a":1,"b":{"x":1,"x":2},"\u0061":2,"c":{"x":1,"x":2},"d":{"x":2,"x":1},"e":{"x":2}}"#;
    check(
        json,
        &[
            ("$.a", "[2]"),
            ("$['a','a']", "[2,2]"),
            ("$.b.x", "[2]"),
            ("$.b", r#"[{"x":1,"x":2}]"#),
            ("$.b.*", "[1,2]"),
            ("$.b[?@>0]", "[1,2]"),
            ("$..x", "[2,2,1,2]"),
            (
                "$[?length(@)==2]",
                r#"[{"x":1,"x":2},{"x":1,"x":2},{"x":2,"x":1}]"#,
            ),
            ("$[?@==$.b]", r#"[{"x":1,"x":2},{"x":1,"x":2}]"#),
            ("$[?@.x==2].x", "[2,2,2]"),
        ],
    );
}

#[test]
fn numbers_are_compared_exactly() {
    let json =
        r#"[1,1.0,10e-1,9007199254740993,9007199254740992,1e400,1e401,-0,0.1,0.10000000000000001]"#;
    check(
        json,
        &[
            ("$[?@==1]", "[1,1.0,10e-1]"),
            ("$[?@==9007199254740993]", "[9007199254740993]"),
            ("$[?@>1e400]", "[1e401]"),
            ("$[?@==0]", "[-0]"),
            ("$[?@==0.1]", "[0.1]"),
            ("$[?@<1]", "[-0,0.1,0.10000000000000001]"),
        ],
    );
}

#[test]
fn contents_are_compared_whatever_their_order_and_writing() {
    let json = r#"{"want":{"a":[1,{"b":"ä"}],"c":null},"from":[
        {"c":null,"a":[1.0,{"b":"\u00e4"}]},{"a":[1,{"b":"ä"}]},{"a":[{"b":"ä"},1],"c":null},
        {"a":[1,{"b":"ä"}],"c":null,"d":1},[],{},{"a":1,"d":2},null]}"#;
    check(
        json,
        &[
            ("$.from[?@==$.want].a[0]", "[1.0]"),
            (
                "$.from[?@!=$.want && @.d]",
                r#"[{"a":[1,{"b":"ä"}],"c":null,"d":1},{"a":1,"d":2}]"#,
            ),
            ("$.from[?@<=$.want].a[0]", "[1.0]"),
            ("$.from[?@<$.want]", "[]"),
            ("$.from[?@==$.from[4]]", "[[]]"),
            ("$.from[?@==$.from[5]]", "[{}]"),
            (
                "$.from[?@.x==@.y && @.x<=$.nothing]",
                "[{\"c\":null,\"a\":[1.0,{\"b\":\"\\u00e4\"}]},{\"a\":[1,{\"b\":\"ä\"}]},{\"a\":[{\"b\":\"ä\"},1],\"c\":null},{\"a\":[1,{\"b\":\"ä\"}],\"c\":null,\"d\":1},[],{},{\"a\":1,\"d\":2},null]",
            ),
        ],
    );
}

#[test]
fn patterns_from_the_document() {
    let json = r#"{"p":"a.*","n":1,"v":["ab","ba","a",1],"bad":"(","deep":{"q":"b\u0061"}}"#;
    check(
        json,
        &[
            ("$.v[?match(@,$.p)]", r#"["ab","a"]"#),
            ("$.v[?search(@,value($..q))]", r#"["ba"]"#),
            ("$.v[?match(@,$.n)]", "[]"),
            ("$.v[?match(@,$.bad)]", "[]"),
            ("$.v[?match(@,$.missing)]", "[]"),
            ("$.v[?match($.p,'a[.][*]')]", r#"["ab","ba","a",1]"#),
        ],
    );
    let texts = format!("\"{}\",", "a".repeat(500)).repeat(20);
    let hostile = format!(r#"{{"p":"((a?){{30}}(a|a)*)b","v":[{texts}"ab"]}}"#);
    check(&hostile, &[("$.v[?search(@,$.p)]", r#"["ab"]"#)]);
    let costly = r#"{"p":"a{1000}","v":["a"]}"#;
    assert_eq!(
        select(costly, "$.v[?match(@,$.p)]"),
        Err(Status::TooComplex)
    );
    let long = format!(r#"{{"p":"{}","v":["a"]}}"#, "a".repeat(1025));
    assert_eq!(select(&long, "$.v[?match(@,$.p)]"), Err(Status::TooComplex));
}

#[test]
fn inputs_are_bounded() {
    let query = format!("$['{}']", "a".repeat(QUERY_BYTES_MAX - 5));
    assert_eq!(select("{}", &query).as_deref(), Ok("[]"));
    assert_eq!(select("{}", &(query + " ")), Err(Status::TooLarge));
    let blank = " ".repeat(JSON_BYTES_MAX - 1);
    assert_eq!(select(&format!("{blank}1"), "$").as_deref(), Ok("[1]"));
    assert_eq!(select(&format!("{blank} 1"), "$"), Err(Status::TooLarge));
    assert_eq!(prepare(b"{}", b"$.\xff").err(), Some(Status::InvalidQuery));
    assert_eq!(select("{", "$x"), Err(Status::InvalidQuery));
    assert_eq!(select("{", "$"), Err(Status::InvalidJson));
    assert_eq!(select(&"[".repeat(200), "$"), Err(Status::TooDeep));
}

#[test]
fn results_are_bounded_exactly() {
    let result = |query: &str, max| {
        let prepared = prepare(br#"{"a":[12,"xyz"],"b":[]}"#, query.as_bytes()).unwrap();
        prepared.evaluate(max).map(|bytes| bytes.len())
    };
    for (query, bytes) in [("$.a[*]", 10), ("$.x", 2), ("$", 25), ("$.b", 4)] {
        assert_eq!(result(query, bytes), Ok(bytes), "{query}");
        assert_eq!(result(query, bytes - 1), Err(Status::TooLarge), "{query}");
        assert_eq!(result(query, 0), Err(Status::TooLarge), "{query}");
    }
}

#[test]
fn work_that_multiplies_is_refused_before_it_starts() {
    let nested = "[".repeat(120) + &"1,".repeat(10_000) + "1" + &"]".repeat(120);
    for query in [
        "$..*..*..*",
        "$..[?@..[?@..a]]",
        "$[*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*][*,*,*,*]..*",
    ] {
        assert_eq!(select(&nested, query), Err(Status::TooComplex), "{query}");
    }
    let wide = format!("[{}1]", "\"abcdefghijklmnopqrstuvwxyz\",".repeat(30_000));
    assert_eq!(
        select(&wide, "$[?search(@,'(.*a){100}.*z')]"),
        Err(Status::TooComplex)
    );
    assert_eq!(
        select(&wide, "$[?search(@,'(.*a){100}')]"),
        Err(Status::TooComplex)
    );
    assert_eq!(select(&wide, "$[?search(@,'b{2}')]").as_deref(), Ok("[]"));
    assert_eq!(select(&nested, "$..a..b").as_deref(), Ok("[]"));
}

#[test]
fn work_is_linear_for_everyday_queries() {
    let record = r#"{"id":12345,"host":"10.0.0.1","ports":[{"n":22,"state":"open"},{"n":80,"state":"closed"}],"tag":"x"}"#;
    let json = format!("[{}]", [record; 2000].join(","));
    for query in [
        "$[*].ports[?@.state=='open'].n",
        "$..state",
        "$..[?@.n>50]",
        "$[?@.tag==$[0].tag].id",
        "$[?@.ports[?@.n==22]].host",
        "$[?count(@.ports[*])>1 && length(@.host)<9]",
        "$[?@.ports==$[7].ports].id",
        "$[?match(@.host,'10[.].*')].id",
    ] {
        let work = prepare(json.as_bytes(), query.as_bytes()).unwrap().work();
        assert!(
            work < 20 * json.len() as u64,
            "{query}: {work} for {}",
            json.len()
        );
    }
}

/// The engine calls this on whatever stack is left to a host function.
#[test]
fn the_deepest_recursion_fits_a_small_stack() {
    let deepest = || {
        let arrays = "[".repeat(128) + &"]".repeat(128);
        let twins = format!("[{0},{0}]", "{\"a\":".repeat(127) + "1" + &"}".repeat(127));
        let filters = "$".to_owned() + &"[?@".repeat(32) + &"]".repeat(32);
        let segments = "$".to_owned() + &"[*]".repeat(127);
        let named = "$".to_owned() + &"..*".repeat(2);
        for query in [filters.as_str(), &segments, &named, "$[?@==$[0]]"] {
            select(&arrays, query).unwrap();
            select(&twins, query).unwrap();
        }
        let parentheses = format!("$[?{}@{}]", "(".repeat(31), ")".repeat(31));
        select(&arrays, &parentheses).unwrap();
        let pattern = format!("$[?match('',\"{}{}\")]", "(".repeat(32), ")".repeat(32));
        select(&arrays, &pattern).unwrap();
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(deepest)
        .unwrap();
    thread.join().unwrap();
}

const STACK_BYTES: usize = 512 << 10;
