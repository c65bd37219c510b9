//! Trust stores and their files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;

use tempfile::TempDir;
use tenzik_evidence::{
    FileError, NodeKey, PublicKey, TRUST_DIRECTORY_FILES_MAX, TRUST_FILE_BYTES_MAX, TrustError,
    TrustFile, TrustLineError, TrustStore,
};

use crate::sample::key;

const PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

fn public(seed: u8) -> PublicKey {
    NodeKey::from_seed(&[seed; 32]).public_key()
}

fn file(directory: &TempDir) -> TrustFile {
    TrustFile::new(directory.path().join("trusted"))
}

fn list(path: &Path) -> Vec<(PublicKey, Option<String>)> {
    let store = TrustStore::read(path).unwrap();
    let mut keys: Vec<_> = store
        .iter()
        .map(|entry| (entry.key, entry.name.map(str::to_owned)))
        .collect();
    keys.sort();
    keys
}

#[test]
fn keys_are_added_listed_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    assert!(file.read().unwrap().is_empty());
    assert!(file.add(&public(1), Some("builder 1")).unwrap());
    assert!(file.add(&public(2), None).unwrap());
    let mut expected = vec![(public(1), Some("builder 1".to_owned())), (public(2), None)];
    expected.sort();
    assert_eq!(list(file.path()), expected);
    assert_eq!(
        fs::read_to_string(file.path()).unwrap(),
        format!("{} builder 1\n{}\n", public(1), public(2))
    );
    assert!(file.remove(&public(1)).unwrap());
    assert!(!file.remove(&public(1)).unwrap());
    assert_eq!(list(file.path()), [(public(2), None)]);
}

#[test]
fn adding_a_key_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    assert!(file.add(&public(1), Some("first")).unwrap());
    let before = fs::read(file.path()).unwrap();
    assert!(!file.add(&public(1), Some("second")).unwrap());
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[test]
fn comments_blank_lines_and_order_survive_changes() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    let (one, two, three) = (public(1), public(2), public(3));
    fs::write(
        file.path(),
        format!("# farm\n\n{two}\tnumber two \r\n{one}\n  {two}\n# no line feed at the end\n{one}"),
    )
    .unwrap();
    assert_eq!(
        file.read().unwrap().find(&two).unwrap().name,
        Some("number two")
    );
    file.add(&three, Some("drei é")).unwrap();
    file.remove(&two).unwrap();
    assert_eq!(
        fs::read_to_string(file.path()).unwrap(),
        format!("# farm\n\n{one}\n# no line feed at the end\n{one}\n{three} drei é\n")
    );
}

#[test]
fn garbage_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    let small_order = format!("01{}", "0".repeat(62));
    let name = "n".repeat(129);
    let key = public(1).to_string();
    for garbage in [
        "garbage".to_owned(),
        key[1..].to_owned(),
        key.to_uppercase(),
        small_order,
        format!("{key}{key}"),
        format!("{key} {name}"),
        format!("{key} \u{1b}[2J"),
        format!("{key} \u{202e}"),
    ] {
        let text = format!("# comment\n{key}\n{garbage}\n{key}\n");
        fs::write(file.path(), &text).unwrap();
        for error in [
            TrustStore::read(file.path()).map(|_| ()).unwrap_err(),
            file.read().map(|_| ()).unwrap_err(),
            file.add(&public(2), None).map(|_| ()).unwrap_err(),
            file.remove(&public(1)).map(|_| ()).unwrap_err(),
        ] {
            assert!(
                matches!(error, TrustError::Line { line: 3, .. }),
                "{garbage:?}: {error}"
            );
        }
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
    }
    fs::write(file.path(), b"\xff").unwrap();
    let error = file.read().unwrap_err();
    assert!(matches!(
        error,
        TrustError::Line {
            line: 1,
            problem: TrustLineError::Utf8,
            ..
        }
    ));
}

