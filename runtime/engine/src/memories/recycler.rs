//! Memories that are used again: cleared after a run instead of given back to the system.
//!
//! A new memory costs a run more than the run itself: three system calls, and a fault for each page
//! that is touched. Here a run mostly gets the memory that a run before it had on the same thread,
//! with zeros in it, still in the processor's cache, and no system call is made at all.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::Config;

use super::KEEP_RESIDENT_BYTES;
use super::mapping::{self, GUARD_BYTES, Memory, RESERVED_BYTES, Zeroed};

/// Shelves, so that threads seldom meet at one.
const SHELVES: usize = 16;

/// Memories that wait on one shelf.
const SHELF_MEMORIES_MAX: usize = 4;

/// Memories of one engine that wait.
const KEPT_MEMORIES_MAX: usize = SHELVES * SHELF_MEMORIES_MAX;

/// Resident bytes of all memories of one engine that wait: 64 MiB.
const KEPT_BYTES_MAX: usize = KEPT_MEMORIES_MAX * KEEP_RESIDENT_BYTES;
const _: () = assert!(KEPT_BYTES_MAX <= 64 << 20);

/// Numbers the threads.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// The memories of an engine, shared with the wasmtime engines of all its variants.
pub(crate) struct Reused(Arc<Recycler>);

impl Reused {
    /// Whether so many memories find address space at a time.
    pub(super) fn has_address_space(memories: u32) -> bool {
        mapping::has_address_space(memories)
    }

    /// Nothing is mapped before it is needed.
    pub(super) fn new(_memories: u32) -> Reused {
        Reused(Arc::new(Recycler::new()))
    }

    pub(super) fn configure(&self, config: &mut Config) {
        config
            .memory_reservation(RESERVED_BYTES as u64)
            .memory_guard_size(GUARD_BYTES as u64)
            .with_host_memory(Arc::clone(&self.0) as _);
    }
}

/// Keeps memories between runs.
pub(super) struct Recycler {
    shelves: [Arc<Shelf>; SHELVES],
}

/// Memories that wait, on cache lines of their own.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Shelf(Mutex<Vec<Zeroed>>);

impl Recycler {
    fn new() -> Recycler {
        Recycler {
            shelves: Default::default(),
        }
    }

    /// A memory with just `bytes` accessible bytes, all zero. What waits is given back to the system
    /// where it has no other.
    pub(super) fn memory(&self, bytes: usize) -> Result<Memory, String> {
        self.try_memory(bytes).or_else(|_| {
            self.give_back();
            self.try_memory(bytes)
        })
    }

    fn try_memory(&self, bytes: usize) -> Result<Memory, String> {
        let number = THREAD.try_with(|number| *number).unwrap_or_default() % SHELVES;
        let shelf = self.shelves.get(number).ok_or("no shelf for memories")?;
        let zeroed = match shelf.take(bytes) {
            Some(zeroed) => zeroed,
            None => Zeroed::new()?,
        };
        zeroed.into_memory(bytes, Arc::clone(shelf))
    }

    fn give_back(&self) {
        for shelf in &self.shelves {
            let waiting = mem::take(&mut *shelf.lock());
            drop(waiting);
        }
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Vec<Zeroed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last of this size, for it is still in the processor's cache and needs no system
    /// call; otherwise the one used last.
    fn take(&self, bytes: usize) -> Option<Zeroed> {
        let mut waiting = self.lock();
        let at = waiting.iter().rposition(|zeroed| zeroed.bytes() == bytes);
        match at {
            Some(at) => Some(waiting.remove(at)),
            None => waiting.pop(),
        }
    }

    /// Keeps `zeroed` for a run to come, unless enough of them wait.
    pub(super) fn keep(&self, zeroed: Zeroed) {
        let mut waiting = self.lock();
        if waiting.len() < SHELF_MEMORIES_MAX {
            waiting.push(zeroed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime::LinearMemory as _;

    use super::{KEPT_MEMORIES_MAX, Memory, Recycler, SHELF_MEMORIES_MAX};

    const PAGE: usize = 65_536;

    fn waiting(recycler: &Recycler) -> Vec<usize> {
        let shelves = recycler.shelves.iter();
        shelves
            .flat_map(|shelf| {
                shelf
                    .lock()
                    .iter()
                    .map(|zeroed| zeroed.bytes())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn a_memory_of_the_same_size_is_used_again() {
        let recycler = Recycler::new();
        let sizes = [1, 2, 40].map(|pages| pages * PAGE);
        let all = sizes.map(|bytes| recycler.memory(bytes).unwrap());
        let bases = all.each_ref().map(|memory| memory.as_ptr());
        drop(all);
        assert_eq!(waiting(&recycler), sizes);
        for _ in 0..3 {
            for (bytes, base) in sizes.into_iter().zip(bases) {
                let memory = recycler.memory(bytes).unwrap();
                assert_eq!((memory.as_ptr(), memory.byte_size()), (base, bytes));
            }
        }
        // Another size takes the one used last.
        let memory = recycler.memory(3 * PAGE).unwrap();
        assert_eq!((memory.as_ptr(), memory.byte_size()), (bases[2], 3 * PAGE));
    }

    #[test]
    fn no_more_wait_than_allowed() {
        let recycler = Recycler::new();
        let hold = |count: usize| -> Vec<Memory> {
            (0..count).map(|_| recycler.memory(PAGE).unwrap()).collect()
        };
        drop(hold(3 * SHELF_MEMORIES_MAX));
        assert_eq!(waiting(&recycler).len(), SHELF_MEMORIES_MAX);
        let held = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..40).map(|_| scope.spawn(|| hold(10))).collect();
            let held = threads.into_iter().map(|thread| thread.join().unwrap());
            held.flatten().collect::<Vec<Memory>>()
        });
        drop(held);
        assert!(waiting(&recycler).len() <= KEPT_MEMORIES_MAX);
        recycler.give_back();
        assert!(waiting(&recycler).is_empty());
    }

    #[test]
    fn shelves_outlive_their_recycler() {
        let recycler = Recycler::new();
        let memory = recycler.memory(PAGE).unwrap();
        let home = Arc::clone(
            recycler
                .shelves
                .iter()
                .find(|shelf| Arc::strong_count(shelf) > 1)
                .unwrap(),
        );
        drop(recycler);
        drop(memory);
        assert_eq!((home.lock().len(), Arc::strong_count(&home)), (1, 1));
    }
}
