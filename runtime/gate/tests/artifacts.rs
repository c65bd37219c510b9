//! Artifacts by content and by name.

use std::os::unix::fs::symlink;
use std::path::Path;

use tenzik_gate::{ArtifactError, Artifacts, EffectKind};
use tenzik_policy::{ArtifactGrant, Origin};

use crate::sandbox::{Sandbox, id, set_mode};

fn artifacts(sandbox: &Sandbox, run: &str) -> Artifacts {
    limited(sandbox, run, 1 << 20, 100)
}

fn limited(sandbox: &Sandbox, run: &str, bytes_max: u64, count_max: u64) -> Artifacts {
    let grant = ArtifactGrant {
        bytes_max,
        count_max,
        origin: Origin::default(),
    };
    Artifacts::new(&sandbox.path("artifacts"), &id(run), &grant)
}

fn put(
    artifacts: &Artifacts,
    name: &str,
    bytes: &[u8],
) -> Result<tenzik_gate::Artifact, ArtifactError> {
    let mut writer = artifacts.create(name.as_bytes())?;
    writer.write(bytes)?;
    writer.commit()
}

/// Where content with this digest is.
fn place(bytes: &[u8]) -> String {
    let digest = blake3::hash(bytes).to_hex();
    format!("artifacts/{}/{digest}", &digest[..2])
}

#[test]
fn artifacts_are_kept_by_content_and_named_by_run() {
    let sandbox = Sandbox::new();
    let first = artifacts(&sandbox, "r1");
    assert!(!sandbox.path("artifacts").exists());
    let artifact = put(&first, "report.json", b"{}").unwrap();
    assert_eq!((artifact.bytes, artifact.digest), (2, blake3::hash(b"{}")));
    put(&first, "copy.json", b"{}").unwrap();
    put(&first, "empty", b"").unwrap();
    let second = artifacts(&sandbox, "r2");
    put(&second, "report.json", b"other").unwrap();
    assert_eq!(first.committed().len(), 3);
    drop((first, second));

    assert_eq!(sandbox.read(&place(b"{}")), b"{}");
    assert_eq!(sandbox.read(&place(b"other")), b"other");
    let digest = blake3::hash(b"{}").to_hex();
    let index = sandbox.text("artifacts/names/r1");
    let lines: Vec<&str> = index.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        format!(r#"{{"name":"report.json","blake3":"{digest}","bytes":2}}"#)
    );
    assert_eq!(sandbox.files("artifacts/tmp").len(), 0);
    assert_eq!(sandbox.files("artifacts").len(), 3 + 2);
}

#[test]
fn a_name_belongs_to_one_artifact() {
    let sandbox = Sandbox::new();
    let artifacts = artifacts(&sandbox, "r1");
    let writer = artifacts.create(b"a").unwrap();
    let taken = |name: &str| match artifacts.create(name.as_bytes()) {
        Err(ArtifactError::AlreadyExists { .. }) => true,
        Err(error) => panic!("{error}"),
        Ok(_) => false,
    };
    assert!(taken("a"));
    drop(writer);
    assert!(!taken("a"));
    put(&artifacts, "a", b"1").unwrap();
    assert!(taken("a"));
    // The index of a run is its own.
    let again = self::artifacts(&sandbox, "r1").create(b"b").unwrap_err();
    assert!(matches!(again, ArtifactError::RunExists { .. }), "{again}");
}

#[test]
fn names_that_are_paths_are_refused() {
    let sandbox = Sandbox::new();
    let artifacts = artifacts(&sandbox, "r1");
    for name in [
        &b"../x"[..],
        b"a/b",
        b"/etc/x",
        b".hidden",
        b"",
        b"a\0",
        b"a\n",
        b"\xff",
        &[b'x'; 129],
    ] {
        let error = artifacts.create(name).unwrap_err();
        assert_eq!(error.kind(), EffectKind::Refused, "{error}");
    }
    assert!(!sandbox.path("artifacts").exists());
}

#[test]
fn quotas_hold_for_the_run() {
    let sandbox = Sandbox::new();
    let artifacts = limited(&sandbox, "r1", 10, 3);
    let mut writer = artifacts.create(b"a").unwrap();
    writer.write(b"123456").unwrap();
    let error = writer.write(b"78901").unwrap_err();
    assert_eq!(error.kind(), EffectKind::Exceeded);
    assert!(
        error.to_string().contains("6 are used and 5 more"),
        "{error}"
    );
    writer.write(b"7890").unwrap();
    assert_eq!(writer.commit().unwrap().bytes, 10);
    assert_eq!(
        put(&artifacts, "b", b"1").unwrap_err().kind(),
        EffectKind::Exceeded
    );
    put(&artifacts, "c", b"").unwrap();
    let error = artifacts.create(b"d").unwrap_err();
    assert!(error.to_string().contains("3 artifacts"), "{error}");
}

