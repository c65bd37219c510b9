//! Bundles: what is written is read again, and nothing else is.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use tempfile::TempDir;
use tenzik_evidence::bundle::{
    BUNDLE_MAGIC, Bundle, BundleError, BundleWriter, CallProblem, Part, RecordedAnswer,
    RecordedHalt, Request, is_bundle,
};
use tenzik_evidence::{Digest, SignedReceipt, Transcript, TranscriptEntry};

use crate::sample;

/// A directory, and the bundle to be written there.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            directory: TempDir::new().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("b")
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.directory.path()).unwrap().count()
    }

    fn open(&self, bytes: &[u8]) -> Result<Bundle, BundleError> {
        std::fs::write(self.path(), bytes).unwrap();
        Bundle::open(&self.path())
    }
}

/// A request with one input and a buffer.
fn request(input: &[u8], buffer_len: u32) -> Vec<u8> {
    let mut bytes = vec![1, 7, 0, 0, 0, 1];
    bytes.extend_from_slice(&(input.len() as u32).to_le_bytes());
    bytes.extend_from_slice(input);
    bytes.extend_from_slice(&buffer_len.to_le_bytes());
    bytes
}

/// What the sample calls: function, request, number, bytes.
fn calls() -> Vec<(&'static str, Vec<u8>, i32, Vec<u8>)> {
    vec![
        (
            "exec_start",
            request(br#"{"argv":["echo","hi"]}"#, 0),
            1,
            Vec::new(),
        ),
        ("exec_read", request(b"", 8), 3, b"hi\n".to_vec()),
        ("exec_wait", request(b"", 0), 0, Vec::new()),
    ]
}

fn refused() -> RecordedHalt {
    RecordedHalt::Refused {
        code: "exec_refused".to_owned(),
        rules: "p.toml:3 echo".to_owned(),
        message: "argument 1 does not fit".to_owned(),
        remedy: "see tenzik policy explain".to_owned(),
    }
}

fn receipt() -> SignedReceipt {
    let verdicts = sample::verdicts();
    sample::key().sign(sample::statement(verdicts[0].1.clone()))
}

fn write(place: &Place, halt: Option<RecordedHalt>) -> Vec<u8> {
    let mut writer = BundleWriter::create(&place.path(), sample::CAPSULE, b"the policy").unwrap();
    for (function, request, number, bytes) in calls() {
        writer.keep(function, &request, number, &bytes).unwrap();
    }
    if let Some(halt) = halt {
        writer
            .keep_halt("exec_start", &request(b"{}", 0), &halt)
            .unwrap();
    }
    writer.finish(&mut &*sample::INPUT, &receipt()).unwrap();
    std::fs::read(place.path()).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let place = Place::new();
    write(&place, Some(refused()));
    assert_eq!(place.files(), 1, "something was left beside the bundle");
    assert!(is_bundle(&place.path()).unwrap());
    let bundle = Bundle::open(&place.path()).unwrap();
    assert_eq!(bundle.bytes(Part::Capsule).unwrap(), sample::CAPSULE);
    assert_eq!(bundle.bytes(Part::Policy).unwrap(), b"the policy");
    assert_eq!(bundle.receipt().unwrap().unwrap(), receipt());
    let mut input = Vec::new();
    bundle.reader(Part::Input).read_to_end(&mut input).unwrap();
    assert_eq!(input, sample::INPUT);
    assert_eq!((bundle.call_count(), bundle.is_halted()), (3, true));

    let mut transcript = Transcript::new();
    for (function, request, number, bytes) in calls() {
        let entry = TranscriptEntry::of_call(function, &request, number, &bytes).unwrap();
        transcript.push(entry).unwrap();
    }
    assert_eq!(bundle.transcript_commit(), transcript.commit());

    let read: Vec<_> = bundle.calls().map(Result::unwrap).collect();
    assert_eq!(read.len(), 4);
    for (read, (function, request, number, bytes)) in read.iter().zip(calls()) {
        assert_eq!(read.function, function);
        assert_eq!(bundle.prefix(read.request, u64::MAX).unwrap(), request);
        let RecordedAnswer::Answered {
            number: got,
            bytes: span,
        } = read.answer
        else {
            panic!("{read:?}");
        };
        assert_eq!(got, number);
        assert_eq!(bundle.prefix(span, u64::MAX).unwrap(), bytes);
    }
    assert_eq!(read[3].answer, RecordedAnswer::Halted(refused()));
    let texts: Vec<_> = read.iter().map(|call| bundle.text(call).unwrap()).collect();
    assert_eq!(texts[0].request, r#"exec_start(7) ["echo", "hi"]"#);
    assert_eq!(texts[1].request, r#"exec_read(7) "" into 8 bytes"#);
    assert_eq!(texts[1].answer, r#"3 "hi\n""#);
    assert_eq!(texts[3].answer, "exec_refused: argument 1 does not fit");
}

#[test]
fn the_bytes_are_as_drawn() {
    let place = Place::new();
    let mut writer = BundleWriter::create(&place.path(), b"cap", b"pol").unwrap();
    writer.keep("exec_wait", &request(b"", 0), -9, b"").unwrap();
    writer
        .keep_halt(
            "exec_wait",
            &request(b"", 0),
            &RecordedHalt::BadHandle("no".to_owned()),
        )
        .unwrap();
    writer.finish(&mut &b"in"[..], &receipt()).unwrap();

    let mut transcript = vec![1, 9];
    transcript.extend_from_slice(b"exec_wait");
    transcript.extend_from_slice(&[14, 0, 0, 0]);
    transcript.extend_from_slice(&request(b"", 0));
    transcript.extend_from_slice(&(-9_i32).to_le_bytes());
    transcript.extend_from_slice(&[0; 4]);
    transcript.extend_from_slice(&[2, 9]);
    transcript.extend_from_slice(b"exec_wait");
    transcript.extend_from_slice(&[14, 0, 0, 0]);
    transcript.extend_from_slice(&request(b"", 0));
    transcript.extend_from_slice(&[2, 2, 0, 0, 0]);
    transcript.extend_from_slice(b"no");
    let json = receipt().to_json();
    let parts: [&[u8]; 5] = [b"cap", b"pol", &transcript, b"in", json.as_bytes()];
    assert_eq!(std::fs::read(place.path()).unwrap(), assembled(&parts));
}

/// A bundle of these parts, right or wrong.
fn assembled(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"tenzik bundle 1\n".to_vec();
    for (tag, part) in (1_u8..).zip(parts) {
        bytes.push(tag);
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(Digest::of(part).as_bytes());
    }
    bytes
}

#[test]
fn a_cut_at_any_byte_is_refused() {
    let place = Place::new();
    let whole = write(&place, Some(refused()));
    let file = File::options().write(true).open(place.path()).unwrap();
    for end in (0..whole.len()).rev() {
        file.set_len(end as u64).unwrap();
        let error = Bundle::open(&place.path()).unwrap_err();
        match error {
            BundleError::Magic => assert!(end < BUNDLE_MAGIC.len(), "{end}"),
            BundleError::Truncated {
                offset, missing, ..
            } => {
                assert_eq!(offset, end as u64);
                assert!(missing > 0 && missing <= (whole.len() - end) as u64);
            }
            other => panic!("cut at {end}: {other}"),
        }
    }
}

#[test]
fn no_bit_can_flip_and_no_byte_can_be_added() {
    let place = Place::new();
    let whole = write(&place, Some(refused()));
    let file = File::options().write(true).open(place.path()).unwrap();
    for (index, byte) in whole.iter().enumerate() {
        let at = index as u64;
        let flipped = byte ^ (1 << (index % 8));
        file.write_all_at(&[flipped], at).unwrap();
        assert!(Bundle::open(&place.path()).is_err(), "byte {index}");
        file.write_all_at(&[*byte], at).unwrap();
    }
    Bundle::open(&place.path()).unwrap();
    for at in [0, 16, 17, whole.len() / 2, whole.len()] {
        let mut longer = whole.clone();
        longer.insert(at, 0);
        assert!(place.open(&longer).is_err(), "byte added at {at}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    let error = place.open(&longer).unwrap_err();
    let offset = whole.len() as u64;
    assert!(
        matches!(error, BundleError::Trailing { bytes: 1, offset: at } if at == offset),
        "{error}"
    );
}

#[test]
fn errors_name_the_part_and_the_place() {
    let place = Place::new();
    let json = receipt().to_json();
    let receipt = json.as_bytes();
    let with = |transcript: &[u8]| assembled(&[b"c", b"p", transcript, b"i", receipt]);
    let good = with(b"");
    place.open(&good).unwrap();

    let mut other_version = good.clone();
    other_version[14] = b'2';
    assert!(matches!(
        place.open(&other_version),
        Err(BundleError::Version)
    ));
    assert!(matches!(
        place.open(b"\0asm\x01\0\0\0"),
        Err(BundleError::Magic)
    ));

    let mut swapped = good.clone();
    swapped[16] = 2;
    let said = place.open(&swapped).unwrap_err().to_string();
    assert_eq!(said, "part capsule: byte 16 has to be its tag 1, and is 2");

    let mut huge = good.clone();
    huge[17..25].copy_from_slice(&u64::MAX.to_le_bytes());
    let said = place.open(&huge).unwrap_err().to_string();
    assert!(said.starts_with("part capsule: byte "), "{said}");

    let mut changed = good.clone();
    changed[25] = b'x';
    let said = place.open(&changed).unwrap_err().to_string();
    assert_eq!(
        said,
        "part capsule: bytes 25 to 26 are not those that its digest is of"
    );

    let large = vec![b' '; tenzik_evidence::RECEIPT_BYTES_MAX + 1];
    let error = place
        .open(&assembled(&[b"c", b"p", b"", b"i", &large]))
        .unwrap_err();
    assert!(
        matches!(
            error,
            BundleError::TooLarge {
                part: Part::Receipt,
                ..
            }
        ),
        "{error}"
    );

    let error = Bundle::open(place.directory.path()).unwrap_err();
    assert!(matches!(error, BundleError::NotRegular), "{error}");
}

#[test]
fn a_malformed_call_is_named() {
    let place = Place::new();
    let call = |tag: u8, name: &[u8], request: &[u8], behind: &[u8]| {
        let mut bytes = vec![tag, name.len() as u8];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&(request.len() as u32).to_le_bytes());
        bytes.extend_from_slice(request);
        bytes.extend_from_slice(behind);
        bytes
    };
    let fine = request(b"x", 0);
    let answered = call(1, b"exec_wait", &fine, &[0; 8]);
    let cancelled = call(2, b"exec_wait", &fine, &[4]);
    let text = |len: u32, bytes: &[u8]| {
        let mut text = vec![2];
        text.extend_from_slice(&len.to_le_bytes());
        text.extend_from_slice(bytes);
        call(2, b"exec_wait", &fine, &text)
    };
    let mut long_input = fine.clone();
    long_input[6] = 200;
    let mut short_input = fine.clone();
    short_input[6] = 0;
    let mut many = fine.clone();
    many[0] = 255;
    let cases: Vec<(Vec<u8>, CallProblem)> = vec![
        (vec![3], CallProblem::Tag(3)),
        (vec![1], CallProblem::Truncated),
        (vec![1, 200, b'a'], CallProblem::Truncated),
        (
            call(1, b"exec_wait", &fine, &[0; 7]),
            CallProblem::Truncated,
        ),
        (
            call(1, b"exec_wait", &fine, &[0, 0, 0, 0, 1, 0, 0, 0]),
            CallProblem::Truncated,
        ),
        (
            call(1, b"exec_wait", &fine, &[0, 0, 0, 0, 255, 255, 255, 255]),
            CallProblem::Truncated,
        ),
        (call(1, b"exec_wait", b"", &[0; 8]), CallProblem::Request),
        (
            call(1, b"exec_wait", &long_input, &[0; 8]),
            CallProblem::Request,
        ),
        (
            call(1, b"exec_wait", &short_input, &[0; 8]),
            CallProblem::Request,
        ),
        (call(1, b"exec_wait", &many, &[0; 8]), CallProblem::Request),
        (call(2, b"exec_wait", &fine, &[9]), CallProblem::Halt(9)),
        (text(65_537, b""), CallProblem::TextTooLong(65_537)),
        (text(5, b"abc"), CallProblem::Truncated),
        (text(1, b"\xff"), CallProblem::Text),
        (
            [cancelled.clone(), answered.clone()].concat(),
            CallProblem::BehindHalt,
        ),
        (
            [cancelled.clone(), cancelled].concat(),
            CallProblem::BehindHalt,
        ),
    ];
    let json = receipt().to_json();
    for (malformed, expected) in cases {
        let transcript = [answered.clone(), malformed].concat();
        let bytes = assembled(&[b"", b"", &transcript, b"", json.as_bytes()]);
        let error = place.open(&bytes).unwrap_err();
        let BundleError::Call {
            call,
            offset,
            problem,
        } = error
        else {
            panic!("{expected:?}: {error}");
        };
        assert_eq!(problem, expected);
        let behind_halt = u64::from(problem == CallProblem::BehindHalt);
        assert_eq!(call, 2 + behind_halt);
        assert!(offset >= 16 + 3 * 9 + 64 + answered.len() as u64);
    }
    for name in [&b"Exec"[..], b"", b"1a", b"a b", b"\xff\xfe", &[b'a'; 65]] {
        let transcript = call(1, name, &fine, &[0; 8]);
        let bytes = assembled(&[b"", b"", &transcript, b"", json.as_bytes()]);
        let error = place.open(&bytes).unwrap_err();
        let is_named = matches!(
            error,
            BundleError::Call {
                problem: CallProblem::Name(_),
                ..
            }
        );
        assert!(is_named, "{name:?}: {error}");
    }
}

/// Whatever stands in a transcript, opening ends with a bundle or an error, and the calls of a bundle
/// can all be shown.
#[test]
fn mutated_transcripts_never_panic() {
    let place = Place::new();
    let whole = write(&place, Some(refused()));
    let bundle = Bundle::open(&place.path()).unwrap();
    let span = bundle.part(Part::Transcript).span;
    let transcript = whole[span.offset as usize..(span.offset + span.bytes) as usize].to_vec();
    let json = receipt().to_json();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let mut mutated = transcript.clone();
        for _ in 0..=random(3) {
            let at = random(mutated.len());
            match random(4) {
                0 => mutated[at] ^= 1 << random(8),
                1 => mutated[at] = random(256) as u8,
                2 => mutated.insert(at, random(256) as u8),
                _ => drop(mutated.drain(at..mutated.len().min(at + 1 + random(8)))),
            }
            if mutated.is_empty() {
                mutated.push(1);
            }
        }
        match place.open(&assembled(&[b"", b"", &mutated, b"", json.as_bytes()])) {
            Ok(bundle) => {
                opened += 1;
                for call in bundle.calls() {
                    let text = bundle.text(&call.unwrap()).unwrap();
                    assert!(text.request.is_ascii() && text.answer.is_ascii());
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(opened > 50 && refused > 500, "{opened} {refused}");
}

#[test]
fn an_unfinished_bundle_leaves_nothing() {
    let place = Place::new();
    std::fs::write(place.path(), b"before").unwrap();
    let mut writer = BundleWriter::create(&place.path(), b"c", b"p").unwrap();
    writer.keep("exec_wait", &request(b"", 0), 0, b"").unwrap();
    assert_eq!(place.files(), 2);
    // What a killed run would leave behind is no bundle under any name.
    let left = std::fs::read_dir(place.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != place.path())
        .unwrap();
    assert!(Bundle::open(&left).is_err());
    drop(writer);
    assert_eq!(place.files(), 1);
    assert_eq!(std::fs::read(place.path()).unwrap(), b"before");
}

#[test]
fn a_bundle_replaces_only_regular_files() {
    let place = Place::new();
    let error = BundleWriter::create(place.directory.path(), b"", b"").unwrap_err();
    assert!(matches!(error, BundleError::NotRegular), "{error}");
    let error = BundleWriter::create("/dev/null".as_ref(), b"", b"").unwrap_err();
    assert!(matches!(error, BundleError::NotRegular), "{error}");
    let link = place.directory.path().join("link");
    std::fs::write(place.path(), b"before").unwrap();
    std::os::unix::fs::symlink(place.path(), &link).unwrap();
    let writer = BundleWriter::create(&link, b"c", b"p").unwrap();
    writer.finish(&mut &b""[..], &receipt()).unwrap();
    Bundle::open(&place.path()).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_statement_is_compared_with_every_part_that_it_commits_to() {
    let place = Place::new();
    write(&place, None);
    let bundle = Bundle::open(&place.path()).unwrap();
    let verdicts = sample::verdicts();
    let mut statement = sample::statement(verdicts[0].1.clone());
    let fields = |statement: &tenzik_evidence::Statement| -> Vec<&'static str> {
        let findings = bundle.findings(statement);
        findings
            .iter()
            .map(tenzik_evidence::Finding::field)
            .collect()
    };
    assert_eq!(fields(&statement), ["policy_commit", "transcript_commit"]);
    statement.policy_commit = Digest::of(b"the policy");
    if let tenzik_evidence::Verdict::Ok(run) = &mut statement.verdict {
        run.transcript_commit = bundle.transcript_commit();
    }
    assert_eq!(fields(&statement), [""; 0]);
    if let tenzik_evidence::Verdict::Ok(run) = &mut statement.verdict {
        run.input_commit = Digest::of(b"another");
        run.capsule_id = Digest::of(b"another");
    }
    assert_eq!(fields(&statement), ["capsule_id", "input_commit"]);
}

#[test]
fn requests_are_taken_apart_also_when_cut() {
    let whole = request(b"abc", 9);
    let parsed = Request::parse(&whole);
    assert_eq!(parsed.numbers, [7]);
    assert_eq!(parsed.inputs, [(3, &b"abc"[..])]);
    assert_eq!(parsed.buffer_len, Some(9));
    for end in 0..whole.len() {
        assert_eq!(Request::parse(&whole[..end]).buffer_len, None, "{end}");
    }
}
