//! Secrets: values that the host fetches when they are first needed, and keeps from everybody else.
//!
//! A guest holds a handle. The value goes into the environment or the standard input of a process
//! that the policy names, and nowhere else: buffers are cleared when they are dropped, nothing that
//! is printed has it, and [`Mask`] replaces it in every stream that leaves the host.

mod error;
mod mask;
mod masked;
mod source;
mod value;

pub use error::SecretError;
pub use mask::{MASKED, Mask};
pub use masked::MaskedValues;
pub use value::SecretValue;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_policy::SecretGrant;

/// Looks up a variable of tenzik's environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// The secrets of one run.
pub struct Secrets {
    grants: Vec<SecretGrant>,
    environment: Environment,
    resolved: Mutex<Resolved>,
    masked: MaskedValues,
}

#[derive(Default)]
struct Resolved {
    values: BTreeMap<String, Arc<SecretValue>>,
    warnings: Vec<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .grants
            .iter()
            .map(|grant| grant.name.as_str())
            .collect();
        f.debug_struct("Secrets")
            .field("names", &names)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// The secrets of `grants`. Nothing is fetched yet.
    pub fn new(grants: &[SecretGrant], environment: Environment) -> Secrets {
        Secrets {
            grants: grants.to_vec(),
            environment,
            resolved: Mutex::default(),
            masked: MaskedValues::default(),
        }
    }

    /// The same, before anything is fetched: what it fetches is masked together with `masked`.
    #[must_use]
    pub fn masked_with(self, masked: &MaskedValues) -> Secrets {
        Secrets {
            masked: masked.clone(),
            ..self
        }
    }

    /// The value of the secret `name`, fetched once. From then on every [`Mask`] of this run
    /// replaces it.
    ///
    /// # Errors
    /// When no grant has this name, its source fails, or its value cannot be masked. No error has
    /// any part of a value.
    pub fn resolve(&self, name: &str) -> Result<Arc<SecretValue>, SecretError> {
        let mut resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = resolved.values.get(name) {
            return Ok(Arc::clone(value));
        }
        let grant = self.grants.iter().find(|grant| grant.name == name);
        let grant = grant.ok_or_else(|| SecretError::unknown(name))?;
        let fetched = source::fetch(grant, &self.environment)?;
        let value = Arc::new(fetched.value);
        resolved.values.insert(name.to_owned(), Arc::clone(&value));
        resolved.warnings.extend(fetched.warning);
        self.masked.add(&value);
        Ok(value)
    }

    /// Whether there are secrets to be masked, or may be.
    pub(crate) fn may_mask(&self) -> bool {
        !self.grants.is_empty() || !self.masked.is_empty()
    }

    /// A mask for one stream. It knows secrets that are fetched later, too.
    pub fn mask(&self) -> Mask {
        self.masked.mask()
    }

    /// `text` with every fetched secret replaced.
    pub fn masked(&self, text: &str) -> String {
        self.masked.masked(text).into_owned()
    }

    /// What an operator should know about the sources that were used.
    pub fn warnings(&self) -> Vec<String> {
        self.resolved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .warnings
            .clone()
    }
}
