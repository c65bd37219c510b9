//! Starts one process in isolation.
