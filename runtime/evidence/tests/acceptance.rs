//! The store of accepted receipts: once each, whatever stands in the way.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use tempfile::TempDir;
use tenzik_evidence::{
    ACCEPT_SKEW_MS, AcceptError, AcceptWindow, AcceptanceStore, NodeKey, Nonce, Timestamp,
    TrustStore, VerifiedReceipt,
};

use crate::sample::{key, statement, verdicts};

const NOW: u64 = 1_700_000_000_000;
const AGE: u64 = 80_000;

fn window(now: u64) -> AcceptWindow {
    AcceptWindow {
        now: Timestamp::from_unix_millis(now).unwrap(),
        max_age_ms: AGE,
    }
}

fn receipt_of(key: &NodeKey, nonce: u64, timestamp: u64) -> VerifiedReceipt {
    let mut statement = statement(verdicts().remove(0).1);
    let mut bytes = [0; 16];
    // Spread over the directories.
    bytes[..8].copy_from_slice(&nonce.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    statement.nonce = Nonce::from_bytes(bytes);
    statement.timestamp = Timestamp::from_unix_millis(timestamp).unwrap();
    let mut trusted = TrustStore::new();
    trusted.insert(key.public_key(), None).unwrap();
    key.sign(statement).verify(&trusted).unwrap()
}

fn receipt(nonce: u64, timestamp: u64) -> VerifiedReceipt {
    receipt_of(&key(), nonce, timestamp)
}

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store");
    (directory, path)
}

/// The links of a store.
fn entries(store: &Path) -> usize {
    let shards = fs::read_dir(store.join("v1")).unwrap();
    let shards = shards
        .map(|shard| shard.unwrap().path())
        .filter(|path| path.is_dir());
    shards
        .map(|shard| fs::read_dir(shard).unwrap().count())
        .sum()
}

fn is_replay(error: &AcceptError) -> bool {
    matches!(error, AcceptError::Replayed { .. })
}

#[test]
fn a_nonce_of_a_node_is_accepted_once() {
    let (_directory, path) = place();
    let store = AcceptanceStore::open(&path).unwrap();
    store.accept(&receipt(1, NOW), &window(NOW)).unwrap();
    let error = store
        .accept(&receipt(1, NOW), &window(NOW + 1))
        .unwrap_err();
    let first = Timestamp::from_unix_millis(NOW).unwrap();
    assert!(matches!(error, AcceptError::Replayed { first: Some(time), .. } if time == first));
    // Another receipt with the same nonce is a replay too, of another node or nonce it is none.
    assert!(is_replay(
        &store
            .accept(&receipt(1, NOW + 5), &window(NOW))
            .unwrap_err()
    ));
    let other = NodeKey::from_seed(&[9; 32]);
    store
        .accept(&receipt_of(&other, 1, NOW), &window(NOW))
        .unwrap();
    store.accept(&receipt(2, NOW), &window(NOW)).unwrap();
    // Also by whoever opens the store later.
    let store = AcceptanceStore::open(&path).unwrap();
    assert!(is_replay(
        &store.accept(&receipt(2, NOW), &window(NOW)).unwrap_err()
    ));
}

#[test]
fn the_window_is_closed_on_both_sides() {
    let (_directory, path) = place();
    let store = AcceptanceStore::open(&path).unwrap();
    let accept = |nonce, timestamp| store.accept(&receipt(nonce, timestamp), &window(NOW));
    accept(1, NOW - AGE).unwrap();
    accept(2, NOW + ACCEPT_SKEW_MS).unwrap();
    assert!(matches!(
        accept(3, NOW - AGE - 1).unwrap_err(),
        AcceptError::TooOld { age_ms, max_age_ms: AGE, .. } if age_ms == AGE + 1
    ));
    assert!(matches!(
        accept(4, NOW + ACCEPT_SKEW_MS + 1).unwrap_err(),
        AcceptError::FromFuture { ahead_ms, .. } if ahead_ms == ACCEPT_SKEW_MS + 1
    ));
    assert_eq!(entries(&path), 2, "what is refused leaves nothing");
}

