//! Comparison with the crate `serde_json_path`.

use serde_json::Value;
use serde_json_path::JsonPath;
use tenzik_host_abi::Status;

use super::super::prepare;
use super::generate::{Dice, document, mutated, segments};

/// Queries on which the oracle (0.7.2) is known to differ from RFC 9535: it panics on a string that
/// ends within `\u`, has no white space before `..`, and finds nothing for the index `-n` of an
/// array of `n` in an argument or comparison.
fn oracle_errs(query: &str) -> bool {
    let is_whitespace = |byte: u8| matches!(byte, b' ' | b'\n');
    let has_spaced_dots = query
        .as_bytes()
        .windows(3)
        .any(|three| is_whitespace(three[0]) && &three[1..] == b"..");
    query.contains("\\u") || has_spaced_dots || query.contains("[-") && query.contains('(')
}

/// Whether both agree; `None` if the query is beyond what is accepted here.
#[track_caller]
fn agree(json: &str, query: &str) -> Option<()> {
    let prepared = match prepare(json.as_bytes(), query.as_bytes()) {
        Err(Status::TooComplex) => return None,
        prepared => prepared,
    };
    if oracle_errs(query) {
        return prepared
            .and_then(|prepared| prepared.evaluate(1 << 20))
            .map(drop)
            .ok();
    }
    match (prepared, JsonPath::parse(query)) {
        (Ok(prepared), Ok(path)) => {
            let result = prepared.evaluate(1 << 20).unwrap();
            let ours: Vec<Value> = serde_json::from_slice(&result).unwrap();
            let value: Value = serde_json::from_str(json).unwrap();
            let theirs = path.query(&value).all();
            assert!(
                ours.iter().eq(theirs.iter().copied()),
                "{query}\n{json}\n{ours:?}\n{theirs:?}"
            );
        }
        (Err(status), Err(_)) => assert_eq!(status, Status::InvalidQuery, "{query}"),
        (ours, theirs) => panic!("{query}: {:?}, the oracle {:?}", ours.err(), theirs.err()),
    }
    Some(())
}

#[test]
fn random_queries_on_random_documents() {
    let mut dice = Dice(1);
    let mut compared = 0;
    for _ in 0..5000 {
        let json = document(&mut dice, 5);
        let query = format!("${}", segments(&mut dice, 3));
        compared += usize::from(agree(&json, &query).is_some());
    }
    assert!(compared > 4500, "{compared}");
}

#[test]
fn mutated_queries() {
    let mut dice = Dice(2);
    let json = document(&mut dice, 5);
    for _ in 0..20000 {
        let query = format!("${}", segments(&mut dice, 3));
        let query = mutated(&mut dice, &query);
        agree(&json, &query);
    }
}

#[test]
fn every_query_of_the_table_on_every_document() {
    let documents = [
        r#"{"a":1,"b":"x","c":[1,2,3,[4,5]],"d":{"a":{"a":2}},"e":null}"#,
        r#"[{"a":1,"b":2},{"a":"1","b":[]},{"a":true},{"b":null,"c":{"a":[1,{"a":3}]}},[0,[1,[2]]]]"#,
        r#"["a","ab","b","","\u00e4","\ud83d\ude00",0,1.5,-1,true,false,null,{},[]]"#,
        r#"{"":{"":[""]},"\n":1,"\"":2,"'":3,"\\":4,"a b":5,"ä":{"ö":["ü"]}}"#,
        r#"[[[[1]]],[[2,3],[]],[],[[],[[],[4]]]]"#,
        r#""text""#,
        "7",
        "[]",
        "{}",
    ];
    let queries = [
        "$",
        "$.a",
        "$.*",
        "$..*",
        "$..a",
        "$[0]",
        "$[-1]",
        "$[1]",
        "$[*].a",
        "$[*][*]",
        "$..[0]",
        "$..[-1]",
        "$[:2]",
        "$[1:]",
        "$[::2]",
        "$[::-1]",
        "$[-2:]",
        "$[3:0:-2]",
        "$[::0]",
        "$[5:1]",
        "$['a','b']",
        "$[0,0]",
        "$[0,'a',*]",
        "$..['a','b']",
        "$['']",
        "$['a b']",
        "$[\"'\"]",
        "$['\"']",
        "$['\\\\']",
        "$['\\n']",
        "$.ä.ö",
        "$..a..a",
        "$..[1:]",
        "$.*.*",
        "$..*[0]",
        "$[?@]",
        "$[?@.a]",
        "$[?!@.a]",
        "$[?@.a==1]",
        "$[?@.a!=1]",
        "$[?@.a=='1']",
        "$[?@.a==true]",
        "$[?@.b==null]",
        "$[?@>0]",
        "$[?@>='a']",
        "$[?@<'b']",
        "$[?@<=1.5]",
        "$[?@==-1.0]",
        "$[?@==$[0]]",
        "$[?@==$.a]",
        "$[?@.a==@.b]",
        "$[?@==@]",
        "$[?@!=@]",
        "$..[?@.a]",
        "$..[?@==1]",
        "$..[?@>1].a",
        "$[?@[0]]",
        "$[?@[0]==0]",
        "$[?@[-1]]",
        "$[?@.*]",
        "$[?@..a]",
        "$[?$.a]",
        "$[?$..c]",
        "$[?@[?@==1]]",
        "$[?@[?@.a>1]]",
        "$[?@.a && @.b]",
        "$[?@.a || @.b]",
        "$[?@.a || @.b && @.c]",
        "$[?(@.a || @.b) && @.c]",
        "$[?!(@.a && @.b)]",
        "$[?!@.a && @.b]",
        "$[?length(@)==0]",
        "$[?length(@)>1]",
        "$[?length(@.a)==1]",
        "$[?length(@)==length($)]",
        "$[?count(@.*)>1]",
        "$[?count(@..*)==count($..a)]",
        "$[?value(@..a)==2]",
        "$[?value(@.*)==@.b]",
        "$[?match(@,'a.*')]",
        "$[?match(@,'[ab]{1,2}')]",
        "$[?match(@,'')]",
        "$[?search(@,'b|ä')]",
        "$[?search(@.a,'1')]",
        "$[?match(@,'.')]",
        "$[?match(@,'\\\\p{L}+')]",
        "$[?search(@,'[^a-z]')]",
        "$[?!match(@,'a')]",
        "$[?match(@,'(')]",
        "$[?1==1]",
        "$[?1>2]",
        "$[?'a'<'b'].a",
        "$[0][?@.a,?@.b]",
        "$[?@.c[?@.a]].b",
        "$[1:3,0]",
        "$[?@==$..a]",
    ];
    let mut compared = 0;
    for query in queries {
        for json in documents {
            compared += usize::from(agree(json, query).is_some());
        }
    }
    assert!(compared > 800, "{compared}");
}
