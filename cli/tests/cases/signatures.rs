//! Signatures of modules: `sign`, `verify` and `run --require-signature`.

mod peers;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::Value;

use crate::world::{Ended, World, repository};

/// A world with two keys, their public halves, and a module.
pub(super) fn home() -> World {
    let home = World::new();
    for name in ["alice", "bob"] {
        let made = home
            .tenzik(["keygen", "-o", &format!("{name}.pem"), "--json"])
            .exits(0);
        let public = made.json()["public_key"].as_str().unwrap().to_owned();
        home.write(&format!("{name}.pub"), public);
    }
    home.write("echo.wasm", echo());
    home
}

fn echo() -> Vec<u8> {
    fs::read(repository().join("capsules/prebuilt/echo.wasm")).unwrap()
}

fn public(home: &World, name: &str) -> String {
    String::from_utf8(home.read(&format!("{name}.pub"))).unwrap()
}

/// Runs the words of a command line.
pub(super) fn tenzik(home: &World, line: &str) -> Ended {
    home.tenzik(line.split_whitespace())
}

#[track_caller]
fn refused(ended: Ended, exit: i32, code: &str) -> Value {
    let ended = ended.exits(exit);
    let object = ended.json();
    assert_eq!(object["exit"], exit);
    assert_eq!(object["error"]["code"], code, "{object}");
    assert!(!object["error"]["remedy"].as_str().unwrap().is_empty());
    object
}

#[test]
fn a_signature_beside_the_module() {
    let home = home();
    let signed = tenzik(&home, "sign echo.wasm --key alice.pem --json")
        .exits(0)
        .json();
    assert_eq!(signed["output"], "echo.wasm.sig");
    assert_eq!(signed["format"], "wasm");
    assert_eq!(signed["embedded"], false);
    assert_eq!(signed["signatures"], 1);
    assert_eq!(signed["bytes"], home.read("echo.wasm.sig").len());
    assert_eq!(signed["signers"][0]["public_key"], public(&home, "alice"));
    assert_eq!(home.read("echo.wasm"), echo(), "the module stays");

    let verified = tenzik(
        &home,
        "verify echo.wasm --key alice.pub --key bob.pub --json",
    );
    let verified = verified.exits(0).json();
    assert_eq!(verified["status"], "verified");
    let verdicts: Vec<&str> = verified["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| **verdict == "good")
            .count(),
        1
    );
    assert!(verdicts.contains(&"absent"));
    let all = tenzik(
        &home,
        "verify echo.wasm --key alice.pub --key bob.pub --all --json",
    );
    refused(all, 12, "signature_untrusted");

    // A second signer; the first one stays.
    tenzik(&home, "sign echo.wasm --key bob.pem").exits(0);
    tenzik(
        &home,
        "verify echo.wasm --key alice.pub --key bob.pub --all",
    )
    .exits(0);
    let again = tenzik(&home, "sign echo.wasm --key bob.pem --json")
        .exits(0)
        .json();
    assert_eq!(again["signatures"], 2);
    assert_eq!(again["signers"][0]["added"], false);
}

#[test]
fn a_signature_inside_the_module() {
    let home = home();
    tenzik(&home, "sign echo.wasm --key alice.pem --embed").exits(2);
    tenzik(
        &home,
        "sign echo.wasm --key alice.pem --embed -o signed.wasm",
    )
    .exits(0);
    tenzik(
        &home,
        "sign signed.wasm --key bob.pem --embed -o signed.wasm",
    )
    .exits(0);
    tenzik(
        &home,
        "verify signed.wasm --key alice.pub --key bob.pub --all",
    )
    .exits(0);
    tenzik(&home, "validate signed.wasm").exits(0);
    let shown = tenzik(&home, "inspect signed.wasm --json").exits(0).json();
    assert_eq!(shown["signers"].as_array().unwrap().len(), 2);
    let ran = tenzik(&home, "run ./signed.wasm --input-text hello").exits(0);
    assert_eq!(ran.text(), "hello");

    // The id and the size limit are about the bytes as they are, signatures included.
    let id = blake3::hash(&home.read("signed.wasm")).to_hex().to_string();
    assert_eq!(shown["capsule_id"], id);
    let bytes = home.read("signed.wasm").len();
    assert_eq!(shown["bytes"], bytes);
    tenzik(&home, &format!("validate signed.wasm --max-size {bytes}")).exits(0);
    tenzik(
        &home,
        &format!("validate signed.wasm --max-size {}", bytes - 1),
    )
    .exits(13);

    tenzik(
        &home,
        "sign signed.wasm --key bob.pem --embed --anew -o signed.wasm",
    )
    .exits(0);
    let only = tenzik(
        &home,
        "verify signed.wasm --key alice.pub --key bob.pub --all --json",
    );
    refused(only, 12, "signature_untrusted");
}

