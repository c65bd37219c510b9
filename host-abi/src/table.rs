//! THE TABLE: one row for each host function.

/// Calls the macro `$expand` with every row of the host function table.
///
/// A row is a doc comment, the ABI version that introduced it, the capability it needs (`Always`
/// for those that every capsule has), its fuel price and its signature:
///
/// ```text
/// /// documentation
/// [since 1, needs Hash, cost(base, units / bytes)]
/// fn name(parameter: word, ...) -> word;
/// ```
///
/// `base` is charged for the call and `units` for every begun `bytes` bytes that it moves between
/// guest and host; functions that do other work (JSON) document what else they charge. The words are a
/// closed set:
///
/// | word | wasm type | meaning |
/// |---|---|---|
/// | `in_ptr` | i32 | address of bytes that the host reads |
/// | `out_ptr` | i32 | address of bytes that the host writes |
/// | `len` | i32 | unsigned byte count of the pointer before it |
/// | `number` | i32 | a plain signed number |
/// | `count` | i32 | result: unsigned byte count |
/// | `status` | i32 | result: 0 or more is success, below 0 is a [`Status`](crate::Status) |
/// | `handle` | i32 | names a variable-size result; below 0, as a result, a [`Status`](crate::Status) |
/// | `millis` | i64 | milliseconds since 1970-01-01T00:00:00Z |
/// | `nothing` | – | no result |
#[macro_export]
macro_rules! for_each_host_function {
    ($expand:ident) => {
        $expand! {
            /// Fills `buffer` from the input and returns how many bytes were written: `buffer_len`
            /// unless the input ends first, 0 at its end. There are no short reads before the end,
            /// so a run does not depend on how the input arrived.
            [since 1, needs Always, cost(100, 1 / 16)]
            fn input_read(buffer: out_ptr, buffer_len: len) -> count;

            /// Appends `bytes` to the output of the run.
            [since 1, needs Always, cost(100, 1 / 16)]
            fn output_write(bytes: in_ptr, bytes_len: len) -> nothing;

            /// Writes one log message. `level` is 0 error, 1 warning, 2 information, 3 debug or
            /// 4 trace; any other level is a fault. Bytes that are not UTF-8 are shown escaped.
            [since 1, needs Always, cost(200, 2 / 1)]
            fn log(level: number, message: in_ptr, message_len: len) -> nothing;

            /// Ends the run at once as a failure of the capsule, with its own `code` and a message
            /// for people. The host keeps the first 4,096 bytes of the message.
            [since 1, needs Always, cost(200, 2 / 1)]
            fn fail(code: number, message: in_ptr, message_len: len) -> nothing;

            /// Fills `buffer` from the variable-size result that `result` names and returns how
            /// many bytes were written, like `input_read`; 0 at its end. Only the newest result is
            /// kept: any other handle is a fault.
            [since 1, needs Always, cost(100, 1 / 16)]
            fn result_read(result: handle, buffer: out_ptr, buffer_len: len) -> count;

            /// Writes the BLAKE3 digest (32 bytes) of `bytes` to `digest`.
            [since 1, needs Hash, cost(400, 3 / 1)]
            fn hash_commit(bytes: in_ptr, bytes_len: len, digest: out_ptr) -> nothing;

            /// Returns 1 if the BLAKE3 digest of `bytes` equals the 32 bytes at `digest`, else 0.
            /// The comparison takes the same time wherever they differ.
            [since 1, needs Hash, cost(400, 3 / 1)]
            fn hash_verify(bytes: in_ptr, bytes_len: len, digest: in_ptr) -> status;

            /// Appends `bytes` to the run's incremental BLAKE3 hash.
            [since 1, needs Hash, cost(100, 3 / 1)]
            fn hash_update(bytes: in_ptr, bytes_len: len) -> nothing;

            /// Writes the digest (32 bytes) of everything given to `hash_update` to `digest` and
            /// begins a new incremental hash.
            [since 1, needs Hash, cost(400, 0 / 1)]
            fn hash_finish(digest: out_ptr) -> nothing;

            /// Selects from the JSON text `json` with the RFC 9535 query `query`. The result is a
            /// JSON array of the selected values in document order. Besides its bytes the call is
            /// charged an upper bound of the work of the query, before that work starts.
            [since 1, needs Json, cost(1000, 10 / 1)]
            fn json_path(json: in_ptr, json_len: len, query: in_ptr, query_len: len) -> handle;

            /// Like `json_path`, over all input bytes that were not read yet (at most 8 MiB). The
            /// bytes count as read.
            [since 1, needs Json, cost(1000, 10 / 1)]
            fn json_path_input(query: in_ptr, query_len: len) -> handle;

            /// Encodes `bytes` as base64 (RFC 4648 section 4, with padding).
            [since 1, needs Base64, cost(200, 2 / 1)]
            fn base64_encode(bytes: in_ptr, bytes_len: len) -> handle;

            /// Decodes base64 (RFC 4648 section 4, padding required, no white space).
            [since 1, needs Base64, cost(200, 2 / 1)]
            fn base64_decode(text: in_ptr, text_len: len) -> handle;

            /// The time of the run, constant while it lasts.
            [since 1, needs Time, cost(50, 0 / 1)]
            fn time_now_ms() -> millis;

            /// Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed
            /// of the run determines.
            [since 1, needs Random, cost(400, 3 / 1)]
            fn random_bytes(buffer: out_ptr, buffer_len: len) -> nothing;
        }
    };
}
