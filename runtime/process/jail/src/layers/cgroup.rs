//! A control group bounds memory and processes of the whole tree, where one can be made: in version 2 of the
//! hierarchy, in a group whose subtree has the controllers `memory` and `pids` delegated to this user.
//!
//! The helper itself moves into the group before it starts anything.

use std::fs;
use std::path::{Path, PathBuf};

use crate::spec::Bounds;

/// Begins the names of groups; the identifier of the helper follows.
const PREFIX: &str = "tenzik-jail-";
/// Processes of the helper itself in the group: the helper and init.
const OWN_PROCESSES: u32 = 2;
/// Memory of the helper itself in the group.
const OWN_BYTES: u64 = 16 << 20;

/// A group that the helper is in.
pub(crate) struct Group {
    path: PathBuf,
    outside: PathBuf,
}

impl Group {
    /// Leaves the group and removes it.
    pub(crate) fn remove(self) {
        // A group that cannot be left or removed by this user is empty once the helper ends, and the next helper
        // that may removes it.
        let _ = fs::write(self.outside.join("cgroup.procs"), "0");
        let _ = fs::remove_dir(self.path);
    }
}

/// Makes a group with `bounds` and moves this process into it.
pub(crate) fn enforce(bounds: &Bounds) -> Result<Group, String> {
    let own = own_group()?;
    let parents = [Some(own.as_path()), own.parent()];
    let parent = parents
        .into_iter()
        .flatten()
        .find(|path| delegates(path))
        .ok_or_else(|| format!("{} delegates no memory and pids controllers", own.display()))?;
    sweep(parent);
    let path = parent.join(format!("{PREFIX}{}", std::process::id()));
    fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let group = Group { path, outside: own };
    match bound(&group.path, bounds) {
        Ok(()) => Ok(group),
        Err(why) => {
            group.remove();
            Err(why)
        }
    }
}

fn bound(path: &Path, bounds: &Bounds) -> Result<(), String> {
    let write = |name: &str, value: String| {
        fs::write(path.join(name), value)
            .map_err(|error| format!("{}/{name}: {error}", path.display()))
    };
    write(
        "memory.max",
        bounds
            .memory_bytes_max
            .saturating_add(OWN_BYTES)
            .to_string(),
    )?;
    // Not every kernel accounts swap.
    let _ = write("memory.swap.max", "0".to_owned());
    write(
        "pids.max",
        bounds
            .processes_max
            .saturating_add(OWN_PROCESSES)
            .to_string(),
    )?;
    write("cgroup.procs", "0".to_owned())
}

/// The directory of this process's group.
fn own_group() -> Result<PathBuf, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let mount = mount_point(&read("/proc/self/mountinfo")?)
        .ok_or("no hierarchy of version 2 is mounted")?;
    let groups = read("/proc/self/cgroup")?;
    let own = groups
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .ok_or("this process is in no group of version 2")?;
    Ok(mount.join(own))
}

/// Where the whole hierarchy is mounted.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut fields = left.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (right.starts_with("cgroup2 ") && root == "/").then(|| PathBuf::from(point))
    })
}

/// Whether groups below `path` are bounded.
fn delegates(path: &Path) -> bool {
    let Ok(controllers) = fs::read_to_string(path.join("cgroup.subtree_control")) else {
        return false;
    };
    let has = |name: &str| {
        controllers
            .split_whitespace()
            .any(|controller| controller == name)
    };
    has("memory") && has("pids")
}

/// Removes groups whose helpers are gone.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(helper) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if helper.bytes().all(|byte| byte.is_ascii_digit())
            && !Path::new("/proc").join(helper).exists()
        {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_hierarchy_among_mounts() {
        let mounts = "24 1 0:22 / /proc rw - proc proc rw\n\
                      30 1 0:26 /sub /partial rw shared:4 - cgroup2 cgroup2 rw\n\
                      31 1 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(mounts), Some(PathBuf::from("/sys/fs/cgroup")));
        assert_eq!(mount_point("garbage\n - \n"), None);
    }
}
