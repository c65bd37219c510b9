//! Reading, and what is not to be read.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use tenzik_gate::{EffectKind, FileError, FileTrees};

use crate::sandbox::{Sandbox, grant};

fn read(trees: &FileTrees, path: impl AsRef<Path>) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    trees
        .read(0, path.as_ref())?
        .read_to_end(&mut bytes)
        .unwrap();
    Ok(bytes)
}

#[track_caller]
fn refused(trees: &FileTrees, path: impl AsRef<Path>, kind: EffectKind, part: &str) {
    let path = path.as_ref();
    let error = read(trees, path).unwrap_err();
    assert_eq!(error.kind(), kind, "{path:?}: {error}");
    assert!(error.to_string().contains(part), "{path:?}: {error}");
}

#[test]
fn regular_files_are_read_in_pieces_whatever_their_names() {
    let sandbox = Sandbox::new();
    let odd = OsStr::from_bytes(b"inner/\xff\x01 \n\"name'");
    std::fs::write(sandbox.path("tree").join(odd), "odd").unwrap();
    sandbox.write("tree/empty", "");
    sandbox.write("tree/large", vec![7; 300_000]);
    let trees = sandbox.trees("r1");
    assert_eq!(read(&trees, odd).unwrap(), b"odd");
    assert_eq!(
        read(&trees, "./inner//../tree").unwrap_err().kind(),
        EffectKind::Refused
    );
    assert_eq!(read(&trees, "empty").unwrap(), b"");
    let mut reader = trees.read(0, Path::new("large")).unwrap();
    assert_eq!(reader.size(), 300_000);
    let mut piece = [0; 7];
    assert_eq!(reader.read(&mut piece).unwrap(), 7);
    assert_eq!(piece, [7; 7]);
    // A run that only reads leaves no trace in the store.
    trees.finish().unwrap();
    assert!(!sandbox.path("state").exists());
}

#[test]
fn a_link_inside_is_a_way_and_a_link_at_the_end_is_not() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/inner/f", "inside");
    sandbox.write("outside/secret", "secret");
    let link = |target: &Path, name: &str| symlink(target, sandbox.path(name)).unwrap();
    link(Path::new("inner"), "tree/way");
    link(Path::new("inner/f"), "tree/final");
    link(Path::new("../outside"), "tree/up");
    link(&sandbox.path("outside"), "tree/absolute");
    link(&sandbox.path("outside/secret"), "tree/leak");
    link(Path::new("loop"), "tree/loop");
    link(Path::new("../tree/inner"), "tree/round");
    let trees = sandbox.trees("r1");
    assert_eq!(read(&trees, "way/f").unwrap(), b"inside");
    for path in [
        "up/secret",
        "absolute/secret",
        "round/f",
        "way/../../outside/secret",
    ] {
        assert_eq!(
            read(&trees, path).unwrap_err().kind(),
            EffectKind::Refused,
            "{path}"
        );
    }
    refused(
        &trees,
        "up/secret",
        EffectKind::Refused,
        "leads out of the tree",
    );
    refused(
        &trees,
        "absolute/secret",
        EffectKind::Refused,
        "leads out of the tree",
    );
    for path in ["leak", "final", "loop"] {
        refused(&trees, path, EffectKind::Refused, "is a symbolic link");
    }
    assert!(read(&trees, "loop/f").is_err());
}

#[test]
fn only_regular_files_are_opened() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("tree/fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(sandbox.path("tree/socket")).unwrap();
    let trees = sandbox.trees("r1");
    refused(&trees, "fifo", EffectKind::Refused, "a FIFO");
    refused(&trees, "socket", EffectKind::Refused, "a socket");
    refused(&trees, "inner", EffectKind::Refused, "a directory");
    refused(&trees, "none", EffectKind::NotFound, "does not exist");
    refused(&trees, "none/none", EffectKind::NotFound, "does not exist");
    sandbox.write("tree/file", "");
    refused(&trees, "file/below", EffectKind::NotFound, "does not exist");
    refused(&trees, "/etc/passwd", EffectKind::Refused, "is absolute");
    refused(&trees, "../outside", EffectKind::Refused, "`..`");
    refused(&trees, "a\0b", EffectKind::Refused, "zero byte at offset 1");
    refused(
        &trees,
        "a/".repeat(2048) + "a",
        EffectKind::Refused,
        "4097 bytes",
    );
    refused(&trees, "a".repeat(256), EffectKind::Refused, "256 bytes");
    let devices = sandbox.open(&[read_only("/dev")], "r2").unwrap();
    refused(&devices, "null", EffectKind::Refused, "a character device");
    refused(&devices, "zero", EffectKind::Refused, "a character device");
}

fn read_only(path: &str) -> tenzik_policy::FileTree {
    let mut grant = grant(Path::new(path));
    (grant.write, grant.append) = (false, false);
    grant
}

