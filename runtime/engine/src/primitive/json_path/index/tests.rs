use super::super::document::{Kind, ROOT};
use super::super::text::Text;
use super::*;

#[test]
fn white_space_goes_and_everything_else_stays_as_written() {
    let document =
        index(b" { \"b\" : [ 1.0 , 1e400,-0 ], \"\\u0061\\t \":\t\"\\/ x\"\r\n} ").unwrap();
    assert_eq!(document.text, r#"{"b":[1.0,1e400,-0],"\u0061\t ":"\/ x"}"#);
    let sources: Vec<&str> = document
        .descendants(ROOT)
        .map(|id| document.source(id))
        .collect();
    assert_eq!(
        sources,
        [
            &document.text,
            "[1.0,1e400,-0]",
            "1.0",
            "1e400",
            "-0",
            r#""\/ x""#
        ]
    );
    let members: Vec<_> = document.children(ROOT).collect();
    assert_eq!(members.len(), 2);
    assert_eq!(document.kind(members[0]), Kind::Array);
    assert!(document.name(members[0]).equals(Text::plain("b")));
    assert!(document.name(members[1]).equals(Text::plain("a\t ")));
    assert!(document.name(ROOT).equals(Text::plain("")));
    assert_eq!(document.children(members[0]).count(), 3);
    assert_eq!(document.children(members[1]).count(), 0);
}

#[test]
fn shape_sums_each_depth() {
    let shape = index(br#"{"ab":[10,2],"c":{"d":"e"},"f":null}"#)
        .unwrap()
        .shape;
    let rows: Vec<_> = shape
        .levels
        .iter()
        .take(4)
        .map(|l| (l.nodes, l.scalar_bytes, l.bytes))
        .collect();
    assert_eq!(rows, [(1, 0, 36), (3, 4, 6 + 9 + 4), (3, 6, 6), (0, 0, 0)]);
    assert_eq!(
        (
            shape.children_max,
            shape.name_bytes_max,
            shape.number_bytes_max
        ),
        (3, 4, 2)
    );
}

#[test]
fn refuses_what_rfc_8259_refuses() {
    let refused: [&[u8]; 46] = [
        b"",
        b" ",
        b"[",
        b"]",
        b"{",
        b"}",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1]]",
        b"[1}",
        b"{]",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{,}",
        b"{1:2}",
        b"{\"a\" 1}",
        b"{\"a\":1 \"b\":2}",
        b"{\"a\"::1}",
        b"{'a':1}",
        b"{a:1}",
        b"01",
        b"-",
        b"+1",
        b".5",
        b"1.",
        b"1e",
        b"0x10",
        b"NaN",
        b"Infinity",
        b"True",
        b"nul",
        b"nulll",
        b"1 2",
        b"\"",
        b"\"\\x\"",
        b"\"\n\"",
        b"\"\\u12\"",
        b"\xef\xbb\xbf1",
        b"\"\xff\"",
        b"\"\xed\xa0\x80\"",
        b"\x0c1",
        b"// 1",
    ];
    for json in refused {
        let status = index(json).err();
        assert_eq!(
            status,
            Some(Status::InvalidJson),
            "{:?}",
            String::from_utf8_lossy(json)
        );
    }
}

#[test]
fn every_truncation_is_refused() {
    let json = br#"{"a":[1,-2.5e3,true,null,{"b":"\u00e4\n"}],"":{}}"#;
    assert!(index(json).is_ok());
    for end in 0..json.len() {
        assert_eq!(
            index(&json[..end]).err(),
            Some(Status::InvalidJson),
            "{end}"
        );
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let document = index(nested(DEPTH_MAX).as_bytes()).unwrap();
    assert_eq!(document.nodes.len(), DEPTH_MAX);
    assert_eq!(
        index(nested(DEPTH_MAX + 1).as_bytes()).err(),
        Some(Status::TooDeep)
    );
    assert_eq!(
        index("{\"a\":".repeat(129).as_bytes()).err(),
        Some(Status::TooDeep)
    );
    let scalar = nested(DEPTH_MAX).replace("[]", "[0]");
    assert_eq!(
        index(scalar.as_bytes()).unwrap().shape.levels[DEPTH_MAX].nodes,
        1
    );
    let brackets_in_a_string = format!("[\"{}\\\"{}\"]", "[".repeat(200), "{".repeat(200));
    assert!(index(brackets_in_a_string.as_bytes()).is_ok());
}

#[test]
fn the_list_never_grows_beyond_its_first_allocation() {
    for json in [
        "1",
        "[1]",
        "[1,2,3]",
        "[[],[]]",
        "{}",
        "{\"a\":{}}",
        "[[[]]]",
        "[[1],[2,[]]]",
    ] {
        let document = index(json.as_bytes()).unwrap();
        assert!(
            document.nodes.len() <= outline(json.as_bytes()).unwrap(),
            "{json}"
        );
    }
}
