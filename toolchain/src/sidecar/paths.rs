//! Names of source files that are the same on every machine.

/// Directories of Rust's standard library, below `library`.
const LIBRARIES: [&str; 8] = [
    "core",
    "alloc",
    "std",
    "compiler-builtins",
    "stdarch",
    "panic_abort",
    "portable-simd",
    "backtrace",
];

/// What a source file is called in a sidecar: relative, with forward slashes, the standard library
/// below `library/`. Of an absolute path that nothing is known of only the last part stays.
pub(super) fn source_shown(path: &str, path_names: &[(String, String)]) -> String {
    let named = path_names.iter().rev().find_map(|(directory, name)| {
        let rest = path.strip_prefix(directory.as_str())?;
        let rest = rest
            .strip_prefix(['/', '\\'])
            .or(rest.is_empty().then_some(""))?;
        Some(format!("{name}/{rest}"))
    });
    let path = named.as_deref().unwrap_or(path).replace('\\', "/");
    let path = without_compiler(&path);
    if let Some(library) = in_library(path) {
        return without_steps(library);
    }
    let is_absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
    let path = match is_absolute {
        true => path.rsplit('/').next().unwrap_or_default(),
        false => path,
    };
    let shown = without_steps(path);
    // A path that leaves its directory says more about this machine than about the source.
    match shown.starts_with("..") {
        true => shown.rsplit('/').next().unwrap_or_default().to_owned(),
        false => shown,
    }
}

/// Rust's own libraries are compiled in `/rustc/COMMIT`, and what is inlined into them seems to be.
fn without_compiler(path: &str) -> &str {
    let commit = path.strip_prefix("/rustc/");
    let rest = commit.and_then(|rest| rest.split_once('/'));
    rest.map_or(path, |(_, rest)| rest)
}

/// The part from `library/` on, if that is where the standard library is.
fn in_library(path: &str) -> Option<&str> {
    path.match_indices("library/").find_map(|(at, _)| {
        let begins = at == 0 || path.get(at - 1..at) == Some("/");
        let library = path.get(at..)?;
        let of = library.split('/').nth(1)?;
        (begins && LIBRARIES.contains(&of)).then_some(library)
    })
}

/// Without `.` and, where a directory stands before it, `..`.
fn without_steps(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::source_shown;

    #[test]
    fn no_directory_of_this_machine_stays() {
        let names = [
            ("/home/me/w".to_owned(), ".".to_owned()),
            ("/home/me/w/dep".to_owned(), "dep-1.0.0".to_owned()),
        ];
        for (path, shown) in [
            ("./one/src/lib.rs", "one/src/lib.rs"),
            ("/home/me/w/one/src/lib.rs", "one/src/lib.rs"),
            ("/home/me/w/dep/src/lib.rs", "dep-1.0.0/src/lib.rs"),
            ("/home/me/wide/src/lib.rs", "lib.rs"),
            (
                "/rustc/59807616/library/core/src/option.rs",
                "library/core/src/option.rs",
            ),
            (
                "/usr/src/rustc-1.96/library/alloc/src/vec/mod.rs",
                "library/alloc/src/vec/mod.rs",
            ),
            (
                "library/core/src/../../stdarch/crates/core_arch/src/wasm32/mod.rs",
                "library/stdarch/crates/core_arch/src/wasm32/mod.rs",
            ),
            (
                "/rustc/59807616/vendor/sdk/src/host.rs",
                "vendor/sdk/src/host.rs",
            ),
            ("/home/me/library/mine/src/lib.rs", "lib.rs"),
            ("C:\\work\\src\\lib.rs", "lib.rs"),
            ("../../../home/me/x.c", "x.c"),
            ("a/b/../c.c", "a/c.c"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(source_shown(path, &names), shown, "{path}");
        }
    }
}
