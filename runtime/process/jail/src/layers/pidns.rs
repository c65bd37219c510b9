//! The tree has an init of its own: it sees only its own processes, and all of them die with init.

use std::os::fd::OwnedFd;

use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

/// A `/proc` that shows this namespace, to be put into the fresh root. The kernel gives it only where the machine's
/// own is wholly visible.
pub(crate) fn proc_tree() -> Result<OwnedFd, String> {
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
        | MountAttrFlags::MOUNT_ATTR_RDONLY;
    fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)
        .and_then(|context| {
            fsconfig_create(&context)?;
            fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        })
        .map_err(|error| format!("no /proc inside: {error}"))
}
