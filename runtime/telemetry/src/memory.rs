//! Memory, from `/proc/meminfo` and the control groups around this process.

use std::path::PathBuf;

use crate::files::{Files, after, below, kib_line};
use crate::sample::Memory;

/// Control groups above each other that are looked at.
const GROUPS_MAX: usize = 32;

/// Memory of the machine, or of the control group that allows less.
pub(crate) fn read(files: &mut Files, groups: &[Group]) -> Option<Memory> {
    let machine = machine(files)?;
    let group = groups
        .iter()
        .filter_map(|group| group.memory(files, machine.total_bytes))
        .min_by_key(|memory| memory.total_bytes);
    Some(group.map_or(machine, |group| Memory {
        available_bytes: group.available_bytes.min(machine.available_bytes),
        ..group
    }))
}

fn machine(files: &mut Files) -> Option<Memory> {
    let text = files.text("proc/meminfo")?;
    let total_bytes = kib_line(text, "MemTotal:").filter(|total| *total > 0)?;
    // Kernels before 3.14 have no estimate.
    let available = kib_line(text, "MemAvailable:").or_else(|| {
        let parts = ["MemFree:", "Buffers:", "Cached:"];
        parts
            .iter()
            .try_fold(0_u64, |sum, key| sum.checked_add(kib_line(text, key)?))
    })?;
    Some(Memory {
        total_bytes,
        available_bytes: available.min(total_bytes),
        is_control_group: false,
    })
}

/// The directory of a control group, and the names of its files.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    directory: PathBuf,
    names: &'static Names,
}

#[derive(Debug)]
struct Names {
    limit: &'static str,
    usage: &'static str,
    reclaimable: &'static str,
}

const VERSION_2: Names = Names {
    limit: "memory.max",
    usage: "memory.current",
    reclaimable: "inactive_file ",
};
const VERSION_1: Names = Names {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file ",
};

impl Group {
    /// Nothing if the group's limit is not below what the machine has.
    fn memory(&self, files: &mut Files, machine_bytes: u64) -> Option<Memory> {
        let total_bytes = files.number(self.directory.join(self.names.limit))?;
        if total_bytes == 0 || total_bytes >= machine_bytes {
            return None;
        }
        let used = files.number(self.directory.join(self.names.usage))?;
        let reclaimable = files
            .text(self.directory.join("memory.stat"))
            .and_then(|text| after(text, self.names.reclaimable)?.parse().ok())
            .unwrap_or(0);
        Some(Memory {
            total_bytes,
            available_bytes: total_bytes.saturating_sub(used.saturating_sub(reclaimable)),
            is_control_group: true,
        })
    }
}

/// The groups around this process that have memory files, from `/proc/self/cgroup`, whose lines are
/// `0::PATH` (version 2) and `N:memory:PATH` (version 1).
pub(crate) fn groups(files: &mut Files) -> Vec<Group> {
    let Some(text) = files.text("proc/self/cgroup").map(str::to_owned) else {
        return Vec::new();
    };
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (base, names) = match controllers {
            "" => ("sys/fs/cgroup", &VERSION_2),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", &VERSION_1)
            }
            _ => continue,
        };
        let base = PathBuf::from(base);
        let directories = below(&base, path);
        let directories = directories
            .ancestors()
            .take_while(|it| it.starts_with(&base));
        for directory in directories.take(GROUPS_MAX) {
            // The topmost group of version 2 has no such file, and in a container neither have
            // those outside of it.
            if files.text(directory.join(names.limit)).is_some() {
                groups.push(Group {
                    directory: directory.to_owned(),
                    names,
                });
            }
        }
    }
    groups
}
