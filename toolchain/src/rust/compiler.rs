//! A Rust compiler and its libraries for the target.

use std::path::PathBuf;

use super::{TARGET, file_names, first_output, own_program};
use crate::host::Host;

/// The oldest compiler that knows edition 2024.
pub(super) const RELEASE_MIN: (u32, u32) = (1, 85);
/// A cached sysroot's note of the `rustc -vV` text that it was built with.
const MARKER: &str = "rustc-version";

/// A compiler that answered.
#[derive(Clone)]
pub(crate) struct Compiler {
    path: PathBuf,
    /// What `rustc -vV` prints.
    verbose: String,
    pub(super) sysroot: PathBuf,
}

impl Compiler {
    pub(super) fn ask(host: &Host, path: PathBuf) -> Option<Compiler> {
        let verbose = first_output(host, &path, &["-vV"])?;
        let sysroot = first_output(host, &path, &["--print", "sysroot"])?;
        Some(Compiler {
            path,
            verbose,
            sysroot: PathBuf::from(sysroot.trim_end()),
        })
    }

    /// The compiler itself: the one on the search path may be a rustup proxy, which would choose
    /// another toolchain in a directory that has a rust-toolchain file.
    pub(crate) fn program(&self) -> PathBuf {
        own_program(&self.sysroot, "rustc").unwrap_or_else(|| self.path.clone())
    }

    pub(crate) fn name(&self) -> &str {
        self.verbose.lines().next().unwrap_or_default()
    }

    fn release(&self) -> &str {
        self.verbose
            .lines()
            .find_map(|line| line.strip_prefix("release: "))
            .unwrap_or_default()
    }

    pub(super) fn is_new_enough(&self) -> bool {
        let mut numbers = self
            .release()
            .split('.')
            .map(|number| number.parse::<u32>().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => (major, minor) >= RELEASE_MIN,
            _ => false,
        }
    }

    pub(super) fn has_target(&self) -> bool {
        let libraries = self.sysroot.join("lib/rustlib").join(TARGET).join("lib");
        file_names(&libraries).any(|name| name.starts_with("libcore-") && name.ends_with(".rlib"))
    }

    /// The cache's libraries, if they were compiled by exactly this compiler.
    pub(super) fn cached_libraries(&self, host: &Host) -> Option<PathBuf> {
        let directory = host
            .tenzik_cache()?
            .join(format!("sysroot-{}", self.release()));
        let marker = std::fs::read_to_string(directory.join(MARKER)).ok()?;
        (marker.trim_end() == self.verbose.trim_end()).then_some(directory)
    }
}

#[cfg(test)]
impl Compiler {
    pub(super) fn example(release: &str) -> Compiler {
        Compiler {
            path: "/x/rustc".into(),
            verbose: format!("rustc {release} (abc)\nbinary: rustc\nrelease: {release}\n"),
            sysroot: "/nonexistent".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number() {
        for (release, new_enough) in [
            ("1.84.1", false),
            ("1.85.0", true),
            ("1.100.0", true),
            ("2.0.0", true),
            ("1.96.0-beta.2", true),
            ("x", false),
        ] {
            assert_eq!(
                Compiler::example(release).is_new_enough(),
                new_enough,
                "{release}"
            );
        }
    }

    #[test]
    fn cached_libraries_must_be_of_the_same_compiler() {
        let cache = tempfile::tempdir().unwrap();
        let host = Host::default().with_cache(cache.path());
        let compiler = Compiler::example("1.96.0");
        assert_eq!(compiler.cached_libraries(&host), None);

        let directory = cache.path().join("tenzik/sysroot-1.96.0");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(MARKER), "rustc 1.96.0 (another build)\n").unwrap();
        assert_eq!(compiler.cached_libraries(&host), None);
        std::fs::write(directory.join(MARKER), &compiler.verbose).unwrap();
        assert_eq!(compiler.cached_libraries(&host), Some(directory));
    }
}
