//! tenzik: validated, under all limits, with what the run used; with and without receipts.

use std::hint::black_box;
use std::sync::Arc;

use tenzik_runtime::evidence::ReceiptBatch;
use tenzik_runtime::{
    Attester, Capsule, EngineOptions, Examination, Input, NodeKey, Nonce, Permit, Policy,
    PreparedCapsule, Profile, RunRecord, RunRequest, Runtime, Statement, Status, Timestamp,
};

use crate::AnyError;

/// Receipts under one signature.
pub const BATCH_RECEIPTS: u32 = 1_024;

/// Runs after which code has to be as fast as it gets.
const WARM_UP_RUNS_MAX: usize = 1_000_000;

/// The limit on modules, with room for the section that makes one unseen.
const MODULE_BYTES_MAX: u64 = 6_000;

/// A runtime and its policy: the profile `default`.
pub struct Tenzik {
    pub runtime: Runtime,
    pub policy: Policy,
    attester: Attester,
}

/// A capsule that may run.
pub struct Admitted {
    pub prepared: PreparedCapsule,
    pub permit: Permit,
}

impl Tenzik {
    pub fn new(options: &EngineOptions) -> Result<Tenzik, AnyError> {
        let mut policy = Profile::Default.policy();
        policy.limits.module_bytes_max = MODULE_BYTES_MAX;
        Ok(Tenzik {
            runtime: Runtime::new(options)?,
            attester: Attester::new(&policy)?,
            policy,
        })
    }

    /// Validates, decides and compiles.
    pub fn admit(&self, wasm: &[u8]) -> Result<Admitted, AnyError> {
        let examination = self.runtime.examine(wasm, &self.policy);
        let (capsule, permit) = admitted(&examination)?;
        Ok(Admitted {
            prepared: self.runtime.prepare(capsule)?,
            permit: permit.clone(),
        })
    }

    /// Runs until the code is as fast as it gets.
    pub fn warm_up(&self, capsule: &Admitted, input: &Arc<[u8]>) -> Result<(), AnyError> {
        for _ in 0..WARM_UP_RUNS_MAX {
            if self.runtime.engine().is_optimised(&capsule.prepared) {
                break;
            }
            self.run(capsule, input)?;
        }
        Ok(())
    }

    /// From bytes to output.
    pub fn run_bytes(&self, wasm: &[u8], input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
        let admitted = self.admit(wasm)?;
        self.run(&admitted, input)
    }

    /// Runs in a fresh instance.
    pub fn run(&self, capsule: &Admitted, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
        let request = RunRequest::new(Input::Bytes(Arc::clone(input)), 0, 0);
        let outcome = self
            .runtime
            .execute(&capsule.prepared, &capsule.permit, request)?;
        match outcome.status {
            Status::Ok => Ok(outcome.output),
            status => Err(format!("{status:?}").into()),
        }
    }

    /// Runs, commits to input and output, and signs a receipt for the run.
    pub fn run_signed(
        &self,
        capsule: &Admitted,
        key: &NodeKey,
        input: &Arc<[u8]>,
    ) -> Result<Vec<u8>, AnyError> {
        let (statement, output) = self.run_stated(capsule, input)?;
        black_box(key.sign(statement).to_json());
        Ok(output)
    }

    /// Runs, commits to input and output, and puts a receipt into the batch; the run that fills it
    /// signs it and writes all its receipts.
    pub fn run_batched(
        &self,
        capsule: &Admitted,
        key: &NodeKey,
        batch: &mut ReceiptBatch,
        input: &Arc<[u8]>,
    ) -> Result<Vec<u8>, AnyError> {
        let (statement, output) = self.run_stated(capsule, input)?;
        batch.push(statement)?;
        if batch.len() == BATCH_RECEIPTS {
            let full = std::mem::replace(batch, ReceiptBatch::new(key.public_key()));
            for receipt in full.seal(key)?.into_receipts() {
                black_box(receipt.to_json());
            }
        }
        Ok(output)
    }

    fn run_stated(
        &self,
        capsule: &Admitted,
        input: &Arc<[u8]>,
    ) -> Result<(Statement, Vec<u8>), AnyError> {
        let mut request = RunRequest::new(Input::Bytes(Arc::clone(input)), 0, 0);
        request.commit = true;
        let outcome = self
            .runtime
            .execute(&capsule.prepared, &capsule.permit, request)?;
        if outcome.status != Status::Ok {
            return Err(format!("{:?}", outcome.status).into());
        }
        let now = Timestamp::from_unix_millis(0)?;
        let record = RunRecord {
            capsule: capsule.prepared.capsule(),
            permit: &capsule.permit,
            outcome: &outcome,
            now,
            seed: 0,
        };
        let statement = self.attester.attest(&record, Nonce::fresh()?, now)?;
        Ok((statement, outcome.output))
    }
}

fn admitted(examination: &Examination) -> Result<(&Capsule, &Permit), AnyError> {
    examination.admitted().ok_or_else(|| {
        let finding = examination.first_error();
        finding.map_or_else(
            || "refused".into(),
            |finding| finding.message.clone().into(),
        )
    })
}
