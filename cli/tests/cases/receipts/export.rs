//! `tenzik receipt export`, and receipts of batches on the command line.

use serde_json::{Value, json};

use crate::peers::{alone, said, with_packages};
use crate::world::World;

use super::json as run_json;
use super::sample::{batch, key, statement, write};

const TIME: &str = "2026-01-02T03:04:05.000Z";

fn world() -> World {
    let home = World::new();
    write(&home, "r.json", &key().sign(statement(1, TIME)));
    write(&home, "b.json", &batch(5, TIME)[3]);
    home
}

fn export(home: &World, name: &str, format: &str) -> Value {
    home.tenzik(["receipt", "export", name, format])
        .exits(0)
        .json()
}

/// The signed body of a receipt file.
fn body(home: &World) -> String {
    let text = String::from_utf8(home.read("r.json")).unwrap();
    let (before, rest) = text.trim_end().split_once("\"signature\":\"").unwrap();
    format!("{before}{}", rest.split_once("\",").unwrap().1)
}

#[test]
fn strangers_verify_the_envelope_without_code_of_tenzik() {
    let home = world();
    let node_id = key().public_key().to_string();
    let head = batch(5, TIME)[3].batch_head().unwrap().to_json();
    for (name, payload) in [("r.json", body(&home)), ("b.json", head)] {
        let envelope = export(&home, name, "--dsse");
        let bytes = envelope.to_string();
        if let Some(output) = alone("dsse.py", &node_id, bytes.as_bytes()) {
            assert_eq!(said(&output), payload, "{name}");
        }
        if let Some(output) = with_packages("securesystemslib_dsse.py", &node_id, bytes.as_bytes())
        {
            assert_eq!(said(&output).trim(), "1", "{name}");
        }
        // Both refuse the envelope once it is changed.
        let mut changed = envelope.clone();
        changed["payloadType"] = json!("application/vnd.tenzik.receipt.v2+json");
        let bytes = changed.to_string();
        for output in [
            alone("dsse.py", &node_id, bytes.as_bytes()),
            with_packages("securesystemslib_dsse.py", &node_id, bytes.as_bytes()),
        ] {
            assert!(
                output.is_none_or(|output| !output.status.success()),
                "{name}"
            );
        }
    }
}

#[test]
fn the_sigstore_bundle_holds_the_same_envelope() {
    let home = world();
    for name in ["r.json", "b.json"] {
        let bundle = export(&home, name, "--sigstore-bundle");
        let expected = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": { "hint": key().public_key().to_string() },
                "tlogEntries": [],
            },
            "dsseEnvelope": export(&home, name, "--dsse"),
        });
        assert_eq!(bundle, expected, "{name}");
        assert_eq!(
            bundle["dsseEnvelope"]["signatures"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[test]
fn a_file_is_written_whole_and_never_over_the_receipt() {
    let home = world();
    let arguments = ["receipt", "export", "r.json", "--dsse", "-o", "out.json"];
    let object = run_json(&home, 0, &arguments);
    assert_eq!(object["format"], "dsse");
    assert_eq!(
        object["payload_type"],
        "application/vnd.tenzik.receipt.v1+json"
    );
    assert_eq!(object["file"], "out.json");
    let written: Value = serde_json::from_slice(&home.read("out.json")).unwrap();
    assert_eq!(written, export(&home, "r.json", "--dsse"));

    let said = home
        .tenzik(["receipt", "export", "b.json", "--dsse", "-o", "out.json"])
        .exits(0);
    assert!(said.stderr.contains("head of the batch"), "{said:?}");
    let before = home.read("r.json");
    home.tenzik(["receipt", "export", "r.json", "--dsse", "-o", "./r.json"])
        .exits(2);
    assert_eq!(home.read("r.json"), before);
    home.tenzik(["receipt", "export", "r.json", "--dsse", "-o", "no/such"])
        .exits(1);
    home.tenzik(["receipt", "export", "r.json"]).exits(2);
    home.tenzik(["receipt", "export", "r.json", "--dsse", "--sigstore-bundle"])
        .exits(2);
    home.tenzik(["receipt", "export", "r.json", "--dsse", "--json"])
        .exits(2);
    home.tenzik(["receipt", "export", "missing", "--dsse"])
        .exits(1);
}

#[test]
fn what_is_not_signed_is_not_exported() {
    let home = world();
    for name in ["r.json", "b.json"] {
        let text = String::from_utf8(home.read(name)).unwrap();
        home.write(
            "forged.json",
            text.replace("\"capsule_bytes\":\"8\"", "\"capsule_bytes\":\"9\""),
        );
        let said = home
            .tenzik(["receipt", "export", "forged.json", "--dsse"])
            .exits(40);
        assert_eq!(said.text(), "");
    }
    home.write("garbage.json", "{}");
    home.tenzik(["receipt", "export", "garbage.json", "--dsse"])
        .exits(40);
}

#[test]
fn receipts_of_a_batch_are_shown_and_verified_like_others() {
    let home = world();
    let shown = run_json(&home, 0, &["receipt", "show", "b.json"]);
    assert_eq!(
        (&shown["batch_index"], &shown["batch_size"]),
        (&json!("3"), &json!("5"))
    );
    let root = batch(5, TIME)[3].batch_head().unwrap().root.to_string();
    let said = home.tenzik(["receipt", "show", "b.json"]).exits(0);
    assert!(
        said.text().contains(&root) && said.text().contains("3 of 5"),
        "{said:?}"
    );
    let trust = ["receipt", "verify", "b.json", "--trust", "trusted"];
    assert_eq!(run_json(&home, 0, &trust)["signature"]["name"], "builder");
    home.tenzik(["receipt", "verify", "b.json"]).exits(40);
}

fn verify<'a>(names: &[&'a str]) -> Vec<&'a str> {
    [&["receipt", "verify"], names, &["--trust", "trusted"]].concat()
}

#[test]
fn several_receipts_are_verified_at_once() {
    let home = world();
    home.write("bad.json", "{}");
    let object = run_json(&home, 0, &verify(&["r.json", "b.json"]));
    assert_eq!(
        object["summary"],
        json!({ "files": 2, "verified": 2, "refused": 0 })
    );
    assert_eq!(object["files"][1]["file"], "b.json");
    assert_eq!(object["files"][1]["status"], "verified");
    let object = run_json(&home, 40, &verify(&["r.json", "bad.json"]));
    assert_eq!(object["files"][1]["error"]["code"], "receipt_broken");
    let object = run_json(&home, 1, &verify(&["bad.json", "missing.json", "r.json"]));
    assert_eq!(
        object["summary"],
        json!({ "files": 3, "verified": 1, "refused": 2 })
    );
    assert_eq!(object["files"][1]["status"], "error");
    let said = home
        .tenzik(verify(&["r.json", "bad.json", "missing.json"]))
        .exits(1);
    assert!(
        said.text().contains("3 receipts: 1 verified, 2 refused"),
        "{said:?}"
    );
    assert!(
        said.text().contains("r.json: verified, by the trusted key"),
        "{said:?}"
    );
    home.tenzik(verify(&["r.json", "b.json", "--replay"]))
        .exits(2);
    home.tenzik(verify(&["r.json", "b.json", "--input-text", "x"]))
        .exits(2);
}
