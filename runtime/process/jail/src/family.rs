//! Finds and kills descendants where no namespace does it. Best effort: a process that is always one fork ahead and
//! changes its parent meanwhile may survive, which is why the report says that `pidns` is not enforced.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::sys::process::wait_any;

/// Longest time that is spent killing.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);

/// Stops and kills everything below this process.
pub(crate) fn kill_descendants() {
    let own = own_pid();
    let until = Instant::now() + KILL_TIME_MAX;
    let mut stopped = HashSet::new();
    // Stopped processes start no new ones: after a pass that finds nobody new the tree stands still.
    while Instant::now() < until {
        let fresh: Vec<i32> = below(own)
            .into_iter()
            .filter(|pid| stopped.insert(*pid))
            .collect();
        if fresh.is_empty() {
            break;
        }
        send(&fresh, Signal::STOP);
    }
    let all: Vec<i32> = stopped.into_iter().collect();
    send(&all, Signal::KILL);
}

/// Kills and reaps every child of this process, and those that become its children by that.
pub(crate) fn kill_all_children() {
    let until = Instant::now() + KILL_TIME_MAX;
    let own = own_pid();
    while Instant::now() < until {
        let children = below(own);
        if children.is_empty() {
            break;
        }
        send(&children, Signal::KILL);
        while wait_any(false).is_some() {}
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

fn send(pids: &[i32], signal: Signal) {
    for &pid in pids {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// Every living process below `root`.
fn below(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        if let Some(parent) = fs::read_to_string(entry.path().join("stat"))
            .ok()
            .and_then(|stat| parent(&stat))
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut ahead = vec![root];
    while let Some(pid) = ahead.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        ahead.extend(&below);
        found.extend(below);
    }
    found
}

/// The parent in a line of `/proc/PID/stat`, unless the process is dead already.
fn parent(stat: &str) -> Option<i32> {
    // The name stands in parentheses and may hold any character; what follows the last one is regular.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        // Its children, if any, have another parent by now.
        return None;
    }
    fields.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parents_behind_hostile_names() {
        assert_eq!(parent("12 (sh) S 7 12 12"), Some(7));
        assert_eq!(parent("12 (a) S 1 (b)) R 9 1"), Some(9));
        assert_eq!(parent("12 (sh) Z 7 12"), None);
        assert_eq!(parent("12 sh S 7"), None);
        assert_eq!(parent(""), None);
    }
}
