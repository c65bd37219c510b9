//! The forms in which a secret is recognised.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

/// Fewest bytes of a value, and of a line of it, whose other forms are replaced: shorter ones would
/// stand in too many other things.
const OTHER_FORMS_BYTES_MIN: usize = 8;
/// Most bytes of a value whose encoded forms are replaced. Longer values are files, and replaced as
/// they are and line by line.
const ENCODED_BYTES_MAX: usize = 4 << 10;

/// A pattern.
pub(super) type Form = Zeroizing<Vec<u8>>;

/// The value itself; from 8 bytes on also its lines of at least that size, and up to 4 KiB
/// hexadecimal, base64 in both alphabets at each of the three positions in a longer text, percent
/// encoding, and what JSON makes of it between quotes.
pub(super) fn forms(value: &[u8]) -> Vec<Form> {
    let mut forms = vec![Zeroizing::new(value.to_vec())];
    if value.len() < OTHER_FORMS_BYTES_MIN {
        return forms;
    }
    let lines = value.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = lines.filter(|line| line.len() >= OTHER_FORMS_BYTES_MIN && *line != value);
    forms.extend(lines.map(|line| Zeroizing::new(line.to_vec())));
    if value.len() <= ENCODED_BYTES_MAX {
        forms.push(hexadecimal(value, b"0123456789abcdef"));
        forms.push(hexadecimal(value, b"0123456789ABCDEF"));
        for offset in 0..3 {
            forms.push(base64(value, offset, &STANDARD));
            forms.push(base64(value, offset, &URL_SAFE));
        }
        forms.push(percent(value, b"0123456789abcdef"));
        forms.push(percent(value, b"0123456789ABCDEF"));
        forms.extend(json(value));
    }
    forms
}

fn hexadecimal(value: &[u8], digits: &[u8; 16]) -> Form {
    let mut form = Zeroizing::new(Vec::with_capacity(2 * value.len()));
    for byte in value {
        form.push(digits[usize::from(byte >> 4)]);
        form.push(digits[usize::from(byte & 15)]);
    }
    form
}

/// The characters that depend on the value alone, where it stands `offset` bytes behind a multiple
/// of three in what is encoded (RFC 4648, section 4).
fn base64(value: &[u8], offset: usize, engine: &impl base64::Engine) -> Form {
    let mut padded = Zeroizing::new(Vec::with_capacity(offset + value.len()));
    padded.extend(std::iter::repeat_n(0, offset));
    padded.extend_from_slice(value);
    let text = Zeroizing::new(engine.encode(&*padded));
    let (begin, end) = ((8 * offset).div_ceil(6), 8 * padded.len() / 6);
    Zeroizing::new(text.as_bytes()[begin..end].to_vec())
}

/// Percent encoding of all but unreserved characters (RFC 3986, section 2.1).
fn percent(value: &[u8], digits: &[u8; 16]) -> Form {
    let mut form = Zeroizing::new(Vec::with_capacity(3 * value.len()));
    for byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            form.push(*byte);
        } else {
            form.push(b'%');
            form.push(digits[usize::from(byte >> 4)]);
            form.push(digits[usize::from(byte & 15)]);
        }
    }
    form
}

/// The inside of a JSON string (RFC 8259, section 7), if the value is text.
fn json(value: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(value).ok()?;
    let quoted = Zeroizing::new(serde_json::to_vec(text).ok()?);
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    Some(Zeroizing::new(inner.to_vec()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn base64_forms_are_in_every_longer_text() {
        let value = b"\x00\xffsecret?>value";
        for before in 0..7 {
            for after in 0..7 {
                let long = [vec![0xa5; before], value.to_vec(), vec![0x5a; after]].concat();
                let form = base64(value, before % 3, &STANDARD);
                let text = STANDARD.encode(&long);
                let form = std::str::from_utf8(&form).unwrap();
                assert!(text.contains(form), "{before} {after}");
                assert!(form.len() * 6 / 8 + 2 >= value.len(), "{before}: {form}");
            }
        }
    }

    #[test]
    fn short_values_have_one_form_and_long_ones_no_encoded_ones() {
        assert_eq!(forms(b"1234567").len(), 1);
        assert!(forms(b"12345678").len() > 8);
        let lines = b"first line\nx\nsecond line\n".repeat(200);
        assert_eq!(forms(&lines).len(), 1 + 400);
    }
}
