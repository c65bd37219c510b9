//! Evidence and keys: whatever parses is written as the same bytes or reads as the same key, and no
//! change of a signed receipt goes unnoticed.

use serde_json::{Map, Value};
use tenzik_runtime::evidence::{
    NodeKey, PublicKey, RECEIPT_BYTES_MAX, SignedReceipt, Transcript, TrustStore, verify,
};

/// Checks what must hold for `bytes` as a receipt, as a transcript and as a key file.
///
/// # Panics
/// When it does not.
pub fn receipt(bytes: &[u8]) {
    if let Ok(transcript) = Transcript::parse(bytes) {
        assert_eq!(transcript.to_bytes(), bytes);
    }
    key_file(bytes);
    let receipt = match SignedReceipt::parse(bytes) {
        Ok(receipt) => receipt,
        Err(error) => {
            let message = error.to_string();
            assert!(!message.chars().any(char::is_control), "{message:?}");
            assert!(verify(bytes, &TrustStore::new()).is_err());
            return;
        }
    };
    assert!(bytes.len() <= RECEIPT_BYTES_MAX);
    let json = receipt.to_json();
    assert_eq!(bytes.strip_suffix(b"\n").unwrap_or(bytes), json.as_bytes());
    assert_canonical(&json);
    let mut body: Map<String, Value> = serde_json::from_str(&json).unwrap();
    body.remove("signature").unwrap();
    // Where a receipt stands in its batch is not part of what is stated.
    body.retain(|name, _| !name.starts_with("batch_"));
    assert_eq!(
        serde_json::to_string(&body).unwrap(),
        receipt.body().to_json()
    );
    if let Ok(verified) = verify(bytes, &TrustStore::new()) {
        assert!(!verified.is_trusted(), "nobody is trusted");
    }
    signed_by_us_is_good(&receipt);
}

/// A key file is a secret key or a public one, not both; written in another format it is the same key.
fn key_file(bytes: &[u8]) {
    let public = PublicKey::parse(bytes);
    if let Ok(key) = NodeKey::parse(bytes) {
        let pem = key.to_pem().unwrap();
        let again = NodeKey::parse(pem.as_bytes()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert!(public.is_err(), "a secret key is read as a public one");
    }
    if let Ok(key) = public {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

/// RFC 8785 for objects of texts and booleans without escapes.
fn assert_canonical(json: &str) {
    let fields: Map<String, Value> = serde_json::from_str(json).unwrap();
    assert!(!json.contains('\\'));
    // The map of serde_json is sorted by the bytes of the names; for ASCII so is RFC 8785.
    assert_eq!(serde_json::to_string(&fields).unwrap(), json);
}

/// What a parsed receipt states can be signed by another key, and verifies then.
fn signed_by_us_is_good(receipt: &SignedReceipt) {
    let key = NodeKey::from_seed(&[7; 32]);
    let ours = key.sign(receipt.body().statement().clone());
    let verified = verify(ours.to_json().as_bytes(), &TrustStore::new()).unwrap();
    assert_eq!(verified.body().statement(), receipt.body().statement());
}
