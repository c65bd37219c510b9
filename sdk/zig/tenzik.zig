//! The tenzik SDK for Zig: every host function, and what a capsule needs around them.
//!
//!     const tenzik = @import("tenzik");
//!     pub const panic = tenzik.panic;
//!
//!     export fn run() i32 {
//!         var buffer: [1024]u8 = undefined;
//!         while (true) {
//!             const bytes = tenzik.read(&buffer);
//!             if (bytes.len == 0) return 0;
//!             tenzik.write(bytes);
//!         }
//!     }
//!
//! The stack has 16 KiB; larger buffers are `var`s of the file. What is not called takes no bytes.

const std = @import("std");

// rendered: numbers
/// Levels of log messages.
pub const Level = enum(i32) {
    @"error" = 0,
    warning = 1,
    information = 2,
    debug = 3,
    trace = 4,
};

/// Results below 0: why a host function did not do its work.
pub const Status = enum(i32) {
    invalid_json = -1,
    invalid_query = -2,
    invalid_base64 = -3,
    too_deep = -4,
    too_large = -5,
    too_complex = -6,
    not_found = -7,
    already_exists = -8,
    timed_out = -9,
    exceeded = -10,
    closed = -11,
    io = -12,
    _,

    pub const Error = error{
        InvalidJson,
        InvalidQuery,
        InvalidBase64,
        TooDeep,
        TooLarge,
        TooComplex,
        NotFound,
        AlreadyExists,
        TimedOut,
        Exceeded,
        Closed,
        Io,
    };

    /// The status as an error. A number that is not in this list is a trap.
    pub fn toError(self: Status) Error {
        return switch (self) {
            .invalid_json => error.InvalidJson,
            .invalid_query => error.InvalidQuery,
            .invalid_base64 => error.InvalidBase64,
            .too_deep => error.TooDeep,
            .too_large => error.TooLarge,
            .too_complex => error.TooComplex,
            .not_found => error.NotFound,
            .already_exists => error.AlreadyExists,
            .timed_out => error.TimedOut,
            .exceeded => error.Exceeded,
            .closed => error.Closed,
            .io => error.Io,
            _ => @trap(),
        };
    }
};
// end of numbers

