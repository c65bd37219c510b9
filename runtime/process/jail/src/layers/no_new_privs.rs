//! No execution gains privileges: set-user-ID bits and file capabilities have no effect from here on.

use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::sys::process::drop_from_bounding_set;

/// Sets the flag, which no descendant can clear.
pub(crate) fn enforce() -> Result<(), String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("prctl: {error}"))
}

/// Drops every capability that the own user namespace gave, also for what is executed later.
pub(crate) fn drop_capabilities() -> Result<(), String> {
    let mut number = 0;
    while number < 64 && drop_from_bounding_set(number) {
        number += 1;
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none).map_err(|error| format!("capset: {error}"))
}
