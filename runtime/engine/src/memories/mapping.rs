//! Memory from the system, and all unsafe code of this crate.
//!
//! ```text
//! start        base             base + accessible      base + RESERVED_BYTES
//! ├────────────┼────────────────┼──────────────────────┼────────────┤
//! │  no access │ read and write │       no access      │  no access │
//! │◄  guard   ►│◄               reserved              ►│◄  guard   ►│
//! ```
//!
//! Compiled code adds a 32-bit index and an offset below `GUARD_BYTES` to `base` without a
//! comparison; larger offsets it compares. Whatever it adds therefore lies in the mapping.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use super::KEEP_RESIDENT_BYTES;
use super::recycler::{Recycler, Shelf};

/// What a 32-bit index can address.
pub(super) const RESERVED_BYTES: usize = 1 << 32;

/// What is never accessible before and after it.
pub(super) const GUARD_BYTES: usize = 32 << 20;

const MAPPING_BYTES: usize = GUARD_BYTES + RESERVED_BYTES + GUARD_BYTES;

/// Whether `mappings` mappings find address space at a time.
pub(super) fn has_address_space(mappings: u32) -> bool {
    let bytes = MAPPING_BYTES.checked_mul(mappings as usize);
    bytes.is_some_and(|bytes| AddressSpace::new(bytes).is_ok())
}

/// Address space without access, which is given back when it is dropped.
struct AddressSpace {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: it is an address and a length, which are never changed. The system lets each thread give
// it back, and only its one owner does.
unsafe impl Send for AddressSpace {}
// SAFETY: through a shared reference, only the address and the length are read.
unsafe impl Sync for AddressSpace {}

impl AddressSpace {
    fn new(bytes: usize) -> Result<AddressSpace, String> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the system chooses the address, so nothing changes that was mapped before.
        let start =
            unsafe { mm::mmap_anonymous(ptr::null_mut(), bytes, ProtFlags::empty(), flags) }
                .map_err(|error| {
                    format!("cannot reserve {bytes} bytes of address space: {error}")
                })?;
        let start = NonNull::new(start.cast()).ok_or("the system mapped a memory at address 0")?;
        Ok(AddressSpace { start, bytes })
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        // SAFETY: `new` mapped just this range. Nobody else gives it back, and nobody uses it any
        // more, for what hands out its address owns it.
        let _ = unsafe { mm::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// One mapping, of which `accessible` bytes from `base` on can be read and written.
struct Mapping {
    space: AddressSpace,
    accessible: usize,
    /// A system call failed: nobody knows which pages are accessible.
    broken: bool,
}

impl Mapping {
    fn base(&self) -> *mut u8 {
        self.space.start.as_ptr().wrapping_add(GUARD_BYTES)
    }

    /// Makes just the first `bytes` accessible.
    fn set_accessible(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > RESERVED_BYTES {
            return Err(format!(
                "a memory of {bytes} bytes exceeds {RESERVED_BYTES}"
            ));
        }
        let (low, high, access) = if bytes > self.accessible {
            let access = MprotectFlags::READ | MprotectFlags::WRITE;
            (self.accessible, bytes, access)
        } else if bytes < self.accessible {
            (bytes, self.accessible, MprotectFlags::empty())
        } else {
            return Ok(());
        };
        let start = self.base().wrapping_add(low);
        // SAFETY: `low < high <= RESERVED_BYTES`, so the range lies in this mapping. `&mut self`
        // shows that nobody holds a reference into what ceases to be accessible.
        let done = unsafe { mm::mprotect(start.cast(), high - low, access) };
        self.broken |= done.is_err();
        done.map_err(|error| format!("cannot make {bytes} bytes accessible: {error}"))?;
        self.accessible = bytes;
        Ok(())
    }

    /// Makes every accessible byte zero. Nothing comes of a mapping for which that fails, or for
    /// which anything failed before.
    fn zeroed(self) -> Option<Zeroed> {
        if self.broken {
            return None;
        }
        let kept = self.accessible.min(KEEP_RESIDENT_BYTES);
        // SAFETY: `kept <= accessible`, and `self` shows that nobody else uses these bytes.
        unsafe { ptr::write_bytes(self.base(), 0, kept) };
        let rest = self.accessible - kept;
        if rest > 0 {
            let start = self.base().wrapping_add(kept);
            // SAFETY: the `rest` bytes from `start` on are accessible, and `self` shows that nobody
            // else uses them. Pages of a private anonymous mapping that were given back are zero.
            unsafe { mm::madvise(start.cast(), rest, Advice::LinuxDontNeed) }.ok()?;
        }
        Some(Zeroed(self))
    }
}

/// A mapping whose every byte is zero: those that are not accessible were never written since they
/// were, for only a zeroed mapping shrinks.
pub(super) struct Zeroed(Mapping);

impl Zeroed {
    /// A new mapping; the system fills it with zeros.
    pub(super) fn new() -> Result<Zeroed, String> {
        let space = AddressSpace::new(MAPPING_BYTES)?;
        Ok(Zeroed(Mapping {
            space,
            accessible: 0,
            broken: false,
        }))
    }

    /// Bytes that are accessible.
    pub(super) fn bytes(&self) -> usize {
        self.0.accessible
    }

    /// A memory of `bytes` bytes, which goes to `home` when it is dropped.
    pub(super) fn into_memory(mut self, bytes: usize, home: Arc<Shelf>) -> Result<Memory, String> {
        self.0.set_accessible(bytes)?;
        Ok(Memory {
            mapping: Some(self.0),
            home,
        })
    }
}

/// The memory of a run. Its mapping is there until it is dropped.
pub(super) struct Memory {
    mapping: Option<Mapping>,
    home: Arc<Shelf>,
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(zeroed) = self.mapping.take().and_then(Mapping::zeroed) {
            self.home.keep(zeroed);
        }
    }
}

// SAFETY: `byte_size` bytes from `as_ptr` on are accessible and belong to this memory alone, up to
// `byte_capacity` it never moves, and the guard behind that is never accessible: `set_accessible`
// changes nothing beyond `RESERVED_BYTES`.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.mapping
            .as_ref()
            .map_or(0, |mapping| mapping.accessible)
    }

