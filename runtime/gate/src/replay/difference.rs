//! In what a call differs from the recorded one, for people.

use tenzik_evidence::bundle::{Bundle, RecordedCall, Request, bytes_text, request_text};

use super::broken;
use crate::gate::{GateCall, GateHalt};

/// Bytes of a recorded request that are looked at.
const REQUEST_BYTES_MAX: u64 = 2 << 20;

/// The call that the capsule makes.
pub(super) fn text(call: &GateCall<'_>, request: &[u8]) -> String {
    request_text(call.function, &Request::parse(request))
}

/// The difference. `offset` is that of the first byte in which the requests differ.
pub(super) fn of(
    bundle: &Bundle,
    recorded: &RecordedCall,
    call: &GateCall<'_>,
    request: &[u8],
    offset: u64,
) -> Result<GateHalt, GateHalt> {
    let bytes = bundle
        .prefix(recorded.request, REQUEST_BYTES_MAX)
        .map_err(broken)?;
    let expected = Request::parse(&bytes);
    let got = Request::parse(request);
    let first = match recorded.function == call.function {
        true => first(call.function, &expected, &got, offset),
        false => String::new(),
    };
    Ok(GateHalt::Differs {
        expected: format!(
            "call {}, {}",
            recorded.number,
            request_text(&recorded.function, &expected)
        ),
        got: format!("{}{first}", request_text(call.function, &got)),
    })
}

/// `; the first difference is …`.
fn first(function: &str, expected: &Request<'_>, got: &Request<'_>, offset: u64) -> String {
    let arguments = match function {
        "exec_start" => expected.arguments().zip(got.arguments()),
        _ => None,
    };
    if let Some((expected, got)) = arguments {
        let differs = (0..expected.len().max(got.len()))
            .find(|index| expected.get(*index) != got.get(*index));
        let shown = |argument: Option<&String>| match argument {
            Some(text) => bytes_text(text.len() as u64, text.as_bytes()),
            None => "none".to_owned(),
        };
        if let Some(index) = differs {
            let (expected, got) = (shown(expected.get(index)), shown(got.get(index)));
            return format!(
                "; the first difference is argument {index}: {expected} then, {got} now"
            );
        }
    }
    let numbers = expected.numbers.iter().zip(&got.numbers);
    if let Some((index, (expected, got))) = numbers
        .enumerate()
        .find(|(_, (expected, got))| expected != got)
    {
        return format!("; the first difference is number {index}: {expected} then, {got} now");
    }
    if let Some(((expected, _), (now, _))) = expected.inputs.first().zip(got.inputs.first()) {
        if expected != now {
            return format!(
                "; the first difference is the length: {expected} bytes then, {now} now"
            );
        }
        // Before an input stand the two counts, the numbers and its length.
        let head = 1 + 4 * got.numbers.len() as u64 + 1 + 4;
        if let Some(at) = offset.checked_sub(head).filter(|at| *at < u64::from(*now)) {
            return format!("; the first difference is byte {at}");
        }
    }
    String::new()
}
