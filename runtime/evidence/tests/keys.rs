//! Keys and their files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;

use tenzik_evidence::{
    Existing, FileError, HexError, KEY_FILE_BYTES_MAX, KeyFileError, NodeKey, PublicKey,
    PublicKeyError,
};

use crate::sample::key;

/// RFC 8410, section 10.3: version 1 and version 2 of one key.
const PEM_V1: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const PEM_V2: &str = "-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
";
/// RFC 8410, section 10.1: its public key.
const PEM_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn public_keys_are_those_of_rfc_8032() {
    for (seed, public) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        ),
    ] {
        // A digest is a convenient reader of 32 bytes in hexadecimal.
        let seed: tenzik_evidence::Digest = seed.parse().unwrap();
        assert_eq!(
            NodeKey::from_seed(seed.as_bytes()).public_key().to_string(),
            public
        );
        assert_eq!(public.parse::<PublicKey>().unwrap().to_string(), public);
    }
}

#[test]
fn pem_keys_are_those_of_rfc_8410() {
    let public = PublicKey::from_pem(PEM_PUBLIC).unwrap();
    let key = NodeKey::from_pem(PEM_V1).unwrap();
    assert_eq!(key.public_key(), public);
    assert_eq!(*key.to_pem().unwrap(), PEM_V1);
    assert_eq!(NodeKey::from_pem(PEM_V2).unwrap().public_key(), public);
    assert!(NodeKey::from_pem(&PEM_V1.replace('\n', "\r\n")).is_ok());
}

#[test]
fn other_pem_texts_are_refused() {
    let encrypted = PEM_V1.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let p256 = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----
";
    for pem in ["", PEM_PUBLIC, &encrypted, p256, &PEM_V1[..60], "\0"] {
        assert!(NodeKey::from_pem(pem).is_err(), "{pem}");
    }
    for pem in ["", PEM_V1, p256, &PEM_PUBLIC[..60]] {
        assert_eq!(PublicKey::from_pem(pem), Err(PublicKeyError::Pem), "{pem}");
    }
}

#[test]
fn no_part_of_a_key_file_is_a_key() {
    for pem in [PEM_V1, PEM_V2] {
        for len in 0..pem.len() - 1 {
            assert!(NodeKey::from_pem(&pem[..len]).is_err(), "{len}");
        }
    }
}

/// Version 1 has no check of its own: a flip within the secret is another key, with another id.
/// Version 2 repeats the public key, so every change is noticed.
#[test]
fn a_flipped_bit_is_refused_or_another_id_never_silence() {
    let base64 = 28..92;
    for (pem, checked) in [(PEM_V1, false), (PEM_V2, true)] {
        let id = NodeKey::from_pem(pem).unwrap().public_key();
        let mut bytes = pem.as_bytes().to_vec();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                bytes[position] ^= 1 << bit;
                let key = std::str::from_utf8(&bytes).ok().map(NodeKey::from_pem);
                if let Some(Ok(key)) = key
                    && key.public_key() != id
                {
                    assert!(
                        !checked && base64.contains(&position),
                        "bit {bit} of {position}"
                    );
                }
                bytes[position] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn generated_keys_differ_and_hide_their_secret() {
    let (one, other) = (NodeKey::generate().unwrap(), NodeKey::generate().unwrap());
    assert_ne!(one.public_key(), other.public_key());
    let shown = format!("{:?}", key());
    assert_eq!(shown, format!("NodeKey(secret of {})", key().public_key()));
    assert!(!shown.contains("9d61"));
}

#[test]
fn a_key_file_round_trips_and_belongs_to_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node.pem");
    key().write(&path, Existing::Keep).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        NodeKey::read(&path).unwrap().public_key(),
        key().public_key()
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), *key().to_pem().unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn an_existing_key_is_kept_unless_it_is_to_be_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node.pem");
    let other = NodeKey::from_seed(&[7; 32]);
    key().write(&path, Existing::Keep).unwrap();
    let error = other.write(&path, Existing::Keep).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
    assert_eq!(
        NodeKey::read(&path).unwrap().public_key(),
        key().public_key()
    );

    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    other.write(&path, Existing::Replace).unwrap();
    assert_eq!(
        NodeKey::read(&path).unwrap().public_key(),
        other.public_key()
    );
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_symbolic_link_is_never_written_through() {
    let directory = tempfile::tempdir().unwrap();
    let (target, link) = (
        directory.path().join("target"),
        directory.path().join("link"),
    );
    symlink(&target, &link).unwrap();
    let error = key().write(&link, Existing::Keep).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
    key().write(&link, Existing::Replace).unwrap();
    assert!(!target.exists());
    assert!(link.symlink_metadata().unwrap().is_file());
}

#[test]
fn of_many_first_writers_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let path = &directory.path().join("node.pem");
    let written: Vec<PublicKey> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|seed| {
                scope.spawn(move || {
                    let key = NodeKey::from_seed(&[seed; 32]);
                    key.write(path, Existing::Keep)
                        .ok()
                        .map(|()| key.public_key())
                })
            })
            .collect();
        writers
            .into_iter()
            .filter_map(|writer| writer.join().unwrap())
            .collect()
    });
    assert_eq!(written, [NodeKey::read(path).unwrap().public_key()]);
}

