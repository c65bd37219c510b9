//! Effects of capsules: each decided by the policy, performed, recorded and replayed.
//!
//! The engine knows one trait, [`Gate`]. A [`Recorder`] stands before every gate and commits to each
//! call and its answer.

mod run_id;

mod artifacts;
mod bundle_tape;
mod exec;
mod files;
mod masked_stream;
mod secrets;
mod signals;
mod undo;

mod effect_kind;
mod lock;

mod gate;
mod learner;
mod live;
mod recorder;
mod replay;
mod report;

pub use artifacts::{
    ARTIFACT_NAME_BYTES_MAX, Artifact, ArtifactError, ArtifactName, ArtifactNameError,
    ArtifactWriter, Artifacts,
};
pub use bundle_tape::{BundleTape, SharedBundle};
pub use effect_kind::EffectKind;
pub use files::{
    COMPONENT_BYTES_MAX, Committed, FileError, FileReader, FileTrees, FileWriter, PATH_BYTES_MAX,
    PathProblem, RESERVED_PREFIX, WriteMode,
};
pub use gate::{Gate, GateCall, GateHalt, GateReply, Refused};
pub use learner::{Learner, Observations};
pub use live::{GateOptions, LiveGate};
pub use recorder::{Recorder, Tape};
pub use replay::{Replay, ReplayProgress};
pub use report::{ArtifactReport, GateReport, ProcessReport};
pub use run_id::{RUN_ID_BYTES_MAX, RunId, RunIdError};
pub use secrets::{Environment, MASKED, Mask, MaskedValues, SecretError, SecretValue, Secrets};
pub use signals::{ProcessIdentity, ProcessRequest, SIGNALS, SignalError, signal};
pub use undo::{
    ConflictReason, MANIFEST_BYTES_MAX, RUN_BACKUP_BYTES_MAX, RUNS_MAX, RestoreAction, Restored,
    STORE_BYTES_MAX, UndoConflict, UndoError, UndoReport, UndoRun, UndoRunState, UndoStore,
    UndoneChange,
};
