//! The mask beside a plain one that looks at everything at once.

use super::forms::forms;
use super::*;

fn shared(values: &[&[u8]]) -> SharedPatterns {
    let shared = SharedPatterns::default();
    shared.set(Patterns::new(values.iter().copied()));
    shared
}

/// Masks `text` that comes in `pieces`.
fn masked<'a>(values: &[&[u8]], pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut mask = Mask::new(shared(values));
    let mut out = Vec::new();
    for piece in pieces {
        mask.push(piece, &mut out);
    }
    mask.finish(&mut out);
    out
}

/// The same by looking for every form at every place.
fn plainly_masked(values: &[&[u8]], text: &[u8]) -> Vec<u8> {
    let mut secret = vec![false; text.len()];
    for form in values.iter().flat_map(|value| forms(value)) {
        for begin in 0..text.len() {
            if text[begin..].starts_with(&form) {
                secret[begin..begin + form.len()].fill(true);
            }
        }
    }
    let mut out = Vec::new();
    for (index, byte) in text.iter().enumerate() {
        match (secret[index], index > 0 && secret[index - 1]) {
            (true, true) => {}
            (true, false) => out.extend_from_slice(MASKED),
            (false, _) => out.push(*byte),
        }
    }
    out
}

/// A sequence of numbers that is the same every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound).unwrap()
    }

    fn text(&mut self, letters: u64, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| b'a' + u8::try_from(self.below(letters)).unwrap())
            .collect()
    }
}

#[test]
fn random_texts_of_few_letters_are_masked_alike() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..3_000 {
        let letters = 1 + numbers.below(3) as u64;
        let count = 1 + numbers.below(3);
        let secrets: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let len = 4 + numbers.below(7);
                numbers.text(letters, len)
            })
            .collect();
        let values: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
        let len = numbers.below(120);
        let text = numbers.text(letters, len);
        let expected = plainly_masked(&values, &text);
        let mut pieces = Vec::new();
        let mut rest = &text[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(numbers.below(rest.len() as u64 + 1));
            pieces.push(piece);
            rest = after;
        }
        assert_eq!(masked(&values, pieces), expected, "round {round}");
    }
}

#[test]
fn every_form_is_masked_wherever_it_is_split() {
    let value = b"t0p/Secret+\"value\"?\n and a second line";
    for form in forms(value) {
        let text = [b"before ".to_vec(), form.to_vec(), b" after".to_vec()].concat();
        let expected = plainly_masked(&[value], &text);
        assert!(expected.windows(3).any(|part| part == MASKED));
        assert!(
            !expected
                .windows(form.len())
                .any(|part| part == form.as_slice())
        );
        for split in 0..=text.len() {
            let (left, right) = text.split_at(split);
            assert_eq!(masked(&[value], [left, right]), expected, "{split}");
        }
        let single = text.chunks(1);
        assert_eq!(masked(&[value], single), expected);
    }
}

#[test]
fn bytes_are_held_back_only_while_they_may_begin_a_secret() {
    let mut mask = Mask::new(shared(&[b"secret"]));
    let mut push = |bytes: &[u8]| {
        let mut out = Vec::new();
        mask.push(bytes, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(push(b"nothing here"), "nothing here");
    assert_eq!(push(b" s"), " ");
    assert_eq!(push(b"e"), "");
    assert_eq!(push(b"a"), "sea");
    assert_eq!(push(b"secre"), "");
    assert_eq!(push(b"secre"), "secre");
    assert_eq!(push(b"t"), "***");
    assert_eq!(push(b"sec"), "");
    let mut out = Vec::new();
    mask.finish(&mut out);
    assert_eq!(out, b"sec");
    assert_eq!(
        masked(&[b"secret"], [&b"secretsecret"[..], b"secret!"]),
        b"***!"
    );
    assert_eq!(masked(&[], [&b"anything"[..]]), b"anything");
}

/// A secret that is fetched while a stream goes on is masked from then on, also where its beginning
/// was held back for another one.
#[test]
fn later_secrets_are_masked_in_streams_that_go_on() {
    let shared = shared(&[b"abcdefgh"]);
    let mut mask = Mask::new(shared.clone());
    let mut out = Vec::new();
    mask.push(b"second abcd", &mut out);
    shared.set(Patterns::new(
        [&b"abcdefgh"[..], b"abcdXYZ", b"second"].into_iter(),
    ));
    mask.push(b"XYZ second", &mut out);
    mask.finish(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "second *** ***");
}

/// What is almost a secret of 64 KiB, for ever: the work for a byte stays the same.
#[test]
fn a_stream_that_almost_is_a_secret_costs_no_more() {
    let mut secret = vec![b'a'; 64 << 10];
    secret.push(b'b');
    let mut mask = Mask::new(shared(&[&secret]));
    let (mut out, piece) = (Vec::new(), vec![b'a'; 1 << 20]);
    let mut count = 0;
    for _ in 0..16 {
        out.clear();
        mask.push(&piece, &mut out);
        count += out.len();
        assert!(
            mask.held.capacity() <= 512 << 10,
            "{}",
            mask.held.capacity()
        );
    }
    out.clear();
    mask.finish(&mut out);
    assert_eq!(count + out.len(), 16 << 20);
}