#[test]
fn a_key_that_others_could_read_is_refused_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node.pem");
    key().write(&path, Existing::Keep).unwrap();
    for open in [0o640, 0o604, 0o620, 0o601, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
        let message = NodeKey::read(&path).unwrap_err().to_string();
        let path = path.display();
        assert_eq!(
            message,
            format!(
                "key file {path} is open to other users (mode {open:04o}); run `chmod 600 {path}`"
            )
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert!(NodeKey::read(&path).is_ok());
}

#[test]
fn files_that_are_no_keys_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node.pem");
    let read = || NodeKey::read(&path).unwrap_err();
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    };
    assert!(matches!(read(), KeyFileError::File(error) if error.is_not_found()));
    write(b"\xff\xfe");
    assert!(matches!(read(), KeyFileError::Key { .. }));
    write(PEM_PUBLIC.as_bytes());
    assert!(matches!(read(), KeyFileError::Key { .. }));
    write(&vec![b'a'; KEY_FILE_BYTES_MAX as usize + 1]);
    assert!(matches!(
        read(),
        KeyFileError::File(FileError::TooLarge { .. })
    ));
    for path in [directory.path(), Path::new("/dev/zero")] {
        let error = NodeKey::read(path).unwrap_err();
        assert!(
            matches!(error, KeyFileError::File(FileError::NotRegular { .. })),
            "{error}"
        );
    }
    let nowhere = directory.path().join("missing/node.pem");
    let error = key().write(&nowhere, Existing::Keep).unwrap_err();
    assert!(
        matches!(error, KeyFileError::File(FileError::Write { .. })),
        "{error}"
    );
}

/// For keys of small order anybody can make signatures; keys with two encodings could be listed
/// and removed apart from each other.
#[test]
fn public_keys_of_small_order_or_with_two_encodings_are_refused() {
    let ff = "f".repeat(60);
    let zeros = "0".repeat(62);
    for text in [
        format!("01{zeros}"),
        format!("ec{ff}7f"),
        format!("00{zeros}"),
        format!("00{}80", &zeros[2..]),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned(),
    ] {
        assert_eq!(
            text.parse::<PublicKey>(),
            Err(PublicKeyError::SmallOrder),
            "{text}"
        );
    }
    // The sign of x = 0, and y from p to p + 18.
    assert_eq!(
        format!("01{}80", &zeros[2..]).parse::<PublicKey>(),
        Err(PublicKeyError::Point)
    );
    assert_eq!(
        format!("ec{ff}ff").parse::<PublicKey>(),
        Err(PublicKeyError::Point)
    );
    for low in 0xed..=0xff {
        for high in ["7f", "ff"] {
            let text = format!("{low:02x}{ff}{high}");
            assert_eq!(
                text.parse::<PublicKey>(),
                Err(PublicKeyError::Point),
                "{text}"
            );
        }
    }
    assert_eq!(
        format!("02{zeros}").parse::<PublicKey>(),
        Err(PublicKeyError::Point)
    );
    let upper = key().public_key().to_string().to_uppercase();
    let error = upper.parse::<PublicKey>();
    assert!(
        matches!(error, Err(PublicKeyError::Hex(HexError::Character { .. }))),
        "{error:?}"
    );
}
