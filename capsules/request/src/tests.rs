use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use tenzik_sdk::native::{Ending, run};
use tenzik_sdk::output_write;

use super::*;

extern crate std;

const TABLE: [Field; 5] = [
    Field("text", TEXT),
    Field("number", NUMBER),
    Field("flag", FLAG),
    Field("list", LIST),
    Field("must", TEXT | LIST | REQUIRED),
];

/// The values, or the message of the refusal.
fn read_fields(text: &[u8]) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    let outcome = run(text, || {
        let mut buffer = vec![0; 1 << 16];
        let found = fields(read(&mut buffer), &TABLE);
        values = found
            .map(|raw| String::from_utf8(raw.to_vec()).unwrap())
            .to_vec();
    });
    match outcome.ending {
        Ending::Ok => Ok(values),
        Ending::Failure { code, message } => {
            assert_eq!(code, REQUEST);
            Err(String::from_utf8(message).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, why: &str) {
    let message = read_fields(text.as_ref()).unwrap_err();
    assert!(message.contains(why), "{message}");
}

#[test]
fn values_are_as_they_are_written() {
    let text = b" {\"must\" : \"a\\u00e9\\\"\xc3\xa9\" ,\r\n\t\"number\":120,\"flag\":true,\"list\":[ \"a\",\"\"]} ";
    let expected = ["", "120", "true", "[ \"a\",\"\"]", "\"a\\u00e9\\\"\u{e9}\""];
    assert_eq!(read_fields(text).unwrap(), expected);
    let expected = ["\"\"", "0", "false", "", "[\"x\"]"];
    let text = br#"{"must":["x"],"text":"","flag":false,"number":0}"#;
    assert_eq!(read_fields(text).unwrap(), expected);
    assert_eq!(items(br#"["a", "b"]"#), br#""a", "b""#);
}

#[test]
fn every_cut_is_refused() {
    let text = br#"{"must":"a\u00e9\ud83d\ude00","number":12,"flag":false,"list":["a","b"]}"#;
    assert!(read_fields(text).is_ok());
    for cut in 0..text.len() {
        refused(text.get(..cut).unwrap(), "");
    }
}

#[test]
fn keys_have_to_be_known_and_single() {
    refused("{}", "lacks the key must");
    refused(r#"{"must":"a","more":"b"}"#, "at byte 18: a key is unknown");
    refused(r#"{"must":"a","must":"b"}"#, "a key stands there twice");
    refused(r#"{"m\u0075st":"a"}"#, "a key is unknown");
    refused(r#"{"must ":"a"}"#, "a key is unknown");
}

#[test]
fn values_have_to_be_of_their_type() {
    for value in ["1", "true"] {
        refused(format!("{{\"must\":{value}}}"), "of another type");
    }
    for value in [
        "null",
        "-1",
        "01",
        "1.5",
        "1e3",
        "1234567890",
        "\u{661}",
        "{}",
        "[]",
        "[1]",
        "['a']",
        "[\"a\",]",
        "[[\"a\"]]",
        "truefalse",
        "tru",
        "",
        "\"a\" \"b\"",
        "\"a\"x",
    ] {
        refused(format!("{{\"must\":{value}}}"), "at byte ");
    }
    refused(r#"{"must":"a"} {}"#, "not a JSON object");
    refused(r#"{"must":"a",}"#, "not a JSON object");
    refused(b"{\"must\":\"a\"}\0", "not a JSON object");
    refused(r#"["must"]"#, "at byte 0");
}

#[test]
fn texts_have_to_be_utf_8_without_control_characters() {
    let texts: [&[u8]; 17] = [
        b"\n",
        b"\0",
        b"\x1f",
        b"\\x",
        b"\\u12g4",
        b"\\ud800",
        b"\\udc00",
        b"\\ud800\\u0041",
        b"\\ud800x",
        b"\\udc00\\udc00",
        b"\x80",
        b"\xc0\x80",
        b"\xc3(",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
    ];
    for text in texts {
        let mut request = b"{\"must\":\"".to_vec();
        request.extend_from_slice(text);
        request.extend_from_slice(b"\"}");
        refused(request, "not a JSON object");
    }
}

#[test]
fn a_request_is_bounded() {
    let long = |length: usize| format!("{{\"must\":\"{}\"}}", "a".repeat(length));
    assert!(read_fields(long((1 << 16) - 12).as_bytes()).is_ok());
    refused(long((1 << 16) - 11), "longer than 65535 bytes");
    refused(long(2 << 20), "longer than 65535 bytes");
}

#[test]
fn texts_are_decoded() {
    let cases: [(&str, &[u8]); 5] = [
        (r#""""#, b""),
        (r#""/a b""#, b"/a b"),
        (r#""\"\\\/\b\f\n\r\t\u0000""#, b"\"\\/\x08\x0c\n\r\t\0"),
        (
            r#""\u00e9\u20AC\ud83d\ude00""#,
            "\u{e9}\u{20ac}\u{1f600}".as_bytes(),
        ),
        (
            "\"\u{e9}\u{20ac}\u{1f600}\"",
            "\u{e9}\u{20ac}\u{1f600}".as_bytes(),
        ),
    ];
    for (raw, expected) in cases {
        let outcome = run("", || output_write(decode(raw.as_bytes(), &mut [0; 16])));
        assert_eq!(outcome.into_output(), expected, "{raw}");
    }
    let outcome = run("", || output_write(decode(b"\"12345\"", &mut [0; 4])));
    assert!(matches!(
        outcome.ending,
        Ending::Failure { code: REQUEST, .. }
    ));
}
