//! Signing keys, the machine's own key, and the keys that are trusted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use crate::world::{Ended, World, ended, has};

use super::json;

/// A capsule that does nothing.
const NOTHING: &str =
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;

/// The public key of TEST 1 of RFC 8032, section 7.1.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// The same as `openssl pkey -pubout` writes it.
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

fn home() -> World {
    let home = World::new();
    home.write("nothing.wat", NOTHING);
    home
}

const RUN: [&str; 5] = ["run", "./nothing.wat", "--quiet", "--receipt", "r.json"];

fn start(home: &World, arguments: &[&str]) -> Child {
    home.command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn mode(home: &World, name: &str) -> u32 {
    fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn keygen_writes_a_private_key_that_openssl_reads() {
    let home = home();
    let said = home.tenzik(["keygen", "-o", "key.pem"]).exits(0);
    assert_eq!(mode(&home, "key.pem"), 0o600);
    let public_key = said.text().trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(public_key.len(), 64, "{said:?}");
    assert!(said.text().contains("key.pem"), "{said:?}");

    if has("openssl", "version") {
        let openssl = Command::new("openssl")
            .args(["pkey", "-noout", "-text", "-in"])
            .arg(home.path("key.pem"))
            .output()
            .unwrap();
        assert!(openssl.status.success(), "{openssl:?}");
        let text: String = String::from_utf8(openssl.stdout).unwrap();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        assert!(digits.ends_with(&public_key), "{text}");
    }

    home.tenzik([&RUN[..], &["--key", "key.pem"]].concat())
        .exits(0);
    let shown = json(&home, 0, &["receipt", "show", "r.json"]);
    assert_eq!(shown["node_id"], public_key.as_str());
    assert!(!home.path("config").exists(), "no key but the given one");
}

#[test]
fn keygen_keeps_an_existing_file_unless_forced() {
    let home = home();
    home.write("key.pem", "mine");
    let said = home.tenzik(["keygen", "-o", "key.pem"]).exits(1);
    assert!(
        said.stderr.contains("key.pem exists") && said.stderr.contains("--force"),
        "{said:?}"
    );
    assert_eq!(home.read("key.pem"), b"mine");

    let object = json(&home, 1, &["keygen", "-o", "key.pem"]);
    assert_eq!(object["status"], "error");
    assert_eq!(object["exit"], 1);

    let object = json(&home, 0, &["keygen", "-o", "key.pem", "--force"]);
    assert_eq!(
        (&object["status"], &object["file"]),
        (&"ok".into(), &"key.pem".into())
    );
    assert_eq!(object["public_key"].as_str().unwrap().len(), 64);
    assert_eq!(mode(&home, "key.pem"), 0o600);

    home.tenzik(["keygen", "-o", "missing/key.pem"]).exits(1);
    home.tenzik(["keygen"]).exits(2);
    fs::create_dir(home.path("directory")).unwrap();
    home.tenzik(["keygen", "-o", "directory", "--force"])
        .exits(1);
    fs::remove_file(home.path("key.pem")).unwrap();
    std::os::unix::fs::symlink("/dev/null", home.path("key.pem")).unwrap();
    home.tenzik(["keygen", "-o", "key.pem", "--force"]).exits(1);
}

#[test]
fn the_first_receipt_makes_and_announces_the_machines_key() {
    let home = home();
    home.tenzik(["run", "./nothing.wat", "--quiet"]).exits(0);
    assert!(!home.path("config").exists(), "no receipt, no key");

    let said = home.tenzik(RUN).exits(0);
    let shown = json(&home, 0, &["receipt", "show", "r.json"]);
    let node_id = shown["node_id"].as_str().unwrap();
    assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
    assert!(
        said.stderr.contains("config/tenzik/node.pem") && said.stderr.contains(node_id),
        "{said:?}"
    );
    assert_eq!(mode(&home, "config/tenzik"), 0o700);
    assert_eq!(mode(&home, "config/tenzik/node.pem"), 0o600);
    let listed = home.tenzik(["receipt", "trust", "list"]).exits(0);
    assert_eq!(listed.text(), format!("{node_id} this machine\n"));

    let said = home.tenzik(RUN).exits(0);
    assert_eq!(said.stderr, "");
    assert_eq!(
        json(&home, 0, &["receipt", "show", "r.json"])["node_id"],
        node_id
    );
    home.tenzik(["receipt", "verify", "r.json"]).exits(0);

    fs::remove_file(home.path("config/tenzik/trusted_keys")).unwrap();
    home.tenzik(["receipt", "verify", "r.json"]).exits(0);
}

#[test]
fn processes_that_race_for_the_first_key_use_the_same() {
    for _ in 0..5 {
        let home = home();
        let names = ["0.json", "1.json", "2.json", "3.json"];
        let started: Vec<_> = names
            .iter()
            .map(|name| {
                start(
                    &home,
                    &["run", "./nothing.wat", "--quiet", "--receipt", name],
                )
            })
            .collect();
        let said: Vec<Ended> = started
            .into_iter()
            .map(|child| ended(child.wait_with_output().unwrap()))
            .collect();
        assert!(said.iter().all(|said| said.code == 0), "{said:?}");
        let announced = said
            .iter()
            .filter(|said| said.stderr.contains("made the signing key"));
        assert_eq!(announced.count(), 1, "{said:?}");
        let mut nodes: Vec<_> = names
            .iter()
            .map(|name| {
                json(&home, 0, &["receipt", "verify", name])["signature"]["node_id"].clone()
            })
            .collect();
        nodes.dedup();
        assert_eq!(nodes.len(), 1);
    }
}

#[test]
fn broken_keys_are_failures_of_the_machine() {
    let home = home();
    home.tenzik(["keygen", "-o", "key.pem"]).exits(0);
    let key = home.read("key.pem");
    let with_key = [&RUN[..], &["--key", "key.pem"]].concat();

    fs::set_permissions(home.path("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.tenzik(&with_key).exits(1);
    assert!(
        said.stderr.contains("mode 0644") && said.stderr.contains("chmod 600"),
        "{said:?}"
    );

    fs::remove_file(home.path("key.pem")).unwrap();
    home.tenzik(&with_key).exits(1);
    home.tenzik(["keygen", "-o", "key.pem"]).exits(0);
    let begins = "key.pem begins like a PKCS#8 private key";
    for (broken, what) in [
        (&b""[..], "key.pem looks like nothing"),
        (b"not a key", "key.pem looks like some other text"),
        (&key[..60], begins),
        (&[&key[..50], b"!", &key[51..]].concat(), begins),
    ] {
        // Writing keeps the mode of the file.
        home.write("key.pem", broken);
        let said = home.tenzik(&with_key).exits(1);
        assert!(said.stderr.contains(what), "{said:?}");
    }
    assert!(!home.path("r.json").exists());
}

#[test]
fn trusted_keys_are_added_listed_and_removed() {
    let home = home();
    let trust = |exit: i32, arguments: &[&str]| {
        json(&home, exit, &[&["receipt", "trust"], arguments].concat())
    };
    assert_eq!(trust(0, &["list"])["keys"].as_array().unwrap().len(), 0);
    let made = json(&home, 0, &["keygen", "-o", "key.pem"]);
    let key = made["public_key"].as_str().unwrap();

    assert_eq!(
        trust(0, &["add", key, "--name", "builder 1"])["added"],
        true
    );
    assert_eq!(trust(0, &["add", key, "--name", "another"])["added"], false);
    let listed = trust(0, &["list"]);
    assert_eq!(listed["keys"][0]["public_key"], key);
    assert_eq!(listed["keys"][0]["name"], "builder 1");
    assert_eq!(listed["keys"][0]["own"], false);
    assert_eq!(trust(0, &["remove", key])["removed"], true);
    assert_eq!(trust(1, &["remove", key])["status"], "error");

    home.write("key.pub", PUBLIC_PEM);
    assert_eq!(
        trust(0, &["add", "key.pub", "--trust", "file"])["public_key"],
        PUBLIC_KEY
    );
    assert_eq!(
        trust(0, &["list", "--trust", "file"])["keys"][0]["name"],
        serde_json::Value::Null
    );
    assert_eq!(
        trust(0, &["remove", "key.pub", "--trust", "file"])["removed"],
        true
    );

    let zeros = "0".repeat(64);
    let upper = key.to_uppercase();
    for malformed in ["", "zz", "key.pem", zeros.as_str(), &upper, &key[1..]] {
        trust(2, &["add", malformed]);
    }
    trust(2, &["add", key, "--name", "\u{1b}[31mred"]);
    trust(1, &["add", "./missing.pub"]);
    assert_eq!(trust(0, &["list"])["keys"].as_array().unwrap().len(), 0);
}
