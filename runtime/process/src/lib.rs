//! Processes behind the exec gate.
