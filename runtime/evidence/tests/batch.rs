//! Batches: every receipt of one is complete by itself, and nothing in it can be changed.

use std::fs;

use tenzik_evidence::{
    BATCH_RECEIPTS_MAX, BatchError, FieldProblem, HexError, NodeKey, Nonce, ReceiptBatch,
    ReceiptError, ReceiptVersion, SignedReceipt, Statement, Status, TrustStore, VerifyError,
    verify,
};

use crate::sample::{key, receipt, statement, verdicts};

/// Statements that differ in verdict and nonce.
fn statements(count: u32) -> impl Iterator<Item = Statement> {
    let verdicts: Vec<_> = verdicts()
        .into_iter()
        .take(7)
        .map(|(_, verdict)| verdict)
        .collect();
    (0..count)
        .zip(verdicts.into_iter().cycle())
        .map(|(index, verdict)| {
            let mut statement = statement(verdict);
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&index.to_be_bytes());
            statement.nonce = Nonce::from_bytes(nonce);
            statement
        })
}

fn batch(count: u32) -> Vec<SignedReceipt> {
    let mut batch = ReceiptBatch::new(key().public_key());
    for (index, statement) in (0..).zip(statements(count)) {
        assert_eq!(batch.push(statement), Ok(index));
    }
    batch.seal(&key()).unwrap().into_receipts().collect()
}

fn verifies(json: &str) -> bool {
    verify(json.as_bytes(), &TrustStore::new()).is_ok()
}

/// The receipt with another text in place of that of a field.
fn with(json: &str, field: &str, value: &str) -> String {
    let (before, rest) = json.split_once(&format!("\"{field}\":\"")).unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}\"{field}\":\"{value}\"{after}")
}

#[test]
fn every_receipt_of_a_batch_verifies_by_itself() {
    for count in (1..=17).chain([1024]) {
        let receipts = batch(count);
        assert_eq!(receipts.len(), count as usize);
        let head = receipts[0].batch_head().unwrap();
        assert_eq!((head.size, head.node_id), (count, key().public_key()));
        for (receipt, statement) in receipts.into_iter().zip(statements(count)) {
            let json = receipt.to_json();
            assert_eq!(SignedReceipt::parse(json.as_bytes()).as_ref(), Ok(&receipt));
            assert_eq!(
                SignedReceipt::parse(format!("{json}\n").as_bytes()),
                Ok(receipt)
            );
            let verified = verify(json.as_bytes(), &TrustStore::new()).unwrap();
            assert_eq!(*verified.body().statement(), statement);
            assert_eq!(verified.body().version(), ReceiptVersion::Batched);
            assert_eq!(verified.receipt().batch_head(), Some(head));
        }
    }
}

#[test]
fn released_receipts_of_batches_stay_readable_and_are_still_written_the_same() {
    for (index, receipt) in batch(7).into_iter().enumerate() {
        let path = format!(
            "{}/tests/fixtures/v2-{index}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let json = format!("{}\n", receipt.to_json());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &json).unwrap();
        }
        let released = fs::read_to_string(&path).unwrap();
        assert_eq!(json, released, "{index}");
        assert!(verifies(&released), "{index}");
    }
}

