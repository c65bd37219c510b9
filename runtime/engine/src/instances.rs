//! The limit on instances that live at the same time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock;

/// Time between two looks of a run whose place is on its way.
const HANDOVER: Duration = Duration::from_millis(1);

/// Places for instances. While places are free nobody locks anything; when none is, the run that
/// ends hands its place to one that waits.
///
/// As many runs wait and were not given a place as `free` is below zero. So a run that finds `free`
/// at zero or above knows that a place was given for each run that waits, itself included.
pub(crate) struct Instances {
    /// Free places, minus the runs that wait and were not given one.
    free: AtomicI64,
    /// Places that were given and not taken yet.
    given: Mutex<usize>,
    changed: Condvar,
}

/// A place, until it is dropped.
pub(crate) struct Place<'a> {
    instances: &'a Instances,
    /// Whether the run had to wait for it.
    pub(crate) waited: bool,
}

/// No place became free in this time.
#[derive(Debug)]
pub(crate) struct Busy(pub(crate) Duration);

impl Instances {
    /// Places for `count` instances.
    pub(crate) fn new(count: u32) -> Instances {
        Instances {
            free: AtomicI64::new(i64::from(count)),
            given: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    /// A place, at once or within about `wait_max`.
    pub(crate) fn take(&self, wait_max: Duration) -> Result<Place<'_>, Busy> {
        let waited = self.free.fetch_sub(1, Ordering::Acquire) <= 0;
        if waited {
            self.wait(wait_max)?;
        }
        Ok(Place {
            instances: self,
            waited,
        })
    }

    /// Runs that wait now.
    pub(crate) fn waiting(&self) -> usize {
        let free = self.free.load(Ordering::Acquire);
        usize::try_from(-free).unwrap_or(0)
    }

    fn wait(&self, wait_max: Duration) -> Result<(), Busy> {
        let since = clock::now();
        let mut given = self.lock();
        loop {
            if *given > 0 {
                *given -= 1;
                return Ok(());
            }
            let waited = since.elapsed();
            if waited >= wait_max && self.give_up() {
                return Err(Busy(waited));
            }
            let left = wait_max.saturating_sub(waited).max(HANDOVER);
            given = self
                .changed
                .wait_timeout(given, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// One run less waits, unless each was already given a place.
    fn give_up(&self) -> bool {
        let fewer = |free: i64| (free < 0).then_some(free + 1);
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer)
            .is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let instances = self.instances;
        if instances.free.fetch_add(1, Ordering::Release) < 0 {
            *instances.lock() += 1;
            instances.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::Instances;

    #[test]
    fn without_a_free_place_it_is_busy_and_afterwards_not() {
        let instances = Instances::new(2);
        for _ in 0..3 {
            let first = instances.take(Duration::ZERO).unwrap();
            let second = instances.take(Duration::ZERO).unwrap();
            assert!(!first.waited && !second.waited);
            for _ in 0..3 {
                assert!(instances.take(Duration::ZERO).is_err());
                assert_eq!(instances.waiting(), 0);
            }
            drop(first);
            let third = instances.take(Duration::ZERO).unwrap();
            assert!(instances.take(Duration::ZERO).is_err());
            drop((second, third));
        }
        assert!(Instances::new(0).take(Duration::ZERO).is_err());
    }

    #[test]
    fn a_place_goes_to_the_run_that_waits() {
        let instances = Instances::new(1);
        let held = instances.take(Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| instances.take(Duration::MAX).unwrap().waited);
            while instances.waiting() == 0 {
                std::thread::yield_now();
            }
            drop(held);
            assert!(waiter.join().unwrap());
        });
        assert!(!instances.take(Duration::ZERO).unwrap().waited);
    }

    #[test]
    fn who_was_given_a_place_does_not_give_up() {
        let instances = Instances::new(0);
        let wait = || instances.free.fetch_sub(1, Ordering::SeqCst);
        wait();
        assert!(instances.give_up());
        wait();
        // The first half of giving a place back.
        assert_eq!(instances.free.fetch_add(1, Ordering::SeqCst), -1);
        assert!(!instances.give_up());
    }

    /// Some wait for ever, some give up soon, and some at once.
    #[test]
    fn there_are_never_more_than_allowed_and_no_place_is_lost() {
        const PLACES: u32 = 3;
        let instances = Instances::new(PLACES);
        let (living, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |wait_max| {
            for _ in 0..2_000 {
                let Ok(_place) = instances.take(wait_max) else {
                    continue;
                };
                let now = living.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
                living.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| {
            for wait_max in [Duration::MAX, Duration::from_micros(20), Duration::ZERO] {
                for _ in 0..4 {
                    scope.spawn(move || work(wait_max));
                }
            }
        });
        assert!(most.into_inner() <= PLACES as usize);
        assert_eq!(instances.waiting(), 0);
        let all: Vec<_> = (0..PLACES)
            .map(|_| instances.take(Duration::ZERO).unwrap())
            .collect();
        assert!(all.iter().all(|place| !place.waited));
        assert!(instances.take(Duration::ZERO).is_err());
    }
}
