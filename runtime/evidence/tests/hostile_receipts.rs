//! Bytes that are almost receipts.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenzik_evidence::{
    FieldProblem, HexError, PublicKeyError, RECEIPT_BYTES_MAX, ReceiptError, SignedReceipt, Status,
    TextError, TimestampError, TrustStore, verify,
};

use crate::sample::{fault, receipt, run, verdicts};

fn refused(bytes: impl AsRef<[u8]>) -> ReceiptError {
    SignedReceipt::parse(bytes.as_ref()).unwrap_err()
}

fn ok_json() -> String {
    receipt(tenzik_evidence::Verdict::Ok(run())).to_json()
}

fn object(json: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(json).unwrap()
}

fn text(object: &BTreeMap<String, Value>) -> String {
    serde_json::to_string(object).unwrap()
}

/// The receipt of `json` with another value for one field.
fn with(json: &str, field: &str, value: Value) -> String {
    let mut object = object(json);
    object.insert(field.to_owned(), value);
    text(&object)
}

fn problem(field: &'static str, value: Value) -> FieldProblem {
    match refused(with(&ok_json(), field, value)) {
        ReceiptError::Field {
            field: found,
            problem,
        } if found == field => problem,
        other => panic!("{field}: {other}"),
    }
}

#[test]
fn no_byte_can_be_missing_at_the_end() {
    for (name, verdict) in verdicts() {
        let json = receipt(verdict).to_json();
        for len in 0..json.len() {
            refused(&json[..len]);
        }
        assert!(SignedReceipt::parse(json.as_bytes()).is_ok(), "{name}");
    }
}

#[test]
fn no_bit_can_flip() {
    let trusted = TrustStore::new();
    let mut bytes = format!("{}\n", receipt(fault("out_of_time", true)).to_json()).into_bytes();
    assert!(verify(&bytes, &trusted).is_ok());
    for position in 0..bytes.len() {
        for bit in 0..8 {
            bytes[position] ^= 1 << bit;
            assert!(
                verify(&bytes, &trusted).is_err(),
                "bit {bit} of byte {position}"
            );
            bytes[position] ^= 1 << bit;
        }
    }
}

#[test]
fn no_byte_can_be_added() {
    let trusted = TrustStore::new();
    let json = ok_json();
    for position in 0..=json.len() {
        for byte in [b' ', b'\n', b'0', b',', b'"', b'}', 0, 0xff] {
            let mut bytes = json.clone().into_bytes();
            bytes.insert(position, byte);
            let accepted = verify(&bytes, &trusted).is_ok();
            assert_eq!(
                accepted,
                position == json.len() && byte == b'\n',
                "{position} {byte}"
            );
        }
    }
    refused(format!("{json}\n\n"));
    refused(format!("{json}\r\n"));
    refused(format!("\u{feff}{json}"));
}

/// The table in `wire.rs` is the rule; this reads it from there.
#[test]
fn each_status_has_exactly_the_fields_of_the_table() {
    let mut rows = 0;
    for line in include_str!("../src/wire.rs").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["//!", field, .., ok, failure, fault, reject, refused] = words[..] else {
            continue;
        };
        if !["+", "?", "-", "*"].contains(&refused) {
            continue;
        }
        rows += 1;
        for (rule, status) in [ok, failure, fault, reject, refused]
            .into_iter()
            .zip(Status::ALL)
        {
            check_rule(field, rule, status);
        }
    }
    assert_eq!(rows, 34);
}

fn check_rule(field: &str, rule: &str, status: Status) {
    if rule == "*" {
        return check_group(field, status);
    }
    let (_, verdict) = verdicts()
        .into_iter()
        .find(|(name, _)| *name == status.name())
        .unwrap();
    let mut without = object(&receipt(verdict).to_json());
    let value = without.remove(field);
    let mut with = without.clone();
    let foreign = || object(&receipt(fault("out_of_time", true)).to_json()).remove(field);
    with.insert(
        field.to_owned(),
        value.or_else(foreign).unwrap_or(json!("1")),
    );
    let without = SignedReceipt::parse(text(&without).as_bytes());
    let with = SignedReceipt::parse(text(&with).as_bytes());

    let fits = match rule {
        "+" => match without {
            Err(ReceiptError::MissingField { field: found, .. }) => found == field && with.is_ok(),
            _ => false,
        },
        "?" => with.is_ok() && without.is_ok(),
        _ => match with {
            Err(ReceiptError::UnexpectedField {
                field: found,
                status: of,
            }) => found == field && of == status && without.is_ok(),
            _ => false,
        },
    };
    assert!(fits, "field {field} of status {status} is not {rule}");
}