/// The host functions themselves.
pub const import = struct {
    // rendered: imports
    /// Fills `buffer` from the input and returns how many bytes were written: `buffer_len`
    /// unless the input ends first, 0 at its end. There are no short reads before the end,
    /// so a run does not depend on how the input arrived.
    pub extern "tenzik" fn input_read(buffer: [*]u8, buffer_len: usize) usize;

    /// Appends `bytes` to the output of the run.
    pub extern "tenzik" fn output_write(bytes: [*]const u8, bytes_len: usize) void;

    /// Writes one log message. `level` is 0 error, 1 warning, 2 information, 3 debug or
    /// 4 trace; any other level is a fault. Bytes that are not UTF-8 are shown escaped.
    pub extern "tenzik" fn log(level: i32, message: [*]const u8, message_len: usize) void;

    /// Ends the run at once as a failure of the capsule, with its own `code` and a message
    /// for people. The host keeps the first 4,096 bytes of the message.
    pub extern "tenzik" fn fail(code: i32, message: [*]const u8, message_len: usize) void;

    /// Fills `buffer` from the variable-size result that `result` names and returns how
    /// many bytes were written, like `input_read`; 0 at its end. Only the newest result is
    /// kept: any other handle is a fault.
    pub extern "tenzik" fn result_read(result: i32, buffer: [*]u8, buffer_len: usize) usize;

    /// Writes the BLAKE3 digest (32 bytes) of `bytes` to `digest`.
    pub extern "tenzik" fn hash_commit(bytes: [*]const u8, bytes_len: usize, digest: [*]u8) void;

    /// Returns 1 if the BLAKE3 digest of `bytes` equals the 32 bytes at `digest`, else 0.
    /// The comparison takes the same time wherever they differ.
    pub extern "tenzik" fn hash_verify(bytes: [*]const u8, bytes_len: usize, digest: [*]const u8) i32;

    /// Appends `bytes` to the run's incremental BLAKE3 hash.
    pub extern "tenzik" fn hash_update(bytes: [*]const u8, bytes_len: usize) void;

    /// Writes the digest (32 bytes) of everything given to `hash_update` to `digest` and
    /// begins a new incremental hash.
    pub extern "tenzik" fn hash_finish(digest: [*]u8) void;

    /// Selects from the JSON text `json` with the RFC 9535 query `query`. The result is a
    /// JSON array of the selected values in document order. Besides its bytes the call is
    /// charged an upper bound of the work of the query, before that work starts.
    pub extern "tenzik" fn json_path(json: [*]const u8, json_len: usize, query: [*]const u8, query_len: usize) i32;

    /// Like `json_path`, over all input bytes that were not read yet (at most 8 MiB). The
    /// bytes count as read.
    pub extern "tenzik" fn json_path_input(query: [*]const u8, query_len: usize) i32;

    /// Encodes `bytes` as base64 (RFC 4648 section 4, with padding).
    pub extern "tenzik" fn base64_encode(bytes: [*]const u8, bytes_len: usize) i32;

    /// Decodes base64 (RFC 4648 section 4, padding required, no white space).
    pub extern "tenzik" fn base64_decode(text: [*]const u8, text_len: usize) i32;

    /// The time of the run, constant while it lasts.
    pub extern "tenzik" fn time_now_ms() i64;

    /// Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed
    /// of the run determines.
    pub extern "tenzik" fn random_bytes(buffer: [*]u8, buffer_len: usize) void;

    /// Starts a program that the policy grants, as a process in isolation. `request` is the
    /// JSON object `{"argv": [TEXT, ...]}`: the name of a rule, then the arguments. A request
    /// that no rule admits ends the run as refused.
    pub extern "tenzik" fn exec_start(request: [*]const u8, request_len: usize) i32;

    /// Writes all of `bytes` to the standard input of `process`, and waits while it does not
    /// read. The status is `closed` if it reads no more, `exceeded` over the bytes of its rule
    /// and `timed_out` if its deadline passed.
    pub extern "tenzik" fn exec_write(process: i32, bytes: [*]const u8, bytes_len: usize) i32;

    /// Ends the standard input of `process`.
    pub extern "tenzik" fn exec_close(process: i32) i32;

    /// Fills `buffer` from standard output (`stream` 1) or standard error (2) of `process` and
    /// returns how many bytes were written: `buffer_len` unless the stream ends first, 0 at
    /// its end.
    pub extern "tenzik" fn exec_read(process: i32, stream: i32, buffer: [*]u8, buffer_len: usize) usize;

    /// Waits for the end of `process`; its standard input ends, and what it still writes is
    /// dropped. Nothing that it started is left then. Returns its exit code (0 to 255), 256 and
    /// the number of the signal that ended it, `timed_out` at its deadline, or `exceeded` if it
    /// wrote more than its rule allows.
    pub extern "tenzik" fn exec_wait(process: i32) i32;

    /// Opens the file at the absolute `path`, below a tree that the policy grants for reading.
    /// Its bytes are a result for `result_read`, which reads them as they are needed. The status
    /// is `not_found` without such a file and `io` if the system refuses it.
    pub extern "tenzik" fn file_read(path: [*]const u8, path_len: usize) i32;

    /// Begins a file at the absolute `path`, below a tree that the policy grants for writing.
    /// `mode` 0 creates or replaces it, 1 creates it unless it is there (`already_exists`), 2
    /// appends to it. Nothing is seen of it before `file_commit`.
    pub extern "tenzik" fn file_create(path: [*]const u8, path_len: usize, mode: i32) i32;

    /// Appends `bytes` to a file begun by `file_create`; `exceeded` over the quota of its tree.
    pub extern "tenzik" fn file_write(file: i32, bytes: [*]const u8, bytes_len: usize) i32;

    /// Puts the file in its place, in one step and durably. A file that was not committed when
    /// the run ends never was.
    pub extern "tenzik" fn file_commit(file: i32) i32;

    /// Restores what the run with the identifier `run_id` created and changed below trees that
    /// the policy grants for writing. The status is `not_found` without such a run and `io` if
    /// something changed since.
    pub extern "tenzik" fn file_undo(run_id: [*]const u8, run_id_len: usize) i32;

    /// Sends a signal to a process that the policy grants. `request` is the JSON object
    /// `{"pid": NUMBER, "start": TEXT, "signal": TEXT}`, where `start` is the time of its start
    /// in clock ticks since boot, as decimal digits, and `signal` a name such as `TERM`. The
    /// status is `not_found` if there is no such process.
    pub extern "tenzik" fn process_signal(request: [*]const u8, request_len: usize) i32;

    /// Begins an artifact of the run with this name.
    pub extern "tenzik" fn artifact_create(name: [*]const u8, name_len: usize) i32;

    /// Appends `bytes` to an artifact; `exceeded` over the bytes that the policy grants.
    pub extern "tenzik" fn artifact_write(artifact: i32, bytes: [*]const u8, bytes_len: usize) i32;

    /// Ends an artifact and stores it by its digest.
    pub extern "tenzik" fn artifact_commit(artifact: i32) i32;

    /// Names a secret that the policy grants. Its value stays with the host.
    pub extern "tenzik" fn secret_open(name: [*]const u8, name_len: usize) i32;

    /// Writes the value of `secret` to the standard input of `process`; statuses as those of
    /// `exec_write`.
    pub extern "tenzik" fn exec_write_secret(process: i32, secret: i32) i32;
    // end of imports
};

