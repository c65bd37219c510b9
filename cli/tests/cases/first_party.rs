//! The embedded capsules.

use crate::world::World;

#[test]
fn echo_gives_back_its_input() {
    let world = World::new();
    let bytes: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    world.write("input", &bytes);
    assert_eq!(
        world
            .tenzik(["run", "echo", "--input", "input"])
            .exits(0)
            .stdout,
        bytes
    );
    assert_eq!(world.tenzik(["run", "echo"]).exits(0).stdout, b"");
}

#[test]
fn hash_agrees_with_blake3() {
    let world = World::new();
    for size in [0_usize, 1, 1_024, 100_000] {
        let bytes = vec![b'h'; size];
        world.write("input", &bytes);
        let ended = world.tenzik(["run", "hash", "--input", "input"]).exits(0);
        assert_eq!(ended.text(), format!("{}\n", blake3::hash(&bytes).to_hex()));
    }
}

#[test]
fn base64_agrees_with_the_rfc() {
    let world = World::new();
    // RFC 4648, section 10.
    for (text, encoded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let ended = world
            .tenzik(["run", "base64", "--input-text", text])
            .exits(0);
        assert_eq!(ended.text().trim_end(), encoded, "{text}");
    }
    let bytes: Vec<u8> = (0..200_000_u32).map(|index| (index % 253) as u8).collect();
    world.write("input", &bytes);
    let ended = world.tenzik(["run", "base64", "--input", "input"]).exits(0);
    use base64::Engine as _;
    assert_eq!(
        ended.text().trim_end(),
        base64::engine::general_purpose::STANDARD.encode(&bytes)
    );
}

#[test]
fn json_select_selects() {
    let world = World::new();
    let select = |query: &str, json: &str| {
        world.tenzik([
            "run",
            "json-select",
            "--input-text",
            &format!("{query}\n{json}"),
        ])
    };
    assert_eq!(
        select("$.a[*].b", r#"{"a":[{"b":1.0},{"b":"é"},{}]}"#)
            .exits(0)
            .text()
            .trim_end(),
        r#"[1.0,"é"]"#
    );
    assert_eq!(select("$..x", "{}").exits(0).text().trim_end(), "[]");
    for (query, json) in [("$[", "{}"), ("$.a", "{"), ("", ""), ("no query", "{}")] {
        let ended = select(query, json).exits(20);
        assert!(
            ended.stderr.contains("failed with code"),
            "{query:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn dice_are_deterministic_by_seed_and_time() {
    let world = World::new();
    let throw = |seed: &str| {
        let arguments = [
            "run",
            "dice",
            "--seed",
            seed,
            "--now",
            "2026-01-02T03:04:05.678Z",
        ];
        world.tenzik(arguments).exits(0).stdout
    };
    assert_eq!(throw("7"), throw("7"));
    assert_ne!(throw("7"), throw("8"));
    let object: serde_json::Value = serde_json::from_slice(&throw("7")).unwrap();
    assert_eq!(object["time_ms"], 1_767_323_045_678_u64);
    assert!(
        object["rolls"]
            .as_array()
            .unwrap()
            .iter()
            .all(|roll| (1..=6).contains(&roll.as_u64().unwrap()))
    );
    // Production grants neither time nor randomness.
    world
        .tenzik(["run", "dice", "--profile", "production"])
        .exits(30);
    world
        .tenzik([
            "run",
            "dice",
            "--profile",
            "production",
            "--grant",
            "time",
            "--grant",
            "random",
        ])
        .exits(0);
    world.tenzik(["run", "dice", "--deny", "random"]).exits(30);
}

#[test]
fn production_accepts_the_pure_ones() {
    let world = World::new();
    for name in ["echo", "hash", "base64", "nmap-parse", "json-select"] {
        world
            .tenzik(["inspect", name, "--profile", "production"])
            .exits(0);
    }
}
