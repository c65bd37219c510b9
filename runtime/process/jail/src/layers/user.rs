//! The program does not run as root.
//!
//! A helper that is started as root becomes another user before it touches anything else.

use rustix::process::DumpableBehavior;

use crate::sys::process::become_user;

/// Becomes `user` if this process is root.
pub(crate) fn enforce(user: u32) -> Result<String, String> {
    let own = rustix::process::geteuid();
    if !own.is_root() && !rustix::process::getuid().is_root() {
        return Ok(format!("runs as user {}", own.as_raw()));
    }
    become_user(user).map_err(|error| {
        format!("became not user {user}: {error}; a container needs the capabilities setuid and setgid for it")
    })?;
    // Changing users hides the own entries in /proc, through which the user namespace is set up.
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)
        .map_err(|error| format!("prctl: {error}"))?;
    Ok(format!("runs as user {user}"))
}
