//! Keys in the formats of other tools.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tenzik_evidence::{
    KeyError, KeyFileError, KeyFormat, NodeKey, PublicKey, PublicKeyError, PublicKeyFileError,
    TrustStore,
};

use crate::sample::{SEED, key};

/// The raw key files of wasmsign2.
fn wasmsign_secret() -> Vec<u8> {
    let public = key().public_key();
    [&[0x81][..], &SEED, public.as_bytes()].concat()
}

fn wasmsign_public() -> Vec<u8> {
    [&[0x01][..], key().public_key().as_bytes()].concat()
}

/// The same key as `ssh-keygen` writes it, with the comment `test`.
const OPENSSH_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea test";

fn ssh_string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// An OpenSSH private key from its parts.
struct Parts {
    cipher: &'static [u8],
    keys: u32,
    kind: &'static [u8],
    checks: [u32; 2],
    secret_public: [u8; 32],
    padding: Vec<u8>,
    trailing: &'static [u8],
}

impl Parts {
    fn good() -> Parts {
        Parts {
            cipher: b"none",
            keys: 1,
            kind: b"ssh-ed25519",
            checks: [7, 7],
            secret_public: *key().public_key().as_bytes(),
            padding: vec![1],
            trailing: b"",
        }
    }

    fn text(&self) -> String {
        use base64ct::{Base64, Encoding as _};
        let public = key().public_key();
        let blob = [ssh_string(self.kind), ssh_string(public.as_bytes())].concat();
        let mut secret = self.checks.map(u32::to_be_bytes).concat();
        secret.extend(ssh_string(self.kind));
        secret.extend(ssh_string(public.as_bytes()));
        secret.extend(ssh_string(&[SEED, self.secret_public].concat()));
        secret.extend(ssh_string(b"test"));
        secret.extend(&self.padding);
        let mut bytes = b"openssh-key-v1\0".to_vec();
        bytes.extend(ssh_string(self.cipher));
        bytes.extend(ssh_string(if self.cipher == b"none" {
            b"none"
        } else {
            b"bcrypt"
        }));
        bytes.extend(ssh_string(b""));
        bytes.extend(self.keys.to_be_bytes());
        bytes.extend(ssh_string(&blob));
        bytes.extend(ssh_string(&secret));
        bytes.extend(self.trailing);
        let base64 = Base64::encode_string(&bytes);
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(70)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            lines.join("\n")
        )
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn one_key_in_every_format() {
    let public = key().public_key();
    let openssh = Parts::good().text();
    let pem = key().to_pem().unwrap();
    for bytes in [pem.as_bytes(), openssh.as_bytes(), &wasmsign_secret()] {
        assert_eq!(NodeKey::parse(bytes).unwrap().public_key(), public);
    }
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let hex = format!("{public}\n");
    for bytes in [
        pem.as_bytes(),
        hex.as_bytes(),
        OPENSSH_PUBLIC.as_bytes(),
        &wasmsign_public(),
    ] {
        assert_eq!(PublicKey::parse(bytes), Ok(public));
    }
}

#[test]
fn openssh_keys_are_read_strictly() {
    let damaged = KeyError::Damaged(KeyFormat::OpenSshSecret);
    let change = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::good();
        change(&mut parts);
        NodeKey::parse(parts.text().as_bytes()).map(|key| key.public_key())
    };
    assert_eq!(change(&|_| {}), Ok(key().public_key()));
    let encrypted = change(&|parts| parts.cipher = b"aes256-ctr");
    assert_eq!(
        encrypted,
        Err(KeyError::Encrypted(KeyFormat::OpenSshSecret))
    );
    assert!(encrypted.unwrap_err().to_string().contains("ssh-keygen -p"));
    let other = change(&|parts| parts.kind = b"ssh-rsa");
    assert_eq!(
        other,
        Err(KeyError::OtherAlgorithm(KeyFormat::OpenSshSecret))
    );
    let changes: [&dyn Fn(&mut Parts); 7] = [
        &|parts| parts.keys = 2,
        &|parts| parts.checks = [7, 8],
        &|parts| parts.secret_public[0] ^= 1,
        &|parts| parts.padding = vec![2],
        &|parts| parts.padding = Vec::new(),
        &|parts| parts.padding = (1..=9).collect(),
        &|parts| parts.trailing = b"x",
    ];
    for (index, changed) in changes.iter().enumerate() {
        assert_eq!(change(changed), Err(damaged), "{index}");
    }
    let text = Parts::good().text();
    for len in 0..text.len() - 1 {
        assert!(NodeKey::parse(&text.as_bytes()[..len]).is_err(), "{len}");
    }
}

