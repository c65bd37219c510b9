//! word-count: counts lines, words and bytes of its input, like `wc`.

#![no_std]

use tenzik_sdk::{Input, Output};

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
}

/// Reads the whole input. It comes in pieces, so its size does not matter.
fn count(input: impl Iterator<Item = u8>) -> Counts {
    let mut counts = Counts::default();
    let mut in_word = false;
    for byte in input {
        counts.bytes += 1;
        if byte == b'\n' {
            counts.lines += 1;
        }
        let was_in_word = in_word;
        in_word = !matches!(byte, b' ' | b'\t'..=b'\r');
        if in_word && !was_in_word {
            counts.words += 1;
        }
    }
    counts
}

/// Writes one JSON object. `core::fmt` would do it too, for about 1,500 bytes more.
fn write_json(counts: &Counts, output: &mut Output<128>) {
    output.bytes(b"{\"lines\":");
    output.decimal(counts.lines);
    output.bytes(b",\"words\":");
    output.decimal(counts.words);
    output.bytes(b",\"bytes\":");
    output.decimal(counts.bytes);
    output.bytes(b"}\n");
}

fn run() {
    let counts = count(Input::<1024>::new());
    let mut output = Output::<128>::new();
    write_json(&counts, &mut output);
    output.flush();
}

tenzik_sdk::capsule!(run);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_white_space() {
        let counts = count(b"two words\n  and three more\n".iter().copied());
        assert_eq!((counts.lines, counts.words, counts.bytes), (2, 5, 27));
    }
}