#[test]
fn no_bit_of_a_receipt_of_a_batch_can_flip() {
    for (count, index) in [(1, 0), (3, 1)] {
        let mut bytes = batch(count)[index].to_json().into_bytes();
        let trusted = TrustStore::new();
        assert!(verify(&bytes, &trusted).is_ok());
        for position in 0..bytes.len() {
            for bit in 0..8 {
                bytes[position] ^= 1 << bit;
                assert!(
                    verify(&bytes, &trusted).is_err(),
                    "bit {bit} of byte {position}"
                );
                bytes[position] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn no_byte_can_be_missing_or_added() {
    let json = batch(3)[1].to_json();
    for len in 0..json.len() {
        assert!(
            SignedReceipt::parse(&json.as_bytes()[..len]).is_err(),
            "{len}"
        );
    }
    for position in 0..json.len() {
        for byte in ["0", " ", ",", "\""] {
            let mut longer = json.clone();
            longer.insert_str(position, byte);
            assert!(!verifies(&longer), "{byte} at {position}");
        }
    }
}

#[test]
fn a_proof_is_good_for_one_place_in_one_batch() {
    let receipts = batch(6);
    let other = batch(7);
    for (index, receipt) in receipts.iter().enumerate() {
        let json = receipt.to_json();
        for claimed in (0..6).filter(|claimed| *claimed != index) {
            assert!(
                !verifies(&with(&json, "batch_index", &claimed.to_string())),
                "{claimed}"
            );
        }
        for size in (0..=20).filter(|size| *size != 6) {
            assert!(
                !verifies(&with(&json, "batch_size", &size.to_string())),
                "{size}"
            );
        }
        // The same body, in a batch that has one receipt more.
        let signature = other[index].signature().to_string();
        assert!(!verifies(&with(&json, "signature", &signature)));
        assert!(verifies(&other[index].to_json()));
    }
}

/// A signature over one thing is none over the other, so a version cannot be swapped.
#[test]
fn the_two_ways_of_signing_do_not_mix() {
    let batched = batch(1).remove(0).to_json();
    let single = key().sign(statements(1).next().unwrap()).to_json();
    let proof = "{\"batch_index\":\"0\",\"batch_path\":\"\",\"batch_size\":\"1\",";
    assert!(batched.starts_with(proof));
    let with_proof = single.replacen('{', proof, 1);
    let parse = |json: &str| SignedReceipt::parse(json.as_bytes()).unwrap_err();
    assert_eq!(
        parse(&with_proof),
        ReceiptError::UnexpectedField {
            field: "batch_index",
            status: Status::Ok
        }
    );
    let node_id = key().public_key();
    let forged = with(&with_proof, "version", "2");
    assert_eq!(
        verify(forged.as_bytes(), &TrustStore::new()),
        Err(VerifyError::Signature { node_id })
    );
    let stripped = with(&batched.replacen(proof, "{", 1), "version", "1");
    assert_eq!(
        verify(stripped.as_bytes(), &TrustStore::new()),
        Err(VerifyError::Signature { node_id })
    );
    for field in ["batch_index", "batch_path", "batch_size"] {
        let without: String = batched.replacen(&format!("\"{field}\""), "\"engine\"", 1);
        assert_eq!(
            parse(&without),
            ReceiptError::DuplicateField { field: "engine" }
        );
    }
    assert_eq!(
        parse(&with(&single, "version", "2")),
        ReceiptError::MissingField {
            field: "batch_index",
            status: Some(Status::Ok)
        }
    );
}

#[test]
fn proofs_that_no_batch_has_are_refused_with_the_reason() {
    let json = batch(5)[4].to_json();
    let problem =
        |field: &str, value: &str| match SignedReceipt::parse(with(&json, field, value).as_bytes())
        {
            Err(ReceiptError::Field { field, problem }) => (field, problem),
            other => panic!("{other:?}"),
        };
    for size in ["0", "65537", "18446744073709551615"] {
        assert_eq!(
            problem("batch_size", size),
            ("batch_size", FieldProblem::BatchSize)
        );
    }
    for index in ["5", "4294967296"] {
        let out = FieldProblem::BatchIndex { size: 5 };
        assert_eq!(problem("batch_index", index), ("batch_index", out));
    }
    assert_eq!(
        problem("batch_index", "04"),
        ("batch_index", FieldProblem::Number)
    );
    let length = |got| FieldProblem::Hex(HexError::Length { expected: 64, got });
    for path in [
        String::new(),
        "0".repeat(63),
        "0".repeat(128),
        "é".repeat(33),
    ] {
        let got = length(path.len());
        assert_eq!(problem("batch_path", &path), ("batch_path", got));
    }
    let path = format!("{}A", "0".repeat(63));
    let offset = FieldProblem::Hex(HexError::Character { offset: 63 });
    assert_eq!(problem("batch_path", &path), ("batch_path", offset));
    assert_eq!(problem("batch_path", &"é".repeat(32)).0, "batch_path");
}

#[test]
fn a_batch_is_bounded_and_sealed_by_its_node() {
    let empty = ReceiptBatch::new(key().public_key());
    assert_eq!(empty.seal(&key()).err(), Some(BatchError::Empty));

    let mut batch = ReceiptBatch::new(key().public_key());
    let other = NodeKey::from_seed(&[7; 32]);
    for statement in statements(BATCH_RECEIPTS_MAX) {
        assert!(!batch.is_full());
        batch.push(statement).unwrap();
    }
    assert!(batch.is_full());
    assert_eq!(
        batch.push(statements(1).next().unwrap()),
        Err(BatchError::Full)
    );
    let sealed = batch.seal(&key()).unwrap();
    assert_eq!(sealed.head().size, BATCH_RECEIPTS_MAX);
    let last = sealed.into_receipts().last().unwrap();
    assert_eq!(last.batch_proof().unwrap().path().len(), 16);
    assert!(verifies(&last.to_json()));

    let mut batch = ReceiptBatch::new(key().public_key());
    batch.push(statements(1).next().unwrap()).unwrap();
    let refused = batch.seal(&other).err();
    let (node_id, key) = (key().public_key(), other.public_key());
    assert_eq!(refused, Some(BatchError::OtherNode { node_id, key }));
}

/// Old receipts are what they were: no proof, and a signature over their body.
#[test]
fn a_single_receipt_has_no_proof() {
    let receipt = receipt(verdicts().remove(0).1);
    assert_eq!(receipt.batch_proof(), None);
    assert_eq!(receipt.batch_head(), None);
    assert_eq!(receipt.body().version(), ReceiptVersion::Single);
}

#[test]
fn python_verifies_the_receipts_of_batches() {
    for count in [1, 2, 3, 7, 8, 11] {
        for receipt in batch(count) {
            let json = receipt.to_json();
            let Some(output) = crate::peers::python("batch.py", &[], json.as_bytes()) else {
                return;
            };
            let root = receipt.batch_head().unwrap().root;
            assert_eq!(output.trim(), root.to_string());
        }
    }
}
