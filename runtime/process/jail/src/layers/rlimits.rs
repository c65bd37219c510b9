//! Resource limits of each process of the tree, inherited by all it starts.

use rustix::process::{Resource, Rlimit};

use crate::spec::Bounds;

/// Most bytes of a stack.
const STACK_BYTES: u64 = 8 << 20;

/// Sets every limit but the address space, which the helper's own init could not live with.
pub(crate) fn enforce(bounds: &Bounds, own_users: bool) -> Result<String, String> {
    // Init counts as a process of its user.
    let mut processes = u64::from(bounds.processes_max).saturating_add(1);
    if !own_users {
        // Without a user namespace the limit counts everything that this user runs on the machine.
        processes = processes.saturating_add(processes_of_this_user());
    }
    // Processor time as if one thread had been busy from start to deadline; the deadline itself comes first.
    let seconds = bounds.deadline_ms.div_ceil(1000).saturating_add(1);
    let threads = u64::from(bounds.processes_max).max(1);
    limit(Resource::Core, 0)?;
    limit(Resource::Nproc, processes)?;
    limit(Resource::Nofile, u64::from(bounds.descriptors_max))?;
    limit(Resource::Fsize, bounds.file_bytes_max)?;
    limit(Resource::Stack, STACK_BYTES)?;
    limit(Resource::Cpu, seconds.saturating_mul(threads))?;
    limit(Resource::Memlock, 64 << 10)?;
    limit(Resource::Msgqueue, 0)?;
    limit(Resource::Nice, 0)?;
    limit(Resource::Rtprio, 0)?;
    Ok(if own_users {
        String::new()
    } else {
        "processes of this user elsewhere count as well".to_owned()
    })
}

/// Limits the address space. Last, right before the program is executed.
pub(crate) fn enforce_memory(bounds: &Bounds) -> Result<(), String> {
    limit(Resource::As, bounds.memory_bytes_max)
}

/// Sets both limits to `value`, or keeps a lower one.
fn limit(resource: Resource, value: u64) -> Result<(), String> {
    let current = rustix::process::getrlimit(resource);
    let value = current.maximum.map_or(value, |maximum| maximum.min(value));
    rustix::process::setrlimit(
        resource,
        Rlimit {
            current: Some(value),
            maximum: Some(value),
        },
    )
    .map_err(|error| format!("setrlimit {resource:?}: {error}"))
}

/// Tasks that the user of this process runs now.
fn processes_of_this_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::getuid().as_raw();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|metadata| metadata.uid() == user)
        })
        .map(|entry| {
            std::fs::read_dir(entry.path().join("task")).map_or(1, |tasks| tasks.count() as u64)
        })
        .sum()
}
