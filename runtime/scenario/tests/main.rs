//! Scenarios through their public interface: one module for each part.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the environment and start a validator"
)]
#![expect(clippy::expect_used, reason = "helpers of tests end them")]

mod cel;
mod docs;
mod driver;
mod execute;
mod fixtures;
mod hostile;
mod places;
mod plan;
mod reports;
mod schema;
mod suite;
