//! Writes its input to a file. The first line of the input says where, the rest is what is written:
//!
//! ```text
//! {"path": "/...", "mode": "replace"}
//! ...
//! ```
//!
//! `mode` is `replace`, `new` or `append`. The output is one line of JSON:
//! `{"path","mode","bytes","blake3"}`, the count and digest of what was written.

#![no_std]

use request::{Field, Message, REQUEST, REQUIRED, TEXT, decode, fields, refuse};
use tenzik_sdk::{
    FileMode, FileWriter, Output, Status, file_create, hash_finish, hash_update, input_read,
};

/// Bytes that one host call moves, the first line among them.
const CHUNK_BYTES: usize = 32 << 10;
/// Longest path: what Linux takes, without the NUL at its end.
const PATH_BYTES: usize = 4095;

struct Buffers {
    chunk: [u8; CHUNK_BYTES],
    line: [u8; CHUNK_BYTES],
    path: [u8; PATH_BYTES],
}

fn run(buffers: &mut Buffers) {
    let mut count = input_read(&mut buffers.chunk);
    let first = buffers.chunk.get(..count).unwrap_or(&[]);
    let Some(end) = first.iter().position(|byte| *byte == b'\n') else {
        Message::new(b"the first 32768 bytes have no line end; put the request in the first line")
            .fail(REQUEST);
    };
    // The line stays for the output; the chunk is used again.
    buffers.line = buffers.chunk;
    let line = buffers.line.get(..end).unwrap_or(&[]);
    let table = [
        Field("path", TEXT | REQUIRED),
        Field("mode", TEXT | REQUIRED),
    ];
    let [path, mode] = fields(line, &table);
    let mode_number = match mode {
        b"\"replace\"" => FileMode::Replace,
        b"\"new\"" => FileMode::New,
        b"\"append\"" => FileMode::Append,
        _ => Message::new(b"the mode is neither replace nor new nor append").fail(REQUEST),
    };
    let mut file = done(file_create(decode(path, &mut buffers.path), mode_number));
    let mut total = 0;
    let mut start = end + 1;
    while count > 0 {
        total += write(&mut file, buffers.chunk.get(start..count).unwrap_or(&[]));
        start = 0;
        count = input_read(&mut buffers.chunk);
    }
    done(file.commit());
    report(path, mode, total);
}

fn write(file: &mut FileWriter, bytes: &[u8]) -> u64 {
    hash_update(bytes);
    done(file.write(bytes));
    bytes.len() as u64
}

fn report(path: &[u8], mode: &[u8], total: u64) {
    let mut output = Output::<512>::new();
    output.bytes(b"{\"path\":");
    output.bytes(path);
    output.bytes(b",\"mode\":");
    output.bytes(mode);
    output.bytes(b",\"bytes\":");
    output.decimal(total);
    output.bytes(b",\"blake3\":\"");
    for byte in hash_finish() {
        output.byte(hex_digit(byte >> 4));
        output.byte(hex_digit(byte & 15));
    }
    output.bytes(b"\"}\n");
    output.flush();
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' - 10 + value
    }
}

/// What came of a call on the file.
fn done<T>(result: Result<T, Status>) -> T {
    match result {
        Ok(value) => value,
        Err(status) => refuse(b"the file", status),
    }
}

tenzik_sdk::capsule!(
    run,
    Buffers = Buffers {
        chunk: [0; CHUNK_BYTES],
        line: [0; CHUNK_BYTES],
        path: [0; PATH_BYTES],
    }
);

#[cfg(test)]
mod tests;