#[test]
fn nothing_is_overwritten_by_accident() {
    let home = home();
    let kept = |name: &str, bytes: &[u8]| assert_eq!(home.read(name), bytes, "{name}");
    home.write("echo.wasm.sig", "precious");
    let said = tenzik(&home, "sign echo.wasm --key alice.pem").exits(1);
    assert!(
        said.stderr.contains("--force") && said.stderr.contains("echo.wasm.sig"),
        "{said:?}"
    );
    kept("echo.wasm.sig", b"precious");
    tenzik(&home, "sign echo.wasm --key alice.pem --format sshsig").exits(1);
    kept("echo.wasm.sig", b"precious");
    home.write("other.wasm", "precious");
    tenzik(
        &home,
        "sign echo.wasm --key alice.pem --embed -o other.wasm",
    )
    .exits(1);
    kept("other.wasm", b"precious");

    let pem = home.read("alice.pem");
    symlink(home.path("alice.pem"), home.path("link")).unwrap();
    for output in ["alice.pem", "link", "./alice.pem", "echo.wasm"] {
        let line = format!("sign echo.wasm --key alice.pem --force -o {output}");
        tenzik(&home, &line).exits(2);
    }
    kept("alice.pem", &pem);
    kept("echo.wasm", &echo());

    // A link is followed, a device is written to.
    tenzik(&home, "sign echo.wasm --key alice.pem --force").exits(0);
    symlink(home.path("echo.wasm.sig"), home.path("sig")).unwrap();
    tenzik(&home, "sign echo.wasm --key bob.pem -o sig").exits(0);
    assert!(fs::symlink_metadata(home.path("sig")).unwrap().is_symlink());
    tenzik(
        &home,
        "verify echo.wasm --key alice.pub --key bob.pub --all",
    )
    .exits(0);
    tenzik(&home, "sign echo.wasm --key alice.pem -o /dev/null").exits(0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    // Signatures of another content are neither kept quietly nor dropped quietly.
    home.write("echo.wasm", [&echo()[..], b"\0\x02\x01x"].concat());
    let said = tenzik(&home, "sign echo.wasm --key alice.pem --json");
    refused(said, 12, "signature_content_differs");
    tenzik(&home, "sign echo.wasm --key alice.pem --anew").exits(0);
    tenzik(&home, "verify echo.wasm --key alice.pub").exits(0);
}

#[test]
fn what_cannot_be_signed_is_called_by_name() {
    let home = home();
    home.write("text.wat", "(module)");
    let said = tenzik(&home, "sign text.wat --key alice.pem --json");
    let object = refused(said, 12, "signature_malformed");
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("text.wat")
    );
    refused(
        tenzik(&home, "sign none.wasm --key alice.pem --json"),
        1,
        "machine_failure",
    );
    refused(
        tenzik(&home, "sign echo.wasm --key alice.pub --json"),
        1,
        "machine_failure",
    );
    refused(
        tenzik(
            &home,
            "sign echo.wasm --key alice.pem --key bob.pem --format sshsig --json",
        ),
        2,
        "usage",
    );
    tenzik(&home, "sign echo.wasm").exits(2);
    tenzik(&home, "verify echo.wasm").exits(2);
    let said = tenzik(&home, "verify echo.wasm --key alice.pem").exits(2);
    assert!(
        said.stderr.contains("looks like a PKCS#8 private key"),
        "{said:?}"
    );

    let said = tenzik(&home, "verify echo.wasm --key carol.pub").exits(1);
    assert!(said.stderr.contains("cannot read carol.pub"), "{said:?}");

    // A key that others may read signs nothing.
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(home.path("alice.pem"), mode).unwrap();
    let said = tenzik(&home, "sign echo.wasm --key alice.pem").exits(1);
    assert!(said.stderr.contains("chmod 600"), "{said:?}");
}