#[test]
fn a_flipped_bit_of_a_key_that_repeats_itself_is_never_another_key() {
    let public = key().public_key();
    for mut bytes in [Parts::good().text().into_bytes(), wasmsign_secret()] {
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let parsed = NodeKey::parse(&bytes);
            assert!(
                parsed.is_err() || parsed.unwrap().public_key() == public,
                "{bit}"
            );
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn what_is_no_key_is_called_what_it_looks_like() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    let secret = |bytes: &[u8]| {
        write(&file, bytes, 0o600);
        NodeKey::read(&file)
            .map(|key| key.public_key())
            .unwrap_err()
            .to_string()
    };
    let public = |bytes: &[u8]| {
        write(&file, bytes, 0o644);
        PublicKey::read(&file).unwrap_err().to_string()
    };
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(secret(encrypted.as_bytes()).contains("openssl pkey -in KEY -out COPY"));
    assert!(secret(OPENSSH_PUBLIC.as_bytes()).contains("looks like an OpenSSH public key"));
    assert!(secret(&wasmsign_public()).contains("a public key of wasmsign2"));
    assert!(secret(b"").contains("looks like nothing"));
    assert!(public(&wasmsign_secret()).contains("a secret key of wasmsign2"));
    assert!(public(Parts::good().text().as_bytes()).contains("an OpenSSH private key"));
    assert!(public(b"ssh-rsa AAAA x").contains("of another kind than Ed25519"));
    for said in [secret(b"hello"), public(b"hello")] {
        assert!(said.contains("some other text"), "{said}");
        assert!(said.contains(file.to_str().unwrap()), "{said}");
    }
    assert!(matches!(
        PublicKey::read(directory.path()),
        Err(PublicKeyFileError::File(_))
    ));
}

#[test]
fn secrets_of_every_format_must_be_private() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    for bytes in [Parts::good().text().into_bytes(), wasmsign_secret()] {
        write(&file, &bytes, 0o644);
        let error = NodeKey::read(&file).map(|_| ()).unwrap_err();
        assert!(matches!(
            error,
            KeyFileError::OpenToOthers { mode: 0o644, .. }
        ));
        write(&file, &bytes, 0o600);
        assert!(NodeKey::read(&file).is_ok());
    }
    // A public key is no secret, and called what it is.
    write(&file, OPENSSH_PUBLIC.as_bytes(), 0o644);
    let error = NodeKey::read(&file).map(|_| ()).unwrap_err();
    assert!(matches!(error, KeyFileError::Key { .. }), "{error}");
}

#[test]
fn other_openssh_lines_are_refused() {
    let base64 = OPENSSH_PUBLIC.split(' ').nth(1).unwrap();
    let cut = &base64[..base64.len() - 4];
    for line in [
        "ssh-ed25519 -".to_owned(),
        format!("ssh-ed25519 {cut}"),
        format!("ssh-ed25519 {base64}AAAA"),
        format!("ssh-ed25519 {base64}\nssh-ed25519 {base64}"),
    ] {
        assert_eq!(
            PublicKey::parse(line.as_bytes()),
            Err(PublicKeyError::OpenSsh),
            "{line}"
        );
    }
    // A key of another kind under the name of this one.
    let renamed = base64.replace("AAAAC3NzaC1lZDI1NTE5", "AAAAC3NzaC1lZDI1NTE4");
    let line = format!("ssh-ed25519 {renamed}");
    assert_eq!(
        PublicKey::parse(line.as_bytes()),
        Err(PublicKeyError::OpenSsh)
    );
}

#[test]
fn a_trust_directory_takes_key_files_of_every_tool() {
    let directory = tempfile::tempdir().unwrap();
    let trust = directory.path();
    let other = NodeKey::from_seed(&[5; 32]).public_key();
    fs::write(trust.join("a.pub"), format!("# mine\n{OPENSSH_PUBLIC}\n")).unwrap();
    fs::write(trust.join("b.key"), [&[1][..], other.as_bytes()].concat()).unwrap();
    let store = TrustStore::read(trust).unwrap();
    assert_eq!(store.len(), 2);
    assert_eq!(store.find(&key().public_key()).unwrap().name, Some("test"));
    assert!(store.find(&other).is_some());

    fs::write(trust.join("c"), wasmsign_secret()).unwrap();
    assert!(TrustStore::read(trust).is_err());
    fs::write(trust.join("c"), Parts::good().text()).unwrap();
    let error = TrustStore::read(trust).unwrap_err().to_string();
    assert!(
        error.contains("looks like an OpenSSH private key"),
        "{error}"
    );
}
