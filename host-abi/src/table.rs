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
/// | `handle` | i32 | names a variable-size result, a process, a file or a secret; below 0, as a result, a [`Status`](crate::Status) |
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

            /// Starts a program that the policy grants, as a process in isolation. `request` is the
            /// JSON object `{"argv": [TEXT, ...]}`: the name of a rule, then the arguments. A request
            /// that no rule admits ends the run as refused.
            [since 1, needs Exec, cost(20000, 4 / 1)]
            fn exec_start(request: in_ptr, request_len: len) -> handle;

            /// Writes all of `bytes` to the standard input of `process`, and waits while it does not
            /// read. The status is `closed` if it reads no more, `exceeded` over the bytes of its rule
            /// and `timed_out` if its deadline passed.
            [since 1, needs Exec, cost(100, 1 / 4)]
            fn exec_write(process: handle, bytes: in_ptr, bytes_len: len) -> status;

            /// Ends the standard input of `process`.
            [since 1, needs Exec, cost(100, 0 / 1)]
            fn exec_close(process: handle) -> status;

            /// Fills `buffer` from standard output (`stream` 1) or standard error (2) of `process` and
            /// returns how many bytes were written: `buffer_len` unless the stream ends first, 0 at
            /// its end.
            [since 1, needs Exec, cost(100, 1 / 4)]
            fn exec_read(process: handle, stream: number, buffer: out_ptr, buffer_len: len) -> count;

            /// Waits for the end of `process`; its standard input ends, and what it still writes is
            /// dropped. Nothing that it started is left then. Returns its exit code (0 to 255), 256 and
            /// the number of the signal that ended it, `timed_out` at its deadline, or `exceeded` if it
            /// wrote more than its rule allows.
            [since 1, needs Exec, cost(1000, 0 / 1)]
            fn exec_wait(process: handle) -> status;

            /// Opens the file at the absolute `path`, below a tree that the policy grants for reading.
            /// Its bytes are a result for `result_read`, which reads them as they are needed. The status
            /// is `not_found` without such a file and `io` if the system refuses it.
            [since 1, needs FileRead, cost(5000, 4 / 1)]
            fn file_read(path: in_ptr, path_len: len) -> handle;

            /// Begins a file at the absolute `path`, below a tree that the policy grants for writing.
            /// `mode` 0 creates or replaces it, 1 creates it unless it is there (`already_exists`), 2
            /// appends to it. Nothing is seen of it before `file_commit`.
            [since 1, needs FileWrite, cost(5000, 4 / 1)]
            fn file_create(path: in_ptr, path_len: len, mode: number) -> handle;

            /// Appends `bytes` to a file begun by `file_create`; `exceeded` over the quota of its tree.
            [since 1, needs FileWrite, cost(100, 1 / 4)]
            fn file_write(file: handle, bytes: in_ptr, bytes_len: len) -> status;

            /// Puts the file in its place, in one step and durably. A file that was not committed when
            /// the run ends never was.
            [since 1, needs FileWrite, cost(20000, 0 / 1)]
            fn file_commit(file: handle) -> status;

            /// Restores what the run with the identifier `run_id` created and changed below trees that
            /// the policy grants for writing. The status is `not_found` without such a run and `io` if
            /// something changed since.
            [since 1, needs FileWrite, cost(100000, 4 / 1)]
            fn file_undo(run_id: in_ptr, run_id_len: len) -> status;

            /// Sends a signal to a process that the policy grants. `request` is the JSON object
            /// `{"pid": NUMBER, "start": TEXT, "signal": TEXT}`, where `start` is the time of its start
            /// in clock ticks since boot, as decimal digits, and `signal` a name such as `TERM`. The
            /// status is `not_found` if there is no such process.
            [since 1, needs ProcessSignal, cost(5000, 4 / 1)]
            fn process_signal(request: in_ptr, request_len: len) -> status;

            /// Begins an artifact of the run with this name.
            [since 1, needs Artifact, cost(5000, 4 / 1)]
            fn artifact_create(name: in_ptr, name_len: len) -> handle;

            /// Appends `bytes` to an artifact; `exceeded` over the bytes that the policy grants.
            [since 1, needs Artifact, cost(100, 1 / 4)]
            fn artifact_write(artifact: handle, bytes: in_ptr, bytes_len: len) -> status;

            /// Ends an artifact and stores it by its digest.
            [since 1, needs Artifact, cost(20000, 0 / 1)]
            fn artifact_commit(artifact: handle) -> status;

            /// Names a secret that the policy grants. Its value stays with the host.
            [since 1, needs Secret, cost(2000, 4 / 1)]
            fn secret_open(name: in_ptr, name_len: len) -> handle;

            /// Writes the value of `secret` to the standard input of `process`; statuses as those of
            /// `exec_write`.
            [since 1, needs Secret, cost(1000, 0 / 1)]
            fn exec_write_secret(process: handle, secret: handle) -> status;
        }
    };
}
