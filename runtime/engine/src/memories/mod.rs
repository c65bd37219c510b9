//! Where the memories of runs come from: decided once for each engine.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[expect(unsafe_code, reason = "the memories of capsules are mapped here")]
mod mapping;
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod pool;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod recycler;

use wasmtime::Config;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
use pool::Reused;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use recycler::Reused;

/// Memory that a run may use and still get one that is used again; above it memory is allocated for
/// the run.
pub(crate) const REUSED_BYTES_MAX: u64 = 64 << 20;

/// Bytes of a memory that are cleared instead of given back to the system when it is used again.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;

/// Address space of a memory where there is little, besides what it declares.
const TIGHT_RESERVED_BYTES: u64 = 1 << 20;

/// Address space that a memory gets at once when it has to move. Each move copies it, at most four
/// times up to the size of memories that are used again.
const TIGHT_GROWTH_BYTES: u64 = 16 << 20;

/// Inaccessible bytes around a memory where there is little address space.
const TIGHT_GUARD_BYTES: u64 = 64 << 10;

/// Where the memories of runs come from that may use at most [`REUSED_BYTES_MAX`].
pub(crate) enum Memories {
    /// From runs before.
    Reused(Reused),
    /// From the system, each with address space for all that compiled code can address.
    New,
    /// From the system, with little address space: compiled code compares each address.
    Tight,
}

impl Memories {
    /// For `instances` at a time; for 0, each run is taken to be the only one.
    pub(crate) fn new(instances: u32) -> Memories {
        if !Reused::has_address_space(instances.max(1)) {
            Memories::Tight
        } else if instances == 0 {
            Memories::New
        } else {
            Memories::Reused(Reused::new(instances))
        }
    }

    /// Sets up where memories come from.
    pub(crate) fn configure(&self, config: &mut Config) {
        match self {
            Memories::Reused(reused) => reused.configure(config),
            Memories::New => {}
            Memories::Tight => {
                config
                    .memory_reservation(TIGHT_RESERVED_BYTES)
                    .memory_reservation_for_growth(TIGHT_GROWTH_BYTES)
                    .memory_guard_size(TIGHT_GUARD_BYTES);
            }
        }
    }
}
