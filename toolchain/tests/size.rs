//! The account of a module adds up to its file, whatever the file holds.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail like the tests themselves"
)]

use std::path::{Path, PathBuf};

use tenzik_toolchain::size::{
    Account, FunctionNames, OwnNames, Piece, PieceKind, account, advise, changes, treemap,
};

fn capsules(directory: &str, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capsules");
    let mut files = Vec::new();
    let mut directories = vec![root.join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Every fixture that assembles, valid or not, and every prebuilt capsule.
fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
    let texts = capsules("wat", "wat").into_iter().filter_map(|path| {
        let wasm = wat::parse_file(&path).ok()?;
        Some((path, wasm))
    });
    let prebuilt = capsules("prebuilt", "wasm").into_iter().map(|path| {
        let wasm = std::fs::read(&path).unwrap();
        (path, wasm)
    });
    texts.chain(prebuilt).collect()
}

/// Pieces touch from the first byte to the last, and every view has the same sum.
#[track_caller]
fn assert_adds_up(wasm: &[u8]) -> Account {
    let account = account(wasm, &OwnNames);
    let mut offset = 0;
    for piece in &account.pieces {
        assert_eq!(piece.offset, offset, "{piece:?}");
        offset += piece.bytes;
        assert!(
            piece.name.is_ascii() && piece.name.len() < 1_000,
            "{piece:?}"
        );
    }
    let file = wasm.len() as u64;
    assert_eq!(offset, file);
    assert_eq!(account.bytes(), file);
    let sections = account.by_section();
    assert_eq!(sections.iter().map(|(_, bytes)| bytes).sum::<u64>(), file);
    let functions = account.pieces.iter();
    let functions = functions.filter(|piece| piece.kind == PieceKind::Function);
    assert_eq!(
        account
            .by_crate()
            .iter()
            .map(|(_, bytes)| bytes)
            .sum::<u64>(),
        functions.map(|piece| piece.bytes).sum::<u64>()
    );
    assert!(account.padding <= file);
    account
}

#[test]
fn every_fixture_adds_up() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 100, "{} fixtures", fixtures.len());
    for (path, wasm) in &fixtures {
        println!("{}", path.display());
        let account = assert_adds_up(wasm);
        let advice = advise(wasm, &account);
        assert!(advice.len() < 10);
        let drawn = treemap(&account, "fixture", 5_120);
        assert_eq!(drawn, treemap(&account, "fixture", 5_120));
    }
}

#[test]
fn every_truncation_and_flip_adds_up() {
    let large = capsules("prebuilt", "wasm");
    let echo = large.iter().find(|path| path.ends_with("echo.wasm"));
    let wasm = std::fs::read(echo.unwrap()).unwrap();
    for length in 0..wasm.len() {
        let account = assert_adds_up(&wasm[..length]);
        let sections_end = [8, wasm.len()].contains(&length);
        assert!(!account.problems.is_empty() || sections_end || length > 8);
    }
    for bit in 0..wasm.len() * 8 {
        let mut flipped = wasm.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let account = assert_adds_up(&flipped);
        advise(&flipped, &account);
        treemap(&account, "flipped", 1);
    }
}

#[test]
fn what_is_no_module_is_one_piece_with_a_problem() {
    for bytes in [
        &b""[..],
        b"garbage",
        b"\0asm\x0d\0\x01\0rest",
        &[0xff; 4_096],
    ] {
        let account = assert_adds_up(bytes);
        assert_eq!(account.problems.len(), 1);
        assert!(account.pieces.len() <= 1);
    }
    let bomb: Vec<u8> = b"\0asm\x01\0\0\0"
        .iter()
        .copied()
        .chain([1, 0].repeat(1 << 20))
        .collect();
    let account = assert_adds_up(&bomb);
    assert!(account.pieces.len() < 20_000, "{}", account.pieces.len());
    assert!(account.problems[0].message.contains("10000 sections"));
}

struct Named;

