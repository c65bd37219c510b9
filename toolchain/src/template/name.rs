//! What a capsule may be called.

use super::NewCapsuleError;

/// The longest name of a capsule.
const NAME_BYTES_MAX: usize = 64;

/// Accepts the names that a crate, its directory and its vendored crates allow.
pub(super) fn check_name(name: &str) -> Result<(), NewCapsuleError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "it has more than 64 characters"
    } else if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        "it must begin with a letter from a to z"
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        "only letters from a to z, digits, - and _ are allowed"
    } else if is_reserved(name) {
        "Rust, the operating system or tenzik reserves it"
    } else {
        return Ok(());
    };
    Err(NewCapsuleError::InvalidName {
        name: name.to_owned(),
        reason,
    })
}

/// Rust's keywords (Rust reference, "Keywords"), crates that every crate sees, device names of
/// Windows, and the crates in `vendor`. In lower case, with `-` for `_`.
const RESERVED: &str = "
    abstract alloc as async await become box break const continue core crate do dyn else enum
    extern false final fn for gen if impl in let loop macro match mod move mut override priv
    proc-macro pub ref return self static std struct super test trait true try type typeof unsafe
    unsized use virtual where while yield
    aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9
    lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
    tenzik-sdk tenzik-host-abi
";

fn is_reserved(name: &str) -> bool {
    let name = name.replace('_', "-").to_ascii_lowercase();
    RESERVED.split_whitespace().any(|reserved| reserved == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_crates() {
        for name in ["a", "word-count", "Word_Count2", "x9", &"a".repeat(64)] {
            check_name(name).unwrap();
        }
        let too_long = "a".repeat(65);
        for name in [
            "",
            "9a",
            "-a",
            "_a",
            "a b",
            "a/b",
            "../a",
            "a.wasm",
            "é",
            "fn",
            "Self",
            "CON",
            "tenzik_sdk",
            "a\0",
            &too_long,
        ] {
            assert!(
                matches!(check_name(name), Err(NewCapsuleError::InvalidName { .. })),
                "{name:?}"
            );
        }
    }
}
