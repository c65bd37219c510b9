// The tenzik SDK for AssemblyScript: every host function, and what a capsule needs around them.
//
//     import { input_read, output_write } from "./vendor/tenzik";
//
//     const bytes = memory.data(1024);
//
//     export function run(): i32 {
//       let count: usize;
//       while ((count = input_read(bytes, 1024)) > 0) output_write(bytes, count);
//       return 0;
//     }
//
// The style is low: addresses, `load`, `store` and `memory.data`. Classes, arrays, maps and work
// with strings bring a memory manager and about 6 KB of library; literals as arguments of the
// functions below do not. What is not called takes no bytes.

// rendered: numbers
/** Levels of log messages. */
export const enum Level {
  Error = 0,
  Warning = 1,
  Information = 2,
  Debug = 3,
  Trace = 4,
}

/** Results below 0: why a host function did not do its work. */
export const enum Status {
  InvalidJson = -1,
  InvalidQuery = -2,
  InvalidBase64 = -3,
  TooDeep = -4,
  TooLarge = -5,
  TooComplex = -6,
  NotFound = -7,
  AlreadyExists = -8,
  TimedOut = -9,
  Exceeded = -10,
  Closed = -11,
  Io = -12,
}
// end of numbers

// rendered: imports
/**
 * Fills `buffer` from the input and returns how many bytes were written: `buffer_len`
 * unless the input ends first, 0 at its end. There are no short reads before the end,
 * so a run does not depend on how the input arrived.
 */
// @ts-ignore: decorator
@external("tenzik", "input_read")
export declare function input_read(buffer: usize, buffer_len: usize): usize;

/**
 * Appends `bytes` to the output of the run.
 */
// @ts-ignore: decorator
@external("tenzik", "output_write")
export declare function output_write(bytes: usize, bytes_len: usize): void;

/**
 * Writes one log message. `level` is 0 error, 1 warning, 2 information, 3 debug or
 * 4 trace; any other level is a fault. Bytes that are not UTF-8 are shown escaped.
 */
// @ts-ignore: decorator
@external("tenzik", "log")
export declare function log(level: i32, message: usize, message_len: usize): void;

/**
 * Ends the run at once as a failure of the capsule, with its own `code` and a message
 * for people. The host keeps the first 4,096 bytes of the message.
 */
// @ts-ignore: decorator
@external("tenzik", "fail")
export declare function fail(code: i32, message: usize, message_len: usize): void;

/**
 * Fills `buffer` from the variable-size result that `result` names and returns how
 * many bytes were written, like `input_read`; 0 at its end. Only the newest result is
 * kept: any other handle is a fault.
 */
// @ts-ignore: decorator
@external("tenzik", "result_read")
export declare function result_read(result: i32, buffer: usize, buffer_len: usize): usize;

/**
 * Writes the BLAKE3 digest (32 bytes) of `bytes` to `digest`.
 */
// @ts-ignore: decorator
@external("tenzik", "hash_commit")
export declare function hash_commit(bytes: usize, bytes_len: usize, digest: usize): void;

/**
 * Returns 1 if the BLAKE3 digest of `bytes` equals the 32 bytes at `digest`, else 0.
 * The comparison takes the same time wherever they differ.
 */
// @ts-ignore: decorator
@external("tenzik", "hash_verify")
export declare function hash_verify(bytes: usize, bytes_len: usize, digest: usize): i32;

/**
 * Appends `bytes` to the run's incremental BLAKE3 hash.
 */
// @ts-ignore: decorator
@external("tenzik", "hash_update")
export declare function hash_update(bytes: usize, bytes_len: usize): void;

/**
 * Writes the digest (32 bytes) of everything given to `hash_update` to `digest` and
 * begins a new incremental hash.
 */
// @ts-ignore: decorator
@external("tenzik", "hash_finish")
export declare function hash_finish(digest: usize): void;

/**
 * Selects from the JSON text `json` with the RFC 9535 query `query`. The result is a
 * JSON array of the selected values in document order. Besides its bytes the call is
 * charged an upper bound of the work of the query, before that work starts.
 */
// @ts-ignore: decorator
@external("tenzik", "json_path")
export declare function json_path(json: usize, json_len: usize, query: usize, query_len: usize): i32;

/**
 * Like `json_path`, over all input bytes that were not read yet (at most 8 MiB). The
 * bytes count as read.
 */
