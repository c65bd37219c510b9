//! What strangers with other tools make of keys and receipts: OpenSSL, and Python's JSON and
//! SHA-512.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ed25519_dalek::{Verifier as _, VerifyingKey};
use tenzik_evidence::{
    Existing, NodeKey, PublicKey, SignedReceipt, TrustStore, VerifyError, verify,
};

use crate::sample::{SEED, key, receipt, verdicts};

/// The output of another tool. Where the tool is missing, CI fails, and others are told on stderr
/// past the test harness.
fn tool(name: &str, arguments: &[&str], stdin: &[u8]) -> Option<Output> {
    let child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let message = format!("NOT TESTED: cannot start {name}: {error}; install {name}\n");
            assert!(std::env::var_os("CI").is_none(), "{message}");
            std::io::stderr().write_all(message.as_bytes()).unwrap();
            return None;
        }
    };
    // A tool that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    Some(child.wait_with_output().unwrap())
}

fn text(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn python(script: &str, arguments: &[&str], stdin: &[u8]) -> Option<String> {
    let script = format!("{}/tests/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = tool("python3", &[&[script.as_str()], arguments].concat(), stdin)?;
    Some(text(&output))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn openssl_reads_the_key_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.pem");
    key().write(&file, Existing::Keep).unwrap();
    let Some(output) = tool(
        "openssl",
        &["pkey", "-in", path(&file), "-noout", "-text"],
        b"",
    ) else {
        return;
    };
    let shown: String = text(&output)
        .split_whitespace()
        .collect::<String>()
        .replace(':', "");
    assert!(shown.starts_with("ED25519Private-Key"), "{shown}");
    assert!(shown.contains(&hex(&SEED)) && shown.contains(&key().public_key().to_string()));

    let Some(output) = tool("openssl", &["pkey", "-in", path(&file), "-pubout"], b"") else {
        return;
    };
    assert_eq!(PublicKey::from_pem(&text(&output)), Ok(key().public_key()));
}

#[test]
fn tenzik_reads_the_keys_of_openssl() {
    let Some(output) = tool("openssl", &["genpkey", "-algorithm", "ed25519"], b"") else {
        return;
    };
    let pem = text(&output);
    let key = NodeKey::from_pem(&pem).unwrap();
    assert_eq!(*key.to_pem().unwrap(), pem);
}

#[test]
fn openssl_verifies_every_receipt() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    key().write(&file("key"), Existing::Keep).unwrap();
    for (name, verdict) in verdicts() {
        let receipt = receipt(verdict);
        let mut message = receipt.signed_bytes();
        fs::write(file("message"), &message).unwrap();
        fs::write(file("signature"), receipt.signature().as_bytes()).unwrap();
        let [message_file, signature, key] =
            ["message", "signature", "key"].map(|name| path(&file(name)).to_owned());
        #[rustfmt::skip]
        let arguments = [
            "pkeyutl", "-verify", "-rawin", "-inkey", &key,
            "-in", &message_file, "-sigfile", &signature,
        ];
        let Some(output) = tool("openssl", &arguments, b"") else {
            return;
        };
        assert_eq!(
            text(&output).trim(),
            "Signature Verified Successfully",
            "{name}"
        );

        *message.last_mut().unwrap() ^= 1;
        fs::write(file("message"), &message).unwrap();
        let Some(output) = tool("openssl", &arguments, b"") else {
            return;
        };
        assert!(!output.status.success(), "{name}");
    }
}

/// Python writes the same file and the same signed bytes from the values alone.
#[test]
fn python_agrees_on_the_canonical_form() {
    for (name, verdict) in verdicts() {
        let receipt = receipt(verdict);
        let json = receipt.to_json();
        let Some(output) = python("canonical.py", &[], json.as_bytes()) else {
            return;
        };
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(
            lines,
            [hex(json.as_bytes()), hex(&receipt.signed_bytes())],
            "{name}"
        );
    }
}

/// Signatures that satisfy the plain equation of RFC 8032 but are not unique, or prove nothing.
#[test]
fn signatures_that_only_lenient_verifiers_accept_are_refused() {
    let receipt = receipt(verdicts().remove(0).1);
    let message = receipt.signed_bytes();
    let honest = receipt.signature().to_string();
    let Some(output) = python("forge.py", &[&hex(&SEED), &honest], &message) else {
        return;
    };
    let forged: Vec<&str> = output.lines().collect();
    let [small_order_r, large_s] = forged[..] else {
        panic!("{output}")
    };

    let lenient = VerifyingKey::from_bytes(key().public_key().as_bytes()).unwrap();
    let signature: tenzik_evidence::Signature = small_order_r.parse().unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    assert!(
        lenient.verify(&message, &signature).is_ok(),
        "the vector must tempt somebody"
    );

    let trusted = TrustStore::new();
    let node_id = key().public_key();
    for forged in [small_order_r, large_s] {
        let json = receipt.to_json().replace(&honest, forged);
        assert!(SignedReceipt::parse(json.as_bytes()).is_ok());
        assert_eq!(
            verify(json.as_bytes(), &trusted),
            Err(VerifyError::Signature { node_id })
        );
    }
}
