//! Writes bytes as a text of JSON.

#![no_std]

use tenzik_sdk::Output;

/// Appends `bytes` in quotes. What is not UTF-8 becomes U+FFFD; returns whether all was.
#[inline(never)]
pub fn write<const N: usize>(output: &mut Output<N>, bytes: &[u8]) -> bool {
    let mut whole = true;
    output.byte(b'"');
    for chunk in bytes.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            character(output, byte);
        }
        if !chunk.invalid().is_empty() {
            whole = false;
            output.bytes("\u{fffd}".as_bytes());
        }
    }
    output.byte(b'"');
    whole
}

fn character<const N: usize>(output: &mut Output<N>, byte: u8) {
    if byte < 0x20 {
        output.bytes(b"\\u00");
        output.byte(b'0' + (byte >> 4));
        output.byte(
            b"0123456789abcdef"
                .get(usize::from(byte & 15))
                .copied()
                .unwrap_or(0),
        );
        return;
    }
    if matches!(byte, b'"' | b'\\') {
        output.byte(b'\\');
    }
    output.byte(byte);
}

#[cfg(test)]
mod tests {
    use tenzik_sdk::native::run;

    use super::*;

    #[test]
    fn texts_are_escaped_and_marked() {
        let cases: [(&[u8], bool, &str); 5] = [
            (b"", true, "\"\""),
            (b"/a \"b\"\\\x7f", true, "\"/a \\\"b\\\"\\\\\x7f\""),
            (b"\0\n\x1b", true, "\"\\u0000\\u000a\\u001b\""),
            ("\u{e9}\u{1f600}".as_bytes(), true, "\"\u{e9}\u{1f600}\""),
            (b"a\xffb\xc3", false, "\"a\u{fffd}b\u{fffd}\""),
        ];
        for (bytes, expected_whole, expected) in cases {
            let mut whole = false;
            let outcome = run("", || {
                let mut output = Output::<16>::new();
                whole = write(&mut output, bytes);
                output.flush();
            });
            assert_eq!(outcome.into_output(), expected.as_bytes());
            assert_eq!(whole, expected_whole, "{expected}");
        }
    }
}
