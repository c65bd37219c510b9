//! Calls for people's eyes: printable ASCII only, and never long.

use super::call::{RecordedAnswer, RecordedCall, RecordedHalt};
use super::error::BundleError;
use super::reader::Bundle;

/// Bytes of an input that are shown.
const SHOWN_BYTES_MAX: usize = 200;

/// Bytes of a request that are read to be shown.
const REQUEST_BYTES_MAX: u64 = 64 << 10;

/// Characters of a message that are shown.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// Arguments of a program that are shown.
const SHOWN_ARGUMENTS_MAX: usize = 32;

/// A request, or as much of its beginning as was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its handles and plain numbers.
    pub numbers: Vec<i32>,
    /// Length of each input, and as much of it as was read.
    pub inputs: Vec<(u32, &'a [u8])>,
    /// Length of the buffer for the answer; `None` where the request was not read to its end.
    pub buffer_len: Option<u32>,
}

impl<'a> Request<'a> {
    /// Takes the bytes of a request apart; the end may be cut off.
    pub fn parse(mut bytes: &'a [u8]) -> Request<'a> {
        let mut request = Request {
            numbers: Vec::new(),
            inputs: Vec::new(),
            buffer_len: None,
        };
        let Some(numbers) = bytes.split_off_first() else {
            return request;
        };
        for _ in 0..*numbers {
            let Some(number) = word(&mut bytes) else {
                return request;
            };
            request.numbers.push(i32::from_le_bytes(number));
        }
        let Some(inputs) = bytes.split_off_first() else {
            return request;
        };
        for _ in 0..*inputs {
            let Some(len) = word(&mut bytes).map(u32::from_le_bytes) else {
                return request;
            };
            let there = bytes.len().min(len as usize);
            let input = bytes.split_off(..there).unwrap_or_default();
            request.inputs.push((len, input));
        }
        request.buffer_len = word(&mut bytes).map(u32::from_le_bytes);
        request
    }

    /// The arguments of an `exec_start`; `None` for what is no such request.
    pub fn arguments(&self) -> Option<Vec<String>> {
        #[derive(serde::Deserialize)]
        struct Start {
            argv: Vec<String>,
        }
        let [(_, bytes)] = self.inputs.as_slice() else {
            return None;
        };
        let start: Start = serde_json::from_slice(bytes).ok()?;
        Some(start.argv)
    }
}

fn word(bytes: &mut &[u8]) -> Option<[u8; 4]> {
    let (word, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*word)
}

/// Such as `exec_start ["nmap", "-sT"]` or `exec_read(1, 1) into 4096 bytes`.
pub fn request_text(function: &str, request: &Request<'_>) -> String {
    let mut text = function.to_owned();
    if !request.numbers.is_empty() {
        let numbers: Vec<String> = request.numbers.iter().map(i32::to_string).collect();
        text.push_str(&format!("({})", numbers.join(", ")));
    }
    if function == "exec_start"
        && let Some(arguments) = request.arguments()
    {
        text.push(' ');
        text.push_str(&arguments_text(&arguments));
        return text;
    }
    for (len, bytes) in &request.inputs {
        text.push(' ');
        text.push_str(&bytes_text(u64::from(*len), bytes));
    }
    match request.buffer_len {
        Some(0) | None => {}
        Some(len) => text.push_str(&format!(" into {len} bytes")),
    }
    text
}

/// Arguments of a program, the later ones counted only where there are many.
pub fn arguments_text(arguments: &[String]) -> String {
    let shown: Vec<String> = arguments
        .iter()
        .take(SHOWN_ARGUMENTS_MAX)
        .map(|argument| bytes_text(argument.len() as u64, argument.as_bytes()))
        .collect();
    let more = match arguments.len().saturating_sub(SHOWN_ARGUMENTS_MAX) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("[{}{more}]", shown.join(", "))
}

/// Such as `0`, `-9` or `5 "hello"`.
pub fn answer_text(number: i32, len: u64, bytes: &[u8]) -> String {
    match len {
        0 => number.to_string(),
        _ => format!("{number} {}", bytes_text(len, bytes)),
    }
}

/// Quoted and escaped, with the length where not all is shown.
pub fn bytes_text(len: u64, bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes);
    let escaped = shown.escape_ascii();
    match shown.len() as u64 == len {
        true => format!("\"{escaped}\""),
        false => format!("\"{escaped}\"... {len} bytes"),
    }
}

/// A call in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallText {
    /// What was asked for.
    pub request: String,
    /// What came of it.
    pub answer: String,
}

impl Bundle {
    /// A call in words. Of long ones only the beginning is read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn text(&self, call: &RecordedCall) -> Result<CallText, BundleError> {
        let request = self.prefix(call.request, REQUEST_BYTES_MAX)?;
        let answer = match &call.answer {
            RecordedAnswer::Answered { number, bytes } => {
                let shown = self.prefix(*bytes, SHOWN_BYTES_MAX as u64)?;
                answer_text(*number, bytes.bytes, &shown)
            }
            RecordedAnswer::Halted(RecordedHalt::Refused { code, message, .. }) => {
                format!("{}: {}", code.as_bytes().escape_ascii(), plain(message))
            }
            RecordedAnswer::Halted(
                RecordedHalt::BadHandle(message) | RecordedHalt::BadArgument(message),
            ) => format!("fault: {}", plain(message)),
            RecordedAnswer::Halted(RecordedHalt::Cancelled) => "cancelled".to_owned(),
        };
        Ok(CallText {
            request: request_text(&call.function, &Request::parse(&request)),
            answer,
        })
    }
}

/// Text of a record without what is not printable ASCII.
fn plain(text: &str) -> String {
    let plain = |symbol: char| match symbol {
        ' '..='~' => symbol,
        _ => '?',
    };
    text.chars().take(MESSAGE_CHARS_MAX).map(plain).collect()
}
