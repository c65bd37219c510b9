//! Writing, reading and verifying receipts.

use std::fs;
use std::path::Path;

use tenzik_evidence::{
    NodeKey, SignedReceipt, Status, Trust, TrustStore, VerifyError, pre_authentication_encoding,
    verify,
};

use crate::sample::{self, key, receipt, verdicts};

#[test]
fn every_verdict_round_trips() {
    for (name, verdict) in verdicts() {
        let receipt = receipt(verdict);
        let json = receipt.to_json();
        assert_eq!(
            SignedReceipt::parse(json.as_bytes()).as_ref(),
            Ok(&receipt),
            "{name}"
        );
        assert_eq!(
            SignedReceipt::parse(format!("{json}\n").as_bytes()),
            Ok(receipt),
            "{name}"
        );
    }
}

#[test]
fn released_receipts_stay_readable_and_are_still_written_the_same() {
    for (name, verdict) in verdicts() {
        let path = format!(
            "{}/tests/fixtures/v1-{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let json = format!("{}\n", receipt(verdict).to_json());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &json).unwrap();
        }
        let released = fs::read_to_string(Path::new(&path)).unwrap();
        assert_eq!(json, released, "{name}");
        assert!(
            verify(released.as_bytes(), &TrustStore::new()).is_ok(),
            "{name}"
        );
    }
}

#[test]
fn a_good_signature_and_a_trusted_key_are_two_answers() {
    let json = receipt(verdicts().remove(0).1).to_json();
    let verified = verify(json.as_bytes(), &TrustStore::new()).unwrap();
    assert_eq!(verified.trust(), &Trust::Untrusted);
    assert!(!verified.is_trusted());

    let mut trusted = TrustStore::new();
    trusted
        .insert(key().public_key(), Some("builder 1"))
        .unwrap();
    let verified = verify(json.as_bytes(), &trusted).unwrap();
    assert_eq!(
        verified.trust(),
        &Trust::Trusted {
            name: Some("builder 1".to_owned())
        }
    );
    assert_eq!(verified.body().statement().verdict.status(), Status::Ok);
}

#[test]
fn a_signature_of_another_node_or_another_statement_is_bad() {
    let mine = receipt(verdicts().remove(0).1);
    let other = NodeKey::from_seed(&[7; 32]);
    let theirs = other.sign(mine.body().statement().clone());
    let trusted = TrustStore::new();

    let swapped = mine.to_json().replace(
        &mine.signature().to_string(),
        &theirs.signature().to_string(),
    );
    let node_id = key().public_key();
    assert_eq!(
        verify(swapped.as_bytes(), &trusted),
        Err(VerifyError::Signature { node_id })
    );

    let renamed = mine
        .to_json()
        .replace(&node_id.to_string(), &other.public_key().to_string());
    let node_id = other.public_key();
    assert_eq!(
        verify(renamed.as_bytes(), &trusted),
        Err(VerifyError::Signature { node_id })
    );

    let cheaper = mine
        .to_json()
        .replace("\"host_calls\":\"3\"", "\"host_calls\":\"2\"");
    assert!(matches!(
        verify(cheaper.as_bytes(), &trusted),
        Err(VerifyError::Signature { .. })
    ));
}

/// The example of the DSSE specification.
#[test]
fn the_pre_authentication_encoding_is_that_of_dsse() {
    assert_eq!(
        pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn the_signed_bytes_are_the_receipt_without_its_signature() {
    let receipt = receipt(verdicts().remove(0).1);
    let signature = format!("\"signature\":\"{}\",", receipt.signature());
    let body = receipt.to_json().replace(&signature, "");
    assert_eq!(receipt.body().to_json(), body);
    let head = format!(
        "DSSEv1 38 application/vnd.tenzik.receipt.v1+json {} ",
        body.len()
    );
    assert_eq!(
        receipt.signed_bytes(),
        [head.as_bytes(), body.as_bytes()].concat()
    );
}

/// Integers above 2^53 do not survive JSON numbers; here they do.
#[test]
fn large_numbers_are_exact() {
    let json = sample::receipt(verdicts().remove(0).1).to_json();
    assert!(json.contains("\"fuel_used\":\"18446744073709551615\""));
    assert!(json.contains("\"seed\":\"9007199254740993\""));
}
