//! The host functions of a native run: one for each row of the table, with the row's name.

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use tenzik_host_abi::{LogLevel, Status, for_each_host_function};

use super::effects::Effect;
use super::fault::Halt;
use super::run::LogEntry;
use super::state::{self, State};

/// Bytes of a failure message that are kept.
const FAIL_MESSAGE_BYTES_MAX: usize = 4_096;

/// Log messages of one run.
const LOG_MESSAGES_MAX: usize = 10_000;

/// Bytes of input that `json_path_input` accepts.
const JSON_INPUT_BYTES_MAX: usize = 8 << 20;

/// Bytes that `json_path_input` reads at a time.
const PIECE_BYTES: usize = 64 << 10;

macro_rules! rows {
    ($(
        $(#[doc = $doc:literal])+
        [since $since:literal, needs $needs:ident, cost($base:literal, $units:literal / $bytes:literal)]
        fn $name:ident($($parameter:ident: $word:ident),*) -> $result:ident;
    )*) => {
        /// The rows of the table.
        #[derive(Clone, Copy)]
        enum Row { $($name),* }

        /// A row without a function here does not compile.
        const _: () = { $(let _ = $name;)* };
    };
}

for_each_host_function!(rows);

/// Calls `work` as the function of `row`.
fn call<T: Default>(row: Row, work: impl FnOnce(&mut State) -> Result<T, Halt>) -> T {
    state::call(row as usize, work)
}

pub(crate) fn input_read(buffer: &mut [u8]) -> usize {
    call(Row::input_read, |state| {
        state.check(buffer)?;
        read_input(state, buffer)
    })
}

/// Fills `buffer` from the input and keeps its limit.
fn read_input(state: &mut State, buffer: &mut [u8]) -> Result<usize, Halt> {
    let max = state.limits.input_bytes_max;
    let allowed = max.saturating_sub(state.input_offset);
    let start = usize::try_from(state.input_offset).unwrap_or(usize::MAX);
    let count = copy(state.input.get(start..).unwrap_or_default(), buffer);
    state.input_offset += count as u64;
    if count as u64 > allowed {
        let message = format!("read more than {max} bytes of input");
        return Err(Halt::fault("input_exceeded", message));
    }
    Ok(count)
}

/// Copies what fits.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..count), from.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

pub(crate) fn output_write(bytes: &[u8]) {
    call(Row::output_write, |state| {
        state.check(bytes)?;
        let allowed = state.limits.output_bytes(state.input_offset);
        let total = (state.output.len() as u64).saturating_add(bytes.len() as u64);
        if total > allowed {
            let message = format!("wrote {total} bytes of output; {allowed} are allowed");
            return Err(Halt::fault("output_exceeded", message));
        }
        state.output.extend_from_slice(bytes);
        Ok(())
    })
}

pub(crate) fn log(level: LogLevel, message: &[u8]) {
    call(Row::log, |state| {
        state.check(message)?;
        let total = state.log_bytes.saturating_add(message.len() as u64);
        let max = state.limits.log_bytes_max;
        if total > max || state.log.len() >= LOG_MESSAGES_MAX {
            let message = format!(
                "logged {total} bytes; {max} bytes and {LOG_MESSAGES_MAX} messages are allowed"
            );
            return Err(Halt::fault("log_exceeded", message));
        }
        state.log_bytes = total;
        state.log.push(LogEntry {
            level,
            message: String::from_utf8_lossy(message).into_owned(),
        });
        Ok(())
    })
}

pub(crate) fn fail(code: i32, message: &[u8]) {
    call(Row::fail, |state| {
        state.check(message)?;
        let kept = message.get(..FAIL_MESSAGE_BYTES_MAX).unwrap_or(message);
        Err(Halt::Failure {
            code,
            message: kept.to_vec(),
        })
    })
}

/// What `unreachable` is in a capsule.
pub(crate) fn trap() -> ! {
    state::halt(Halt::fault("trap_unreachable", "called trap".to_string()))
}

pub(crate) fn result_read(result: i32, buffer: &mut [u8]) -> usize {
    call(Row::result_read, |state| {
        state.check(buffer)?;
        let newest = state.result_handle;
        if result != newest || newest == 0 {
            let message = format!("read the result {result}; the newest is {newest}");
            return Err(Halt::fault("bad_handle", message));
        }
        let rest = state.result.get(state.result_offset..).unwrap_or_default();
        let count = copy(rest, buffer);
        state.result_offset += count;
        Ok(count)
    })
}

pub(crate) fn hash_commit(bytes: &[u8], digest: &mut [u8; 32]) {
    call(Row::hash_commit, |state| {
        state.check(bytes)?;
        let (_, computed) = state.ask("hash_commit", &[bytes])?;
        fill(digest, &computed)
    })
}

pub(crate) fn hash_verify(bytes: &[u8], digest: &[u8; 32]) -> i32 {
    call(Row::hash_verify, |state| {
        state.check(bytes)?;
        Ok(state.ask("hash_verify", &[bytes, digest])?.0)
    })
}

pub(crate) fn hash_update(bytes: &[u8]) {
    call(Row::hash_update, |state| {
        state.check(bytes)?;
        state.ask("hash_update", &[bytes])?;
        Ok(())
    })
}

pub(crate) fn hash_finish(digest: &mut [u8; 32]) {
    call(Row::hash_finish, |state| {
        let (_, computed) = state.ask("hash_finish", &[])?;
        fill(digest, &computed)
    })
}

/// Copies an answer that has to have a certain size.
fn fill(to: &mut [u8], from: &[u8]) -> Result<(), Halt> {
    if to.len() != from.len() {
        let (wanted, got) = (to.len(), from.len());
        return Err(Halt::Broken(format!(
            "tenzik answered with {got} bytes instead of {wanted}"
        )));
    }
    to.copy_from_slice(from);
    Ok(())
}

pub(crate) fn json_path(json: &[u8], query: &[u8]) -> i32 {
    call(Row::json_path, |state| {
        state.check(json)?;
        state.check(query)?;
        handle(state, "json_path", &[json, query])
    })
}

pub(crate) fn json_path_input(query: &[u8]) -> i32 {
    call(Row::json_path_input, |state| {
        state.check(query)?;
        let mut json = Vec::new();
        let mut piece = std::vec![0; PIECE_BYTES];
        loop {
            let count = read_input(state, &mut piece)?;
            if count == 0 {
                return handle(state, "json_path", &[&json, query]);
            }
            json.extend_from_slice(piece.get(..count).unwrap_or_default());
            if json.len() > JSON_INPUT_BYTES_MAX {
                return Ok(Status::TooLarge.number());
            }
        }
    })
}

pub(crate) fn base64_encode(bytes: &[u8]) -> i32 {
    call(Row::base64_encode, |state| {
        state.check(bytes)?;
        handle(state, "base64_encode", &[bytes])
    })
}

pub(crate) fn base64_decode(text: &[u8]) -> i32 {
    call(Row::base64_decode, |state| {
        state.check(text)?;
        handle(state, "base64_decode", &[text])
    })
}

/// Asks for a variable-size result: its handle, or a status.
fn handle(state: &mut State, name: &str, arguments: &[&[u8]]) -> Result<i32, Halt> {
    match state.ask(name, arguments)? {
        (0, bytes) => Ok(state.set_result(bytes)),
        (status, _) => Ok(status),
    }
}

pub(crate) fn time_now_ms() -> i64 {
    call(Row::time_now_ms, |state| Ok(state.now_ms))
}

pub(crate) fn random_bytes(buffer: &mut [u8]) {
    call(Row::random_bytes, |state| {
        state.check(buffer)?;
        let count = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let (_, bytes) = state.ask("random_bytes", &[&count.to_le_bytes()])?;
        fill(buffer, &bytes)
    })
}

/// Lets the test answer a call with an effect.
fn effect(
    row: Row,
    function: &'static str,
    numbers: &[i32],
    inputs: &[&[u8]],
    buffer: &mut [u8],
) -> i32 {
    call(row, |state| {
        for input in inputs {
            state.check(input)?;
        }
        state.check(buffer)?;
        let effect = Effect {
            function,
            numbers,
            inputs,
        };
        state.effect(&effect, buffer)
    })
}

pub(crate) fn exec_start(request: &[u8]) -> i32 {
    effect(Row::exec_start, "exec_start", &[], &[request], &mut [])
}

pub(crate) fn exec_write(process: i32, bytes: &[u8]) -> i32 {
    effect(Row::exec_write, "exec_write", &[process], &[bytes], &mut [])
}

pub(crate) fn exec_close(process: i32) -> i32 {
    effect(Row::exec_close, "exec_close", &[process], &[], &mut [])
}

pub(crate) fn exec_read(process: i32, stream: i32, buffer: &mut [u8]) -> usize {
    usize::try_from(effect(
        Row::exec_read,
        "exec_read",
        &[process, stream],
        &[],
        buffer,
    ))
    .unwrap_or(0)
}

pub(crate) fn exec_wait(process: i32) -> i32 {
    effect(Row::exec_wait, "exec_wait", &[process], &[], &mut [])
}

pub(crate) fn file_read(path: &[u8]) -> i32 {
    effect(Row::file_read, "file_read", &[], &[path], &mut [])
}

pub(crate) fn file_create(path: &[u8], mode: i32) -> i32 {
    effect(Row::file_create, "file_create", &[mode], &[path], &mut [])
}

pub(crate) fn file_write(file: i32, bytes: &[u8]) -> i32 {
    effect(Row::file_write, "file_write", &[file], &[bytes], &mut [])
}

pub(crate) fn file_commit(file: i32) -> i32 {
    effect(Row::file_commit, "file_commit", &[file], &[], &mut [])
}

pub(crate) fn file_undo(run_id: &[u8]) -> i32 {
    effect(Row::file_undo, "file_undo", &[], &[run_id], &mut [])
}

pub(crate) fn process_signal(request: &[u8]) -> i32 {
    effect(
        Row::process_signal,
        "process_signal",
        &[],
        &[request],
        &mut [],
    )
}

pub(crate) fn artifact_create(name: &[u8]) -> i32 {
    effect(
        Row::artifact_create,
        "artifact_create",
        &[],
        &[name],
        &mut [],
    )
}

pub(crate) fn artifact_write(artifact: i32, bytes: &[u8]) -> i32 {
    effect(
        Row::artifact_write,
        "artifact_write",
        &[artifact],
        &[bytes],
        &mut [],
    )
}

pub(crate) fn artifact_commit(artifact: i32) -> i32 {
    effect(
        Row::artifact_commit,
        "artifact_commit",
        &[artifact],
        &[],
        &mut [],
    )
}

pub(crate) fn secret_open(name: &[u8]) -> i32 {
    effect(Row::secret_open, "secret_open", &[], &[name], &mut [])
}

pub(crate) fn exec_write_secret(process: i32, secret: i32) -> i32 {
    effect(
        Row::exec_write_secret,
        "exec_write_secret",
        &[process, secret],
        &[],
        &mut [],
    )
}
