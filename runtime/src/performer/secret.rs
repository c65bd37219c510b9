//! Opening secrets before they are needed.

use std::sync::Arc;

use serde_json::Value;
use tenzik_gate::Secrets;
use tenzik_policy::Policy;
use tenzik_scenario::execute::{PerformError, Performed, Provenance};
use tenzik_scenario::{WorkEnding, WorkUsage};

use super::{EnginePerformer, performed};

/// The code of a secret that cannot be had.
const SECRET_UNAVAILABLE: &str = "secret_unavailable";

impl EnginePerformer {
    /// Fetches a secret, which masks it from then on. Its value goes nowhere.
    pub(super) fn secret(&self, name: &str, policy: &Policy) -> Result<Performed, PerformError> {
        let secrets = Secrets::new(&policy.rules.secrets, Arc::clone(&self.options.environment));
        let secrets = secrets.masked_with(&self.masked);
        let output = match secrets.resolve(name) {
            Ok(_) => Ok(Value::Null),
            Err(error) => Err(WorkEnding::Failed {
                code: SECRET_UNAVAILABLE.to_owned(),
                exit: 1,
                message: self.masked.masked(&error.to_string()).into_owned(),
            }),
        };
        let provenance = Provenance {
            problems: secrets.warnings(),
            ..Provenance::default()
        };
        let usage = WorkUsage::default();
        Ok(performed(output, Vec::new(), usage, provenance, None))
    }
}
