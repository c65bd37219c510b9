//! The oracles over inputs that are the same each time.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads UPDATE to write what it compares with"
)]
#![cfg(test)]

mod mutants;
mod seeded;
mod spec;
