//! The validator: agrees with wasmparser, explains each rejection, and accepts nothing else than it
//! documents.

use tenzik_capsule::{
    ACCEPTED_FEATURES, Capsule, FindingCode, ModuleLimits, Severity, Validation, validate,
};
use tenzik_runtime::HostFunction;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator};

/// How the verdict on a module compares with that of wasmparser under the same features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Both accept.
    Accepted,
    /// Both reject.
    Invalid,
    /// Valid, but against rules of tenzik: the codes of the errors, sorted, each once.
    OwnRules(Vec<FindingCode>),
}

/// Compares the verdict with that of wasmparser.
///
/// # Panics
/// When tenzik accepts what wasmparser rejects, or rejects what wasmparser accepts without naming a
/// rule of its own.
pub fn agreement(bytes: &[u8], validation: &Validation) -> Agreement {
    let reference = Validator::new_with_features(ACCEPTED_FEATURES).validate_all(bytes);
    if validation.capsule().is_some() {
        assert!(reference.is_ok(), "accepted, but {:?}", reference.err());
        return Agreement::Accepted;
    }
    if reference.is_err() {
        return Agreement::Invalid;
    }
    let errors = validation
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut codes: Vec<FindingCode> = errors.map(|finding| finding.code).collect();
    assert!(
        !codes.is_empty() && !codes.iter().copied().any(is_of_the_standard),
        "valid, but rejected: {:#?}",
        validation.findings()
    );
    codes.sort_by_key(|code| code.code());
    codes.dedup();
    Agreement::OwnRules(codes)
}

/// Whether the code says that the standard, with the accepted features, rejects the module.
fn is_of_the_standard(code: FindingCode) -> bool {
    matches!(
        code,
        FindingCode::NotWasm
            | FindingCode::Component
            | FindingCode::ModuleInvalid
            | FindingCode::FeatureDisabled
    )
}

/// Checks what must hold for the module `bytes`.
///
/// # Panics
/// When it does not.
pub fn validator(bytes: &[u8]) {
    let limits = ModuleLimits {
        module_bytes_max: 1 << 20,
        ..ModuleLimits::default()
    };
    let validation = validate(bytes, &limits);
    assert_eq!(validation.bytes(), bytes.len() as u64);
    if bytes.len() as u64 > limits.module_bytes_max {
        let codes: Vec<_> = validation
            .findings()
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert_eq!(codes, [FindingCode::ModuleTooLarge]);
        return;
    }
    agreement(bytes, &validation);
    assert_eq!(
        validation.first_error().is_some(),
        validation.capsule().is_none()
    );
    for finding in validation.findings() {
        assert_printable(&finding.message);
        assert_printable(&finding.remedy);
        if let Some(offset) = finding.location.offset {
            assert!(offset <= bytes.len() as u64, "{finding:?}");
        }
    }
    let again = validate(bytes, &limits);
    assert_eq!(validation.findings(), again.findings());
    if let Some(capsule) = validation.capsule() {
        let sizes: u64 = validation
            .sections()
            .iter()
            .map(|section| section.bytes)
            .sum();
        assert_eq!(sizes, bytes.len() as u64, "{:?}", validation.sections());
        assert_documented(bytes, capsule);
    }
}

fn assert_printable(text: &str) {
    assert!(
        text.chars().all(|c| (' '..='~').contains(&c) || c == '…'),
        "not escaped: {text:?}"
    );
}

/// Looks at an accepted module again, section by section, for what no capsule may have.
fn assert_documented(bytes: &[u8], capsule: &Capsule) {
    let mut memories = 0;
    let mut exports = Vec::new();
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::StartSection { .. } => panic!("a start function is accepted"),
            Payload::MemorySection(section) => memories += section.count(),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    assert!(matches!(import.ty, TypeRef::Func(_)), "{import:?}");
                    assert_eq!(import.module, "tenzik");
                    imports.push(HostFunction::find(import.name).unwrap().name);
                }
            }
            Payload::ExportSection(section) => {
                exports.extend(
                    section
                        .into_iter()
                        .map(Result::unwrap)
                        .map(|export| (export.name, export.kind)),
                );
            }
            _ => {}
        }
    }
    assert_eq!(memories, 1);
    assert!(exports.contains(&("memory", ExternalKind::Memory)));
    assert!(exports.contains(&("run", ExternalKind::Func)));
    let found: Vec<&str> = capsule.imports().iter().map(|row| row.name).collect();
    assert_eq!(found, imports);
    for row in capsule.imports() {
        assert!(row.needs.is_none_or(|need| capsule.needs().contains(need)));
    }
}
