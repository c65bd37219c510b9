//! What receipts say, who signed them, and what they commit to.

use serde_json::Value;

use crate::world::World;

use super::{DICE, ECHO, HEAD, REPLAY, VERIFY, json, run, verify};

#[test]
fn show_tells_all_fields_and_that_nothing_is_verified() {
    let home = World::new();
    run(
        &home,
        ECHO,
        0,
        &["--input-text", "hello", "--fuel", "1234567"],
    );
    let receipt: Value = serde_json::from_slice(&home.read("r.json")).unwrap();
    let said = home.tenzik(["receipt", "show", "r.json"]).exits(0);
    let limits = receipt["limits"].as_str().unwrap();
    for name in limits
        .split(' ')
        .map(|limit| limit.split_once('=').unwrap().0)
    {
        assert!(said.text().contains(name), "{name}: {said:?}");
    }
    for (name, value) in receipt.as_object().unwrap() {
        let names_apart = ["version", "fuel_exact", "input_complete"];
        assert!(
            names_apart.contains(&name.as_str()) || said.text().contains(name.as_str()),
            "{name}: {said:?}"
        );
        let as_it_is = name.ends_with("commit")
            || name.ends_with("id")
            || name == "signature"
            || name == "nonce";
        assert!(
            !as_it_is || said.text().contains(value.as_str().unwrap()),
            "{name}: {said:?}"
        );
    }
    assert!(
        said.text().contains("1,234,567") && said.text().contains("not verified"),
        "{said:?}"
    );

    let shown = json(&home, 0, &["receipt", "show", "r.json"]);
    assert_eq!(shown["verified"], false);
    for (name, value) in receipt.as_object().unwrap() {
        assert_eq!(shown[name], *value);
    }

    home.write("r.json", &home.read("r.json")[1..]);
    home.tenzik(["receipt", "show", "r.json"]).exits(40);
}

#[test]
fn contents_that_differ_are_named() {
    let home = World::new();
    run(&home, ECHO, 0, &["--input-text", "hello"]);
    home.write("same", "hello");
    home.write("longer", "hello!");
    home.write("other.wat", HEAD);
    let all = [
        "--capsule",
        "./c.wat",
        "--input",
        "same",
        "--output",
        "same",
    ];
    let object = verify(&home, 0, &VERIFY, &all);
    assert_eq!(object["commitments"].as_array().unwrap().len(), 3);
    assert_eq!(object["reexecution"]["asked"], false);

    let cases = [
        ("capsule_id", ["--capsule", "./other.wat"]),
        ("input_commit", ["--input", "longer"]),
        ("input_commit", ["--input-text", "hellO"]),
        ("output_commit", ["--output", "longer"]),
        ("output_commit", ["--output", "c.wat"]),
    ];
    for (field, arguments) in cases {
        let object = verify(&home, 40, &VERIFY, &arguments);
        assert_eq!(object["status"], "broken");
        assert_eq!(object["error"]["code"], "receipt_broken");
        let commitments = object["commitments"].as_array().unwrap();
        let bad: Vec<&Value> = commitments
            .iter()
            .filter(|commitment| commitment["good"] == false)
            .collect();
        assert_eq!(bad[0]["field"], field, "{object}");
        assert!(bad[0]["expected"].is_string(), "{object}");
        let said = home.tenzik([&VERIFY[..], &arguments].concat()).exits(40);
        assert!(
            said.text().contains(field) && said.text().contains("expected"),
            "{said:?}"
        );
    }
    // An output that differs does not keep anybody from running again.
    let object = verify(
        &home,
        40,
        &REPLAY,
        &["--input", "same", "--output", "longer"],
    );
    assert_eq!(object["reexecution"]["agrees"], true);
    let object = verify(&home, 40, &REPLAY, &["--input", "longer"]);
    assert_eq!(object["reexecution"]["done"], false);
}

#[test]
fn what_never_ran_has_no_output_and_any_input() {
    let home = World::new();
    run(&home, DICE, 30, &["--deny", "random"]);
    home.write("file", "");
    let object = verify(&home, 0, &REPLAY, &["--input", "file"]);
    assert_eq!(object["commitments"][1]["checked"], false);
    verify(&home, 40, &REPLAY, &["--output", "file"]);
}