    fn byte_capacity(&self) -> usize {
        RESERVED_BYTES
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        match &mut self.mapping {
            Some(mapping) if bytes >= mapping.accessible => {
                mapping.set_accessible(bytes).map_err(wasmtime::Error::msg)
            }
            // Bytes that cease to be accessible would not be cleared.
            _ => Err(wasmtime::Error::msg("a memory does not shrink")),
        }
    }

    fn as_ptr(&self) -> *mut u8 {
        self.mapping.as_ref().map_or(ptr::null_mut(), Mapping::base)
    }
}

// SAFETY: a memory begins as a zeroed mapping that has room for `RESERVED_BYTES` and a guard of
// `GUARD_BYTES`, and an engine that wants another room or guard gets none.
unsafe impl MemoryCreator for Recycler {
    fn new_memory(
        &self,
        _type: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if (reserved, guard) != (Some(RESERVED_BYTES), GUARD_BYTES) {
            return Err(format!(
                "the engine wants {reserved:?} bytes and a guard of {guard}; \
                 there are {RESERVED_BYTES} and {GUARD_BYTES}"
            ));
        }
        Ok(Box::new(self.memory(minimum)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime::LinearMemory as _;

    use super::{KEEP_RESIDENT_BYTES, Mapping, RESERVED_BYTES, Zeroed, has_address_space, mm};

    fn mapping(bytes: usize) -> Mapping {
        let mut mapping = Zeroed::new().unwrap().0;
        mapping.set_accessible(bytes).unwrap();
        mapping
    }

    #[test]
    fn after_a_failed_call_nothing_is_kept() {
        // The system wants whole pages: what begins within one cannot be made accessible.
        let mut mapping = mapping(100);
        mapping.set_accessible(200).unwrap_err();
        assert_eq!(mapping.accessible, 100);
        assert!(mapping.zeroed().is_none());
    }

    #[test]
    fn what_cannot_be_given_back_is_not_kept() {
        let bytes = KEEP_RESIDENT_BYTES + (64 << 10);
        assert!(mapping(bytes).zeroed().is_some());
        let mapping = mapping(bytes);
        let end = mapping.base().wrapping_add(KEEP_RESIDENT_BYTES);
        // SAFETY: 4,096 bytes from there on are in this mapping; they are only kept from being
        // swapped or given back.
        unsafe { mm::mlock(end.cast(), 4_096) }.unwrap();
        assert!(mapping.zeroed().is_none());
    }

    #[test]
    fn no_memory_shrinks_or_exceeds_its_room() {
        let home = Arc::default();
        let zeroed = Zeroed::new().unwrap();
        let mut memory = zeroed.into_memory(1 << 20, home).unwrap();
        memory.grow_to(1 << 16).unwrap_err();
        memory.grow_to(RESERVED_BYTES + (1 << 16)).unwrap_err();
        assert_eq!(memory.byte_size(), 1 << 20);
        memory.grow_to(1 << 20).unwrap();
        memory.grow_to(2 << 20).unwrap();
        assert_eq!(memory.byte_size(), 2 << 20);
        assert_eq!(memory.byte_capacity(), RESERVED_BYTES);
    }

    #[test]
    fn no_machine_has_address_space_for_all_there_could_be() {
        assert!(has_address_space(1));
        assert!(!has_address_space(u32::MAX));
    }
}
