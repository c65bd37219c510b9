//! Bytes that LEB128 numbers take beyond their shortest form.
//!
//! A linker leaves room in a number that it fills in later: `81 80 80 80 00` says the same as `01`.

use wasmparser::Operator;

/// Bytes that could go from a number that begins at the front of `bytes`, and how long it is.
fn number(bytes: &[u8], signed: bool) -> Option<(usize, usize)> {
    let length = 1 + bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let mut shortest = length;
    let mut last = *bytes.get(length - 1)?;
    while shortest > 1 {
        let before = bytes.get(shortest - 2)? & 0x7f;
        let says_nothing = match (signed, last) {
            (false, 0) => true,
            (true, 0) => before & 0x40 == 0,
            (true, 0x7f) => before & 0x40 != 0,
            _ => false,
        };
        if !says_nothing {
            break;
        }
        last = before;
        shortest -= 1;
    }
    Some((length - shortest, length))
}

/// Padding of the unsigned number at the front of `bytes`.
pub(super) fn padding_of_length(bytes: &[u8]) -> u64 {
    number(bytes, false).map_or(0, |(padding, _)| padding as u64)
}

/// Padding of all numbers of one instruction; `bytes` is the whole instruction.
pub(super) fn padding_of_instruction(operator: &Operator<'_>, bytes: &[u8]) -> u64 {
    let signed = match operator {
        Operator::F32Const { .. } | Operator::F64Const { .. } => return 0,
        Operator::I32Const { .. } | Operator::I64Const { .. } => true,
        Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => true,
        _ => false,
    };
    // Vector instructions and those of the threads proposal end in bytes that are no numbers.
    let mut rest = match bytes {
        [0xfd | 0xfe, ..] => return 0,
        [_, rest @ ..] => rest,
        [] => return 0,
    };
    let mut total = 0;
    while !rest.is_empty() {
        let Some((padding, length)) = number(rest, signed) else {
            break;
        };
        total += padding as u64;
        rest = rest.get(length..).unwrap_or_default();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn padding_is_what_the_shortest_form_does_not_need() {
        for (bytes, signed, padding) in [
            (&[0x01][..], false, 0),
            (&[0x81, 0x80, 0x80, 0x80, 0x00], false, 4),
            (&[0x80, 0x01], false, 0),
            (&[0x80, 0x80, 0x00], false, 2),
            (&[0xff, 0x7f], true, 1),
            (&[0xbf, 0x7f], true, 0),
            (&[0xc0, 0x00], true, 0),
            (&[0xbf, 0x00], true, 1),
            (&[0x80, 0x80, 0x7f], true, 0),
            (&[0x80, 0xff, 0x7f], true, 1),
            (&[0x80, 0x80, 0x04], true, 0),
        ] {
            let expected = Some((padding, bytes.len()));
            assert_eq!(number(bytes, signed), expected, "{bytes:x?}");
        }
        assert_eq!(number(&[0x80, 0x80], false), None);
    }
}
