//! The journal of scenario runs: an append-only, hash-chained SQLite file, and the artifacts beside it.
