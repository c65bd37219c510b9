//! Policy, profile, grants and limits on the command line.

use std::path::{Path, PathBuf};

use clap::Args;

use tenzik_runtime::policy::{Ceiling, Effective, PolicyFile};
use tenzik_runtime::{Capability, Policy, Profile};

use crate::amount;
use crate::failure::Failure;
use crate::policy_source;

/// What decides whether a module is acceptable.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PolicyArguments {
    /// Take limits, capabilities and rules from this file (docs/policy.md; tenzik policy init writes one).
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    policy: Option<PathBuf>,
    /// Bound everything by this file too, besides the ceilings of machine and user.
    #[arg(long, value_name = "FILE")]
    ceiling: Vec<PathBuf>,
    /// The policy to start from: development, default or production.
    #[arg(long, value_name = "PROFILE", default_value = "default")]
    profile: Profile,
    /// Grant a capability besides those of the profile (base64, hash, json, random, time).
    #[arg(long, value_name = "CAPABILITY")]
    grant: Vec<Capability>,
    /// Deny a capability, also one that the profile grants.
    #[arg(long, value_name = "CAPABILITY")]
    deny: Vec<Capability>,
    /// Largest accepted module, after assembly from text [default profile: 5120].
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    max_size: Option<u64>,
}

/// How much a run may use; each limit of the profile can be set on its own.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitArguments {
    /// Fuel at the start of the run; input bytes add to it.
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
    /// Fuel added for each input byte read.
    #[arg(long, value_name = "UNITS")]
    fuel_per_byte: Option<u64>,
    /// Wall time at the start of the run, such as 200ms; input bytes add to it.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration_us)]
    time: Option<u64>,
    /// Wall time added for each MiB of input read.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration_us)]
    time_per_mib: Option<u64>,
    /// Memory of the capsule, tables included.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    memory: Option<u64>,
    /// Stack of compiled code, 16KiB to 8MiB.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    stack: Option<u64>,
    /// Input bytes that the capsule may read.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    max_input: Option<u64>,
    /// Output bytes at the start of the run; input bytes add to them.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    max_output: Option<u64>,
    /// Output bytes added for each input byte read.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    output_per_byte: Option<u64>,
    /// Bytes that the capsule may log.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    max_log: Option<u64>,
    /// Host calls at the start of the run; input bytes add to them.
    #[arg(long, value_name = "N")]
    max_host_calls: Option<u64>,
    /// Input bytes that add one more host call; 0 adds none.
    #[arg(long, value_name = "SIZE", value_parser = amount::size)]
    host_call_bytes: Option<u64>,
}

impl PolicyArguments {
    /// Whether the command line says anything about the policy; the profile `default` says nothing.
    pub(crate) fn is_given(&self, limits: &LimitArguments) -> bool {
        *self != PolicyArguments::default() || *limits != LimitArguments::default()
    }

    /// The policy with the limits of its profile.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        self.policy_with(&LimitArguments::default())
    }

    /// The policy with these limits, under all ceilings.
    pub(crate) fn policy_with(&self, limits: &LimitArguments) -> Result<Policy, Failure> {
        self.resolve(limits)
            .map(|resolved| resolved.effective.policy)
    }

    /// The policy that is asked for, and what ceilings leave of it.
    pub(crate) fn resolve(&self, limits: &LimitArguments) -> Result<Resolved, Failure> {
        let file = self
            .policy
            .as_deref()
            .map(policy_source::policy)
            .transpose()?;
        let ceilings = self.ceilings()?;
        let start = match &file {
            Some(file) => file.policy.clone(),
            None => self.profile.policy(),
        };
        let asked = self.asked(start.clone(), limits)?;
        let effective = asked.narrowed(&ceilings);
        Ok(Resolved {
            file,
            ceilings,
            start,
            asked,
            effective,
        })
    }

    /// The ceilings of machine and user, where there are any, and those that are named.
    pub(crate) fn ceilings(&self) -> Result<Vec<Ceiling>, Failure> {
        policy_source::ceilings(&self.ceiling)
    }

    /// Effects are granted by rules, never as a whole.
    fn check_grants(&self) -> Result<(), Failure> {
        match self.grant.iter().find(|capability| !capability.is_pure()) {
            None => Ok(()),
            Some(effect) => Err(Failure::usage(
                format!("--grant {effect} would not say what of the world the capsule may touch"),
                "write rules into a file for --policy; tenzik policy init CAPSULE begins one",
            )),
        }
    }

    /// `policy` with what the command line grants, denies and sets.
    fn asked(&self, mut policy: Policy, limits: &LimitArguments) -> Result<Policy, Failure> {
        self.check_grants()?;
        for capability in &self.grant {
            policy.grants = policy.grants.with(*capability);
        }
        for capability in &self.deny {
            policy.grants = policy.grants.without(*capability);
        }
        let to = &mut policy.limits;
        let settings = [
            (self.max_size, &mut to.module_bytes_max),
            (limits.fuel, &mut to.fuel_base),
            (limits.fuel_per_byte, &mut to.fuel_per_input_byte),
            (limits.time, &mut to.wall_us_base),
            (limits.time_per_mib, &mut to.wall_us_per_input_mib),
            (limits.memory, &mut to.memory_bytes_max),
            (limits.stack, &mut to.stack_bytes_max),
            (limits.max_input, &mut to.input_bytes_max),
            (limits.max_output, &mut to.output_bytes_base),
            (limits.output_per_byte, &mut to.output_bytes_per_input_byte),
            (limits.max_log, &mut to.log_bytes_max),
            (limits.max_host_calls, &mut to.host_calls_base),
            (limits.host_call_bytes, &mut to.host_call_input_bytes),
        ];
        for (value, place) in settings {
            if let Some(value) = value {
                *place = value;
            }
        }
        policy.limits.check().map_err(|error| {
            Failure::usage(error.to_string(), "choose a value inside the range")
        })?;
        Ok(policy)
    }

    /// Whether the command line denies `capability`.
    pub(crate) fn denies(&self, capability: Capability) -> bool {
        self.deny.contains(&capability)
    }

    /// The name of the profile; none where a file is the policy.
    pub(crate) fn profile_name(&self) -> Option<&'static str> {
        self.policy.is_none().then(|| self.profile.name())
    }

    /// The files that are named: no result may be written over them.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> + use<'_> {
        let files = self.policy.iter().chain(&self.ceiling);
        files.map(PathBuf::as_path)
    }

    /// The file that is the policy.
    pub(crate) fn policy_path(&self) -> Option<&PathBuf> {
        self.policy.as_ref()
    }
}

/// A policy, and where it comes from.
pub(crate) struct Resolved {
    /// The file, if it comes from one.
    pub(crate) file: Option<PolicyFile>,
    /// The ceilings, in the order of machine, user and command line.
    pub(crate) ceilings: Vec<Ceiling>,
    /// The file or the profile as it is.
    pub(crate) start: Policy,
    /// What is asked for: that, and what the command line changes of it.
    pub(crate) asked: Policy,
    /// What is left.
    pub(crate) effective: Effective,
}