#[test]
fn a_key_that_is_not_trusted_leaves_nothing() {
    let (_directory, path) = place();
    let store = AcceptanceStore::open(&path).unwrap();
    let untrusted = key().sign(receipt(1, NOW).body().statement().clone());
    let untrusted = untrusted.verify(&TrustStore::new()).unwrap();
    let error = store.accept(&untrusted, &window(NOW)).unwrap_err();
    assert!(matches!(error, AcceptError::Untrusted { .. }));
    assert_eq!(entries(&path), 0);
}

/// What the store forgets is refused by its age for ever after, by whatever clock.
#[test]
fn what_is_forgotten_is_not_accepted_again() {
    let (_directory, path) = place();
    let store = AcceptanceStore::open(&path).unwrap();
    for nonce in 0..600 {
        store
            .accept(&receipt(nonce, NOW + nonce), &window(NOW))
            .unwrap();
    }
    assert_eq!(store.forget_if_due(&window(NOW)).unwrap(), 0);
    assert_eq!(entries(&path), 600);
    // Not due: less than an eighth of the age has gone by since the last time.
    assert_eq!(store.forget_if_due(&window(NOW + AGE / 8 - 1)).unwrap(), 0);
    let later = NOW + AGE + 300;
    assert_eq!(store.forget_if_due(&window(later)).unwrap(), 300);
    assert_eq!(entries(&path), 300);
    for nonce in 0..300 {
        let error = store
            .accept(&receipt(nonce, NOW + nonce), &window(NOW))
            .unwrap_err();
        assert!(
            matches!(error, AcceptError::Forgotten { .. }),
            "{nonce}: {error}"
        );
    }
    for nonce in 300..600 {
        assert!(is_replay(
            &store
                .accept(&receipt(nonce, NOW + nonce), &window(NOW))
                .unwrap_err()
        ));
    }
    assert_eq!(entries(&path), 300);
}

/// Forgetting all the time while everybody tries to have one receipt accepted again.
#[test]
fn forgetting_never_lets_a_receipt_in_twice() {
    for round in 0..30 {
        let (_directory, path) = place();
        let barrier = Barrier::new(5);
        let accepted: usize = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let store = AcceptanceStore::open(&path).unwrap();
                    barrier.wait();
                    for step in 0..40 {
                        store
                            .forget_if_due(&window(NOW + AGE + step * AGE / 8))
                            .unwrap();
                    }
                });
            }
            let attempts: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let store = AcceptanceStore::open(&path).unwrap();
                        let receipt = receipt(round, NOW + AGE / 2);
                        barrier.wait();
                        let attempts = (0..200).map(|_| store.accept(&receipt, &window(NOW)));
                        attempts.filter(Result::is_ok).count()
                    })
                })
                .collect();
            attempts
                .into_iter()
                .map(|attempt| attempt.join().unwrap())
                .sum()
        });
        assert!(accepted <= 1, "accepted {accepted} times in round {round}");
    }
}

/// What a process that was killed leaves: nothing, a directory, a link, or half a horizon.
#[test]
fn every_state_that_a_killed_process_leaves_is_one_to_go_on_from() {
    let first = receipt(7, NOW);
    let name = |receipt: &VerifiedReceipt| {
        let nonce = receipt.body().statement().nonce.to_string();
        (
            nonce[..2].to_owned(),
            format!("{nonce}-{}", receipt.body().node_id()),
        )
    };
    let (shard, entry) = name(&first);
    let states: [(&str, bool); 5] = [
        ("nothing", true),
        ("root", true),
        ("shard", true),
        ("link", false),
        ("horizon", true),
    ];
    for (state, accepts) in states {
        let (_directory, path) = place();
        if state != "nothing" {
            drop(AcceptanceStore::open(&path).unwrap());
        }
        let shard = path.join("v1").join(&shard);
        if ["shard", "link"].contains(&state) {
            fs::create_dir(&shard).unwrap();
        }
        if state == "link" {
            symlink("2023-11-14T22:13:20.000Z", shard.join(&entry)).unwrap();
        }
        if state == "horizon" {
            fs::write(path.join("v1/horizon.new"), "17").unwrap();
        }
        let store = AcceptanceStore::open(&path).unwrap();
        let accepted = store.accept(&first, &window(NOW));
        assert_eq!(accepted.is_ok(), accepts, "{state}: {accepted:?}");
        store.forget_if_due(&window(NOW)).unwrap();
        assert!(
            is_replay(&store.accept(&first, &window(NOW)).unwrap_err()),
            "{state}"
        );
    }
}