/// Makes every panic a trap: `pub const panic = tenzik.panic;` in the capsule's file.
pub const panic = std.debug.no_panic;

/// Fills `buffer` from the input and returns the part that was filled: all of it unless the input
/// ends first, nothing at its end.
pub inline fn read(buffer: []u8) []u8 {
    return buffer[0..import.input_read(buffer.ptr, buffer.len)];
}

/// Appends `bytes` to the output of the run.
pub inline fn write(bytes: []const u8) void {
    import.output_write(bytes.ptr, bytes.len);
}

/// Writes one log message.
pub inline fn log(level: Level, message: []const u8) void {
    import.log(@intFromEnum(level), message.ptr, message.len);
}

/// Ends the run at once as a failure of the capsule, with its own `code` and a message for people.
pub inline fn fail(code: i32, message: []const u8) noreturn {
    import.fail(code, message.ptr, message.len);
    @trap();
}

/// The input through a buffer of `size` bytes. It exists once: two readers would share its bytes.
pub fn Input(comptime size: usize) type {
    return struct {
        buffer: [size]u8 = undefined,
        filled: usize = 0,
        position: usize = 0,

        /// The next byte, which stays the next one, or null at the end of the input.
        pub inline fn peek(self: *@This()) ?u8 {
            if (self.position == self.filled) {
                self.position = 0;
                self.filled = read(&self.buffer).len;
                if (self.filled == 0) return null;
            }
            return self.buffer[self.position];
        }

        /// The next byte, or null at the end of the input.
        pub inline fn next(self: *@This()) ?u8 {
            const byte = self.peek() orelse return null;
            self.position += 1;
            return byte;
        }
    };
}

/// The output through a buffer of `size` bytes. Call `flush` at the end.
pub fn Output(comptime size: usize) type {
    return struct {
        buffer: [size]u8 = undefined,
        filled: usize = 0,

        /// Hands the buffered bytes to the host.
        pub fn flush(self: *@This()) void {
            write(self.buffer[0..self.filled]);
            self.filled = 0;
        }

        /// Appends one byte.
        pub fn byte(self: *@This(), value: u8) void {
            if (self.filled == size) self.flush();
            self.buffer[self.filled] = value;
            self.filled += 1;
        }

        /// Appends `values`.
        pub fn bytes(self: *@This(), values: []const u8) void {
            for (values) |value| self.byte(value);
        }

        /// Appends a number in decimal.
        pub fn decimal(self: *@This(), number: u64) void {
            var digits: [20]u8 = undefined;
            var first: usize = digits.len;
            var rest = number;
            while (true) {
                first -= 1;
                digits[first] = '0' + @as(u8, @intCast(rest % 10));
                rest /= 10;
                if (rest == 0) break;
            }
            self.bytes(digits[first..]);
        }
    };
}

/// A result of variable size that waits in the host. The host keeps only the newest one: reading an
/// older one ends the run.
pub const Result = struct {
    handle: i32,

    /// The result that a host function returned, or its status as an error.
    pub fn of(handle: i32) Status.Error!Result {
        if (handle >= 0) return .{ .handle = handle };
        return @as(Status, @enumFromInt(handle)).toError();
    }

    /// Fills `buffer` with the next bytes of the result and returns the part that was filled.
    pub inline fn read(self: Result, buffer: []u8) []u8 {
        return buffer[0..import.result_read(self.handle, buffer.ptr, buffer.len)];
    }

    /// Appends what was not read yet to the output of the run, in pieces of the size of `buffer`.
    pub fn toOutput(self: Result, buffer: []u8) void {
        while (true) {
            const piece = self.read(buffer);
            if (piece.len == 0) return;
            write(piece);
        }
    }
};
