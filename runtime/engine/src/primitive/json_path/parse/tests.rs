use tenzik_host_abi::Status;

use super::super::query::{Constant, Selector};
use super::parse;

#[test]
fn accepted() {
    let rows = [
        "$",
        "$.a",
        "$['a']",
        "$[\"a\"]",
        "$.*",
        "$[*]",
        "$[0]",
        "$[-1]",
        "$[0,1]",
        "$[1:2]",
        "$[:]",
        "$[::]",
        "$[::-1]",
        "$[1:]",
        "$[:2]",
        "$[ 1 : 2 : 3 ]",
        "$[1:2:]",
        "$..a",
        "$..*",
        "$..[0]",
        "$ .a",
        "$\n[0]",
        "$.a\t.b",
        "$[ 'a' , 0 ]",
        "$.ä_1",
        "$['\\'']",
        "$[\"\\\"\"]",
        "$['\"']",
        "$[\"'\"]",
        "$['\\u00e4\\ud83d\\ude00\\/']",
        "$[9007199254740991]",
        "$[-9007199254740991]",
        "$[?@]",
        "$[?@.a]",
        "$[? @.a ]",
        "$[?!@.a]",
        "$[?! @.a]",
        "$[?(@.a)]",
        "$[?!(@.a)]",
        "$[?( @.a )]",
        "$[?@.a&&@.b||@.c]",
        "$[?@.a == 1]",
        "$[?@.a==1.5e-3]",
        "$[?@.a==-0]",
        "$[?@.a==-0.0]",
        "$[?@==true]",
        "$[?null!=@]",
        "$[?@['a'][0]=='x']",
        "$[?$.a>=@.b]",
        "$[?1==1]",
        "$[?length(@)>1]",
        "$[?count(@.*)==2]",
        "$[?match(@,'a')]",
        "$[?!search(@.a,\"b\")]",
        "$[?value(@..a)==1]",
        "$[?length(value(@.*))<=3]",
        "$[?@[?@.b]]",
        "$[?@.a,?@.b]",
        "$[?match(@, $.pattern)]",
        "$[?match(@, 1)]",
        "$[?match( @.a , 'b' )]",
        "$[?@ .a == $ .b]",
        "$[?count(@.a)==1]",
        "$[?value($..a)==1]",
        "$[?length('abc')==3]",
        "$['a','a']",
        "$[?@.true]",
        "$.null",
        "$.length",
        "$[?@.a==1E5]",
        "$[?\"a\"<'b']",
        "$..['a',0,*,1:2,?@]",
    ];
    for query in rows {
        assert!(parse(query).is_ok(), "{query}");
    }
}

#[test]
fn refused() {
    let rows = [
        "",
        " ",
        "a",
        "@",
        "@.a",
        " $",
        "$ ",
        "$.a ",
        "$.",
        "$..",
        "$...a",
        "$.1",
        "$.a-b",
        "$.-a",
        "$. a",
        "$.. a",
        "$.[0]",
        "$.['a']",
        "$[",
        "$[]",
        "$[ ]",
        "$[a]",
        "$['a]",
        "$['a\"]",
        "$[0",
        "$[0,]",
        "$[,0]",
        "$[01]",
        "$[-0]",
        "$[-01]",
        "$[1.0]",
        "$[1e2]",
        "$[+1]",
        "$[- 1]",
        "$[9007199254740992]",
        "$[-9007199254740992]",
        "$[99999999999999999999]",
        "$[1:2:3:4]",
        "$[:-0]",
        "$[::01]",
        "$['\\a']",
        "$['\\\"']",
        "$[\"\\'\"]",
        "$['\\u12']",
        "$['\\ud800']",
        "$['\\ud800\\u0041']",
        "$['\\udc00']",
        "$['\n']",
        "$[\"\t\"]",
        "$[?]",
        "$[?()]",
        "$[?true]",
        "$[?1]",
        "$[?'a']",
        "$[?@.a==]",
        "$[?==1]",
        "$[?@.a=1]",
        "$[?@.a===1]",
        "$[?@.a==1==1]",
        "$[?@.*==1]",
        "$[?@..a==1]",
        "$[?@[0:1]==1]",
        "$[?@['a','b']==1]",
        "$[?@[?@.b]==1]",
        "$[?!@.a==1]",
        "$[?!!@.a]",
        "$[?(@.a)==1]",
        "$[?@.a&@.b]",
        "$[?@.a|@.b]",
        "$[?@.a&&]",
        "$[?||@.a]",
        "$[?@.a==01]",
        "$[?@.a==1.]",
        "$[?@.a==.5]",
        "$[?@.a==+1]",
        "$[?@.a==True]",
        "$[?@.a==nul]",
        "$[?@.a==[1]]",
        "$[?@.a=={}]",
        "$[?length(@)]",
        "$[?count(@.*)]",
        "$[?value(@.*)]",
        "$[?match(@,'a')==true]",
        "$[?length()==1]",
        "$[?length(@,@)==1]",
        "$[?length(@.*)==1]",
        "$[?length(match(@,'a'))==1]",
        "$[?length(@.a==1)==1]",
        "$[?count(1)==1]",
        "$[?count('a')==1]",
        "$[?count(length(@))==1]",
        "$[?value(1)==1]",
        "$[?match(@)]",
        "$[?match(@,@.a,@.b)]",
        "$[?match(@,'a{2000}')==1]",
        "$[?match(@,'a','b')]",
        "$[?match(@.*,'a')]",
        "$[?match(@,@.*)]",
        "$[?length (@)==1]",
        "$[?unknown(@)]",
        "$[?Length(@)==1]",
        "$[?_f(@)==1]",
        "$[?true(@)]",
        "$[?(@.a]",
        "$[?@.a)]",
        "$[?((@.a)]",
        "$[?@.a == 1 2]",
        "$[?@ == $]x",
        "$a",
        "$$",
        "$[$]",
        "$[?'a'=='\\x']",
        "$\u{a0}.a",
        "$['\u{0}']",
    ];
    for query in rows {
        assert_eq!(parse(query).err(), Some(Status::InvalidQuery), "{query}");
    }
}

