//! Scenarios through their public interface: one module for each part.

mod cel;
mod execute;
mod fixtures;
mod plan;
mod reports;