#[test]
fn a_run_can_require_a_signature() {
    let home = home();
    let run = |more: &str| {
        tenzik(
            &home,
            &format!("run ./echo.wasm --input-text hello --json {more}"),
        )
    };
    run("").exits(0);
    run("--require-signature").exits(2);
    run("--trust alice.pub").exits(2);
    let require = "--require-signature --trust alice.pub";
    refused(run(require), 12, "signature_missing");

    tenzik(&home, "sign echo.wasm --key bob.pem").exits(0);
    let object = refused(run(require), 12, "signature_untrusted");
    assert_eq!(object["status"], "reject");
    let signed = tenzik(&home, "verify echo.wasm --key bob.pub --json")
        .exits(0)
        .json();
    let id = signed["keys"][0]["key_id"].as_str().unwrap();
    assert!(
        object["error"]["message"].as_str().unwrap().contains(id),
        "{object}"
    );

    tenzik(&home, "sign echo.wasm --key alice.pem").exits(0);
    assert_eq!(run(require).exits(0).json()["output"], "hello");
    fs::create_dir(home.path("keys")).unwrap();
    fs::copy(home.path("alice.pub"), home.path("keys/a")).unwrap();
    run("--require-signature --trust keys").exits(0);
    fs::create_dir(home.path("nobody")).unwrap();
    let nobody = run("--require-signature --trust nobody");
    refused(nobody, 12, "signature_untrusted");

    // Named instead of beside.
    fs::rename(home.path("echo.wasm.sig"), home.path("sig")).unwrap();
    refused(run(require), 12, "signature_missing");
    run(&format!("{require} --signature sig")).exits(0);
    refused(
        run(&format!("{require} --signature none")),
        1,
        "machine_failure",
    );
    let clash = format!("{require} --signature sig --receipt sig");
    refused(run(&clash), 2, "usage");

    home.write("sig", [&home.read("sig")[..], b"x"].concat());
    let object = refused(
        run(&format!("{require} --signature sig")),
        12,
        "signature_malformed",
    );
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("at byte"),
        "{object}"
    );

    let said = tenzik(&home, "verify echo.wasm --key alice.pub --signature sig").exits(12);
    assert_eq!(said.text(), "echo.wasm: REJECTED\n");
    let again = "sign echo.wasm --key alice.pem --anew --force -o sig";
    tenzik(&home, again).exits(0);
    run(&format!("{require} --signature sig")).exits(0);

    tenzik(&home, "sign echo.wasm --key alice.pem").exits(0);
    home.write("echo.wasm", [&echo()[..], b"\0\x02\x01x"].concat());
    refused(run(require), 12, "signature_content_differs");
}

#[test]
fn a_capsule_inside_the_binary_needs_its_signature_named() {
    let home = home();
    let run = |more: &str| {
        let line =
            format!("run echo --input-text hi --json --require-signature --trust alice.pub {more}");
        tenzik(&home, &line)
    };
    // A file beside something that is no file is not looked for.
    home.write("echo.sig", "not used");
    let object = refused(run(""), 12, "signature_missing");
    assert!(
        object["error"]["remedy"]
            .as_str()
            .unwrap()
            .contains("--signature")
    );
    tenzik(&home, "sign echo.wasm --key alice.pem -o signature").exits(0);
    run("--signature signature").exits(0);
}

#[test]
fn signatures_come_after_size_form_and_imports_and_before_the_policy() {
    let home = home();
    let exit = |name: &str, more: &str| {
        let line = format!("run {name} --require-signature --trust alice.pub {more}");
        tenzik(&home, &line).code
    };
    home.write(
        "import.wat",
        r#"(module (import "env" "x" (func)) (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#,
    );
    home.write("broken.wasm", b"\0asm\x01\0\0\0\x01");
    assert_eq!(exit("./echo.wasm", "--max-size 100"), 13);
    assert_eq!(exit("./broken.wasm", ""), 10);
    assert_eq!(exit("./import.wat", ""), 11);
    let dice = fs::read(repository().join("capsules/prebuilt/dice.wasm")).unwrap();
    home.write("dice.wasm", dice);
    assert_eq!(exit("./dice.wasm", "--deny random"), 12);
    tenzik(&home, "sign dice.wasm --key alice.pem").exits(0);
    assert_eq!(exit("./dice.wasm", "--deny random"), 30);
    home.write(
        "big.wat",
        r#"(module (memory (export "memory") 2000) (func (export "run") (result i32) (i32.const 0)))"#,
    );
    assert_eq!(exit("./big.wat", ""), 12);
}

