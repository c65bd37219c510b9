//! Runs tools you do not trust, and proves what they did.
//!
//! The way of a capsule, one function for each arrow:
//!
//! ```text
//! bytes ──examine──► Examination ──prepare──► PreparedCapsule ──execute──► Outcome ──attest──► receipt
//! ```
//!
//! ```
//! use tenzik_runtime::{Input, NodeKey, Nonce, Policy, RunRequest, Runtime, RunRecord, Timestamp, attest};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let source = r#"(module
//!     (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
//!     (import "tenzik" "output_write" (func $write (param i32 i32)))
//!     (memory (export "memory") 1)
//!     (func (export "run") (result i32)
//!         (call $write (i32.const 0) (call $read (i32.const 0) (i32.const 1024)))
//!         (i32.const 0)))"#;
//! let runtime = Runtime::new(&Default::default())?;
//! let policy = Policy::default();
//!
//! let examination = runtime.examine(&tenzik_runtime::assemble(source)?, &policy);
//! let (capsule, permit) = examination.admitted().ok_or("the capsule is rejected")?;
//! let prepared = runtime.prepare(capsule)?;
//!
//! let now = Timestamp::from_unix_millis(1_763_596_800_000)?;
//! let mut request = RunRequest::new(Input::from(b"hello".as_slice()), 1_763_596_800_000, 7);
//! request.commit = true;
//! let outcome = runtime.execute(&prepared, permit, request)?;
//! assert_eq!(outcome.output, b"hello");
//!
//! let key = NodeKey::generate()?;
//! let record = RunRecord { capsule, permit, outcome: &outcome, now, seed: 7 };
//! let receipt = key.sign(attest(&record, &policy, Nonce::fresh()?, now)?);
//! assert!(receipt.to_json().contains("\"status\":\"ok\""));
//! # Ok(())
//! # }
//! ```

mod runtime;

mod attest;
mod examination;
mod load;

pub mod performer;

pub use attest::{AttestError, Attester, CAPSULE_FAILURE, RunRecord, attest, attest_rejection};
pub use examination::{Examination, SignatureRule, signature_finding};
pub use load::{AssembleError, LoadError, Loaded, TEXT_BYTES_MAX, assemble, load_module};
pub use runtime::Runtime;

pub use tenzik_capsule::{
    Capsule, CapsuleId, Finding, FindingCode, FunctionNames, Location, Manifest, ModuleLimits,
    RejectClass, STRUCTURE_LIMITS, SectionSize, Severity, Validation, escaped,
};
pub use tenzik_engine::{
    COST_MODEL, CancelToken, CodeStore, Commitments, Engine, EngineFailure, EngineOptions, Fault,
    FaultClass, FaultCode, Frame, FuelProfile, HostCallCounts, Input, InputStream, LogEntry,
    LogTarget, Outcome, Output, OutputStream, PreparedCapsule, ProfileError, ProfileFrame,
    ProfileRequest, PureAnswer, PureCallError, PureHost, RunRequest, STACK_FRAMES_MAX, STACKS_MAX,
    Stack, Status, Usage, cost_table,
};
/// Effects: what performs, records and replays them.
pub mod gate {
    pub use tenzik_gate::{
        ArtifactReport, ConflictReason, FileError, FileTrees, FileWriter, Gate, GateCall, GateHalt,
        GateOptions, GateReply, GateReport, Learner, LiveGate, MaskedValues, Observations,
        ProcessReport, Recorder, Refused, Replay, ReplayProgress, RestoreAction, Restored, RunId,
        RunIdError, SharedBundle, Tape, UndoConflict, UndoError, UndoReport, UndoRun, UndoRunState,
        UndoStore, WriteMode,
    };
    pub use tenzik_process::{Layer, LayerState, LocalAdapter, ProcessAdapter};
}

pub use tenzik_journal as journal;
pub use tenzik_scenario as scenario;
pub use tenzik_telemetry as telemetry;

pub use tenzik_evidence::{
    self as evidence, NodeKey, Nonce, PublicKey, ReceiptBatch, SealedBatch, SignedReceipt,
    Statement, Timestamp, TrustStore,
};
pub use tenzik_host_abi::{
    ABI_VERSION, Capability, CapabilitySet, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, LogLevel,
    WasmType,
};
pub use tenzik_policy::{
    self as policy, EffectCode, EffectRefusal, LimitError, Limits, Permit, Policy, Profile,
    Refusal, Rules, UnknownProfile,
};
