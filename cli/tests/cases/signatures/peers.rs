//! The same signatures in the hands of wasmsign2, OpenSSH and OpenSSL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{echo, home, refused, tenzik};
use crate::world::{Ended, World, ended, has, not_tested};

/// wasmsign2 as scripts/setup-peers installs it.
fn wasmsign2() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let program = cache.join("tenzik/tools/bin/wasmsign2");
    if program.exists() {
        return Some(program);
    }
    not_tested("wasmsign2 is not installed; scripts/setup-peers installs it");
    None
}

/// Runs the words of a command line in the world.
fn run(home: &World, program: impl AsRef<std::ffi::OsStr>, line: &str) -> Ended {
    let output = Command::new(program)
        .args(line.split_whitespace())
        .current_dir(home.path(""))
        .stdin(Stdio::null())
        .output();
    ended(output.unwrap())
}

fn private(home: &World, name: &str) {
    fs::set_permissions(home.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

/// A module in parts, which signers sign one by one.
fn parted(home: &World) {
    let delimiter = b"\0\x24\x13signature_delimiter0123456789abcdef";
    home.write(
        "parted.wasm",
        [&echo()[..], delimiter, b"\0\x02\x01x"].concat(),
    );
}

#[test]
fn wasmsign2_verifies_what_tenzik_signs() {
    let (home, Some(wasmsign2)) = (home(), wasmsign2()) else {
        return;
    };
    run(&home, &wasmsign2, "keygen -k secret -K public").exits(0);
    tenzik(&home, "sign echo.wasm --key secret").exits(1);
    private(&home, "secret");
    parted(&home);
    for name in ["echo", "parted"] {
        tenzik(
            &home,
            &format!("sign {name}.wasm --key secret --key alice.pem"),
        )
        .exits(0);
        let verify = format!("verify -i {name}.wasm -K public -S {name}.wasm.sig");
        run(&home, &wasmsign2, &verify).exits(0);
        tenzik(
            &home,
            &format!("sign {name}.wasm --key alice.pem --embed -o {name}-1.wasm"),
        )
        .exits(0);
        run(
            &home,
            &wasmsign2,
            &format!("verify -i {name}-1.wasm -K public"),
        )
        .exits(1);
        tenzik(
            &home,
            &format!("sign {name}-1.wasm --key secret --embed -o {name}-2.wasm"),
        )
        .exits(0);
        run(
            &home,
            &wasmsign2,
            &format!("verify -i {name}-2.wasm -K public"),
        )
        .exits(0);
        tenzik(
            &home,
            &format!("verify {name}-2.wasm --key public --key alice.pub --all"),
        )
        .exits(0);
    }
}

#[test]
fn tenzik_verifies_what_wasmsign2_signs() {
    let (home, Some(wasmsign2)) = (home(), wasmsign2()) else {
        return;
    };
    run(&home, &wasmsign2, "keygen -k secret -K public").exits(0);
    run(&home, &wasmsign2, "keygen -k secret-2 -K public-2").exits(0);
    private(&home, "secret");
    parted(&home);
    for name in ["echo", "parted"] {
        for key_id in ["", "-K public"] {
            let sign = format!("sign -i {name}.wasm -k secret {key_id}");
            run(&home, &wasmsign2, &format!("{sign} -o inside.wasm")).exits(0);
            tenzik(&home, "verify inside.wasm --key public").exits(0);
            refused(
                tenzik(&home, "verify inside.wasm --key alice.pub --json"),
                12,
                "signature_untrusted",
            );
            run(
                &home,
                &wasmsign2,
                &format!("{sign} -o outside.wasm -S signature"),
            )
            .exits(0);
            tenzik(
                &home,
                &format!("verify {name}.wasm --key public --signature signature"),
            )
            .exits(0);

            run(
                &home,
                &wasmsign2,
                "sign -i inside.wasm -k secret-2 -K public-2 -o both.wasm",
            )
            .exits(0);
            tenzik(&home, "verify both.wasm --key public --key public-2 --all").exits(0);
            tenzik(
                &home,
                "sign both.wasm --key alice.pem --embed -o three.wasm --force",
            )
            .exits(0);
            tenzik(
                &home,
                "verify three.wasm --key public --key public-2 --key alice.pub --all",
            )
            .exits(0);
            run(&home, &wasmsign2, "verify -i three.wasm -K public-2").exits(0);
        }
    }
}

/// With the key id, which both write, one key makes the same bytes in both programs.
#[test]
fn both_write_the_same_bytes() {
    let (home, Some(wasmsign2)) = (home(), wasmsign2()) else {
        return;
    };
    run(&home, &wasmsign2, "keygen -k secret -K public").exits(0);
    private(&home, "secret");
    parted(&home);
    for name in ["echo", "parted"] {
        let sign = format!("sign -i {name}.wasm -k secret -K public");
        run(
            &home,
            &wasmsign2,
            &format!("{sign} -o copy.wasm -S theirs.sig"),
        )
        .exits(0);
        tenzik(
            &home,
            &format!("sign {name}.wasm --key secret -o ours.sig --force"),
        )
        .exits(0);
        assert_eq!(home.read("ours.sig"), home.read("theirs.sig"), "{name}");
        run(&home, &wasmsign2, &format!("{sign} -o theirs.wasm")).exits(0);
        tenzik(
            &home,
            &format!("sign {name}.wasm --key secret --embed -o ours.wasm --force"),
        )
        .exits(0);
        assert_eq!(home.read("ours.wasm"), home.read("theirs.wasm"), "{name}");
    }
}

/// The reason for each of these refusals: without it tenzik would be as lenient.
#[test]
fn what_wasmsign2_wrongly_accepts_is_refused() {
    let (home, Some(wasmsign2)) = (home(), wasmsign2()) else {
        return;
    };
    run(&home, &wasmsign2, "keygen -k secret -K public").exits(0);
    parted(&home);
    let sign = "sign -i parted.wasm -k secret -o copy.wasm -S signature";
    run(&home, &wasmsign2, sign).exits(0);
    let cut = &home.read("parted.wasm")[..echo().len() + 38];
    let mut component = home.read("parted.wasm");
    component[4..8].copy_from_slice(&[0x0d, 0, 1, 0]);
    for (name, bytes, code) in [
        ("cut.wasm", cut, "signature_content_differs"),
        ("component.wasm", &component, "signature_malformed"),
    ] {
        home.write(name, bytes);
        let verify = format!("verify -i {name} -K public -S signature");
        run(&home, &wasmsign2, &verify).exits(0);
        let verify = format!("verify {name} --key public --signature signature --json");
        refused(tenzik(&home, &verify), 12, code);
    }
}

/// wasmsign2 signs a padded module as if it were not padded, and then cannot verify it.
#[test]
fn padded_modules_are_refused_before_they_confuse() {
    let (home, Some(wasmsign2)) = (home(), wasmsign2()) else {
        return;
    };
    run(&home, &wasmsign2, "keygen -k secret -K public").exits(0);
    let padded = [&b"\0asm\x01\0\0\0\x01\x84\x00"[..], b"\x01\x60\0\0"].concat();
    home.write("padded.wasm", padded);
    let sign = "sign -i padded.wasm -k secret -o short.wasm -S signature";
    run(&home, &wasmsign2, sign).exits(0);
    run(
        &home,
        &wasmsign2,
        "verify -i padded.wasm -K public -S signature",
    )
    .exits(1);
    let refused_at_9 = |line: &str| {
        let object = refused(tenzik(&home, line), 12, "signature_malformed");
        let message = object["error"]["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("at byte 9") && message.contains("padded"),
            "{message}"
        );
    };
    refused_at_9("verify padded.wasm --key public --signature signature --json");
    refused_at_9("sign padded.wasm --key alice.pem --json");
    tenzik(
        &home,
        "verify short.wasm --key public --signature signature",
    )
    .exits(0);
}

#[test]
fn openssh_and_tenzik_agree() {
    if !has("ssh-keygen", "-?") {
        return;
    }
    let home = home();
    let make = |name: &str, passphrase: &str| {
        let made = Command::new("ssh-keygen")
            .args([
                "-q", "-t", "ed25519", "-C", "me@here", "-N", passphrase, "-f", name,
            ])
            .current_dir(home.path(""))
            .stdin(Stdio::null())
            .output();
        ended(made.unwrap()).exits(0);
    };
    make("id", "");
    tenzik(&home, "sign echo.wasm --key id").exits(0);
    tenzik(&home, "verify echo.wasm --key id.pub").exits(0);

    tenzik(&home, "sign echo.wasm --key id --format sshsig -o ours.sig").exits(0);
    let public = String::from_utf8(home.read("id.pub")).unwrap();
    home.write("allowed", format!("me {public}"));
    let check = |signature: &str, module: &str| {
        let output = Command::new("ssh-keygen")
            .args([
                "-Y",
                "verify",
                "-f",
                "allowed",
                "-I",
                "me",
                "-n",
                "tenzik-capsule",
                "-s",
                signature,
            ])
            .current_dir(home.path(""))
            .stdin(fs::File::open(home.path(module)).unwrap())
            .output();
        ended(output.unwrap())
    };
    check("ours.sig", "echo.wasm").exits(0);

    for hash in ["sha512", "sha256"] {
        home.write("theirs.wasm", echo());
        let sign = format!("-Y sign -f id -n tenzik-capsule -O hashalg={hash} theirs.wasm");
        run(&home, "ssh-keygen", &sign).exits(0);
        tenzik(&home, "verify theirs.wasm --key id.pub").exits(0);
        tenzik(
            &home,
            "run ./theirs.wasm --require-signature --trust id.pub",
        )
        .exits(0);
        if hash == "sha512" {
            assert_eq!(home.read("theirs.wasm.sig"), home.read("ours.sig"));
        }
        fs::remove_file(home.path("theirs.wasm.sig")).unwrap();
    }

    // A signature for another purpose is none for this one.
    run(&home, "ssh-keygen", "-Y sign -f id -n file theirs.wasm").exits(0);
    let object = refused(
        tenzik(&home, "verify theirs.wasm --key id.pub --json"),
        12,
        "signature_malformed",
    );
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("namespace"),
        "{object}"
    );
    // Other bytes.
    home.write("theirs.wasm", [&echo()[..], b"\0\x02\x01x"].concat());
    let other = tenzik(
        &home,
        "verify theirs.wasm --key id.pub --signature ours.sig --json",
    );
    refused(other, 12, "signature_false");
    check("ours.sig", "theirs.wasm").exits(255);

    make("locked", "secret");
    let said = tenzik(&home, "sign echo.wasm --key locked -o x").exits(1);
    assert!(said.stderr.contains("ssh-keygen -p"), "{said:?}");
}

#[test]
fn keys_of_openssl_sign() {
    if !has("openssl", "version") {
        return;
    }
    let home = home();
    run(&home, "openssl", "genpkey -algorithm ed25519 -out key").exits(0);
    private(&home, "key");
    run(&home, "openssl", "pkey -in key -pubout -out public").exits(0);
    tenzik(&home, "sign echo.wasm --key key").exits(0);
    tenzik(&home, "verify echo.wasm --key public").exits(0);

    run(
        &home,
        "openssl",
        "pkey -in key -aes256 -passout pass:secret -out locked",
    )
    .exits(0);
    private(&home, "locked");
    let said = tenzik(&home, "sign echo.wasm --key locked -o x").exits(1);
    assert!(
        said.stderr.contains("openssl pkey -in KEY -out COPY"),
        "{said:?}"
    );
}