#[test]
fn only_trusted_keys_count() {
    let home = World::new();
    let key = json(&home, 0, &["keygen", "-o", "key.pem"])["public_key"].clone();
    let key = key.as_str().unwrap();
    run(&home, ECHO, 0, &["--key", "key.pem"]);
    let object = verify(&home, 40, &REPLAY, &[]);
    assert_eq!(object["signature"]["good"], true);
    assert_eq!(object["signature"]["trusted"], false);
    assert_eq!(object["signature"]["node_id"], key);
    assert_eq!(
        object["reexecution"]["agrees"], true,
        "a question of its own"
    );

    home.write("trusted", format!("# builders\n{key} builder 1\n"));
    let object = verify(&home, 0, &VERIFY, &["--trust", "trusted"]);
    assert_eq!(object["signature"]["name"], "builder 1");
    std::fs::create_dir(home.path("builders")).unwrap();
    home.write("builders/one", key);
    verify(&home, 0, &VERIFY, &["--trust", "builders"]);
    home.write("nobody", "");
    verify(&home, 40, &VERIFY, &["--trust", "nobody"]);
    verify(
        &home,
        0,
        &VERIFY,
        &["--trust", "nobody", "--trust", "trusted"],
    );
    verify(&home, 1, &VERIFY, &["--trust", "missing"]);

    home.tenzik(["receipt", "trust", "add", key]).exits(0);
    verify(&home, 0, &VERIFY, &[]);
    verify(&home, 40, &VERIFY, &["--trust", "nobody"]);
    home.tenzik(["receipt", "trust", "remove", key]).exits(0);
    verify(&home, 40, &VERIFY, &[]);
}

#[test]
fn changed_bytes_break_a_receipt() {
    let home = World::new();
    run(&home, ECHO, 0, &["--input-text", "hello"]);
    let good = home.read("r.json");
    for index in (0..good.len() - 1).step_by(17).chain([good.len() - 2]) {
        let mut bytes = good.clone();
        bytes[index] ^= 1;
        home.write("r.json", &bytes);
        let object = verify(&home, 40, &VERIFY, &["--replay"]);
        assert_eq!(object["status"], "broken", "byte {index}");
        assert_eq!(object["signature"]["good"], false, "byte {index}");
        assert_eq!(
            object["commitments"].as_array().unwrap().len(),
            3,
            "byte {index}"
        );
        assert_eq!(object["reexecution"]["asked"], true, "byte {index}");
    }
    for bytes in [&b""[..], b"{}", &good[..good.len() / 2], &[b' '; 100_000]] {
        home.write("r.json", bytes);
        verify(&home, 40, &VERIFY, &[]);
        json(&home, 40, &["receipt", "show", "r.json"]);
    }
    home.write("r.json", "{\"\u{1b}[31m\u{9b}\u{202e}\":\"\"}");
    let said = home.tenzik(VERIFY).exits(40);
    let shown = format!("{}{}", said.text(), said.stderr);
    assert!(
        !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
        "{said:?}"
    );
}

#[test]
fn what_is_missing_is_said() {
    let home = World::new();
    run(&home, ECHO, 0, &["--input-text", "hello"]);
    let cases: [(i32, &[&str], &str); 9] = [
        (2, &["--replay"], "--capsule"),
        (2, &["--replay", "--capsule", "./c.wat"], "--input"),
        (
            2,
            &["--input", "c.wat", "--input-text", "x"],
            "--input-text",
        ),
        (1, &["--capsule", "./missing.wasm"], "missing.wasm"),
        (1, &["--capsule", "./missing.wat"], "missing.wat"),
        (1, &["--input", "missing"], "missing"),
        (1, &["--output", "missing"], "missing"),
        (1, &["--output", "."], "directory"),
        (127, &["--capsule", "no-such-capsule"], "no-such-capsule"),
    ];
    for (exit, arguments, named) in cases {
        let said = home.tenzik([&VERIFY[..], arguments].concat()).exits(exit);
        assert!(said.stderr.contains(named), "{said:?}");
        assert_eq!(said.text(), "");
    }
    home.tenzik(["receipt", "verify", "missing.json"]).exits(1);
    home.tenzik(["receipt", "show", "missing.json"]).exits(1);
    home.tenzik(["receipt", "verfiy", "r.json"]).exits(127);
    home.tenzik(["receipt"]).exits(2);
}
