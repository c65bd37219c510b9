//! The capsule git, with repositories of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{example, failed, hand_over, program, refused, run};
use crate::world::World;

/// A world with the example, a repository to clone and a place for clones.
pub(super) struct Place {
    pub(super) world: World,
    git: PathBuf,
}

impl Place {
    pub(super) fn new() -> Option<Place> {
        let git = program("git")?;
        let place = Place {
            world: World::new(),
            git,
        };
        let (origin, clones) = (place.path("origin"), place.path("clones"));
        // Trees that were handed over belong to another user than that of the test.
        place.world.write("gitconfig", "[safe]\n\tdirectory = *\n");
        std::fs::create_dir(&origin).unwrap();
        std::fs::create_dir(&clones).unwrap();
        place.git(&origin, &["init", "-q", "-b", "main", "work"]);
        std::fs::write(
            origin.join("work/.gitattributes"),
            "* filter=x diff=x merge=x\n",
        )
        .unwrap();
        place.commit("first");
        place.git(&origin, &["clone", "-q", "--bare", "work", "bare"]);
        let changes = [
            ("/srv/origin", origin.to_str().unwrap()),
            ("/srv/git", clones.to_str().unwrap()),
            ("/usr/bin/git", place.git.to_str().unwrap()),
        ];
        example(&place.world, "git", &changes);
        place.hand_over();
        Some(place)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.world.path(name)
    }

