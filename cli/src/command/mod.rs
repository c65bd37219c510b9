//! The subcommands, one file each.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod bundle;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod host_functions;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod new;
pub(crate) mod policy;
pub(crate) mod profile;
pub(crate) mod receipt;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod sign;
pub(crate) mod size;
pub(crate) mod test;
pub(crate) mod undo;
pub(crate) mod validate;
pub(crate) mod verify;
