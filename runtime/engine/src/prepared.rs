//! Compiled capsules.

use std::sync::{Arc, OnceLock};

use tenzik_capsule::Capsule;
use tenzik_policy::Limits;
use wasmtime::{InstancePre, Module, ModuleExport};

use crate::config::{Tier, Variant};
use crate::engine::Compiler;
use crate::failure::EngineFailure;
use crate::instances::Instances;
use crate::optimise::Optimised;
use crate::state::RunState;

/// Nanoseconds that a unit of fuel is taken to need at worst. Loops made to miss every cache were
/// measured to need less than 25; quickly compiled code adds instructions to them.
const FUEL_NS_WORST: u128 = 30;

/// A capsule that is ready to run.
#[derive(Clone)]
pub struct PreparedCapsule {
    capsule: Capsule,
    /// Without and with epoch checks, and of both quick code and other, each compiled when it is
    /// first needed.
    compiled: Arc<[Slot; 4]>,
}

/// The code of the first variant that was compiled for this slot.
type Slot = OnceLock<(Variant, Arc<Compiled>)>;

/// One compiled variant of a capsule, linked.
pub(crate) struct Compiled {
    pub(crate) instance_pre: InstancePre<Box<RunState>>,
    pub(crate) run: ModuleExport,
    pub(crate) memory: ModuleExport,
    pub(crate) tier: Tier,
    pub(crate) optimised: Optimised,
    /// Where each run takes a place, unless runs of this code are not counted.
    pub(crate) instances: Option<Arc<Instances>>,
}

impl PreparedCapsule {
    pub(crate) fn new(capsule: Capsule) -> PreparedCapsule {
        PreparedCapsule {
            capsule,
            compiled: Arc::default(),
        }
    }

    /// The capsule.
    pub fn capsule(&self) -> &Capsule {
        &self.capsule
    }

    /// The compiled code for `variant`; compiles it where nobody has.
    pub(crate) fn compiled(
        &self,
        variant: Variant,
        compiler: &Compiler,
    ) -> Result<Arc<Compiled>, EngineFailure> {
        let [quick, plain, quick_epoch, plain_epoch] = &*self.compiled;
        let slot = match (variant.epoch, variant.tier == Tier::Quick) {
            (false, true) => quick,
            (false, false) => plain,
            (true, true) => quick_epoch,
            (true, false) => plain_epoch,
        };
        if let Some((known, compiled)) = slot.get() {
            if *known == variant {
                return Ok(Arc::clone(compiled));
            }
            return compiler.compile(&self.capsule, variant);
        }
        let compiled = compiler.compile(&self.capsule, variant)?;
        let _ = slot.set((variant, Arc::clone(&compiled)));
        Ok(compiled)
    }
}

impl Compiled {
    pub(crate) fn new(
        module: &Module,
        instance_pre: InstancePre<Box<RunState>>,
        tier: Tier,
        instances: Option<Arc<Instances>>,
    ) -> Result<Compiled, EngineFailure> {
        let export = |name: &str| {
            module
                .get_export_index(name)
                .ok_or_else(|| EngineFailure::Compile(format!("no export {name}")))
        };
        Ok(Compiled {
            run: export("run")?,
            memory: export("memory")?,
            instance_pre,
            tier,
            optimised: Optimised::default(),
            instances,
        })
    }
}

/// Whether compiled code has to look at the clock: only where the fuel that a run may have could
/// take longer than its wall time. Both grow with the input, so both ends are looked at.
pub(crate) fn needs_epoch(limits: &Limits, input_bytes: Option<u64>) -> bool {
    let most = input_bytes.unwrap_or(u64::MAX).min(limits.input_bytes_max);
    [0, most].into_iter().any(|read| {
        u128::from(limits.fuel(read)) * FUEL_NS_WORST > u128::from(limits.wall_us(read)) * 1_000
    })
}

#[cfg(test)]
mod tests {
    use super::needs_epoch;
    use tenzik_policy::Limits;

    #[test]
    fn the_clock_is_looked_at_only_where_fuel_outlasts_it() {
        let limits = Limits::DEFAULT;
        assert!(!needs_epoch(&limits, Some(1_024)));
        assert!(needs_epoch(&limits, Some(1 << 20)));
        assert!(needs_epoch(&limits, None));
        assert!(needs_epoch(
            &Limits {
                wall_us_base: 100,
                ..limits.clone()
            },
            Some(0)
        ));
        assert!(!needs_epoch(
            &Limits {
                fuel_per_input_byte: 0,
                ..limits
            },
            None
        ));
    }
}