#[test]
fn names_that_do_not_fit_on_a_line_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    for name in ["", " ", "a\nb", "a\u{7}", " a", "a ", "\u{2066}a"] {
        let error = file.add(&public(1), Some(name)).unwrap_err();
        assert!(
            matches!(error, TrustError::Name(TrustLineError::NameCharacter)),
            "{name:?}"
        );
    }
    assert!(matches!(
        file.add(&public(1), Some(&"n".repeat(129))).unwrap_err(),
        TrustError::Name(TrustLineError::NameLong)
    ));
    assert!(!file.path().exists());
}

#[test]
fn a_public_key_in_pem_is_a_store_of_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("peer.pem");
    fs::write(&path, PEM).unwrap();
    assert_eq!(list(&path), [(PublicKey::from_pem(PEM).unwrap(), None)]);
    fs::write(&path, &PEM[..80]).unwrap();
    assert!(matches!(
        TrustStore::read(&path).unwrap_err(),
        TrustError::Line { line: 1, .. }
    ));
}

#[test]
fn a_directory_is_the_union_of_its_files() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a"), format!("{} a\n", public(1))).unwrap();
    fs::write(
        directory.path().join("b"),
        format!("{} b\n{}\n", public(1), public(2)),
    )
    .unwrap();
    fs::write(directory.path().join("peer.pem"), PEM).unwrap();
    fs::write(directory.path().join(".a.lock"), "not a key").unwrap();
    let store = TrustStore::read(directory.path()).unwrap();
    assert_eq!(store.len(), 3);
    assert_eq!(store.find(&public(1)).unwrap().name, Some("a"));
    assert_eq!(store.find(&public(3)), None);

    fs::write(directory.path().join("c"), "garbage").unwrap();
    let error = TrustStore::read(directory.path()).unwrap_err();
    assert!(
        matches!(&error, TrustError::Line { path, .. } if path.ends_with("c")),
        "{error}"
    );
}

#[test]
fn sizes_are_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    fs::write(file.path(), vec![b'\n'; TRUST_FILE_BYTES_MAX as usize]).unwrap();
    assert!(file.read().unwrap().is_empty());
    for error in [
        file.add(&public(1), None).unwrap_err(),
        TrustStore::read(Path::new("/dev/zero")).unwrap_err(),
        TrustStore::read(&directory.path().join("missing")).unwrap_err(),
    ] {
        assert!(matches!(error, TrustError::File(_)), "{error}");
    }
    fs::write(file.path(), vec![b'\n'; TRUST_FILE_BYTES_MAX as usize + 1]).unwrap();
    let error = file.read().unwrap_err();
    assert!(
        matches!(error, TrustError::File(FileError::TooLarge { .. })),
        "{error}"
    );

    let many = tempfile::tempdir().unwrap();
    for name in 0..=TRUST_DIRECTORY_FILES_MAX {
        fs::write(many.path().join(name.to_string()), "").unwrap();
    }
    let error = TrustStore::read(many.path()).unwrap_err();
    assert!(matches!(error, TrustError::TooManyFiles { .. }), "{error}");
}

#[test]
fn a_change_through_a_symbolic_link_keeps_the_link() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let file = file(&directory);
    fs::write(&target, "# shared\n").unwrap();
    symlink(&target, file.path()).unwrap();
    file.add(&key().public_key(), None).unwrap();
    assert!(file.path().symlink_metadata().unwrap().is_symlink());
    assert_eq!(list(&target), [(key().public_key(), None)]);
}

/// Each change opens the lock file anew, so these threads exclude each other as processes do.
#[test]
fn simultaneous_changes_are_all_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = &file(&directory);
    thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                for step in 0..4 {
                    assert!(file.add(&public(worker * 4 + step), None).unwrap());
                }
                assert!(file.remove(&public(worker * 4)).unwrap());
            });
        }
    });
    assert_eq!(file.read().unwrap().len(), 8 * 3);
}
