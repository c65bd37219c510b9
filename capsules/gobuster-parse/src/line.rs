//! One line of gobuster.

use tenzik_sdk::Output;

/// Longest path.
const PATH_BYTES: usize = 4096;
/// Longest location.
const LOCATION_BYTES: usize = 8192;
/// Digits of a size.
const SIZE_DIGITS: usize = 15;

/// How the lines begin that are neither findings nor errors.
const NOISE: [&[u8]; 7] = [
    b"==",
    b"[+]",
    b"Gobuster v",
    b"by ",
    b"Starting ",
    b"Finished",
    b"Progress: ",
];

/// What a line says.
pub(crate) enum Line<'a> {
    /// Nothing.
    Noise,
    /// That something was found.
    Finding(Finding<'a>),
}

/// What was found.
pub(crate) struct Finding<'a> {
    path: &'a [u8],
    status: &'a [u8],
    size: &'a [u8],
    location: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line; `None` if it is not one of `gobuster dir`.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Line<'a>> {
        let line = line.trim_ascii_end();
        let begins = |prefix: &[u8]| line.starts_with(prefix);
        if line.is_empty() || NOISE.into_iter().any(begins) || is_dated(line) {
            return Some(Line::Noise);
        }
        Finding::parse(line).map(Line::Finding)
    }
}

/// Whether a log line begins: `2026/01/31 `.
fn is_dated(line: &[u8]) -> bool {
    let mut form = b"dddd/dd/dd ".iter().zip(line);
    line.len() > 11
        && form.all(|(form, byte)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => form == byte,
        })
}

impl<'a> Finding<'a> {
    fn parse(line: &'a [u8]) -> Option<Finding<'a>> {
        let (path, rest) = split(line, b" (Status: ")?;
        let path = path.trim_ascii_end();
        let (status, mut rest) = number(rest, b')')?;
        let mut size: &[u8] = &[];
        if let Some(digits) = rest.strip_prefix(b" [Size: ") {
            (size, rest) = number(digits, b']')?;
        }
        let mut location: &[u8] = &[];
        if let Some(end) = rest.strip_prefix(b" [--> ") {
            location = end.strip_suffix(b"]")?;
            rest = &[];
        }
        // What begins so is of another mode.
        let other = path.starts_with(b"Found: ") || path.starts_with(b"Missed: ");
        let fits = (1..=PATH_BYTES).contains(&path.len())
            && status.len() == 3
            && location.len() <= LOCATION_BYTES;
        (fits && !other && rest.is_empty()).then_some(Finding {
            path,
            status,
            size,
            location,
        })
    }

    /// Appends the finding as JSON; returns whether it is UTF-8.
    pub(crate) fn write<const N: usize>(&self, output: &mut Output<N>) -> bool {
        output.bytes(b"{\"path\":");
        let mut whole = json_text::write(output, self.path);
        output.bytes(b",\"status\":");
        output.bytes(self.status);
        if !self.size.is_empty() {
            output.bytes(b",\"size\":");
            output.bytes(self.size);
        }
        if !self.location.is_empty() {
            output.bytes(b",\"location\":");
            whole &= json_text::write(output, self.location);
        }
        output.byte(b'}');
        whole
    }
}

/// What is before and behind the first `middle`.
fn split<'a>(line: &'a [u8], middle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = line
        .windows(middle.len())
        .position(|window| window == middle)?;
    Some((line.get(..at)?, line.get(at + middle.len()..)?))
}

/// The decimal number that ends with `end`, without leading zeros, and what is behind it.
fn number(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let length = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(length)?;
    let fits = (1..=SIZE_DIGITS).contains(&length) && (length == 1 || !digits.starts_with(b"0"));
    let rest = rest.strip_prefix(&[end])?;
    fits.then_some((digits, rest))
}
