//! What a machine and a job use: a background sampler, and the guard that admits jobs.
