//! The bytes of a receipt, versions 1 and 2.
//!
//! One JSON object in the canonical form of RFC 8785: fields in ascending order, no spaces, no
//! escapes (no value needs one), no numbers. The signed body is the same object without
//! `signature`, and in version 2 without the fields of the batch. A file may end in one line feed.
//!
//! ```text
//! field              value                                    ok failure fault reject refused
//! capsule_bytes      decimal u64                              +     +      +     +      +
//! capsule_id         64 hex                                   +     +      +     ?      +
//! cost_model         label                                    +     +      +     -      -
//! engine             label                                    +     +      +     -      -
//! error_code         snake_case                               -     +      +     +      +
//! failure_code       decimal i32                              -     +      -     -      -
//! fuel_exact         boolean                                  +     +      +     -      -
//! fuel_used          decimal u64                              +     +      +     -      -
//! grants             names, comma-separated                   +     +      +     +      +
//! host_calls         decimal u64                              +     +      +     -      -
//! input_bytes        decimal u64                              +     +      +     -      -
//! input_commit       64 hex                                   +     +      +     -      -
//! input_complete     boolean                                  +     +      +     -      -
//! isolation          names, comma-separated                   *     *      *     -      *
//! isolation_missing  names, comma-separated                   *     *      *     -      *
//! limits             name=number, space-separated             +     +      +     +      +
//! machine_bound      true                                     -     -      ?     -      -
//! memory_bytes       decimal u64                              +     +      +     -      -
//! node_id            64 hex                                   +     +      +     +      +
//! nonce              32 hex                                   +     +      +     +      +
//! now                YYYY-MM-DDTHH:MM:SS.mmmZ                 +     +      +     -      -
//! output_bytes       decimal u64                              +     +      +     -      -
//! output_commit      64 hex                                   +     +      +     -      -
//! policy_commit      64 hex                                   +     +      +     +      +
//! process_deadline_ms decimal u64                             *     *      *     -      *
//! processes          decimal u64                              *     *      *     -      *
//! refused_by         label                                    -     -      -     -      *
//! run_id             label                                    *     *      *     -      *
//! seed               decimal u64                              +     +      +     -      -
//! signature          128 hex                                  +     +      +     +      +
//! status             ok | failure | fault | reject | refused  +     +      +     +      +
//! timestamp          YYYY-MM-DDTHH:MM:SS.mmmZ                 +     +      +     +      +
//! transcript_commit  64 hex                                   +     +      +     -      -
//! version            1                                        +     +      +     +      +
//! ```
//!
//! `+` required, `?` may be absent, `-` refused, `*` with its group. Every other field is refused.
//!
//! The groups: `isolation`, `isolation_missing`, `process_deadline_ms`, `processes` and `run_id` stand
//! together, for runs that could have effects, or not at all. A refused run has `refused_by` and all
//! fields of an `ok` run if the capsule had started, and none of them if not.
//!
//! Version 2 is that of a receipt in a batch. It has these fields besides, whatever its status:
//!
//! ```text
//! batch_index        decimal, below batch_size
//! batch_path         64 hex for each hash from the leaf to the root
//! batch_size         decimal from 1 to 65536
//! ```
//!
//! See the module `batch` for what they mean and what is signed.

mod decode;
mod encode;
mod fields;

pub(crate) use decode::decode;
pub(crate) use encode::{buffer, encode};

/// Every field, ascending.
const FIELDS: [&str; 37] = [
    "batch_index",
    "batch_path",
    "batch_size",
    "capsule_bytes",
    "capsule_id",
    "cost_model",
    "engine",
    "error_code",
    "failure_code",
    "fuel_exact",
    "fuel_used",
    "grants",
    "host_calls",
    "input_bytes",
    "input_commit",
    "input_complete",
    "isolation",
    "isolation_missing",
    "limits",
    "machine_bound",
    "memory_bytes",
    "node_id",
    "nonce",
    "now",
    "output_bytes",
    "output_commit",
    "policy_commit",
    "process_deadline_ms",
    "processes",
    "refused_by",
    "run_id",
    "seed",
    "signature",
    "status",
    "timestamp",
    "transcript_commit",
    "version",
];