/// Links of /proc lead anywhere, whatever they look like.
#[test]
fn links_of_proc_lead_nowhere() {
    let sandbox = Sandbox::new();
    let trees = sandbox.open(&[read_only("/proc")], "r1").unwrap();
    for path in [
        "self/root/etc/passwd",
        "self/cwd/Cargo.toml",
        "self/exe",
        "self/fd/0",
    ] {
        assert!(read(&trees, path).is_err(), "{path}");
    }
    // Not links, and worse: memory and secrets of tenzik itself.
    for path in ["self/environ", "self/mem", "self/cmdline", "version"] {
        refused(&trees, path, EffectKind::Refused, "a file of /proc");
    }
    let root = sandbox.open(&[read_only("/")], "r2").unwrap();
    assert!(read(&root, "proc/self/root/etc/passwd").is_err());
    refused(
        &root,
        "proc/self/environ",
        EffectKind::Refused,
        "a file of /proc",
    );
    let here = std::env::current_dir().unwrap().join("Cargo.toml");
    assert!(
        !read(&root, here.strip_prefix("/").unwrap())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn trees_are_directories_that_are_named_themselves() {
    let sandbox = Sandbox::new();
    symlink(sandbox.path("tree"), sandbox.path("link")).unwrap();
    sandbox.write("file", "");
    let open = |path: &Path| sandbox.open(&[grant(path)], "r1").unwrap_err();
    assert!(matches!(
        open(&sandbox.path("link")),
        FileError::TreeIsLink { .. }
    ));
    assert!(matches!(
        open(&sandbox.path("file")),
        FileError::TreeOpen { .. }
    ));
    assert!(matches!(
        open(&sandbox.path("none")),
        FileError::TreeOpen { .. }
    ));
    assert!(matches!(
        open(Path::new("tree")),
        FileError::TreeNotAbsolute { .. }
    ));
    let store = sandbox.path("state");
    std::fs::create_dir_all(store.join("undo/x")).unwrap();
    symlink(&store, sandbox.path("tree/inner/s")).unwrap();
    for path in [
        &sandbox.path(""),
        &store.join("undo"),
        &store.join("undo/x"),
        &store,
    ] {
        assert!(
            matches!(open(path), FileError::TreeHoldsStore { .. }),
            "{path:?}"
        );
    }
    // Reading what is backed up is no danger to it.
    let mut reading = grant(&sandbox.path(""));
    (reading.write, reading.append) = (false, false);
    assert!(sandbox.open(&[reading], "r1").is_ok());
}

#[test]
fn what_a_tree_does_not_grant_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/f", "x");
    let mut grant = sandbox.grant();
    (grant.read, grant.append) = (false, false);
    let trees = sandbox.open(&[grant], "r1").unwrap();
    refused(&trees, "f", EffectKind::Refused, "does not grant read");
    let error = trees.read(1, Path::new("f")).unwrap_err();
    assert_eq!(error.to_string(), "there is no granted tree 1, only 1");
}

/// A file that is replaced while it is read goes on; one that shrinks ends.
#[test]
fn a_file_that_changes_while_it_is_read_ends_in_order() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("tree/f", vec![1; 200_000]);
    let trees = sandbox.trees("r1");
    let mut reader = trees.read(0, Path::new("f")).unwrap();
    let mut piece = vec![0; 100_000];
    reader.read_exact(&mut piece).unwrap();
    std::fs::rename(sandbox.write("tree/g", vec![2; 200_000]), &path).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, vec![1; 100_000]);

    let mut reader = trees.read(0, Path::new("f")).unwrap();
    reader.read_exact(&mut piece).unwrap();
    std::fs::write(&path, "short").unwrap();
    assert_eq!(reader.read(&mut piece).unwrap(), 0);
}

/// A directory is exchanged with a link to another place, thousands of times, while it is read
/// and written through. What comes out is of the tree or an error.
#[test]
fn a_directory_that_turns_into_a_link_lets_nothing_out() {
    const ROUNDS: u32 = 20_000;
    let sandbox = Sandbox::new();
    sandbox.write("tree/inner/f", "inside");
    sandbox.write("outside/f", "secret");
    symlink(sandbox.path("outside"), sandbox.path("tree/link")).unwrap();
    let (inner, link) = (sandbox.path("tree/inner"), sandbox.path("tree/link"));
    let trees = sandbox.trees("r1");
    let done = AtomicBool::new(false);
    let (mut inside, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &inner, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for round in 0..ROUNDS {
            match read(&trees, "inner/f") {
                Ok(bytes) => {
                    assert_eq!(bytes, b"inside", "round {round}");
                    inside += 1;
                }
                Err(_) => refused += 1,
            }
            if round % 50 == 0 {
                let written =
                    crate::sandbox::put(&trees, "inner/new", tenzik_gate::WriteMode::Replace, b"x");
                drop(written);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("{inside} reads inside, {refused} refused, 0 escapes");
    assert!(
        inside > 100 && refused > 100,
        "{inside} inside, {refused} refused"
    );
    let outside: Vec<_> = sandbox.files("outside").into_keys().collect();
    assert_eq!(outside, ["f"]);
}