    /// Calls git itself, for what the test needs.
    fn git(&self, directory: &Path, arguments: &[&str]) {
        let status = Command::new(&self.git)
            .args(arguments)
            .current_dir(directory)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .envs([
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.org"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "C"),
                ("GIT_COMMITTER_EMAIL", "c@example.org"),
            ])
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    fn commit(&self, subject: &str) {
        let work = self.path("origin/work");
        std::fs::write(work.join("file"), subject).unwrap();
        self.git(&work, &["add", "."]);
        self.git(&work, &["commit", "-q", "-m", subject]);
    }

    /// Takes the commits of the working copy into the bare repository.
    fn publish(&self) {
        self.git(
            &self.path("origin/bare"),
            &["fetch", "-q", "../work", "main:main"],
        );
        self.hand_over();
    }

    fn hand_over(&self) {
        hand_over(&self.path("origin"));
        hand_over(&self.path("clones"));
    }

    fn origin(&self) -> String {
        format!("file://{}", self.path("origin/bare").display())
    }

    pub(super) fn clone_to(&self, name: &str) -> Value {
        let directory = self.path("clones").join(name);
        json!({ "op": "clone", "repository": self.origin(), "directory": directory })
    }

    fn request(&self, op: &str, name: &str) -> Value {
        json!({ "op": op, "directory": self.path("clones").join(name) })
    }

    /// What a run that ends well writes.
    #[track_caller]
    fn does(&self, request: &Value) -> Value {
        run(&self.world, "git", request.to_string()).exits(0).json()
    }
}

#[test]
fn a_repository_is_cloned_looked_at_and_pulled() {
    let Some(place) = Place::new() else { return };
    let cloned = place.does(&place.clone_to("one"));
    let head = cloned["head"].as_str().unwrap();
    assert_eq!(head.len(), 40);
    let clone = place.path("clones/one");
    assert_eq!(
        std::fs::read_to_string(clone.join("file")).unwrap(),
        "first"
    );

    let status = place.does(&place.request("status", "one"));
    let branch = json!({ "oid": head, "head": "main", "upstream": "origin/main", "ab": "+0 -0" });
    assert_eq!(
        status,
        json!({ "op": "status", "branch": branch, "entries": [] })
    );
    std::fs::write(clone.join("file"), "changed").unwrap();
    std::fs::write(clone.join("new \"file\""), "").unwrap();
    let status = place.does(&place.request("status", "one"));
    let entries = json!([
        { "status": ".M", "path": "file" },
        { "status": "?", "path": "new \"file\"" },
    ]);
    assert_eq!(status["entries"], entries);
    std::fs::write(clone.join("file"), "first").unwrap();

    place.commit("second \u{e9}");
    place.publish();
    let pulled = place.does(&place.request("pull", "one"));
    assert_ne!(pulled["head"], head);
    let log = place.does(&place.request("log", "one"));
    let subjects: Vec<&Value> = log["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| &commit["subject"])
        .collect();
    assert_eq!(subjects, ["second \u{e9}", "first"]);
    assert_eq!(log["commits"][1]["commit"], head);
    assert_eq!(log["commits"][0]["author"], "Ann");

    let mut shallow = place.clone_to("two");
    shallow["depth"] = json!(1);
    place.does(&shallow);
    let mut log = place.request("log", "two");
    log["depth"] = json!(5);
    assert_eq!(place.does(&log)["commits"].as_array().unwrap().len(), 1);
}

/// Writes a program into the clones that leaves a mark when it is executed.
fn trap(place: &Place) -> (PathBuf, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let (script, mark) = (place.path("clones/trap"), place.path("clones/mark"));
    let text = format!("#!/bin/sh\necho > {}\ncat\n", mark.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    (script, mark)
}

/// Hooks, and what `core`, `alias` and `pager` can name, are there and not executed.
#[test]
fn a_hostile_repository_executes_nothing() {
    let Some(place) = Place::new() else { return };
    let (script, mark) = trap(&place);
    let shown = script.to_str().unwrap();
    // The other side of a clone is a program of this machine, too.
    let bare = place.path("origin/bare");
    place.git(&bare, &["config", "uploadpack.packObjectsHook", shown]);
    std::fs::copy(&script, bare.join("hooks/post-checkout")).unwrap();
    place.hand_over();
    place.does(&place.clone_to("one"));
    assert!(!mark.exists());
    let clone = place.path("clones/one");
    let hooks = clone.join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-checkout",
        "post-merge",
        "pre-merge-commit",
        "post-index-change",
        "reference-transaction",
    ] {
        std::fs::copy(&script, hooks.join(hook)).unwrap();
    }
    for (key, value) in [
        ("core.fsmonitor", shown),
        ("core.pager", shown),
        ("core.editor", shown),
        ("core.sshCommand", shown),
        ("core.askPass", shown),
        ("core.gitProxy", shown),
        ("core.alternateRefsCommand", shown),
        ("core.hooksPath", hooks.to_str().unwrap()),
        ("alias.status", &format!("!{shown}")),
        ("pager.status", shown),
        ("pager.log", shown),
    ] {
        place.git(&clone, &["config", key, value]);
    }
    // git by itself does: the trap is one.
    place.git(&clone, &["status", "-s"]);
    assert!(mark.exists());
    std::fs::remove_file(&mark).unwrap();
    place.commit("second");
    place.publish();
    for op in ["status", "log", "pull"] {
        place.does(&place.request(op, "one"));
        assert!(!mark.exists(), "{op}");
    }
    assert_eq!(
        std::fs::read_to_string(clone.join("file")).unwrap(),
        "second"
    );
}

/// What arguments cannot override is not touched.
#[test]
fn a_repository_that_names_programs_otherwise_is_refused() {
    let Some(place) = Place::new() else { return };
    place.does(&place.clone_to("one"));
    let (script, mark) = trap(&place);
    let shown = script.to_str().unwrap();
    let clone = place.path("clones/one");
    place.commit("second");
    place.publish();
    for key in [
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "merge.x.driver",
        "remote.origin.uploadpack",
        "gpg.program",
        "include.path",
    ] {
        place.git(&clone, &["config", key, shown]);
        std::fs::write(clone.join("file"), key).unwrap();
        place.hand_over();
        for op in ["status", "pull", "log"] {
            let ended = run(&place.world, "git", place.request(op, "one").to_string());
            failed(ended, 1002, key);
            assert!(!mark.exists(), "{key} {op}");
        }
        // Not with git: it would read the file that `include.path` names.
        let config = std::fs::read_to_string(clone.join(".git/config")).unwrap();
        let (before, _) = config.rsplit_once('[').unwrap();
        let kept = if key.starts_with("remote") {
            config.replace(&format!("\tuploadpack = {shown}\n"), "")
        } else {
            before.to_owned()
        };
        std::fs::write(clone.join(".git/config"), kept).unwrap();
    }
    std::fs::write(clone.join("file"), "first").unwrap();
    place.hand_over();
    place.does(&place.request("pull", "one"));
    assert!(!mark.exists());
}

#[test]
fn hostile_requests_start_nothing() {
    let Some(place) = Place::new() else { return };
    for repository in [
        "ext::sh -c id",
        "--upload-pack=id",
        "-u id",
        "file:///etc",
        "https://example.org/r",
        "ssh://-oProxyCommand=id/r",
        "git@example.org:r",
        "",
        "a\nb",
        "a\0b",
    ] {
        let mut request = place.clone_to("one");
        request["repository"] = json!(repository);
        refused(&place.world, "git", request.to_string());
    }
    for directory in ["/etc", "/", "", "-C", "clones/one", "../one", "/tmp/one\n"] {
        let mut request = place.clone_to("one");
        request["directory"] = json!(directory);
        refused(&place.world, "git", request.to_string());
        for op in ["pull", "status", "log"] {
            let request = json!({ "op": op, "directory": directory });
            refused(&place.world, "git", request.to_string());
        }
    }
    let above = place.path("clones/../origin/work");
    let request = json!({ "op": "status", "directory": above });
    refused(&place.world, "git", request.to_string());
    assert_eq!(std::fs::read_dir(place.path("clones")).unwrap().count(), 0);
}

#[test]
fn what_git_cannot_do_is_a_failure() {
    let Some(place) = Place::new() else { return };
    let ended = run(
        &place.world,
        "git",
        place.request("status", "none").to_string(),
    );
    failed(ended, 128, "git ended with exit code 128: fatal: ");
    let mut request = place.clone_to("one");
    request["repository"] = json!(place.origin() + "x");
    let ended = run(&place.world, "git", request.to_string());
    failed(ended, 128, "does not appear to be a git repository");
}
