//! Scenarios: plans of capsules that run in parallel, survive crashes and explain themselves.
//!
//! ```text
//! text ──yaml──► Node ──read──► Scenario ──plan──► Plan ──drive──► Action ──perform──► Event ──► journal
//!                                  │ problems: line and column       (pure: state + event → actions)
//! ```
//!
//! This room knows neither the engine nor the gate: what performs work is a trait, implemented by
//! the façade.

mod codes;
mod place;

mod input_file;
mod language;
mod nearest;
mod read;
mod schema;
pub mod yaml;

pub mod cel;
pub mod driver;
pub mod execute;
pub mod plan;
mod scenario;
mod target;
mod work;

mod text;

pub mod picture;
pub mod report;

pub use codes::{CodeFacts, PROBLEM_CODES, STEP_CODES};
pub use input_file::{Below, INPUT_PATH_BYTES_MAX, InputFile};
pub use language::{NAME_LENGTH_MAX, STEPS_MAX};
pub use nearest::nearest;
pub use place::{Origin, Place, Problem};
pub use scenario::{
    AssetGroup, Backoff, BodyKind, Common, Effect, FileInput, Located, OnError, OutputFormat,
    Parameter, ParameterKind, ReportColumn, ReportFormat, Retries, RunInput, Scenario, Step,
    StepKind, Tool, ValueTemplate,
};
pub use schema::json_schema;
pub use work::{
    CapsuleWork, Produced, ReportWork, Stage, Work, WorkEnding, WorkInput, WorkResult, WorkUsage,
};
