//! Inputs to start from, and small changes of them.

use std::fs;
use std::path::{Path, PathBuf};

use tenzik_runtime::evidence::signature::{ModuleSignature, SignableModule, SshSignature};
use tenzik_runtime::{NodeKey, assemble};

use crate::dice::Dice;
use crate::seed_evidence::{key_files, transcripts};

/// The inputs that the repository has for an oracle: real ones of each kind, sorted by path. The
/// inputs that once broke a promise are not among them; those are in `fuzz/regressions`.
///
/// # Panics
/// When the files are not there or there is no such oracle.
pub fn seeds(oracle: &str) -> Vec<Vec<u8>> {
    match oracle {
        "validator" => modules(),
        "manifest" => MANIFESTS
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .collect(),
        "policy" => policies(),
        "receipt" => [
            read_all(&["runtime/evidence/tests/fixtures"], "json"),
            transcripts(),
            key_files(),
        ]
        .concat(),
        "signature" => signed(),
        "nmap" => read_all(
            &[
                "capsules/nmap-parse/tests/ok",
                "capsules/nmap-parse/tests/bad",
                "docs/examples",
            ],
            "xml",
        ),
        "json_path" => [
            JSON_PATHS
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect(),
            large_json_paths(),
            read_all(&["capsules/json-select/tests"], "input"),
        ]
        .concat(),
        "execute" => (1..=8).map(executable_seed).collect(),
        other => panic!("there is no oracle {other}"),
    }
}

const MANIFESTS: &[&str] = &[
    r#"{"abi":1,"name":"nmap-parse","needs":["hash","json"],"version":"0.1.0"}"#,
    r#"{"abi":1,"name":"x","needs":[],"version":"1"}"#,
    r#"{"abi":1,"name":"a-b_c.d+e","needs":["base64","hash","json","random","time"],"version":"1.0.0+rc.1"}"#,
    r#"{"abi":2,"name":"x","needs":["exec"],"version":"1"}"#,
    r#"{"abi":1,"abi":1,"name":"x","needs":[],"version":"1","extra":null}"#,
    r#"{"abi":1,"name":"","needs":["hash","hash"],"version":"\u0031"}"#,
];

/// The policies of the documentation, each with requests of all kinds.
fn policies() -> Vec<Vec<u8>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let page = fs::read_to_string(page).unwrap();
    let texts = page.split("```toml\n").skip(1);
    let texts = texts.filter_map(|rest| rest.split("```").next());
    let requests = [
        "nmap\0-sT\0-oX\0-\0-p\x0022,80\x00127.0.0.1\0::1",
        "git\0-C\0/srv/src/a\0status",
        "git\0clone\0--depth=1\0https://git.example.org/tenzik.git\0/srv/src/a",
        "/srv/data/log/x",
        "token",
    ];
    let both =
        texts.flat_map(|text| requests.map(|request| format!("{text}\0{request}").into_bytes()));
    both.collect()
}

const JSON_PATHS: &[&str] = &[
    "$\n7",
    "$.a[0]['b',\"c\"]\n{\"a\":[{\"b\":1.0,\"c\":\"\\u00e4\\ud83d\\ude00\"}]}",
    "$..[?@.a==1 && !(@.b<'x' || @.c>=2.5e1)]\n[{\"a\":1,\"b\":\"y\"},{\"a\":1e0,\"c\":[]}]",
    "$[?length(@)>1 && count(@.*)<3 && value(@..a)!=null]\n[[1,2],{\"a\":{\"a\":true}},\"abc\"]",
    "$[?match(@,'[a-c]+\\\\d{1,3}') || search(@,\"^(x|yz)*$\")]\n[\"abc12\",\"yzx\",\"\"]",
    "$[::-1,1:5:2,-1]\n[0,1,2,3,4,[5,[6]]]",
    "$..*\n{\"a\":{\"b\":[1,{\"c\":null}]},\"a\":false}",
    "$[?@.*]\n[[],[[]],{\"\":0}]",
];

/// Queries and JSON that are deep, long or nested, up to the limits and one more.
fn large_json_paths() -> Vec<Vec<u8>> {
    let nested = |depth: usize, inner: &str| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{open}{inner}{close}")
    };
    let numbers: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let mut filter = "@>1".to_owned();
    for _ in 0..12 {
        filter = format!("@[?{filter}]");
    }
    let texts = [
        format!("$..*\n{}", nested(60, "{\"a\":[1,2]}")),
        format!("$..*\n{}", nested(126, "{}")),
        format!("$..*\n{}", nested(127, "{}")),
        format!("$..*\n{}", nested(128, "{}")),
        format!("$[-300:350:7,::-3,399]\n[{}]", numbers.join(",")),
        format!("$[?{filter}]\n{}", nested(14, "0,1,2")),
        format!("${}\n[[]]", "[0]".repeat(300)),
        format!("$[?{}]\n[true]", "(".repeat(40) + "@" + &")".repeat(40)),
    ];
    texts.map(String::into_bytes).to_vec()
}

/// Every first-party capsule and every fixture that assembles.
fn modules() -> Vec<Vec<u8>> {
    let mut modules = read_all(&["capsules/prebuilt"], "wasm");
    let texts = read_all(&["capsules/wat/ok", "capsules/wat/hostile"], "wat");
    let assembled = texts
        .into_iter()
        .filter_map(|text| assemble(&String::from_utf8(text).ok()?).ok());
    // A fixture that is only large teaches nothing, and slows every change of it.
    modules.extend(assembled.filter(|module| module.len() <= 8 << 10));
    modules
}

/// Modules with a signature inside, each signature also alone, and as ssh-keygen writes it.
fn signed() -> Vec<Vec<u8>> {
    let key = NodeKey::from_seed(&[9; 32]);
    let capsules = read_all(&["capsules/prebuilt"], "wasm");
    let inputs = capsules.iter().flat_map(|capsule| {
        let module = SignableModule::parse(capsule).unwrap();
        let mut signature = ModuleSignature::new();
        signature.sign(module.hashes(), &key).unwrap();
        let ssh = SshSignature::sign(capsule, &key).to_text().into_bytes();
        [
            module.embed(&signature),
            signature.to_bytes(),
            ssh,
            capsule.clone(),
        ]
    });
    inputs.collect()
}

/// Bytes from which `execute` makes a module and an input.
pub fn executable_seed(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let size = 256 + dice.roll(3 << 10);
    dice.bytes(size)
}

fn read_all(folders: &[&str], ending: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    assert!(
        !paths.is_empty(),
        "no files that end in {ending} in {folders:?}"
    );
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One input with a few changes: bits, bytes, pieces left out, doubled or taken from another input,
/// numbers at the edges of their range.
pub fn mutated(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..1 + dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        let most = 1 + dice.roll(16);
        let end = (at + most).min(bytes.len());
        match dice.roll(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            1 if at < bytes.len() => bytes[at] = dice.bytes(1)[0],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = &seeds[dice.roll(seeds.len())];
                let from = dice.roll(other.len() + 1);
                let to = (from + most).min(other.len());
                bytes.splice(at..end, other[from..to].to_vec());
            }
            5 => {
                let edges: [&[u8]; 8] = [
                    b"\0",
                    b"\x7f",
                    b"\x80",
                    b"\xff",
                    b"\xff\xff\xff\xff\x0f",
                    b"18446744073709551616",
                    b"\xed\xa0\x80",
                    b"\"",
                ];
                bytes.splice(at..at, edges[dice.roll(edges.len())].to_vec());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}
