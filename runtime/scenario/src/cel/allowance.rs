//! Steps of all evaluations that belong together: one event of the driver may need many of them.

use std::cell::Cell;

thread_local! {
    /// What is left on this thread.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Steps that the evaluations of one event may take together: about a second.
pub const EVENT_STEPS_MAX: u64 = 4_000_000;

/// Calls `work`, in which all evaluations on this thread take at most `steps` together.
pub fn with_steps<T>(steps: u64, work: impl FnOnce() -> T) -> T {
    let before = LEFT.replace(steps);
    let done = work();
    LEFT.set(before);
    done
}

/// Takes steps; whether there were so many.
pub(super) fn take(steps: u64) -> bool {
    let left = LEFT.get();
    LEFT.set(left.saturating_sub(steps));
    steps <= left
}

#[cfg(test)]
mod tests {
    use super::{take, with_steps};

    #[test]
    fn steps_are_taken_once() {
        assert!(take(u64::MAX / 2));
        with_steps(10, || {
            assert!(take(6));
            assert!(!take(5));
            assert!(!take(1));
        });
        assert!(take(1));
    }
}
