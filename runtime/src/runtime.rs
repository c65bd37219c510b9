//! The façade over validation, policy and engine.

use tenzik_capsule::Capsule;
use tenzik_engine::{
    Engine, EngineFailure, EngineOptions, Input, Outcome, PreparedCapsule, RunRequest,
};
use tenzik_policy::{Limits, Permit, Policy};

use crate::examination::Examination;

/// Examines, prepares and executes capsules. One per process; shared by reference between threads.
pub struct Runtime {
    engine: Engine,
}

impl Runtime {
    /// A runtime with these engine options.
    ///
    /// # Errors
    /// [`EngineFailure::Setup`] if the machine cannot run compiled capsules.
    pub fn new(options: &EngineOptions) -> Result<Runtime, EngineFailure> {
        Ok(Runtime {
            engine: Engine::new(options)?,
        })
    }

    /// Validates the bytes of a module and decides under `policy` whether it may run.
    pub fn examine(&self, bytes: &[u8], policy: &Policy) -> Examination {
        Examination::of(bytes, policy)
    }

    /// Compiles a capsule.
    ///
    /// # Errors
    /// [`EngineFailure::Compile`].
    pub fn prepare(&self, capsule: &Capsule) -> Result<PreparedCapsule, EngineFailure> {
        self.engine.prepare(capsule)
    }

    /// Compiles a capsule for just one run with these limits over this input.
    ///
    /// # Errors
    /// [`EngineFailure::Compile`].
    pub fn prepare_for(
        &self,
        capsule: &Capsule,
        limits: &Limits,
        input: &Input,
    ) -> Result<PreparedCapsule, EngineFailure> {
        self.engine.prepare_for(capsule, limits, input)
    }

    /// Runs a capsule once, in a fresh instance. The calling thread needs the stack that the limits
    /// allow compiled code (512 KiB by default) and 512 KiB more; for stack limits above 1 MiB the
    /// run gets a thread of its own.
    ///
    /// # Errors
    /// [`EngineFailure`] if tenzik or the machine failed; what the capsule did is in the outcome.
    pub fn execute(
        &self,
        prepared: &PreparedCapsule,
        permit: &Permit,
        request: RunRequest,
    ) -> Result<Outcome, EngineFailure> {
        self.engine.execute(prepared, permit, request)
    }

    /// The engine, for what is not needed every day.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}
