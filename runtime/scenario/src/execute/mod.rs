//! Carries out what the driver decides: journals, performs, journals.
//!
//! ```text
//!             ┌──────────── Event ◄───────────┐
//! Driver ─► Action ─► rows ─► journal ─► Task ─► thread ─► Report
//!                              │ durable before an effect begins, and after it ended
//! ```
//!
//! One thread owns the driver and the journal, [`Plan::concurrency`](crate::plan::Plan) threads perform
//! jobs. Everything outside is a trait with room for others: [`Performer`] (engine and gate),
//! [`ArtifactSink`] (the store of the journal), [`Admission`] (the guard), [`EventSubscriber`] (terminal,
//! JSON, and whatever counts and ships events elsewhere), [`RunJournal`].

mod run;
mod turn;

mod replay;

mod world;

mod admission;
mod event;
mod performer;
mod provenance;
mod run_journal;
mod sink;

mod guard;
mod indexed;
mod store;

mod deadlines;
mod memo;
mod message;
mod workers;

mod job_id;
mod output;
mod record;
mod settled;

mod crash;

pub use admission::{Admission, Admit, AdmitAll};
pub use crash::{CrashPoint, CrashingJournal, EffectsLog};
pub use event::{EventSubscriber, RunEvent, SettledBody, StepCounts};
pub use guard::GuardedAdmission;
pub use job_id::job_id;
pub use output::{OUTPUT_VALUE_BYTES_MAX, output_too_large, output_value};
pub use performer::{
    MACHINE_EXIT, MACHINE_FAILURE, PerformError, Performed, Performer, StopCause, StopFlag,
};
pub use provenance::{ProcessProvenance, Provenance, StageProvenance, VariableProvenance};
pub use record::{ArtifactBody, AssumeBody, IntentBody, KeyBody, OutcomeBody, effect_name};
pub use run::{Rebuild, resume, run};
pub use run_journal::{RunJournal, StorageError};
pub use sink::{ArtifactSink, ArtifactWrite, Stored};
pub use world::{RunError, RunOptions, RunSummary, World, end_name};