impl FunctionNames for Named {
    fn name(&self, index: u32) -> Option<&str> {
        (index == 0).then_some("_ZN4core3fmt5write17h0123456789abcdefE")
    }

    fn file(&self, index: u32) -> Option<&str> {
        (index == 1).then_some("my-capsule/src/lib.rs")
    }
}

fn module(body: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 17) (export "extra" (func 0)) (func nop)
            (func (export "run") (result i32) {body} i32.const 0)
            (data (i32.const 0) "src/lib.rslibrary/core/src/fmt/mod.rs")
            (data (i32.const 99) "0123456789abcdef 0123456789abcdef")
            (@custom "producers" "0123456789"))"#
    ))
    .unwrap()
}

#[test]
fn names_crates_and_advice() {
    let wasm = module("");
    let account = account(&wasm, &Named);
    let function = |index: u32| -> &Piece {
        let mut pieces = account.pieces.iter();
        pieces
            .find(|piece| piece.kind == PieceKind::Function && piece.index == Some(index))
            .unwrap()
    };
    assert_eq!(function(0).name, "core::fmt::write");
    assert_eq!(function(0).crate_name.as_deref(), Some("core"));
    assert_eq!(function(1).name, "run");
    assert_eq!(function(1).crate_name.as_deref(), Some("my_capsule"));

    let found = advise(&wasm, &account);
    let bytes = |code: &str| {
        let advice = found.iter().find(|advice| advice.code == code);
        advice
            .unwrap_or_else(|| panic!("{code} in {found:?}"))
            .bytes
    };
    assert_eq!(bytes("core_fmt"), Some(function(0).bytes));
    assert_eq!(bytes("panic_locations"), Some(10 + 27));
    assert_eq!(bytes("repeated_data"), Some(16));
    assert_eq!(bytes("memory_pages"), None);
    assert_eq!(bytes("custom_sections"), Some(2 + 10 + 10));
    assert_eq!(bytes("unused_exports"), Some(8));
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn padding_is_found_in_code_and_lengths() {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    wasm.extend([1, 0x84, 0x80, 0, 1, 0x60, 0, 0]); // a type, length padded by 2
    wasm.extend([3, 2, 1, 0]);
    // A body of 8 bytes with a length padded by 1: no locals, i32.const -1 padded by 3, drop, end.
    wasm.extend([
        10, 11, 1, 0x88, 0, 0, 0x41, 0xff, 0xff, 0xff, 0x7f, 0x1a, 0x0b,
    ]);
    let account = assert_adds_up(&wasm);
    assert_eq!(account.problems, []);
    assert_eq!(account.padding, 2 + 1 + 3);
}

#[test]
fn changes_add_up_to_the_growth() {
    let (before, after) = (module(""), module("i32.const 1 drop"));
    let (before, after) = (account(&before, &OwnNames), account(&after, &OwnNames));
    let rows = changes(&before, &after);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((rows[0].name.as_str(), rows[0].growth()), ("run", 3));
    assert!(changes(&after, &after).is_empty());
    for (path, wasm) in fixtures() {
        let other = account(&wasm, &OwnNames);
        let growth: i128 = changes(&before, &other)
            .iter()
            .map(|row| row.growth())
            .sum();
        let expected = i128::from(other.bytes()) - i128::from(before.bytes());
        assert_eq!(growth, expected, "{}", path.display());
    }
}

#[test]
fn a_treemap_escapes_names() {
    let wasm = wat::parse_str(r#"(module (func (export "a<b>&\"c\1b") nop))"#).unwrap();
    let drawn = treemap(&account(&wasm, &OwnNames), "<title>\u{1}", 10);
    assert!(drawn.contains("&lt;title&gt;\u{fffd}"), "{drawn}");
    assert!(drawn.contains("a&lt;b&gt;&amp;&quot;c\\u{1b}"), "{drawn}");
    assert!(!drawn.contains("<b>") && !drawn.contains('\u{1b}'));
}
