//! Signatures of modules: one writing for one meaning, and what is signed here verifies here.

use tenzik_runtime::evidence::signature::{
    ModuleSignature, SignableModule, SignedModule, SshSignature, without_signatures,
};
use tenzik_runtime::{NodeKey, TrustStore};

/// Checks what must hold for `bytes` as a module, as a detached signature and as an SSH signature.
///
/// # Panics
/// When it does not.
pub fn signature(bytes: &[u8]) {
    if let Ok(detached) = ModuleSignature::parse(bytes) {
        assert_eq!(detached.to_bytes(), bytes);
    }
    if let Ok(ssh) = SshSignature::parse(bytes) {
        assert_eq!(SshSignature::parse(ssh.to_text().as_bytes()).unwrap(), ssh);
    }
    let Ok(module) = SignableModule::parse(bytes) else {
        assert!(SignedModule::parse(bytes, None).is_err());
        return;
    };
    assert_eq!(module.bytes(), bytes);
    if let Ok(signed) = SignedModule::parse(bytes, None) {
        assert!(
            signed.check(&TrustStore::new()).is_err(),
            "nobody is trusted"
        );
    }
    let Ok(embedded) = module.embedded() else {
        return;
    };
    let mut signature = embedded.unwrap_or_default();
    let key = NodeKey::from_seed(&[7; 32]);
    if signature.sign(module.hashes(), &key).is_err() {
        return;
    }
    let with = module.embed(&signature);
    assert_eq!(
        without_signatures(&with).unwrap(),
        without_signatures(bytes).unwrap()
    );
    let mut trusted = TrustStore::new();
    trusted.insert(key.public_key(), None).unwrap();
    let signed = SignedModule::parse(&with, None).unwrap();
    assert_eq!(signed.check(&trusted).unwrap(), [key.public_key()]);
    assert_flip_is_noticed(with, bytes.len(), &trusted);
}

/// No byte of the signed module can change; which one is tried depends on the module.
fn assert_flip_is_noticed(mut module: Vec<u8>, choice: usize, trusted: &TrustStore) {
    let at = choice.wrapping_mul(0x9e37_79b9) % module.len();
    module[at] ^= 1 << (choice % 8);
    let Ok(signed) = SignedModule::parse(&module, None) else {
        return;
    };
    // A flip in a signature of somebody else, or in a key's name, leaves ours good.
    if signed.check(trusted).is_ok() {
        let changed = SignableModule::parse(&module).unwrap();
        assert!(changed.is_signed());
        let ours = without_signatures(&module).unwrap();
        module[at] ^= 1 << (choice % 8);
        assert_eq!(ours, without_signatures(&module).unwrap());
    }
}
