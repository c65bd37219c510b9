//! Free space of a file system.

use std::path::Path;

use crate::sample::Disk;

/// The file system that `directory` is on.
pub(crate) fn read(directory: &Path) -> Option<Disk> {
    let status = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.checked_mul(status.f_frsize);
    Some(Disk {
        total_bytes: bytes(status.f_blocks)?,
        free_bytes: bytes(status.f_bavail)?,
    })
}