// @ts-ignore: decorator
@external("tenzik", "json_path_input")
export declare function json_path_input(query: usize, query_len: usize): i32;

/**
 * Encodes `bytes` as base64 (RFC 4648 section 4, with padding).
 */
// @ts-ignore: decorator
@external("tenzik", "base64_encode")
export declare function base64_encode(bytes: usize, bytes_len: usize): i32;

/**
 * Decodes base64 (RFC 4648 section 4, padding required, no white space).
 */
// @ts-ignore: decorator
@external("tenzik", "base64_decode")
export declare function base64_decode(text: usize, text_len: usize): i32;

/**
 * The time of the run, constant while it lasts.
 */
// @ts-ignore: decorator
@external("tenzik", "time_now_ms")
export declare function time_now_ms(): i64;

/**
 * Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed
 * of the run determines.
 */
// @ts-ignore: decorator
@external("tenzik", "random_bytes")
export declare function random_bytes(buffer: usize, buffer_len: usize): void;

/**
 * Starts a program that the policy grants, as a process in isolation. `request` is the
 * JSON object `{"argv": [TEXT, ...]}`: the name of a rule, then the arguments. A request
 * that no rule admits ends the run as refused.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_start")
export declare function exec_start(request: usize, request_len: usize): i32;

/**
 * Writes all of `bytes` to the standard input of `process`, and waits while it does not
 * read. The status is `closed` if it reads no more, `exceeded` over the bytes of its rule
 * and `timed_out` if its deadline passed.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_write")
export declare function exec_write(process: i32, bytes: usize, bytes_len: usize): i32;

/**
 * Ends the standard input of `process`.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_close")
export declare function exec_close(process: i32): i32;

/**
 * Fills `buffer` from standard output (`stream` 1) or standard error (2) of `process` and
 * returns how many bytes were written: `buffer_len` unless the stream ends first, 0 at
 * its end.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_read")
export declare function exec_read(process: i32, stream: i32, buffer: usize, buffer_len: usize): usize;

/**
 * Waits for the end of `process`; its standard input ends, and what it still writes is
 * dropped. Nothing that it started is left then. Returns its exit code (0 to 255), 256 and
 * the number of the signal that ended it, `timed_out` at its deadline, or `exceeded` if it
 * wrote more than its rule allows.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_wait")
export declare function exec_wait(process: i32): i32;

/**
 * Opens the file at the absolute `path`, below a tree that the policy grants for reading.
 * Its bytes are a result for `result_read`, which reads them as they are needed. The status
 * is `not_found` without such a file and `io` if the system refuses it.
 */
// @ts-ignore: decorator
@external("tenzik", "file_read")
export declare function file_read(path: usize, path_len: usize): i32;

/**
 * Begins a file at the absolute `path`, below a tree that the policy grants for writing.
 * `mode` 0 creates or replaces it, 1 creates it unless it is there (`already_exists`), 2
 * appends to it. Nothing is seen of it before `file_commit`.
 */
// @ts-ignore: decorator
@external("tenzik", "file_create")
export declare function file_create(path: usize, path_len: usize, mode: i32): i32;

/**
 * Appends `bytes` to a file begun by `file_create`; `exceeded` over the quota of its tree.
 */
// @ts-ignore: decorator
@external("tenzik", "file_write")
export declare function file_write(file: i32, bytes: usize, bytes_len: usize): i32;

/**
 * Puts the file in its place, in one step and durably. A file that was not committed when
 * the run ends never was.
 */
// @ts-ignore: decorator
@external("tenzik", "file_commit")
export declare function file_commit(file: i32): i32;

/**
 * Restores what the run with the identifier `run_id` created and changed below trees that
 * the policy grants for writing. The status is `not_found` without such a run and `io` if
 * something changed since.
 */
// @ts-ignore: decorator
@external("tenzik", "file_undo")
export declare function file_undo(run_id: usize, run_id_len: usize): i32;

/**
 * Sends a signal to a process that the policy grants. `request` is the JSON object
 * `{"pid": NUMBER, "start": TEXT, "signal": TEXT}`, where `start` is the time of its start
 * in clock ticks since boot, as decimal digits, and `signal` a name such as `TERM`. The
 * status is `not_found` if there is no such process.
 */
// @ts-ignore: decorator
@external("tenzik", "process_signal")
export declare function process_signal(request: usize, request_len: usize): i32;

/**
 * Begins an artifact of the run with this name.
 */
