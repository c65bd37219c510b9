//! The entry point of a capsule.

use crate::fail;

/// Makes a function the entry point of the capsule, and a panic a trap.
///
/// The function returns something that implements [`Exit`]. With a second argument it takes
/// exclusive access to a static value, for buffers that are too large for the stack (16 KiB):
///
/// ```
/// struct Buffers {
///     line: [u8; 20_000],
/// }
///
/// fn sort_lines(buffers: &mut Buffers) -> Result<(), tenzik_sdk::Failure> {
///     buffers.line.sort();
///     Ok(())
/// }
///
/// tenzik_sdk::capsule!(sort_lines, Buffers = Buffers { line: [0; 20_000] });
/// ```
#[macro_export]
macro_rules! capsule {
    ($run:path) => {
        $crate::capsule!(@export $run());
    };
    ($run:path, $state:ty = $initial:expr) => {
        $crate::capsule!(@export $run({
            static mut STATE: $state = $initial;
            // SAFETY: `STATE` is visible only here, and here runs once at a time: a capsule has
            // one thread, Rust code cannot name the exported function, and the host does not call
            // it again before it returns.
            unsafe { &mut *&raw mut STATE }
        }));
    };
    (@export $call:expr) => {
        const _: () = {
            #[allow(unsafe_code, reason = "an exported name is an unsafe attribute in edition 2024")]
            #[cfg_attr(target_arch = "wasm32", unsafe(export_name = "run"))]
            #[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a host calls it"))]
            extern "C" fn tenzik_run() -> i32 {
                $crate::Exit::code($call)
            }

            #[cfg(target_arch = "wasm32")]
            #[panic_handler]
            fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::trap()
            }
        };
    };
}

/// What the entry function of a capsule may return.
pub trait Exit {
    /// The exit code of the run: 0 is success, anything else a failure of the capsule.
    fn code(self) -> i32;
}

impl Exit for () {
    #[inline]
    fn code(self) -> i32 {
        0
    }
}

impl Exit for i32 {
    #[inline]
    fn code(self) -> i32 {
        self
    }
}

impl Exit for Result<(), Failure> {
    #[inline]
    fn code(self) -> i32 {
        match self {
            Ok(()) => 0,
            Err(failure) => fail(failure.code, failure.message.as_bytes()),
        }
    }
}

/// A failure of the capsule, with its own code and a message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code of the run; not 0.
    pub code: i32,
    /// What went wrong and what to do about it.
    pub message: &'static str,
}

#[cfg(test)]
mod tests {
    use super::{Exit, Failure};

    #[test]
    fn exit_codes() {
        assert_eq!(Exit::code(()), 0);
        assert_eq!(Exit::code(7), 7);
        assert_eq!(Exit::code(Ok::<(), Failure>(())), 0);
    }
}