/// A field of a group is missed where the rest of it stands, and refused where it stands alone.
fn check_group(field: &str, status: Status) {
    let sample = |name: &str| {
        let (_, verdict) = verdicts()
            .into_iter()
            .find(|(found, _)| *found == name)
            .unwrap();
        object(&receipt(verdict).to_json())
    };
    let mut group = sample("refused-effect");
    let value = group.remove(field).unwrap();
    refused(text(&group));
    let mut alone = sample(status.name());
    alone.insert(field.to_owned(), value);
    refused(text(&alone));
}

#[test]
fn other_versions_are_refused_before_their_fields_are_judged() {
    for version in ["0", "3", "01", "1 ", ""] {
        let json = with(&ok_json(), "version", json!(version));
        let error = ReceiptError::UnknownVersion {
            version: version.to_owned(),
        };
        assert_eq!(refused(&json), error);
        assert_eq!(refused(with(&json, "aspect", json!("new"))), error);
    }
    assert_eq!(problem("version", json!(1)), FieldProblem::NotText);
    assert_eq!(
        refused("{}"),
        ReceiptError::MissingField {
            field: "version",
            status: None
        }
    );
}

#[test]
fn unknown_and_duplicate_fields_are_refused() {
    let json = ok_json();
    assert_eq!(
        refused(with(&json, "\u{1b}[2J", json!(""))),
        ReceiptError::UnknownField {
            name: "\u{1b}[2J".to_owned()
        }
    );
    assert_eq!(
        refused(with(&json, "\u{1b}[2J", json!(""))).to_string(),
        "receipt has an unknown field \"\\u{1b}[2J\""
    );
    assert_eq!(
        refused(json.replace(
            "\"fuel_exact\":true",
            "\"fuel_exact\":true,\"fuel_exact\":true"
        )),
        ReceiptError::DuplicateField {
            field: "fuel_exact"
        }
    );
}

#[test]
fn the_same_fields_in_another_writing_are_not_the_signed_bytes() {
    let json = ok_json();
    let offset = |json: &str| match refused(json) {
        ReceiptError::NotCanonical { offset } => offset,
        other => panic!("{other}"),
    };
    assert_eq!(offset(&json.replacen('{', "{ ", 1)), 1);
    assert_eq!(offset(&json.replacen("\":", "\": ", 1)), 17);
    assert_eq!(
        offset(&json.replace("hash,json", "\\u0068ash,json")),
        json.find("hash,").unwrap()
    );
    assert_eq!(
        offset(&format!("{}\t}}", &json[..json.len() - 1])),
        json.len() - 1
    );
    let (first, rest) = json[1..json.len() - 1].split_once(',').unwrap();
    assert_eq!(offset(&format!("{{{rest},{first}}}")), 10);
    let pretty = serde_json::to_string_pretty(&object(&json)).unwrap();
    assert_eq!(offset(&pretty), 1);
}

#[test]
fn what_is_not_an_object_is_refused() {
    for json in [
        "",
        "null",
        "[]",
        "\"receipt\"",
        "1",
        "{",
        "{]",
        "{\"version\":\"1\"",
        "{}{}",
    ] {
        assert!(
            matches!(refused(json), ReceiptError::Json { line: 1, .. }),
            "{json}"
        );
    }
    assert!(matches!(
        refused(b"{\"version\":\"\xff\"}"),
        ReceiptError::Json { .. }
    ));
    let deep = format!("{{\"version\":{}", "[".repeat(60_000));
    assert!(matches!(refused(deep), ReceiptError::Json { .. }));
    let huge = " ".repeat(RECEIPT_BYTES_MAX + 1);
    assert_eq!(
        refused(huge),
        ReceiptError::TooLarge {
            bytes_max: RECEIPT_BYTES_MAX
        }
    );
}