#[test]
fn what_is_not_committed_is_gone_and_what_is_damaged_is_repaired() {
    let sandbox = Sandbox::new();
    let first = artifacts(&sandbox, "r1");
    let mut lost = first.create(b"lost").unwrap();
    lost.write(b"lost").unwrap();
    drop(lost);
    put(&first, "a", b"content").unwrap();
    sandbox.write(&place(b"content"), "damaged");
    put(&first, "b", b"content").unwrap();
    assert_eq!(sandbox.read(&place(b"content")), b"content");
    drop(first);
    assert_eq!(sandbox.files("artifacts").len(), 2);

    // A run that was killed leaves temporary files and no lock.
    std::fs::create_dir_all(sandbox.path("artifacts/tmp/dead")).unwrap();
    sandbox.write("artifacts/tmp/dead/1", "left");
    let running = artifacts(&sandbox, "r2");
    let writer = running.create(b"a").unwrap();
    assert!(!sandbox.path("artifacts/tmp/dead").exists());
    // One that goes on is left alone.
    put(&artifacts(&sandbox, "r3"), "a", b"x").unwrap();
    assert!(sandbox.path("artifacts/tmp/r2/1").exists());
    drop(writer);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("artifacts", "a file");
    let error = artifacts(&sandbox, "r1").create(b"a").unwrap_err();
    let path = sandbox.path("artifacts");
    assert!(
        error
            .to_string()
            .contains(Path::new(&path).to_str().unwrap()),
        "{error}"
    );
    assert_eq!(error.kind(), EffectKind::Io);
}

/// What a project could bring along to have tenzik write or delete elsewhere.
#[test]
fn links_in_place_of_directories_are_refused_and_lead_nowhere() {
    let folder = &blake3::hash(b"content").to_hex()[..2];
    for name in ["", "/tmp", "/names", &format!("/{folder}")] {
        let sandbox = Sandbox::new();
        std::fs::create_dir_all(sandbox.path("victim/tmp/documents")).unwrap();
        std::fs::create_dir_all(sandbox.path("victim/documents/deep")).unwrap();
        sandbox.write("victim/documents/1", "mine");
        sandbox.write("victim/tmp/documents/1", "mine");
        if !name.is_empty() {
            std::fs::create_dir(sandbox.path("artifacts")).unwrap();
        }
        let link = format!("artifacts{name}");
        symlink(sandbox.path("victim"), sandbox.path(&link)).unwrap();
        let before = sandbox.files("victim");
        let error = put(&artifacts(&sandbox, "r1"), "a", b"content").unwrap_err();
        assert!(matches!(error, ArtifactError::Unsafe { .. }), "{name}");
        let error = error.to_string();
        assert!(error.contains("is a symbolic link"), "{name}: {error}");
        assert!(error.contains(&link), "{error}");
        assert_eq!(sandbox.files("victim"), before, "{name}");
        assert!(sandbox.path("victim/documents/deep").exists(), "{name}");
    }
}

#[test]
fn only_temporary_files_are_cleaned_up() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("artifacts/tmp/dead/deep")).unwrap();
    std::fs::create_dir_all(sandbox.path("victim")).unwrap();
    sandbox.write("artifacts/tmp/dead/1", "left");
    sandbox.write("artifacts/tmp/dead/notes", "mine");
    sandbox.write("victim/1", "mine");
    symlink(sandbox.path("victim"), sandbox.path("artifacts/tmp/linked")).unwrap();
    drop(artifacts(&sandbox, "r1").create(b"a").unwrap());
    assert!(!sandbox.path("artifacts/tmp/dead/1").exists());
    assert!(!sandbox.path("artifacts/tmp/r1").exists());
    assert!(sandbox.path("artifacts/tmp/dead/notes").exists());
    assert!(sandbox.path("artifacts/tmp/dead/deep").exists());
    assert!(sandbox.path("victim/1").exists());

    set_mode(&sandbox.path("artifacts/tmp"), 0o770);
    let error = artifacts(&sandbox, "r2").create(b"a").unwrap_err();
    assert!(error.to_string().contains("has mode 0770"), "{error}");
}
