//! Transcripts and their commitments.

use tenzik_evidence::{
    Digest, TRANSCRIPT_ENTRIES_MAX, TextError, Transcript, TranscriptEntry, TranscriptError,
    TranscriptFull,
};

fn entry(function: &str) -> TranscriptEntry {
    TranscriptEntry::new(function, Digest::of(b"request"), Digest::of(b"result")).unwrap()
}

fn sample() -> Transcript {
    let mut transcript = Transcript::new();
    transcript.push(entry("exec")).unwrap();
    transcript.push(entry("file_read")).unwrap();
    transcript
}

#[test]
fn a_run_without_effects_commits_to_the_empty_transcript() {
    let empty = Transcript::new();
    assert_eq!(empty.to_bytes(), b"tenzik transcript 1\n");
    assert_eq!(empty.commit(), Digest::of(b"tenzik transcript 1\n"));
    assert!(
        Transcript::parse(&empty.to_bytes())
            .unwrap()
            .entries()
            .is_empty()
    );
}

#[test]
fn the_commitment_is_the_digest_of_the_bytes_at_every_step() {
    let mut transcript = Transcript::new();
    for function in ["exec", "file_read", "exec"] {
        transcript.push(entry(function)).unwrap();
        assert_eq!(transcript.commit(), Digest::of(&transcript.to_bytes()));
    }
}

#[test]
fn the_bytes_are_as_drawn() {
    let mut expected = b"tenzik transcript 1\n\x04exec".to_vec();
    expected.extend_from_slice(Digest::of(b"request").as_bytes());
    expected.extend_from_slice(Digest::of(b"result").as_bytes());
    expected.extend_from_slice(b"\x09file_read");
    expected.extend_from_slice(Digest::of(b"request").as_bytes());
    expected.extend_from_slice(Digest::of(b"result").as_bytes());
    assert_eq!(sample().to_bytes(), expected);
}

#[test]
fn transcripts_round_trip() {
    let transcript = Transcript::parse(&sample().to_bytes()).unwrap();
    assert_eq!(transcript.entries(), sample().entries());
    assert_eq!(transcript.commit(), sample().commit());
}

#[test]
fn a_cut_is_refused_unless_it_is_between_entries() {
    let bytes = sample().to_bytes();
    let ends = [20, 20 + 1 + 4 + 64];
    for len in 0..bytes.len() {
        assert_eq!(
            Transcript::parse(&bytes[..len]).is_ok(),
            ends.contains(&len),
            "{len}"
        );
    }
}

#[test]
fn a_flipped_bit_is_refused_or_changes_the_commitment() {
    let mut bytes = sample().to_bytes();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            bytes[position] ^= 1 << bit;
            if let Ok(transcript) = Transcript::parse(&bytes) {
                assert_ne!(transcript.commit(), sample().commit());
                assert_eq!(transcript.to_bytes(), bytes);
            }
            bytes[position] ^= 1 << bit;
        }
    }
}

#[test]
fn other_versions_and_names_are_refused() {
    let error = |bytes: &[u8]| Transcript::parse(bytes).unwrap_err();
    assert_eq!(error(b""), TranscriptError::Magic);
    assert_eq!(error(b"tenzik transcript 2\n"), TranscriptError::Magic);
    let named = |name: &[u8]| {
        [
            b"tenzik transcript 1\n",
            &[name.len() as u8][..],
            name,
            &[0; 64],
        ]
        .concat()
    };
    let problem = TextError::Name;
    for name in [&b""[..], b"Exec", b"ex ec", b"\xff", b"_"] {
        assert_eq!(
            error(&named(name)),
            TranscriptError::Function { entry: 0, problem }
        );
    }
    let problem = TextError::TooLong {
        bytes: 65,
        bytes_max: 64,
    };
    assert_eq!(
        error(&named(&[b'a'; 65])),
        TranscriptError::Function { entry: 0, problem }
    );
    assert_eq!(
        error(&named(b"a")[..30]),
        TranscriptError::Truncated { entry: 0 }
    );
}

#[test]
fn the_number_of_entries_is_bounded() {
    let mut transcript = Transcript::new();
    for _ in 0..TRANSCRIPT_ENTRIES_MAX {
        transcript.push(entry("exec")).unwrap();
    }
    let commit = transcript.commit();
    assert_eq!(transcript.push(entry("exec")), Err(TranscriptFull));
    assert_eq!(transcript.commit(), commit);
    let mut bytes = transcript.to_bytes();
    assert!(Transcript::parse(&bytes).is_ok());
    bytes.extend_from_within(20..20 + 69);
    assert_eq!(
        Transcript::parse(&bytes).unwrap_err(),
        TranscriptError::TooLong
    );
}