#[test]
fn every_truncation_of_a_filter_is_refused() {
    let query = "$[?(@.a=='x'||!match(@['b'],'y'))&&count($..c[::-1])>=-1.5e3]";
    assert!(parse(query).is_ok());
    for end in 1..query.len() {
        let status = parse(&query[..end]).err();
        assert!(
            end == 1 || status == Some(Status::InvalidQuery),
            "{}",
            &query[..end]
        );
    }
}

#[test]
fn strings_are_decoded() {
    let plan = parse(r#"$['a\'"\u00e4\ud83d\ude00\n\\\/']"#).unwrap();
    let Selector::Name(name) = &plan.query.segments[0].selectors[0] else {
        panic!("a name")
    };
    assert_eq!(name, "a'\"ä😀\n\\/");
}

#[test]
fn nesting_and_patterns_are_bounded() {
    let parentheses = |depth| format!("$[?{}@{}]", "(".repeat(depth), ")".repeat(depth));
    let filters = |depth| {
        format!(
            "${}@{}",
            "[?".to_owned() + &"@[?".repeat(depth),
            "]".repeat(depth + 1)
        )
    };
    let calls = |depth| format!("$[?{}@{}==1]", "length(".repeat(depth), ")".repeat(depth));
    for (nested, fits) in [
        (parentheses(31), true),
        (filters(31), true),
        (calls(31), true),
    ] {
        assert_eq!(parse(&nested).is_ok(), fits, "{nested}");
    }
    for nested in [
        parentheses(32),
        filters(32),
        calls(32),
        parentheses(500),
        filters(250),
        "$[?(".repeat(250),
    ] {
        assert_eq!(parse(&nested).err(), Some(Status::TooComplex), "{nested}");
    }
    for query in [
        "$[?match(@,@.a)]",
        "$[?search('a',@)]",
        "$[?match(@,'a{2000}')]",
        "$[?match(@,value(@..a))]",
    ] {
        assert_eq!(parse(query).err(), Some(Status::TooComplex), "{query}");
    }
}

#[test]
fn what_does_not_depend_on_the_current_node_is_evaluated_once() {
    let rows = [
        ("$[?@.a==1]", 0),
        ("$[?@.a==$.b]", 1),
        ("$[?$.a==$.b]", 3),
        ("$[?$.a]", 1),
        ("$[?1==2]", 1),
        ("$[?count($..a)==@.b]", 1),
        ("$[?length($.a)==@.b]", 2),
        ("$[?match(@,$.a)]", 2),
        ("$[?$[?@.a==$.b]]", 2),
        ("$[?@[?@.a==1]]", 0),
    ];
    for (query, expected) in rows {
        assert_eq!(parse(query).unwrap().constants.len(), expected, "{query}");
    }
    let plan = parse("$[?$[?@.a==$.b]]").unwrap();
    assert!(matches!(
        plan.constants.as_slice(),
        [Constant::Operand(_), Constant::Condition(_)]
    ));
}
