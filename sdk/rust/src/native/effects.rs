//! Effects in a native run: the test answers them.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// One call of a host function with an effect.
#[derive(Clone, Copy, Debug)]
pub struct Effect<'a> {
    /// Name of the host function.
    pub function: &'static str,
    /// Its handles and plain numbers, in the order of its parameters.
    pub numbers: &'a [i32],
    /// The bytes behind its pointers to input, in the order of its parameters.
    pub inputs: &'a [&'a [u8]],
}

type Answer = dyn Fn(&Effect<'_>, &mut [u8]) -> i32 + Send + Sync;

/// What answers the effects of a native run.
#[derive(Clone)]
pub(crate) struct Effects(Arc<Answer>);

impl Effects {
    pub(crate) fn new(
        answer: impl Fn(&Effect<'_>, &mut [u8]) -> i32 + Send + Sync + 'static,
    ) -> Effects {
        Effects(Arc::new(answer))
    }

    pub(crate) fn answer(&self, effect: &Effect<'_>, buffer: &mut [u8]) -> i32 {
        (self.0)(effect, buffer)
    }
}

// A closure that unwound is not called again in the run that it ended.
impl UnwindSafe for Effects {}
impl RefUnwindSafe for Effects {}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Effects")
    }
}
