//! What the figures belong to.

/// Processor, number of processors, kernel.
pub fn description() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{model}, {processors} processors, Linux {}", kernel.trim())
}

/// Load average of the last minute, as a hint how quiet the machine was.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// Version of a crate in the lock file of this workspace, the newest where there are several.
pub fn version_of(name: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let versions = lock.match_indices(&entry).filter_map(|(at, _)| {
        let rest = lock.get(at + entry.len()..)?;
        rest.split('"').next()
    });
    versions.collect::<Vec<_>>().join(" and ")
}