#[test]
fn links_devices_and_garbage_in_a_store_open_nothing() {
    let (directory, path) = place();
    let elsewhere = directory.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let first = receipt(7, NOW);
    let nonce = first.body().statement().nonce.to_string();
    let entry = format!("v1/{}/{nonce}-{}", &nonce[..2], first.body().node_id());
    let pipe = |path: &Path| {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
    };
    type Plant<'a> = (&'a str, &'a dyn Fn(&Path), bool);
    let link = |path: &Path| symlink(&elsewhere, path).unwrap();
    let dangling = |path: &Path| symlink("/nowhere", path).unwrap();
    let file = |path: &Path| fs::write(path, "99999999999999999999999\n").unwrap();
    let plants: [Plant<'_>; 14] = [
        ("v1", &link, false),
        ("v1", &file, false),
        ("v1", &pipe, false),
        (&entry[..5], &link, false),
        (&entry[..5], &file, false),
        (&entry, &dangling, true),
        (&entry, &file, true),
        (&entry, &pipe, true),
        ("v1/horizon", &dangling, false),
        ("v1/horizon", &file, false),
        ("v1/horizon", &pipe, false),
        ("v1/lock", &dangling, false),
        ("v1/lock", &pipe, false),
        ("v1/lock", &link, false),
    ];
    for (number, (name, plant, replay)) in plants.into_iter().enumerate() {
        let path = path.with_extension(number.to_string());
        let planted = path.join(name);
        fs::create_dir_all(planted.parent().unwrap()).unwrap();
        plant(&planted);
        let outcome = AcceptanceStore::open(&path).and_then(|store| {
            store.accept(&first, &window(NOW))?;
            store.forget_if_due(&window(NOW))
        });
        let error = outcome.expect_err(name);
        assert_eq!(is_replay(&error), replay, "{number} {name}: {error}");
        let strange = matches!(error, AcceptError::Strange { .. });
        assert_eq!(strange, !replay, "{number} {name}: {error:?}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{name}");
        assert!(!Path::new("/nowhere").exists());
    }
}

#[test]
fn what_is_no_entry_is_left_alone() {
    let (_directory, path) = place();
    let store = AcceptanceStore::open(&path).unwrap();
    let old = receipt(7, NOW);
    store.accept(&old, &window(NOW)).unwrap();
    let nonce = old.body().statement().nonce.to_string();
    let shard = path.join("v1").join(&nonce[..2]);
    fs::write(shard.join("notes"), "").unwrap();
    symlink("1999-01-01T00:00:00.000Z", shard.join("old-link")).unwrap();
    let odd = format!("{}-{}", "a".repeat(32), key().public_key());
    symlink("no time", shard.join(&odd)).unwrap();
    assert_eq!(store.forget_if_due(&window(NOW + 10 * AGE)).unwrap(), 1);
    assert_eq!(fs::read_dir(&shard).unwrap().count(), 3);
}

#[test]
fn a_store_that_others_can_write_to_is_refused_with_the_remedy() {
    let (_directory, path) = place();
    drop(AcceptanceStore::open(&path).unwrap());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for (name, mode) in [("", 0o770), ("v1", 0o702)] {
        let directory = path.join(name);
        fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
        let error = AcceptanceStore::open(&path).unwrap_err();
        assert!(error.to_string().contains("chmod go-w"), "{error}");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    }
    AcceptanceStore::open(&path).unwrap();
    let missing = path.join("no/such");
    let error = AcceptanceStore::open(&missing).unwrap_err();
    assert!(
        error.to_string().contains("cannot make the store"),
        "{error}"
    );
}