#[test]
fn values_of_other_types_are_refused() {
    for value in [
        json!(1),
        json!(-1),
        json!(1.5),
        json!(null),
        json!([]),
        json!({}),
        json!(true),
    ] {
        assert_eq!(problem("fuel_used", value), FieldProblem::NotText);
    }
    for value in [json!("true"), json!(1), json!(null)] {
        assert_eq!(problem("fuel_exact", value), FieldProblem::NotBool);
    }
}

#[test]
fn values_of_another_form_are_refused() {
    for number in [
        "",
        "01",
        "00",
        "+1",
        "-1",
        "1.0",
        "1e3",
        " 1",
        "0x1",
        "18446744073709551616",
    ] {
        assert_eq!(
            problem("fuel_used", json!(number)),
            FieldProblem::Number,
            "{number}"
        );
    }
    let short = HexError::Length {
        expected: 64,
        got: 63,
    };
    assert_eq!(problem("capsule_id", json!("a".repeat(63))), short.into());
    let long = HexError::Length {
        expected: 128,
        got: 129,
    };
    assert_eq!(problem("signature", json!("a".repeat(129))), long.into());
    let case = HexError::Character { offset: 0 };
    assert_eq!(problem("nonce", json!("A".repeat(32))), case.into());
    assert_eq!(
        problem("timestamp", json!("2026-01-01T00:00:00Z")),
        TimestampError::Form.into()
    );
    assert_eq!(
        problem("now", json!("1969-12-31T23:59:59.999Z")),
        TimestampError::Range.into()
    );
    assert_eq!(
        problem("grants", json!("json,hash")),
        TextError::Order.into()
    );
    assert_eq!(
        problem("limits", json!("fuel=10,000")),
        TextError::Limit.into()
    );
    assert_eq!(
        problem("engine", json!("wasmtime\u{202e}")),
        TextError::Character.into()
    );
    assert_eq!(problem("cost_model", json!("")), TextError::Empty.into());
    assert_eq!(problem("status", json!("OK")), FieldProblem::Status);
    let small = format!("01{}", "0".repeat(62));
    assert_eq!(
        problem("node_id", json!(small)),
        PublicKeyError::SmallOrder.into()
    );

    let failure = receipt(verdicts().remove(1).1).to_json();
    for number in ["", "07", "-0", "+7", "2147483648", "-2147483649"] {
        assert_eq!(
            refused(with(&failure, "failure_code", json!(number))),
            ReceiptError::Field {
                field: "failure_code",
                problem: FieldProblem::SignedNumber
            }
        );
    }
    assert_eq!(
        refused(with(&failure, "error_code", json!("Trap"))),
        ReceiptError::Field {
            field: "error_code",
            problem: TextError::Name.into()
        }
    );
    let bound = receipt(fault("out_of_time", true)).to_json();
    assert_eq!(
        refused(with(&bound, "machine_bound", json!(false))),
        ReceiptError::Field {
            field: "machine_bound",
            problem: FieldProblem::False
        }
    );
}

#[test]
fn errors_name_the_field_and_what_is_wrong() {
    let json = ok_json();
    for (json, message) in [
        (
            with(&json, "fuel_used", json!("012")),
            "field fuel_used is not a decimal number below 2^64 without leading zeros",
        ),
        (
            with(&json, "nonce", json!("00")),
            "field nonce has 2 bytes instead of 32 hexadecimal digits",
        ),
        (
            with(&json, "machine_bound", json!(true)),
            "receipt with status ok has field machine_bound, which only others have",
        ),
        (
            with(&json, "status", json!("fault")),
            "receipt with status fault has no field error_code",
        ),
        (
            with(&json, "version", json!("3")),
            "receipt has version \"3\", this tenzik reads versions \"1\" and \"2\"; use a newer tenzik",
        ),
    ] {
        assert_eq!(refused(json).to_string(), message);
    }
}
