//! Landlock bounds paths a second time, independent of what is mounted; it is the only bound of paths where the
//! fresh root is not available. It also denies TCP ports where the scope needs none, abstract sockets and signals
//! to processes outside of the tree.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus,
    Scope,
};

use crate::spec::Network;
use crate::trees::Trees;

/// The newest version whose restrictions are known here. Older kernels enforce fewer of them, and the report says so.
const NEWEST: ABI = ABI::V6;
/// Devices that every process may read and write.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// What bounds the rules.
pub(crate) struct Scoped<'a> {
    pub(crate) trees: &'a Trees,
    pub(crate) network: &'a Network,
    pub(crate) program: BorrowedFd<'a>,
    /// Whether the root holds nothing but what was granted.
    pub(crate) fresh_root: bool,
}

/// Restricts this process and all it starts. Gives what the kernel's version covers.
pub(crate) fn enforce(scoped: &Scoped<'_>) -> Result<String, String> {
    let say = |error: &dyn std::fmt::Display| format!("landlock: {error}");
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .map_err(|error| say(&error))?
        .scope(Scope::from_all(NEWEST))
        .map_err(|error| say(&error))?;
    if *scoped.network != Network::Host {
        // With granted targets the broker connects, which no rule of this process touches.
        ruleset = ruleset
            .handle_access(AccessNet::from_all(NEWEST))
            .map_err(|error| say(&error))?;
    }
    let created = ruleset.create().map_err(|error| say(&error))?;
    let status = add_rules(created, scoped)?
        .restrict_self()
        .map_err(|error| say(&error))?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. }
            if status.ruleset != RulesetStatus::NotEnforced =>
        {
            let version = effective_abi as i32;
            let partly = if version < NEWEST as i32 {
                ", without what version 6 adds"
            } else {
                ""
            };
            Ok(format!("version {version}{partly}"))
        }
        LandlockStatus::NotEnabled => {
            Err("not enabled when the kernel was started (lsm=landlock)".to_owned())
        }
        _ => Err("the kernel does not offer it".to_owned()),
    }
}

fn add_rules(mut rules: RulesetCreated, scoped: &Scoped<'_>) -> Result<RulesetCreated, String> {
    let read = AccessFs::from_read(NEWEST);
    let write = AccessFs::from_all(NEWEST)
        & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    for bind in &scoped.trees.binds {
        rules = add(rules, &bind.path, if bind.write { write } else { read })?;
    }
    for device in DEVICES
        .iter()
        .map(Path::new)
        .filter(|device| device.exists())
    {
        rules = add(rules, device, AccessFs::ReadFile | AccessFs::WriteFile)?;
    }
    if scoped.fresh_root {
        rules = add(rules, Path::new("/"), AccessFs::ReadDir.into())?;
        rules = add(
            rules,
            Path::new("/proc"),
            AccessFs::ReadFile | AccessFs::ReadDir,
        )?;
        rules = add(rules, Path::new("/tmp"), write)?;
    }
    // The program is executed from its descriptor, wherever it lies.
    let program = PathBeneath::new(
        scoped.program.as_fd(),
        AccessFs::Execute | AccessFs::ReadFile,
    );
    rules
        .add_rule(program)
        .map_err(|error| format!("landlock: the program: {error}"))
}

fn add(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, String> {
    let say = |error: &dyn std::fmt::Display| format!("landlock: {}: {error}", path.display());
    let opened = PathFd::new(path).map_err(|error| say(&error))?;
    rules
        .add_rule(PathBeneath::new(opened, access))
        .map_err(|error| say(&error))
}
