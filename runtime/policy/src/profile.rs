//! Named policies.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tenzik_host_abi::{Capability, CapabilitySet};

use crate::limits::Limits;
use crate::policy::Policy;

/// A named policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For writing capsules: larger modules, more time and memory.
    Development,
    /// For running capsules.
    #[default]
    Default,
    /// For running capsules of others: half the memory, time and fuel, and only
    /// what is the same each time.
    Production,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 3] = [Profile::Development, Profile::Default, Profile::Production];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Development => "development",
            Profile::Default => "default",
            Profile::Production => "production",
        }
    }

    /// The limits and grants it stands for.
    pub fn policy(self) -> Policy {
        match self {
            Profile::Development => Policy {
                limits: Limits {
                    module_bytes_max: 64 << 10,
                    memory_bytes_max: 64 << 20,
                    wall_us_base: 5_000_000,
                    fuel_base: 50_000_000,
                    ..Limits::DEFAULT
                },
                grants: CapabilitySet::of(&Capability::PURE),
                rules: Arc::default(),
            },
            Profile::Default => Policy {
                limits: Limits::DEFAULT,
                grants: CapabilitySet::of(&Capability::PURE),
                rules: Arc::default(),
            },
            Profile::Production => Policy {
                limits: Limits {
                    memory_bytes_max: 16 << 20,
                    wall_us_base: 500_000,
                    fuel_base: 5_000_000,
                    ..Limits::DEFAULT
                },
                grants: CapabilitySet::of(&[
                    Capability::Hash,
                    Capability::Json,
                    Capability::Base64,
                ]),
                rules: Arc::default(),
            },
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile; known are development, default, production")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Profile, UnknownProfile> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or(UnknownProfile)
    }
}