#[test]
fn a_reject_for_its_signature_has_a_receipt() {
    let home = home();
    let line =
        "run ./echo.wasm --require-signature --trust alice.pub --receipt r.json --key bob.pem";
    tenzik(&home, line).exits(12);
    let shown = tenzik(&home, "receipt show r.json --json").exits(0).json();
    assert_eq!(shown["status"], "reject");
    assert_eq!(shown["error_code"], "signature_missing");
    let id = blake3::hash(&echo()).to_hex().to_string();
    assert_eq!(shown["capsule_id"], id);
    let verify = "receipt verify r.json --capsule ./echo.wasm --trust bob.pub";
    tenzik(&home, verify).exits(0);
    // Which keys were trusted is not in the receipt, so nobody can repeat the decision.
    let replay = tenzik(&home, &format!("{verify} --replay")).exits(1);
    assert!(
        replay.stderr.contains("keys that were trusted"),
        "{replay:?}"
    );
}

/// What wasmsign2 0.2.8 accepts is refused: a module cut at a delimiter, and another header.
#[test]
fn modules_cut_at_a_delimiter_are_refused() {
    let home = home();
    let delimiter = [&b"\0\x15\x13signature_delimiter"[..], b"\x01"].concat();
    let parted = [&echo()[..], &delimiter, b"\0\x02\x01x"].concat();
    home.write("parted.wasm", &parted);
    tenzik(&home, "sign parted.wasm --key alice.pem").exits(0);
    tenzik(&home, "verify parted.wasm --key alice.pub").exits(0);
    home.write("parted.wasm", &parted[..echo().len() + delimiter.len()]);
    let cut = tenzik(&home, "verify parted.wasm --key alice.pub --json");
    refused(cut, 12, "signature_content_differs");
    let mut header = parted;
    header[4..8].copy_from_slice(&[0x0d, 0, 1, 0]);
    home.write("parted.wasm", header);
    let other = tenzik(&home, "verify parted.wasm --key alice.pub --json");
    refused(other, 12, "signature_malformed");
}

#[test]
fn a_signature_file_over_its_bound_is_malformed() {
    let home = home();
    home.write("echo.wasm.sig", vec![1; 65_537]);
    let line = "verify echo.wasm --key alice.pub --json";
    refused(tenzik(&home, line), 12, "signature_malformed");
    let line = "run ./echo.wasm --require-signature --trust alice.pub --json";
    refused(tenzik(&home, line), 12, "signature_malformed");
}

#[test]
fn signers_at_the_same_time_lose_no_signature() {
    let home = home();
    let names: Vec<String> = (0..6).map(|index| format!("k{index}")).collect();
    let make = |name: &String| {
        let made = tenzik(&home, &format!("keygen -o {name}.pem --json")).exits(0);
        made.json()["public_key"].as_str().unwrap().to_owned()
    };
    let public: Vec<String> = names.iter().map(make).collect();
    for how in [&[][..], &["--embed", "-o", "echo.wasm"]] {
        let signing: Vec<_> = names
            .iter()
            .map(|name| {
                let key = format!("{name}.pem");
                let words = ["sign", "echo.wasm", "--key", &key];
                home.command(words.iter().chain(how)).spawn().unwrap()
            })
            .collect();
        for mut child in signing {
            assert!(child.wait().unwrap().success(), "{how:?}");
        }
        let keys = public
            .iter()
            .flat_map(|key| ["--key".to_owned(), key.clone()]);
        let words = ["verify", "echo.wasm", "--all"].map(str::to_owned);
        home.tenzik(words.into_iter().chain(keys)).exits(0);
        let _ = fs::remove_file(home.path("echo.wasm.sig"));
    }
}
