//! Comparing contents with what a receipt commits to.

use std::io::{self, Read};

use tenzik_evidence::{Contents, Digest, Finding, VerifiedReceipt, check_commitments};

use crate::sample::{self, CAPSULE, INPUT, OUTPUT, verdicts, verified};

fn findings(
    receipt: &VerifiedReceipt,
    mut capsule: Option<&[u8]>,
    mut input: Option<&[u8]>,
    mut output: Option<&[u8]>,
) -> Vec<Finding> {
    let contents = Contents {
        capsule: capsule.as_mut().map(|bytes| bytes as &mut dyn Read),
        input: input.as_mut().map(|bytes| bytes as &mut dyn Read),
        output: output.as_mut().map(|bytes| bytes as &mut dyn Read),
    };
    check_commitments(receipt, contents).unwrap()
}

fn differs(field: &'static str, expected: impl ToString, got: impl ToString) -> Finding {
    Finding::Differs {
        field,
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

fn verdict(name: &str) -> VerifiedReceipt {
    verified(
        verdicts()
            .into_iter()
            .find(|(found, _)| *found == name)
            .unwrap()
            .1,
    )
}

#[test]
fn matching_contents_have_no_findings() {
    let receipt = verdict("ok");
    assert_eq!(
        findings(&receipt, Some(CAPSULE), Some(INPUT), Some(OUTPUT)),
        []
    );
    assert_eq!(findings(&receipt, None, None, None), []);
}

#[test]
fn other_contents_are_found_with_both_values() {
    let receipt = verdict("ok");
    let same_length = b"the  output";
    let shorter = &INPUT[..5];
    assert_eq!(
        findings(
            &receipt,
            Some(b"\0asm\x01\0\0\x01"),
            Some(shorter),
            Some(&same_length[1..])
        ),
        [
            differs(
                "capsule_id",
                Digest::of(CAPSULE),
                Digest::of(b"\0asm\x01\0\0\x01")
            ),
            differs("input_bytes", INPUT.len(), 5),
            differs("input_commit", Digest::of(INPUT), Digest::of(shorter)),
            differs(
                "output_commit",
                Digest::of(OUTPUT),
                Digest::of(&same_length[1..])
            ),
        ]
    );
    assert_eq!(
        findings(&receipt, Some(&[]), None, Some(b"the output\n")),
        [
            differs("capsule_bytes", 8, 0),
            differs("capsule_id", Digest::of(CAPSULE), Digest::of(b"")),
            differs("output_bytes", 10, "more"),
        ]
    );
    assert_eq!(
        differs("output_bytes", 10, "more").to_string(),
        "output_bytes differs: the receipt has 10, the contents have more"
    );
}

/// A capsule may stop before the end of its input; the commitment is still to all of it.
#[test]
fn a_complete_input_is_compared_as_a_whole() {
    let mut run = sample::run();
    run.input_bytes = 4;
    let receipt = verified(tenzik_evidence::Verdict::Ok(run));
    assert_eq!(findings(&receipt, None, Some(INPUT), None), []);
    let longer = [INPUT, b"!"].concat();
    assert_eq!(
        findings(&receipt, None, Some(&longer), None),
        [differs(
            "input_commit",
            Digest::of(INPUT),
            Digest::of(&longer)
        )]
    );
}

#[test]
fn of_an_incomplete_input_only_the_consumed_bytes_are_read() {
    struct Guarded(usize);

    impl Read for Guarded {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let rest = &INPUT[self.0..9];
            assert!(!rest.is_empty(), "read past the consumed bytes");
            let len = rest.len().min(buffer.len()).min(2);
            buffer[..len].copy_from_slice(&rest[..len]);
            self.0 += len;
            Ok(len)
        }
    }

    let receipt = verdict("failure");
    let contents = Contents {
        input: Some(&mut Guarded(0)),
        ..Contents::default()
    };
    assert_eq!(check_commitments(&receipt, contents).unwrap(), []);
    assert_eq!(
        findings(&receipt, None, Some(b"the whole and more"), None),
        []
    );
    assert_eq!(
        findings(&receipt, None, Some(b"the"), None),
        [
            differs("input_bytes", 9, 3),
            differs("input_commit", Digest::of(&INPUT[..9]), Digest::of(b"the")),
        ]
    );
}

/// Longer than memory: reading must stop by itself.
#[test]
fn endless_contents_are_cut_off() {
    let receipt = verdict("failure");
    let contents = Contents {
        capsule: Some(&mut io::repeat(0)),
        input: Some(&mut io::repeat(0)),
        output: Some(&mut io::repeat(0)),
    };
    let fields: Vec<_> = check_commitments(&receipt, contents)
        .unwrap()
        .iter()
        .map(Finding::field)
        .collect();
    assert_eq!(fields, ["capsule_bytes", "input_commit", "output_bytes"]);
}

#[test]
fn a_receipt_without_a_run_states_nothing_about_contents() {
    let not_stated = |field| Finding::NotStated { field };
    assert_eq!(
        findings(
            &verdict("refused"),
            Some(CAPSULE),
            Some(INPUT),
            Some(OUTPUT)
        ),
        [not_stated("input_commit"), not_stated("output_commit")]
    );
    assert_eq!(
        findings(&verdict("reject-unread"), Some(CAPSULE), None, None),
        [not_stated("capsule_id")]
    );
}

#[test]
fn contents_that_cannot_be_read_are_no_finding() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }

    let contents = Contents {
        output: Some(&mut Broken),
        ..Contents::default()
    };
    let error = check_commitments(&verdict("ok"), contents).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the output: the disk is gone"
    );
}
