//! A fresh root: a small file system in memory that holds the granted trees, a minimal `/dev` and a private `/tmp`,
//! and nothing else.
//!
//! The trees are cloned before anything is mounted, each from a descriptor that no symbolic link led to, and then put
//! into the new root. The old root is let go of, so that no path leads out.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::mount::{
    MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, move_mount, open_tree, unmount,
};

use crate::layers::pidns;
use crate::sys::mounts::{NODEV, NOEXEC, NOSUID, RDONLY, set_attributes};
use crate::trees::{Bind, Trees};

/// Where the new root stands until it is the root. One of them exists on every machine.
const SCAFFOLDS: [&str; 4] = ["/tmp", "/run", "/usr", "/etc"];
/// Device files that every root has, as far as the machine has them.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
/// Links in `/dev`.
const DEVICE_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];
/// Most files in the private part of a root.
const INODES_MAX: u32 = 65_536;

/// Why there is no fresh root.
pub(crate) enum NoRoot {
    /// A tree is no longer what it was when it was examined.
    BadTree(PathBuf, String),
    /// The machine does not give one; nothing was changed.
    Denied(String),
    /// It failed half way; nothing may be executed.
    Failed(String),
}

/// A tree, cloned and bounded, that waits for its place.
struct Cloned<'a> {
    tree: OwnedFd,
    bind: &'a Bind,
}

/// Makes a fresh root with `trees` the root of this process. `tmp_bytes_max` bounds its private part. Gives what the
/// root lacks, if anything.
pub(crate) fn enforce(trees: &Trees, tmp_bytes_max: u64) -> Result<String, NoRoot> {
    let cloned = trees
        .binds
        .iter()
        .map(|bind| {
            Ok(Cloned {
                tree: clone_bounded(bind)?,
                bind,
            })
        })
        .collect::<Result<Vec<_>, NoRoot>>()?;
    let devices = DEVICES
        .iter()
        .map(|name| Path::new("/dev").join(name))
        .filter(|path| path.exists())
        .map(|path| {
            let device = open_path(&path)
                .and_then(|source| clone_tree(&source, false, NOSUID | NOEXEC))
                .map_err(|error| place(&path, &error))?;
            Ok((path, device))
        })
        .collect::<Result<Vec<_>, String>>()
        .map_err(NoRoot::Denied)?;
    let (proc, lack) = match pidns::proc_tree() {
        Ok(tree) => (Some(tree), String::new()),
        Err(why) => (None, why),
    };
    let scaffold = mount_root(tmp_bytes_max).map_err(NoRoot::Denied)?;
    enter(scaffold).map_err(NoRoot::Failed)?;
    fill(cloned, devices, proc, trees).map_err(NoRoot::Failed)?;
    Ok(lack)
}

/// Mounts the new root over a directory that exists.
fn mount_root(bytes_max: u64) -> Result<&'static str, String> {
    let scaffold = *SCAFFOLDS
        .iter()
        .find(|path| Path::new(path).is_dir())
        .ok_or_else(|| format!("none of {} is a directory", SCAFFOLDS.join(", ")))?;
    let options = format!(
        "mode=0755,size={},nr_inodes={INODES_MAX}",
        bytes_max.max(4096)
    );
    let options = std::ffi::CString::new(options).map_err(|error| error.to_string())?;
    mount(
        "tmpfs",
        scaffold,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        options.as_c_str(),
    )
    .map_err(|error| format!("mount: {error}"))?;
    Ok(scaffold)
}

/// Makes `scaffold` the root and lets go of the old one.
fn enter(scaffold: &str) -> Result<(), String> {
    rustix::process::chdir(scaffold).map_err(|error| format!("chdir: {error}"))?;
    // With the same directory twice the old root ends up on top of the new one, from where it is unmounted.
    rustix::process::pivot_root(".", ".").map_err(|error| format!("pivot_root: {error}"))?;
    unmount(".", UnmountFlags::DETACH).map_err(|error| format!("umount: {error}"))?;
    rustix::process::chdir("/").map_err(|error| format!("chdir: {error}"))
}

