//! Source maps, revision 3, for WebAssembly: one line whose columns are byte offsets in the file.
//!
//! ```text
//! {"version":3,"sources":[…],"names":[…],"mappings":"SEGMENT,SEGMENT,…"}
//! SEGMENT := VLQ(column) [VLQ(source) VLQ(line) VLQ(column in line) [VLQ(name)]]
//! ```
//!
//! Every number is the difference to the one before it, in base 64 digits of six bits: the highest
//! says that more follow, the lowest of the first digit is the sign. A segment of one number says
//! that nothing is known of what begins there.

use serde::{Deserialize, Serialize};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a segment says of the instructions from its offset up to the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Index into `sources`.
    pub(crate) source: u32,
    /// Line, from 0.
    pub(crate) line: u32,
    /// Column, from 0.
    pub(crate) column: u32,
    /// Index into `names`.
    pub(crate) name: Option<u32>,
}

/// Offset in the file, and what is known of it.
pub(crate) type Segment = (u32, Option<Origin>);

/// The JSON object. Other members are passed over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SourceMap<X> {
    pub(crate) version: u32,
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    #[serde(default)]
    pub(crate) names: Vec<String>,
    pub(crate) mappings: String,
    /// Members of tenzik's own.
    #[serde(rename = "x_tenzik", default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<X>,
}

/// Writes segments, whose offsets rise.
pub(crate) fn encode(segments: &[Segment]) -> String {
    let mut text = Vec::new();
    let (mut at, mut last) = (0, [0_i64; 4]);
    for (index, (offset, origin)) in segments.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        number(&mut text, i64::from(*offset) - at);
        at = i64::from(*offset);
        let Some(origin) = origin else { continue };
        let fields = [origin.source, origin.line, origin.column].map(i64::from);
        for (field, last) in fields.into_iter().zip(last.iter_mut()) {
            number(&mut text, field - *last);
            *last = field;
        }
        if let (Some(name), [_, _, _, last]) = (origin.name, &mut last) {
            number(&mut text, i64::from(name) - *last);
            *last = i64::from(name);
        }
    }
    text.into_iter().map(char::from).collect()
}

fn number(text: &mut Vec<u8>, value: i64) {
    let mut rest = value.unsigned_abs() << 1 | u64::from(value < 0);
    loop {
        let more = rest >> 5 != 0;
        let digit = (rest & 31) as usize | usize::from(more) << 5;
        text.extend(DIGITS.get(digit));
        rest >>= 5;
        if !more {
            return;
        }
    }
}

/// Reads the mappings of a map with one line. `None` when they are malformed, fall, or name
/// a source or name that is not there.
pub(crate) fn decode(mappings: &str, sources: usize, names: usize) -> Option<Vec<Segment>> {
    let (mut segments, mut at, mut last) = (Vec::new(), 0_i64, [0_i64; 4]);
    if mappings.is_empty() {
        return Some(segments);
    }
    for text in mappings.split(',') {
        let (fields, count) = numbers(text.as_bytes())?;
        at = at.checked_add(*fields.first()?)?;
        let offset = u32::try_from(at).ok()?;
        if segments.last().is_some_and(|(last, _)| *last > offset) {
            return None;
        }
        for (last, field) in last.iter_mut().zip(fields.iter().skip(1).take(count - 1)) {
            *last = last.checked_add(*field)?;
        }
        let [source, line, column, name] = last.map(u32::try_from);
        let origin = match count {
            1 => None,
            4 | 5 => Some(Origin {
                source: source.ok().filter(|source| (*source as usize) < sources)?,
                line: line.ok()?,
                column: column.ok()?,
                name: match count {
                    5 => Some(name.ok().filter(|name| (*name as usize) < names)?),
                    _ => None,
                },
            }),
            _ => return None,
        };
        segments.push((offset, origin));
    }
    Some(segments)
}

/// The numbers of one segment, at most five.
fn numbers(text: &[u8]) -> Option<([i64; 5], usize)> {
    let (mut fields, mut count) = ([0; 5], 0);
    let (mut value, mut shift) = (0_u64, 0);
    for digit in text {
        let digit = DIGITS.iter().position(|known| known == digit)? as u64;
        if shift > 35 {
            return None;
        }
        value |= (digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            let magnitude = i64::try_from(value >> 1).ok()?;
            *fields.get_mut(count)? = if value & 1 == 1 {
                -magnitude
            } else {
                magnitude
            };
            count += 1;
            (value, shift) = (0, 0);
        }
    }
    (shift == 0 && count > 0).then_some((fields, count))
}

#[cfg(test)]
mod tests {
    use super::{Origin, decode, encode};

    #[test]
    fn segments_survive_a_round_trip() {
        let origin = |source, line, column, name| {
            Some(Origin {
                source,
                line,
                column,
                name,
            })
        };
        let segments = vec![
            (3, origin(0, 41, 7, Some(1))),
            (9, None),
            (1_000_000, origin(1, 0, 0, None)),
            (u32::MAX, origin(0, u32::MAX, u32::MAX, Some(0))),
        ];
        let text = encode(&segments);
        assert_eq!(decode(&text, 2, 2), Some(segments));
        assert_eq!(decode("", 0, 0), Some(Vec::new()));
        assert_eq!(encode(&[(8, origin(0, 15, 0, None))]), "QAeA");
    }

    #[test]
    fn every_truncation_and_wrong_index_is_refused_or_shorter() {
        let origin = Some(Origin {
            source: 1,
            line: 500,
            column: 3,
            name: Some(2),
        });
        let text = encode(&[(100, origin), (200, None), (300, origin)]);
        for length in 0..text.len() {
            if let Some(segments) = decode(&text[..length], 2, 3) {
                assert!(segments.len() < 4);
            }
        }
        assert_eq!(decode(&text, 1, 3), None);
        assert_eq!(decode(&text, 2, 2), None);
        for wrong in [
            "!",
            "C,D",
            "D",
            "AA",
            "AAA",
            "AAAAAA",
            "gggggggggggggggg",
            ",",
            "A;A",
        ] {
            assert_eq!(decode(wrong, 9, 9), None, "{wrong}");
        }
    }
}
