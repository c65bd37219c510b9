//! What an operator allows at most.

use tenzik_host_abi::{Capability, CapabilitySet};

use crate::policy_file::{Parsed, ParsedExec, PolicyError, Role};
use crate::rules::{Origin, Rules};

/// An outer bound of policies, in the format of policies. Numbers that it does not name it does not
/// bound; programs, trees, processes, artifacts and secrets that it does not name it does not allow.
/// Pure capabilities it bounds where it has `grants` or `profile`.
#[derive(Clone, Debug)]
pub struct Ceiling {
    parsed: Parsed,
}

impl Ceiling {
    /// Reads a ceiling. `file` is how errors and explanations name it.
    ///
    /// # Errors
    /// The first [`PolicyError`].
    pub fn parse(file: &str, text: &str) -> Result<Ceiling, PolicyError> {
        let parsed = Parsed::of(file, text, Role::Ceiling)?;
        Ok(Ceiling { parsed })
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.parsed.file
    }

    /// Its limits; the largest that tenzik accepts where it has none.
    pub(crate) fn limits(&self) -> &crate::limits::Limits {
        &self.parsed.limits
    }

    /// What bounds a limit: the line of the limit, else that of the profile.
    pub(crate) fn limit_origin(&self, name: &str) -> Origin {
        let own = self
            .parsed
            .limit_origins
            .iter()
            .find(|(known, _)| *known == name);
        own.map_or_else(|| self.profile_origin(), |(_, origin)| origin.clone())
    }

    /// The pure capabilities that it allows.
    pub(crate) fn pure(&self) -> CapabilitySet {
        self.parsed
            .pure
            .unwrap_or(CapabilitySet::of(&Capability::PURE))
    }

    /// What bounds the pure capabilities.
    pub(crate) fn pure_origin(&self) -> Origin {
        self.parsed
            .grants
            .clone()
            .unwrap_or_else(|| self.profile_origin())
    }

    /// The rules for programs.
    pub(crate) fn exec(&self) -> &[ParsedExec] {
        &self.parsed.exec
    }

    /// All other rules.
    pub(crate) fn others(&self) -> &Rules {
        &self.parsed.others
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Origin {
        Origin {
            file: self.parsed.file.clone(),
            line: 0,
        }
    }

    fn profile_origin(&self) -> Origin {
        let profile = self.parsed.profile.as_ref();
        profile.map_or_else(|| self.whole(), |(_, origin)| origin.clone())
    }
}
