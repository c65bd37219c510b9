//! Policies and the decisions over them: a file, a NUL, and a request whose arguments are separated by
//! NULs.

use tenzik_runtime::Policy;
use tenzik_runtime::policy::{
    Ceiling, FileAccess, HoleKind, PolicyFile, decide_artifact, decide_exec, decide_file,
    decide_secret,
};

/// Checks what must hold for a file and a request.
///
/// # Panics
/// When it does not.
pub fn policy(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let request: Vec<&[u8]> = parts.collect();
    let file = match PolicyFile::parse("fuzz.toml", &text) {
        Ok(file) => file,
        Err(error) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&(error.line as usize)), "{error}");
            assert!(is_plain(&error.message), "{error}");
            // Of what is refused nothing can be used as a ceiling either.
            assert!(Ceiling::parse("fuzz.toml", &text).is_err(), "{error}");
            // Canonical text is no TOML.
            read_back(&text);
            return;
        }
    };
    let policy = &file.policy;
    assert_eq!(read_back(&policy.canonical()), Some(policy.commit()));
    let written = PolicyFile::parse("fuzz.toml", &policy.to_toml()).unwrap();
    assert_eq!(written.policy.canonical(), policy.canonical());
    decide(policy, &request);

    let Ok(ceiling) = Ceiling::parse("fuzz.toml", &text) else {
        panic!("a policy that is no ceiling: {text}");
    };
    let left = policy.under(std::slice::from_ref(&ceiling));
    assert!(left.grants.minus(policy.grants).is_empty());
    assert_eq!(
        left.limits, policy.limits,
        "a policy bounds itself to itself"
    );
    let argv = texts(&request);
    assert!(decide_exec(&left.rules, &argv).is_err() || decide_exec(&policy.rules, &argv).is_ok());
    for access in FileAccess::ALL {
        let path = request.first().copied().unwrap_or_default();
        assert_eq!(
            decide_file(&left.rules, path, access).is_ok(),
            decide_file(&policy.rules, path, access).is_ok(),
            "a policy under itself grants the same files"
        );
    }
}

/// Reads canonical text; what is read is written as the same text.
fn read_back(text: &str) -> Option<tenzik_runtime::policy::PolicyCommit> {
    let policy = Policy::parse_canonical(text).ok()?;
    assert_eq!(policy.canonical(), text);
    Some(policy.commit())
}

fn texts(request: &[&[u8]]) -> Vec<String> {
    let texts = request
        .iter()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    texts.collect()
}

fn decide(policy: &Policy, request: &[&[u8]]) {
    let rules = &policy.rules;
    let first = request.first().copied().unwrap_or_default();
    let refusals = [
        decide_file(rules, first, FileAccess::Read).err(),
        decide_secret(rules, first).err(),
        decide_artifact(rules, first).err(),
    ];
    for refusal in refusals.into_iter().flatten() {
        assert!(is_plain(&refusal.message), "{refusal}");
    }
    let argv = texts(request);
    let decision = match decide_exec(rules, &argv) {
        Ok(decision) => decision,
        Err(refusal) => {
            assert!(
                is_plain(&refusal.message) && refusal.message.len() < 64 << 10,
                "{refusal}"
            );
            return;
        }
    };
    assert_eq!(argv.first(), Some(&decision.rule.name));
    for argument in argv.iter().skip(1) {
        assert!(!argument.chars().any(char::is_control), "{argument:?}");
    }
    // No argument is an option that the template does not have.
    let template = &decision.rule.arguments;
    let is_open = |kind: &HoleKind| matches!(kind, HoleKind::Text { .. } | HoleKind::Enum { .. });
    for argument in argv
        .iter()
        .skip(1)
        .filter(|argument| argument.starts_with('-'))
    {
        let is_written = template.iter().any(|pattern| match &pattern.hole {
            None => pattern.prefix == *argument,
            Some(hole) => {
                hole.option
                    || pattern.prefix.starts_with('-')
                    || is_open(&hole.kind) && !pattern.prefix.is_empty()
            }
        });
        assert!(is_written, "{argument:?}");
    }
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|character| (' '..='~').contains(&character) || character == '…')
}
