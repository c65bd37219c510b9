//! What cargo says about a capsule's crate before it is compiled.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The parts of `cargo metadata --format-version 1` that a build needs.
#[derive(Debug, Deserialize)]
pub(crate) struct CrateMetadata {
    packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    target_directory: PathBuf,
}

/// One package of the dependency graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl CrateMetadata {
    /// The package whose manifest this is.
    pub(crate) fn package(&self, manifest: &Path) -> Option<&Package> {
        self.packages
            .iter()
            .find(|package| package.manifest_path == manifest)
    }

    /// Where cargo puts what it makes.
    pub(crate) fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// Pairs of a directory of this machine and what compiled code shall call it, the most
    /// specific last: a compiler takes the last that fits.
    pub(crate) fn path_names(&self) -> Vec<(&Path, String)> {
        let mut names = vec![(self.workspace_root.as_path(), ".".to_owned())];
        for package in &self.packages {
            let directory = package
                .manifest_path
                .parent()
                .unwrap_or(&package.manifest_path);
            if !directory.starts_with(&self.workspace_root) {
                names.push((directory, format!("{}-{}", package.name, package.version)));
            }
        }
        names.push((&self.target_directory, "target".to_owned()));
        names.sort_by_key(|(directory, _)| directory.components().count());
        names
    }
}

impl Package {
    /// Whether its library is compiled to a module of its own.
    pub(crate) fn has_cdylib(&self) -> bool {
        self.targets
            .iter()
            .any(|target| is_cdylib(&target.crate_types))
    }
}

pub(crate) fn is_cdylib(crate_types: &[String]) -> bool {
    crate_types.iter().any(|crate_type| crate_type == "cdylib")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_get_names_that_every_machine_shares() {
        let json = r#"{"workspace_root":"/home/me/capsules","target_directory":"/home/me/capsules/target","packages":[
            {"name":"a","version":"1.0.0","manifest_path":"/home/me/capsules/a/Cargo.toml","targets":[{"crate_types":["cdylib"]}]},
            {"name":"sdk","version":"2.0.0","manifest_path":"/home/me/sdk/Cargo.toml","targets":[{"crate_types":["lib"]}]}]}"#;
        let metadata: CrateMetadata = serde_json::from_str(json).unwrap();
        assert!(
            metadata
                .package(Path::new("/home/me/capsules/a/Cargo.toml"))
                .unwrap()
                .has_cdylib()
        );
        assert!(
            !metadata
                .package(Path::new("/home/me/sdk/Cargo.toml"))
                .unwrap()
                .has_cdylib()
        );
        let names: Vec<_> = metadata
            .path_names()
            .into_iter()
            .map(|(path, name)| (path.to_str().unwrap(), name))
            .collect();
        let expected = [
            ("/home/me/capsules", "."),
            ("/home/me/sdk", "sdk-2.0.0"),
            ("/home/me/capsules/target", "target"),
        ];
        assert_eq!(names, expected.map(|(path, name)| (path, name.to_owned())));
    }
}
