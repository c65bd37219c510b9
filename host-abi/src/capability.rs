//! What a capsule may be allowed to do.

use core::fmt;
use core::str::FromStr;

/// A right that a policy grants. One name serves the command line, policies, receipts and
/// findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// `artifact`: write artifacts of the run.
    Artifact,
    /// `base64`: encode and decode base64.
    Base64,
    /// `exec`: start programs that the policy names.
    Exec,
    /// `file_read`: read files below granted trees.
    FileRead,
    /// `file_write`: create and change files below granted trees.
    FileWrite,
    /// `hash`: BLAKE3 digests.
    Hash,
    /// `json`: select from JSON with RFC 9535 queries.
    Json,
    /// `process_signal`: send signals to granted processes.
    ProcessSignal,
    /// `random`: pseudo-random bytes from the seed of the run.
    Random,
    /// `secret`: use secrets without seeing them.
    Secret,
    /// `time`: the time of the run.
    Time,
}

impl Capability {
    /// Every capability, in alphabetical order.
    pub const ALL: [Capability; 11] = [
        Capability::Artifact,
        Capability::Base64,
        Capability::Exec,
        Capability::FileRead,
        Capability::FileWrite,
        Capability::Hash,
        Capability::Json,
        Capability::ProcessSignal,
        Capability::Random,
        Capability::Secret,
        Capability::Time,
    ];

    /// Those without an effect outside of the run, in alphabetical order.
    pub const PURE: [Capability; 5] = [
        Capability::Base64,
        Capability::Hash,
        Capability::Json,
        Capability::Random,
        Capability::Time,
    ];

    /// Whether calls of its functions have no effect outside of the run.
    pub const fn is_pure(self) -> bool {
        match self {
            Capability::Base64
            | Capability::Hash
            | Capability::Json
            | Capability::Random
            | Capability::Time => true,
            Capability::Artifact
            | Capability::Exec
            | Capability::FileRead
            | Capability::FileWrite
            | Capability::ProcessSignal
            | Capability::Secret => false,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Capability::Artifact => "artifact",
            Capability::Base64 => "base64",
            Capability::Exec => "exec",
            Capability::FileRead => "file_read",
            Capability::FileWrite => "file_write",
            Capability::Hash => "hash",
            Capability::Json => "json",
            Capability::ProcessSignal => "process_signal",
            Capability::Random => "random",
            Capability::Secret => "secret",
            Capability::Time => "time",
        }
    }

    /// What it allows, in one clause.
    pub const fn summary(self) -> &'static str {
        match self {
            Capability::Artifact => "write artifacts of the run",
            Capability::Base64 => "encode and decode base64",
            Capability::Exec => "start programs that the policy names, in isolation",
            Capability::FileRead => "read files below granted trees",
            Capability::FileWrite => "create and change files below granted trees, and undo it",
            Capability::Hash => "compute and compare BLAKE3 digests",
            Capability::Json => "select from JSON with RFC 9535 queries",
            Capability::ProcessSignal => "send signals to processes that the policy names",
            Capability::Random => "draw pseudo-random bytes from the seed of the run",
            Capability::Secret => "use secrets without seeing them",
            Capability::Time => "read the time of the run",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCapability;

impl fmt::Display for UnknownCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown capability; known are")?;
        for (index, capability) in Capability::ALL.iter().enumerate() {
            f.write_str(if index == 0 { " " } else { ", " })?;
            f.write_str(capability.name())?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownCapability {}

impl FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(name: &str) -> Result<Self, UnknownCapability> {
        Capability::ALL
            .into_iter()
            .find(|capability| capability.name() == name)
            .ok_or(UnknownCapability)
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u32);

impl CapabilitySet {
    /// No capability.
    pub const EMPTY: CapabilitySet = CapabilitySet(0);

    /// The set of `capabilities`.
    pub fn of(capabilities: &[Capability]) -> CapabilitySet {
        capabilities
            .iter()
            .fold(CapabilitySet::EMPTY, |set, capability| {
                set.with(*capability)
            })
    }

    /// This set and `capability`.
    #[must_use]
    pub const fn with(self, capability: Capability) -> CapabilitySet {
        CapabilitySet(self.0 | capability.bit())
    }

    /// This set without `capability`.
    #[must_use]
    pub const fn without(self, capability: Capability) -> CapabilitySet {
        CapabilitySet(self.0 & !capability.bit())
    }

    /// Whether `capability` is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// The members of either set.
    #[must_use]
    pub const fn union(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 | other.0)
    }

    /// The members that both sets have.
    #[must_use]
    pub const fn intersection(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 & other.0)
    }

    /// The members of this set that `other` lacks.
    #[must_use]
    pub const fn minus(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 & !other.0)
    }

    /// Whether the set has no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL
            .into_iter()
            .filter(move |capability| self.contains(*capability))
    }
}

impl fmt::Display for CapabilitySet {
    /// The names, separated by a comma; nothing for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, capability) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(capability.name())?;
        }
        Ok(())
    }
}
