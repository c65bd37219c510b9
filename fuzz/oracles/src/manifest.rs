//! Manifests: only canonical bytes parse, and what parses says the same when it is written.

use serde_json::Value;
use tenzik_capsule::{MANIFEST_BYTES_MAX, Manifest, ManifestError};

/// Checks what must hold for the payload `bytes` of a manifest section.
///
/// # Panics
/// When it does not.
pub fn manifest(bytes: &[u8]) {
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            assert!(
                bytes.len() <= MANIFEST_BYTES_MAX
                    || matches!(error, ManifestError::TooLarge { .. })
            );
            return;
        }
    };
    assert!(bytes.len() <= MANIFEST_BYTES_MAX);
    assert_eq!(manifest.to_bytes(), bytes);
    let again = Manifest::new(manifest.name(), manifest.version(), manifest.needs()).unwrap();
    assert_eq!(again, manifest);
    // Another reader of JSON sees the same.
    let json: Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(json["name"], manifest.name());
    assert_eq!(json["version"], manifest.version());
    let needs: Vec<&str> = manifest.needs().iter().map(|need| need.name()).collect();
    assert_eq!(json["needs"], Value::from(needs));
}
