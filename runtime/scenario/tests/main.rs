//! Scenarios through their public interface: one module for each part.

mod cel;
mod fixtures;
mod plan;
