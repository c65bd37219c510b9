//! Selects from JSON: the first line of the input is an RFC 9535 query, the rest is the JSON text.
//! The output is one line, the JSON array of the selected values in document order.
#![no_std]

use tenzik_sdk::{Failure, Status, input_read, json_path_input, output_write};

/// Longest query.
const QUERY_BYTES: usize = 1024;
/// Bytes of the result that one host call moves.
const CHUNK_BYTES: usize = 32 << 10;

struct Buffers {
    query: [u8; QUERY_BYTES],
    chunk: [u8; CHUNK_BYTES],
}

fn json_select(buffers: &mut Buffers) -> Result<(), Failure> {
    let query = read_line(&mut buffers.query)?;
    let result = json_path_input(query).map_err(|status| failure(message(status)))?;
    result.copy_to_output(&mut buffers.chunk);
    output_write(b"\n");
    Ok(())
}

/// Reads to the end of the first line, and no further: the rest of the input is the JSON text.
fn read_line(line: &mut [u8]) -> Result<&[u8], Failure> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        if input_read(&mut byte) == 0 {
            return Err(failure(
                "the input ends in its first line; put the query there and the JSON below it",
            ));
        }
        if byte == [b'\n'] {
            let line = line.get(..length).unwrap_or(&[]);
            return Ok(line.strip_suffix(b"\r").unwrap_or(line));
        }
        match line.get_mut(length) {
            Some(slot) => [*slot] = byte,
            None => {
                return Err(failure(
                    "the query in the first line is longer than 1024 bytes",
                ));
            }
        }
        length += 1;
    }
}

fn message(status: Status) -> &'static str {
    match status {
        Status::InvalidQuery => "the first line is not an RFC 9535 query",
        Status::InvalidJson => "the text below the first line is not JSON",
        Status::TooDeep => "the JSON is nested deeper than 128 levels",
        Status::TooLarge => "the JSON or the result is too large",
        Status::TooComplex => "the query could take too much work; use fewer descendant segments",
        _ => "the host refused the query",
    }
}

fn failure(message: &'static str) -> Failure {
    Failure { code: 1, message }
}

tenzik_sdk::capsule!(
    json_select,
    Buffers = Buffers {
        query: [0; QUERY_BYTES],
        chunk: [0; CHUNK_BYTES]
    }
);
