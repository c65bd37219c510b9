//! `tenzik host-functions`: the pure host functions for unit tests of capsules that run natively.
//! The SDK starts it and keeps it as long as the thread of the test lives.
//!
//! ```text
//! request   u32 length, then: u8 length, name; for each argument: u32 length, bytes
//! answer    u32 length, then: i32 number, bytes
//! ```
//!
//! All numbers are little-endian; a length counts what follows it. The first request is `begin` with
//! the protocol version (u32) and the seed of the run (u64); another `begin` begins another run. The
//! end of standard input ends the command. Any byte that does not fit ends it with exit code 2.

use std::io::{self, Read, Write};

use clap::Args;

use tenzik_runtime::PureHost;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Version of the protocol.
const VERSION: u32 = 1;

/// Bytes of a request and of an answer: two arguments of 32 MiB, or base64 of one.
const FRAME_BYTES_MAX: usize = 80 << 20;

/// Arguments of a request.
const ARGUMENTS_MAX: usize = 4;

/// Answer calls of pure host functions on standard input and output, for the native tests of an SDK.
#[derive(Args, Debug)]
pub(crate) struct HostFunctionsArguments {}

pub(crate) fn run(_: &HostFunctionsArguments) -> ExitCode {
    let (input, output) = (io::stdin().lock(), io::stdout().lock());
    match serve(input, output) {
        Ok(()) => ExitCode::Ok,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Failure::usage(
            format!("standard input is no call of a host function: {error}"),
            "this command is for the SDK; docs/testing.md describes native tests",
        )
        .report(false),
        Err(error) => Failure::machine(
            format!("the test that called cannot be reached: {error}"),
            "see whether the test still runs",
        )
        .report(false),
    }
}

/// Answers until the input ends.
fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut host: Option<PureHost> = None;
    let mut frame = Vec::new();
    while read_frame(&mut input, &mut frame)? {
        let (name, arguments) = parse(&frame).ok_or_else(|| invalid("a length does not fit"))?;
        if name == "begin" {
            host = Some(begin(&arguments)?);
            answer(&mut output, 0, &[])?;
            continue;
        }
        let host = host.as_mut().ok_or_else(|| invalid("no begin"))?;
        let result = host
            .call(name, &arguments)
            .map_err(|error| invalid(&format!("{error}: {}", tenzik_runtime::escaped(name))))?;
        answer(&mut output, result.number, &result.bytes)?;
    }
    Ok(())
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn begin(arguments: &[&[u8]]) -> io::Result<PureHost> {
    let [version, seed] = arguments else {
        return Err(invalid("begin takes a version and a seed"));
    };
    if *version != VERSION.to_le_bytes() {
        return Err(invalid(&format!(
            "the SDK speaks another version of the protocol than {VERSION}; use the tenzik that made the capsule"
        )));
    }
    let seed: [u8; 8] = (*seed)
        .try_into()
        .map_err(|_| invalid("a seed has eight bytes"))?;
    Ok(PureHost::new(u64::from_le_bytes(seed)))
}

/// Reads the next request into `frame`; false at the end of the input between two requests.
fn read_frame(input: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let [first, rest @ ..] = &mut length;
    match input.read_exact(std::slice::from_mut(first)) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        result => result?,
    }
    input.read_exact(rest).map_err(cut)?;
    let length = u32::from_le_bytes(length);
    if length as usize > FRAME_BYTES_MAX {
        return Err(invalid(&format!(
            "a request has {length} bytes; {FRAME_BYTES_MAX} are allowed"
        )));
    }
    frame.clear();
    // Memory is taken as bytes come, not as the length promises.
    let read = input.by_ref().take(u64::from(length)).read_to_end(frame)?;
    if read < length as usize {
        return Err(invalid("a request is cut off"));
    }
    Ok(true)
}

fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => invalid("a request is cut off"),
        _ => error,
    }
}

/// The name and arguments of a request.
fn parse(frame: &[u8]) -> Option<(&str, Vec<&[u8]>)> {
    let (length, rest) = frame.split_first()?;
    let (name, mut rest) = rest.split_at_checked(usize::from(*length))?;
    let mut arguments = Vec::new();
    while !rest.is_empty() {
        let (length, bytes) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (argument, after) = bytes.split_at_checked(length)?;
        if arguments.len() >= ARGUMENTS_MAX {
            return None;
        }
        arguments.push(argument);
        rest = after;
    }
    Some((std::str::from_utf8(name).ok()?, arguments))
}

fn answer(output: &mut impl Write, number: i32, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len() + 4).map_err(|_| invalid("an answer is too large"))?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&number.to_le_bytes())?;
    output.write_all(bytes)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{FRAME_BYTES_MAX, serve};
    use std::io::ErrorKind;

    fn request(name: &str, arguments: &[&[u8]]) -> Vec<u8> {
        let mut body = vec![name.len() as u8];
        body.extend_from_slice(name.as_bytes());
        for argument in arguments {
            body.extend_from_slice(&(argument.len() as u32).to_le_bytes());
            body.extend_from_slice(argument);
        }
        let mut frame = (body.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&body);
        frame
    }

    fn begin() -> Vec<u8> {
        request("begin", &[&1_u32.to_le_bytes(), &7_u64.to_le_bytes()])
    }

    fn served(input: &[u8]) -> Result<Vec<u8>, ErrorKind> {
        let mut output = Vec::new();
        serve(input, &mut output)
            .map(|()| output)
            .map_err(|error| error.kind())
    }

    #[test]
    fn calls_are_answered_until_the_input_ends() {
        let mut input = begin();
        input.extend(request("base64_encode", &[b"foo"]));
        input.extend(request("base64_decode", &[b"?"]));
        let answers = [
            &[4_u8, 0, 0, 0, 0, 0, 0, 0][..],
            b"\x08\0\0\0\0\0\0\0Zm9v",
            b"\x04\0\0\0\xfd\xff\xff\xff",
        ];
        assert_eq!(served(&input), Ok(answers.concat()));
        assert_eq!(served(b""), Ok(Vec::new()));
    }

    #[test]
    fn no_flipped_bit_is_a_panic() {
        let valid = [begin(), request("json_path", &[b"{}", b"$"])].concat();
        for bit in 0..valid.len() * 8 {
            let mut flipped = valid.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let result = served(&flipped);
            assert!(
                matches!(result, Ok(_) | Err(ErrorKind::InvalidData)),
                "{bit}"
            );
        }
    }

    #[test]
    fn what_is_no_request_ends_it() {
        let call = request("json_path", &[b"{}", b"$"]);
        let valid = [begin(), call.clone()].concat();
        for cut in 1..valid.len() {
            if cut != begin().len() {
                assert_eq!(served(&valid[..cut]), Err(ErrorKind::InvalidData), "{cut}");
            }
        }
        for wrong in [
            call,
            request("begin", &[]),
            request("begin", &[&2_u32.to_le_bytes(), &7_u64.to_le_bytes()]),
            [begin(), request("input_read", &[])].concat(),
            [begin(), request("hash_commit", &[&b""[..]; 9])].concat(),
            [begin(), (FRAME_BYTES_MAX as u32 + 1).to_le_bytes().to_vec()].concat(),
            [begin(), vec![0; 4]].concat(),
            vec![0xff; 64],
        ] {
            assert_eq!(served(&wrong), Err(ErrorKind::InvalidData), "{wrong:?}");
        }
    }
}