// @ts-ignore: decorator
@external("tenzik", "artifact_create")
export declare function artifact_create(name: usize, name_len: usize): i32;

/**
 * Appends `bytes` to an artifact; `exceeded` over the bytes that the policy grants.
 */
// @ts-ignore: decorator
@external("tenzik", "artifact_write")
export declare function artifact_write(artifact: i32, bytes: usize, bytes_len: usize): i32;

/**
 * Ends an artifact and stores it by its digest.
 */
// @ts-ignore: decorator
@external("tenzik", "artifact_commit")
export declare function artifact_commit(artifact: i32): i32;

/**
 * Names a secret that the policy grants. Its value stays with the host.
 */
// @ts-ignore: decorator
@external("tenzik", "secret_open")
export declare function secret_open(name: usize, name_len: usize): i32;

/**
 * Writes the value of `secret` to the standard input of `process`; statuses as those of
 * `exec_write`.
 */
// @ts-ignore: decorator
@external("tenzik", "exec_write_secret")
export declare function exec_write_secret(process: i32, secret: i32): i32;
// end of imports

// ---- texts --------------------------------------------------------------------------------------

const TEXT_BYTES: usize = 512;
const textBuffer = memory.data(512);

/** Copies a text to a buffer, at most 512 characters; what is not ASCII becomes `?`. Returns its length. */
function ascii(text: string): usize {
  const length = min<usize>(text.length, TEXT_BYTES);
  for (let index: usize = 0; index < length; index++) {
    const unit = <u32>load<u16>(changetype<usize>(text) + (index << 1));
    store<u8>(textBuffer + index, unit < 0x80 ? unit : 0x3f);
  }
  return length;
}

/** Writes one log message. */
export function logText(level: i32, text: string): void {
  log(level, textBuffer, ascii(text));
}

/** Ends the run at once as a failure of the capsule, with its own code and a message for people. */
export function failText(code: i32, text: string): void {
  fail(code, textBuffer, ascii(text));
  unreachable();
}

// ---- input --------------------------------------------------------------------------------------

const INPUT_BYTES: usize = 1024;
const inputBuffer = memory.data(1024);
let inputFilled: usize = 0;
let inputPosition: usize = 0;

/** The next byte of the input, which stays the next one, or -1 at its end. */
export function inputPeek(): i32 {
  if (inputPosition == inputFilled) {
    inputPosition = 0;
    inputFilled = input_read(inputBuffer, INPUT_BYTES);
    if (inputFilled == 0) return -1;
  }
  return load<u8>(inputBuffer + inputPosition);
}

/** The next byte of the input, or -1 at its end. */
export function inputNext(): i32 {
  const byte = inputPeek();
  if (byte >= 0) inputPosition++;
  return byte;
}

// ---- output -------------------------------------------------------------------------------------

const OUTPUT_BYTES: usize = 1024;
const outputBuffer = memory.data(1024);
let outputFilled: usize = 0;

/** Hands the buffered bytes to the host; to be called at the end. */
export function outputFlush(): void {
  output_write(outputBuffer, outputFilled);
  outputFilled = 0;
}

/** Appends one byte to the output. */
export function outputByte(byte: u32): void {
  if (outputFilled == OUTPUT_BYTES) outputFlush();
  store<u8>(outputBuffer + outputFilled, byte);
  outputFilled++;
}

/** Appends bytes to the output. */
export function outputBytes(bytes: usize, length: usize): void {
  for (let index: usize = 0; index < length; index++) outputByte(load<u8>(bytes + index));
}

/** Appends a text to the output, at most 512 characters; what is not ASCII becomes `?`. */
export function outputText(text: string): void {
  outputBytes(textBuffer, ascii(text));
}

/** Appends a number in decimal to the output. */
export function outputDecimal(number: u64): void {
  let first = textBuffer + 20;
  do {
    first--;
    store<u8>(first, 0x30 + number % 10);
    number /= 10;
  } while (number != 0);
  outputBytes(first, textBuffer + 20 - first);
}

// ---- results of variable size -------------------------------------------------------------------

/**
 * Appends what was not read yet of a result to the output of the run, after what is buffered. A
 * handle below 0 is a status, not a result: check it first.
 */
export function resultToOutput(result: i32): void {
  outputFlush();
  let count: usize;
  while ((count = result_read(result, outputBuffer, OUTPUT_BYTES)) > 0) output_write(outputBuffer, count);
}
