//! What the result of a pure job depends on.

use tenzik_engine::{COST_MODEL, Engine};
use tenzik_host_abi::{ABI_VERSION, Capability};
use tenzik_scenario::driver::JobStart;
use tenzik_scenario::{CapsuleWork, Effect, OutputFormat};

use super::EnginePerformer;

/// What is hashed first.
const CONTEXT: &str = "tenzik.memo.v1";

impl EnginePerformer {
    /// The key of a pure job over an input of this digest. A capsule that reads the time has none: its
    /// result is of that moment.
    ///
    /// `BLAKE3` of fields with their lengths before them: context, engine, cost model, ABI, form of the
    /// output, digest of the input, and of each stage digest, canonical policy, and, where it draws
    /// random bytes, the seed.
    pub(super) fn key_of(
        &self,
        job: &JobStart,
        work: &CapsuleWork,
        input: [u8; 32],
    ) -> Option<String> {
        if job.effect != Effect::Pure {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        let mut field = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        field(CONTEXT.as_bytes());
        field(Engine::identity().as_bytes());
        field(COST_MODEL.as_bytes());
        field(ABI_VERSION.to_string().as_bytes());
        field(&[format_number(work.output)]);
        field(&input);
        for stage in &work.stages {
            let admitted = self.capsules.admitted(stage, &self.options.embedded).ok()?;
            let grants = admitted.permit.grants();
            if !admitted.is_pure() || grants.contains(Capability::Time) {
                return None;
            }
            field(stage.capsule_id.as_bytes());
            field(admitted.permit.policy_commit().as_bytes());
            match grants.contains(Capability::Random) {
                true => field(&work.seed.to_le_bytes()),
                false => field(&[]),
            }
        }
        Some(hasher.finalize().to_hex().to_string())
    }
}

const fn format_number(format: OutputFormat) -> u8 {
    match format {
        OutputFormat::Text => 0,
        OutputFormat::Json => 1,
        OutputFormat::Lines => 2,
        OutputFormat::Bytes => 3,
    }
}
