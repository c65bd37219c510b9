//! Processes behind the exec gate: started in isolation, streamed with bounds, ended as a whole tree.
//!
//! A [`ProcessAdapter`] starts what a [`ProcessSpec`] describes and gives a [`Process`]. [`LocalAdapter`] does so on
//! this machine, through the helper of `tenzik-jail`.

mod error;
mod local;
mod output;
mod process;
mod program;
mod running;
mod spec;

pub use error::{ProcessError, StartError};
pub use local::LocalAdapter;
pub use process::{Cancelled, Exit, HelperKind, Process, ProcessAdapter, Stream, Usage, Written};
pub use spec::{ProcessSpec, USER_WHEN_ROOT};
pub use tenzik_jail::{Layer, LayerSet, LayerState, Network, Protocol, Report, Target};