/// Builds the new root from inside.
fn fill(
    cloned: Vec<Cloned<'_>>,
    devices: Vec<(PathBuf, OwnedFd)>,
    proc: Option<OwnedFd>,
    trees: &Trees,
) -> Result<(), String> {
    for name in ["/dev", "/proc", "/tmp"] {
        make_directories(Path::new(name))?;
    }
    for (path, device) in devices {
        put(&device, &path, false, false)?;
    }
    for (name, target) in DEVICE_LINKS {
        let path = Path::new("/dev").join(name);
        symlink(target, &path).map_err(|error| place(&path, &error))?;
    }
    if let Some(proc) = proc {
        put(&proc, Path::new("/proc"), true, true)?;
    }
    private_tmp().map_err(|error| format!("/tmp: {error}"))?;
    for Cloned { tree, bind } in cloned {
        put(&tree, &bind.path, bind.directory, bind.nested)?;
    }
    for (at, target) in &trees.links {
        make_link(at, target, &trees.binds)?;
    }
    let root = openat2(
        CWD,
        "/",
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::empty(),
    )
    .map_err(|error| format!("/: {error}"))?;
    set_attributes(root.as_fd(), RDONLY, false).map_err(|error| format!("/: {error}"))
}

/// Keeps a link, unless it lies in a granted tree and is there already.
fn make_link(at: &Path, target: &Path, binds: &[Bind]) -> Result<(), String> {
    if binds.iter().any(|bind| at.starts_with(&bind.path)) {
        return Ok(());
    }
    if let Some(parent) = at.parent() {
        make_directories(parent)?;
    }
    symlink(target, at).map_err(|error| place(at, &error))
}

/// Makes `/tmp` a mount of its own, so that it stays writable when the root no longer is.
fn private_tmp() -> io::Result<()> {
    let tmp = Path::new("/tmp");
    fs::set_permissions(tmp, std::os::unix::fs::PermissionsExt::from_mode(0o1777))?;
    let target = open_path(tmp)?;
    let clone = clone_tree(&target, false, NOSUID | NODEV)?;
    attach(&clone, &target)
}

/// Clones what `bind` names, with everything mounted below it, bounded to what is granted.
fn clone_bounded(bind: &Bind) -> Result<OwnedFd, NoRoot> {
    let source = open_path(&bind.path)
        .map_err(|error| NoRoot::BadTree(bind.path.clone(), error.to_string()))?;
    let attributes = if bind.write {
        NOSUID | NODEV
    } else {
        NOSUID | NODEV | RDONLY
    };
    clone_tree(&source, true, attributes).map_err(|error| NoRoot::Denied(place(&bind.path, &error)))
}

fn clone_tree(source: &OwnedFd, recursive: bool, attributes: u64) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    let tree = open_tree(source, "", flags)?;
    set_attributes(tree.as_fd(), attributes, recursive)?;
    Ok(tree)
}

/// A descriptor of `path` that no symbolic link led to.
fn open_path(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat2(
        CWD,
        path,
        flags,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )?)
}

/// Puts `tree` at `path`. What is nested finds its place in the tree around it.
fn put(tree: &OwnedFd, path: &Path, directory: bool, nested: bool) -> Result<(), String> {
    if !nested {
        if directory {
            make_directories(path)?;
        } else {
            if let Some(parent) = path.parent() {
                make_directories(parent)?;
            }
            fs::File::create_new(path).map_err(|error| place(path, &error))?;
        }
    }
    let target = open_path(path).map_err(|error| place(path, &error))?;
    attach(tree, &target).map_err(|error| place(path, &error))
}

fn attach(tree: &OwnedFd, target: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree, "", target, "", flags)?)
}

fn make_directories(path: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|error| place(path, &error))
}

fn place(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
