//! Capsules as ordinary functions on the machine of their author, for unit tests and debuggers.
//!
//! [`run`] calls an entry function with an input and gives back what a run would have: how it
//! ended, the output and the log.
//!
//! ```
//! use tenzik_sdk::native::{self, Ending};
//! use tenzik_sdk::{Failure, input_read, output_write};
//!
//! fn first_byte() -> Result<(), Failure> {
//!     let mut byte = [0];
//!     if input_read(&mut byte) == 0 {
//!         return Err(Failure { code: 2, message: "the input is empty" });
//!     }
//!     output_write(&byte);
//!     Ok(())
//! }
//!
//! assert_eq!(native::run(b"abc", first_byte).into_output(), b"a");
//! let outcome = native::run(b"", first_byte);
//! assert_eq!(outcome.ending, Ending::Failure { code: 2, message: b"the input is empty".to_vec() });
//! ```
//!
//! An entry function with a static is called in a closure: `native::run(input, || run(&mut buffers))`.
//! Runs are separate, also those of several threads.
//!
//! Input, output, log, failure and time are this crate's. The pure functions (hashes, JSON, base64
//! and random bytes) are those of tenzik itself: the first call in a thread starts
//! `tenzik host-functions`. Without `tenzik` on PATH, or its path in the environment variable
//! TENZIK, the test panics and says so.
//!
//! Effects (processes, files, signals, artifacts, secrets) are answered by the test: [`Run::effects`].
//! Without it a call of them ends the run as refused.
//!
//! What a native run does not have: fuel, wall time, the memory and stack of a capsule, and the
//! compiler for it. `tenzik test` has them.

mod effects;
mod fault;
mod limits;
mod run;
mod state;
mod tenzik;

pub(crate) mod function;

pub use effects::Effect;
pub use limits::Limits;
pub use run::{Ending, LogEntry, Outcome, Run, run};
