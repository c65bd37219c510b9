//! One file per layer of isolation.

pub(crate) mod broker;
pub(crate) mod cgroup;
pub(crate) mod close_fds;
pub(crate) mod landlock;
pub(crate) mod mountns;
pub(crate) mod namespaces;
pub(crate) mod no_new_privs;
pub(crate) mod pidns;
pub(crate) mod rlimits;
pub(crate) mod seccomp;
pub(crate) mod user;
pub(crate) mod userns;
pub(crate) mod utsns;
