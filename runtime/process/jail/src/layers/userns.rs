//! Own user identifiers: the tree's user has no rights outside, and the helper's init has the rights to build the
//! other namespaces.

use std::fs;

/// Maps the own user and group to themselves. Called by init in its new namespace.
pub(crate) fn map_own_user(user: u32, group: u32) -> Result<(), String> {
    let write = |name: &str, text: &str| {
        fs::write(format!("/proc/self/{name}"), text)
            .map_err(|error| format!("/proc/self/{name}: {error}"))
    };
    write("setgroups", "deny")?;
    write("gid_map", &format!("{group} {group} 1"))?;
    write("uid_map", &format!("{user} {user} 1"))
}
