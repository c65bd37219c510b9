//! The SDK for Rust capsules, copied into every new one so that it builds without a network and
//! stays as it was.

use std::path::PathBuf;

/// A crate that is copied: its sources, and its manifest as it stands in tenzik's workspace.
struct Vendored {
    name: &'static str,
    manifest: &'static str,
    sources: &'static [(&'static str, &'static str)],
}

/// Embeds `src/NAME.rs` for each name.
macro_rules! sources {
    ($folder:literal: $($name:literal)*) => {
        &[$((
            concat!($name, ".rs"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../", $folder, "/src/", $name, ".rs")),
        )),*]
    };
}

const VENDORED: [Vendored; 2] = [
    Vendored {
        name: "tenzik-host-abi",
        manifest: include_str!("../../../host-abi/Cargo.toml"),
        sources: sources!("host-abi": "capability" "function" "guest" "lib" "log_level" "status" "table"),
    },
    Vendored {
        name: "tenzik-sdk",
        manifest: include_str!("../../../sdk/rust/Cargo.toml"),
        sources: sources!("sdk/rust": "capsule" "effect" "guest" "host" "input" "lib" "native" "native/effects" "native/fault"
            "native/function" "native/limits" "native/run" "native/state" "native/tenzik" "output"),
    },
];

/// The manifest that the crates inherit from.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// The files of the vendored crates.
pub(super) fn vendored_files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for vendored in &VENDORED {
        let directory = PathBuf::from("vendor").join(vendored.name);
        files.push((
            directory.join("Cargo.toml"),
            standalone_manifest(vendored.manifest),
        ));
        for (name, content) in vendored.sources {
            files.push((directory.join("src").join(name), (*content).to_owned()));
        }
    }
    files
}

/// The manifest with everything written out that it inherits from the workspace.
fn standalone_manifest(manifest: &str) -> String {
    let mut standalone = String::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let inherited = line.strip_suffix(".workspace = true");
        match (section, inherited) {
            ("[lints]", _) => {}
            ("[package]", Some(key)) => standalone.push_str(workspace_line(key)),
            ("[dependencies]", Some(name)) => {
                standalone.push_str(&format!("{name} = {{ path = \"../{name}\" }}"))
            }
            _ => standalone.push_str(line),
        }
        if section != "[lints]" {
            standalone.push('\n');
        }
    }
    standalone.push_str(&workspace_lints());
    standalone
}

/// The line of `[workspace.package]` that sets `key`.
fn workspace_line(key: &str) -> &'static str {
    let package = WORKSPACE
        .lines()
        .skip_while(|line| *line != "[workspace.package]")
        .skip(1);
    let mut package = package.take_while(|line| !line.starts_with('['));
    package
        .find(|line| {
            line.split('=')
                .next()
                .is_some_and(|name| name.trim() == key)
        })
        .unwrap_or_default()
}

/// The workspace's lints as those of a package.
fn workspace_lints() -> String {
    let mut lints = String::new();
    let mut inside = false;
    for line in WORKSPACE.lines() {
        if line.starts_with('[') {
            inside = line.starts_with("[workspace.lints.");
        }
        if inside {
            lints.push_str(&line.replace("[workspace.lints.", "[lints."));
            lints.push('\n');
        }
    }
    lints
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The files of a folder and of those below it, with a slash between folder and name.
    fn files_below(folder: &Path, prefix: &str) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                files.extend(files_below(&entry.path(), &format!("{name}/")));
            } else {
                files.insert(name);
            }
        }
        files
    }

    #[test]
    fn every_source_file_is_in_the_table() {
        for (vendored, folder) in VENDORED.iter().zip(["host-abi", "sdk/rust"]) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(folder)
                .join("src");
            let on_disk = files_below(&folder, "");
            let in_table: BTreeSet<String> = vendored
                .sources
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect();
            assert_eq!(
                in_table,
                on_disk,
                "VENDORED has not the files of {}",
                folder.display()
            );
        }
    }

    #[test]
    fn manifests_inherit_nothing() {
        for (path, content) in vendored_files() {
            if path.ends_with("Cargo.toml") {
                assert!(
                    !content.contains("workspace"),
                    "{}:\n{content}",
                    path.display()
                );
                assert!(content.contains("\nedition = \"2024\"\n"), "{content}");
                assert!(content.contains("\n[lints.rust]\n"), "{content}");
            }
        }
    }
}
