//! What Rust's mangled names say.

use std::fmt::Write;

use crate::shown::shown;

/// Longest demangled name that is made, in bytes.
const DEMANGLED_BYTES_MAX: usize = 1_024;

/// Names of types that belong to no crate.
const PRIMITIVES: [&str; 19] = [
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "f32", "f64", "fn", "impl",
];

/// A function's name for people: demangled where it is a Rust name, without its hash.
pub fn function_shown(name: &str) -> String {
    shown(&demangled(name).unwrap_or_else(|| name.to_owned()))
}

/// The Rust path that a mangled name stands for.
fn demangled(name: &str) -> Option<String> {
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Bounded(String::new());
    // What does not fit is cut: the beginning of a path tells the most.
    let _ = write!(text, "{demangled:#}");
    Some(text.0)
}

/// Takes text up to a limit: a mangled name can stand for a much longer one.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > DEMANGLED_BYTES_MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// The crate of a function: from its mangled name, else from its source file as a build names it.
pub fn crate_of(name: Option<&str>, file: Option<&str>) -> Option<String> {
    let by_name = name.and_then(demangled);
    let by_name = by_name.as_deref().and_then(crate_of_path);
    by_name.or_else(|| file.and_then(crate_of_file))
}

/// `<alloc::vec::Vec<T> as core::fmt::Debug>::fmt` is of `alloc`; `<u8 as core::fmt::Debug>::fmt`
/// of `core`.
fn crate_of_path(path: &str) -> Option<String> {
    let name = |text: &str| {
        let is_sign = |character: char| !(character.is_alphanumeric() || character == '_');
        let mut words = text.split(is_sign).filter(|word| !word.is_empty());
        words
            .find(|word| !["mut", "const", "dyn"].contains(word))
            .map(str::to_owned)
    };
    let first = name(path)?;
    let known = !PRIMITIVES.contains(&first.as_str());
    if known {
        return path.contains("::").then_some(first);
    }
    path.split_once(" as ").and_then(|(_, of)| name(of))
}

/// Builds call sources `library/CRATE/…`, `CRATE-1.2.3/…` or, in the workspace, `CRATE/src/…`.
fn crate_of_file(file: &str) -> Option<String> {
    if let Some(library) = file.strip_prefix("library/") {
        return library.split('/').next().map(str::to_owned);
    }
    let (directory, rest) = file.split_once('/')?;
    let package = match directory.rsplit_once('-') {
        Some((package, version)) if version.starts_with(|digit: char| digit.is_ascii_digit()) => {
            package
        }
        _ if rest.starts_with("src/") => directory,
        _ => return None,
    };
    Some(shown(&package.replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::{crate_of, function_shown};

    #[test]
    fn names_and_crates() {
        let legacy = "_ZN4core3fmt5write17h0123456789abcdefE";
        assert_eq!(function_shown(legacy), "core::fmt::write");
        assert_eq!(crate_of(Some(legacy), None).as_deref(), Some("core"));
        let of = "_ZN61_$LT$alloc..vec..Vec$LT$u8$GT$$u20$as$u20$core..io..Write$GT$5write17h0123456789abcdefE";
        assert_eq!(crate_of(Some(of), None).as_deref(), Some("alloc"));
        let of = "_ZN42_$LT$u8$u20$as$u20$core..fmt..LowerHex$GT$3fmt17h0123456789abcdefE";
        assert_eq!(crate_of(Some(of), None).as_deref(), Some("core"));
        assert_eq!(crate_of(Some("run"), None), None);
        for (file, name) in [
            ("library/alloc/src/vec.rs", Some("alloc")),
            ("tenzik-sdk-0.1.0/src/host.rs", Some("tenzik_sdk")),
            ("nmap-parse/src/lib.rs", Some("nmap_parse")),
            ("src/lib.rs", None),
            ("lib.rs", None),
        ] {
            assert_eq!(crate_of(Some("run"), Some(file)).as_deref(), name, "{file}");
        }
    }

    #[test]
    fn names_are_bounded_and_printable() {
        assert_eq!(
            function_shown("a\u{1b}[31m\u{202e}"),
            "a\\u{1b}[31m\\u{202e}"
        );
        assert!(function_shown(&"x".repeat(100_000)).len() < 200);
        // A back reference that doubles with every step.
        let bomb = format!("_RNvC1a1b{}", "B_".repeat(1_000));
        assert!(function_shown(&bomb).len() < 200);
    }
}
