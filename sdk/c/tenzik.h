/* The tenzik SDK for C: every host function, and what a capsule needs around them.
 *
 *     #include "tenzik.h"
 *
 *     TENZIK_RUN {
 *         static uint8_t bytes[1024];
 *         size_t count;
 *         while ((count = tenzik_input_read(bytes, sizeof bytes)) > 0)
 *             tenzik_output_write(bytes, count);
 *         return 0;
 *     }
 *
 * There is no libc. Static buffers cost nothing in the module; the stack has 16 KiB. Everything
 * here is a static function, so what is not called takes no bytes. */

#ifndef TENZIK_H
#define TENZIK_H

#include <stddef.h>
#include <stdint.h>

/* Begins the entry function, which the host calls once. It returns 0 for success; any other number
 * ends the run as a failure of the capsule with that code. */
#define TENZIK_RUN __attribute__((export_name("run"))) int32_t tenzik_run(void)

#define TENZIK_IMPORT(name) \
    __attribute__((import_module("tenzik"), import_name(#name))) extern

/* rendered: numbers */
/* Levels of log messages. */
enum {
    TENZIK_ERROR = 0,
    TENZIK_WARNING = 1,
    TENZIK_INFORMATION = 2,
    TENZIK_DEBUG = 3,
    TENZIK_TRACE = 4,
};

/* Results below 0: why a host function did not do its work. */
enum {
    TENZIK_INVALID_JSON = -1,
    TENZIK_INVALID_QUERY = -2,
    TENZIK_INVALID_BASE64 = -3,
    TENZIK_TOO_DEEP = -4,
    TENZIK_TOO_LARGE = -5,
    TENZIK_TOO_COMPLEX = -6,
    TENZIK_NOT_FOUND = -7,
    TENZIK_ALREADY_EXISTS = -8,
    TENZIK_TIMED_OUT = -9,
    TENZIK_EXCEEDED = -10,
    TENZIK_CLOSED = -11,
    TENZIK_IO = -12,
};
/* end of numbers */

/* rendered: imports */
/* Fills `buffer` from the input and returns how many bytes were written: `buffer_len`
 * unless the input ends first, 0 at its end. There are no short reads before the end,
 * so a run does not depend on how the input arrived. */
TENZIK_IMPORT(input_read) size_t tenzik_input_read(void *buffer, size_t buffer_len);

/* Appends `bytes` to the output of the run. */
TENZIK_IMPORT(output_write) void tenzik_output_write(const void *bytes, size_t bytes_len);

/* Writes one log message. `level` is 0 error, 1 warning, 2 information, 3 debug or
 * 4 trace; any other level is a fault. Bytes that are not UTF-8 are shown escaped. */
TENZIK_IMPORT(log) void tenzik_log(int32_t level, const void *message, size_t message_len);

/* Ends the run at once as a failure of the capsule, with its own `code` and a message
 * for people. The host keeps the first 4,096 bytes of the message. */
TENZIK_IMPORT(fail) void tenzik_fail(int32_t code, const void *message, size_t message_len);

/* Fills `buffer` from the variable-size result that `result` names and returns how
 * many bytes were written, like `input_read`; 0 at its end. Only the newest result is
 * kept: any other handle is a fault. */
TENZIK_IMPORT(result_read) size_t tenzik_result_read(int32_t result, void *buffer, size_t buffer_len);

/* Writes the BLAKE3 digest (32 bytes) of `bytes` to `digest`. */
TENZIK_IMPORT(hash_commit) void tenzik_hash_commit(const void *bytes, size_t bytes_len, void *digest);

/* Returns 1 if the BLAKE3 digest of `bytes` equals the 32 bytes at `digest`, else 0.
 * The comparison takes the same time wherever they differ. */
TENZIK_IMPORT(hash_verify) int32_t tenzik_hash_verify(const void *bytes, size_t bytes_len, const void *digest);

/* Appends `bytes` to the run's incremental BLAKE3 hash. */
TENZIK_IMPORT(hash_update) void tenzik_hash_update(const void *bytes, size_t bytes_len);

/* Writes the digest (32 bytes) of everything given to `hash_update` to `digest` and
 * begins a new incremental hash. */
TENZIK_IMPORT(hash_finish) void tenzik_hash_finish(void *digest);

/* Selects from the JSON text `json` with the RFC 9535 query `query`. The result is a
 * JSON array of the selected values in document order. Besides its bytes the call is
 * charged an upper bound of the work of the query, before that work starts. */
TENZIK_IMPORT(json_path) int32_t tenzik_json_path(const void *json, size_t json_len, const void *query, size_t query_len);

/* Like `json_path`, over all input bytes that were not read yet (at most 8 MiB). The
 * bytes count as read. */
TENZIK_IMPORT(json_path_input) int32_t tenzik_json_path_input(const void *query, size_t query_len);

/* Encodes `bytes` as base64 (RFC 4648 section 4, with padding). */
TENZIK_IMPORT(base64_encode) int32_t tenzik_base64_encode(const void *bytes, size_t bytes_len);

/* Decodes base64 (RFC 4648 section 4, padding required, no white space). */
TENZIK_IMPORT(base64_decode) int32_t tenzik_base64_decode(const void *text, size_t text_len);

/* The time of the run, constant while it lasts. */
TENZIK_IMPORT(time_now_ms) int64_t tenzik_time_now_ms(void);

/* Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed
 * of the run determines. */
TENZIK_IMPORT(random_bytes) void tenzik_random_bytes(void *buffer, size_t buffer_len);

/* Starts a program that the policy grants, as a process in isolation. `request` is the
 * JSON object `{"argv": [TEXT, ...]}`: the name of a rule, then the arguments. A request
 * that no rule admits ends the run as refused. */
TENZIK_IMPORT(exec_start) int32_t tenzik_exec_start(const void *request, size_t request_len);

/* Writes all of `bytes` to the standard input of `process`, and waits while it does not
 * read. The status is `closed` if it reads no more, `exceeded` over the bytes of its rule
 * and `timed_out` if its deadline passed. */
TENZIK_IMPORT(exec_write) int32_t tenzik_exec_write(int32_t process, const void *bytes, size_t bytes_len);

/* Ends the standard input of `process`. */
TENZIK_IMPORT(exec_close) int32_t tenzik_exec_close(int32_t process);

/* Fills `buffer` from standard output (`stream` 1) or standard error (2) of `process` and
 * returns how many bytes were written: `buffer_len` unless the stream ends first, 0 at
 * its end. */
TENZIK_IMPORT(exec_read) size_t tenzik_exec_read(int32_t process, int32_t stream, void *buffer, size_t buffer_len);

/* Waits for the end of `process`; its standard input ends, and what it still writes is
 * dropped. Nothing that it started is left then. Returns its exit code (0 to 255), 256 and
 * the number of the signal that ended it, `timed_out` at its deadline, or `exceeded` if it
 * wrote more than its rule allows. */
TENZIK_IMPORT(exec_wait) int32_t tenzik_exec_wait(int32_t process);

/* Opens the file at the absolute `path`, below a tree that the policy grants for reading.
 * Its bytes are a result for `result_read`, which reads them as they are needed. The status
 * is `not_found` without such a file and `io` if the system refuses it. */
TENZIK_IMPORT(file_read) int32_t tenzik_file_read(const void *path, size_t path_len);

/* Begins a file at the absolute `path`, below a tree that the policy grants for writing.
 * `mode` 0 creates or replaces it, 1 creates it unless it is there (`already_exists`), 2
 * appends to it. Nothing is seen of it before `file_commit`. */
TENZIK_IMPORT(file_create) int32_t tenzik_file_create(const void *path, size_t path_len, int32_t mode);

/* Appends `bytes` to a file begun by `file_create`; `exceeded` over the quota of its tree. */
TENZIK_IMPORT(file_write) int32_t tenzik_file_write(int32_t file, const void *bytes, size_t bytes_len);

/* Puts the file in its place, in one step and durably. A file that was not committed when
 * the run ends never was. */
TENZIK_IMPORT(file_commit) int32_t tenzik_file_commit(int32_t file);

/* Restores what the run with the identifier `run_id` created and changed below trees that
 * the policy grants for writing. The status is `not_found` without such a run and `io` if
 * something changed since. */
TENZIK_IMPORT(file_undo) int32_t tenzik_file_undo(const void *run_id, size_t run_id_len);

/* Sends a signal to a process that the policy grants. `request` is the JSON object
 * `{"pid": NUMBER, "start": TEXT, "signal": TEXT}`, where `start` is the time of its start
 * in clock ticks since boot, as decimal digits, and `signal` a name such as `TERM`. The
 * status is `not_found` if there is no such process. */
TENZIK_IMPORT(process_signal) int32_t tenzik_process_signal(const void *request, size_t request_len);

/* Begins an artifact of the run with this name. */
TENZIK_IMPORT(artifact_create) int32_t tenzik_artifact_create(const void *name, size_t name_len);

/* Appends `bytes` to an artifact; `exceeded` over the bytes that the policy grants. */
TENZIK_IMPORT(artifact_write) int32_t tenzik_artifact_write(int32_t artifact, const void *bytes, size_t bytes_len);

/* Ends an artifact and stores it by its digest. */
TENZIK_IMPORT(artifact_commit) int32_t tenzik_artifact_commit(int32_t artifact);

/* Names a secret that the policy grants. Its value stays with the host. */
TENZIK_IMPORT(secret_open) int32_t tenzik_secret_open(const void *name, size_t name_len);

/* Writes the value of `secret` to the standard input of `process`; statuses as those of
 * `exec_write`. */
TENZIK_IMPORT(exec_write_secret) int32_t tenzik_exec_write_secret(int32_t process, int32_t secret);
/* end of imports */

#define TENZIK_UNUSED __attribute__((unused)) static

/* ---- ends and messages ---------------------------------------------------------------------- */

/* The length of a text in bytes. */
TENZIK_UNUSED inline size_t tenzik_length(const char *text) {
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

/* Writes one log message. */
TENZIK_UNUSED inline void tenzik_log_text(int32_t level, const char *text) {
    tenzik_log(level, text, tenzik_length(text));
}

/* Ends the run at once as a failure of the capsule, with its own code and a message for people. */
TENZIK_UNUSED inline _Noreturn void tenzik_fail_text(int32_t code, const char *text) {
    tenzik_fail(code, text, tenzik_length(text));
    __builtin_trap();
}

/* ---- input ---------------------------------------------------------------------------------- */

/* The input through a buffer. It exists once: two readers would share its bytes. */
struct tenzik_input {
    uint8_t *buffer;
    size_t capacity, filled, position;
};

/* A reader through `array`, which must be an array, not a pointer. It reads nothing yet. */
#define TENZIK_INPUT(array) {(array), sizeof(array), 0, 0}

/* Fills the buffer if nothing is left in it. Returns 0 at the end of the input. */
TENZIK_UNUSED inline int tenzik_input_fill(struct tenzik_input *input) {
    if (input->position == input->filled) {
        input->position = 0;
        input->filled = tenzik_input_read(input->buffer, input->capacity);
    }
    return input->filled != 0;
}

/* The next byte, or -1 at the end of the input. */
TENZIK_UNUSED inline int tenzik_input_next(struct tenzik_input *input) {
    return tenzik_input_fill(input) ? input->buffer[input->position++] : -1;
}

/* The next byte, which stays the next one, or -1 at the end of the input. */
TENZIK_UNUSED inline int tenzik_input_peek(struct tenzik_input *input) {
    return tenzik_input_fill(input) ? input->buffer[input->position] : -1;
}

/* ---- output --------------------------------------------------------------------------------- */

/* The output through a buffer. Call tenzik_output_flush at the end. */
struct tenzik_output {
    uint8_t *buffer;
    size_t capacity, filled;
};

/* A writer through `array`, which must be an array, not a pointer. */
#define TENZIK_OUTPUT(array) {(array), sizeof(array), 0}

/* Hands the buffered bytes to the host. */
TENZIK_UNUSED inline void tenzik_output_flush(struct tenzik_output *output) {
    tenzik_output_write(output->buffer, output->filled);
    output->filled = 0;
}

/* Appends one byte. */
TENZIK_UNUSED void tenzik_output_byte(struct tenzik_output *output, uint8_t byte) {
    if (output->filled == output->capacity)
        tenzik_output_flush(output);
    output->buffer[output->filled++] = byte;
}

/* Appends `length` bytes. */
TENZIK_UNUSED void tenzik_output_bytes(struct tenzik_output *output, const void *bytes, size_t length) {
    for (size_t index = 0; index < length; index++)
        tenzik_output_byte(output, ((const uint8_t *)bytes)[index]);
}

/* Appends a text up to its zero byte. */
TENZIK_UNUSED void tenzik_output_text(struct tenzik_output *output, const char *text) {
    for (; *text != 0; text++)
        tenzik_output_byte(output, (uint8_t)*text);
}

/* Appends a number in decimal. */
TENZIK_UNUSED void tenzik_output_decimal(struct tenzik_output *output, uint64_t number) {
    uint8_t digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    tenzik_output_bytes(output, digits + first, sizeof digits - first);
}

/* ---- results of variable size --------------------------------------------------------------- */

/* Appends what was not read yet of a result to the output of the run, in pieces of `capacity` bytes.
 * A handle below 0 is a status, not a result: check it first. */
TENZIK_UNUSED inline void tenzik_result_to_output(int32_t result, void *buffer, size_t capacity) {
    size_t count;
    while ((count = tenzik_result_read(result, buffer, capacity)) != 0)
        tenzik_output_write(buffer, count);
}

/* ---- what compilers expect ------------------------------------------------------------------ */

/* Compilers make calls of these from assignments and loops. The builtins in them become the
 * memory.copy and memory.fill of WebAssembly. They are dropped where nothing calls them. */
__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t length) {
    return __builtin_memcpy(to, from, length);
}

__attribute__((weak)) void *memmove(void *to, const void *from, size_t length) {
    return __builtin_memmove(to, from, length);
}

__attribute__((weak)) void *memset(void *to, int byte, size_t length) {
    return __builtin_memset(to, byte, length);
}

__attribute__((weak)) int memcmp(const void *left, const void *right, size_t length) {
    const uint8_t *a = left, *b = right;
    for (; length != 0; a++, b++, length--)
        if (*a != *b)
            return *a - *b;
    return 0;
}

#endif
