//! Signatures of modules: round trips, and what is refused.

use tenzik_evidence::signature::{
    Added, FormatProblem, HASHES_MAX, KeyId, KeyVerdict, ModuleSignature, Place, SETS_MAX,
    SIGNATURE_BYTES_MAX, SIGNATURES_MAX, SignableModule, SignatureReject, SignedModule, Signer,
    SshSignature, without_signatures,
};
use tenzik_evidence::{NodeKey, PublicKey, TrustStore};

use crate::sample::key;

const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";

/// A module with one type, one function and two custom sections.
fn module() -> Vec<u8> {
    let mut module = HEADER.to_vec();
    module.extend(section(1, b"\x01\x60\0\0"));
    module.extend(section(3, b"\x01\0"));
    module.extend(section(10, b"\x01\x02\0\x0b"));
    module.extend(custom("name", b"\0\x02\x01m"));
    module.extend(custom("tenzik", b"{}"));
    module
}

/// The same with a delimiter after the first section and at the end.
fn parted() -> Vec<u8> {
    let mut module = HEADER.to_vec();
    module.extend(section(1, b"\x01\x60\0\0"));
    module.extend(custom("signature_delimiter", &[1; 16]));
    module.extend(section(3, b"\x01\0"));
    module.extend(section(10, b"\x01\x02\0\x0b"));
    module.extend(custom("signature_delimiter", &[2; 16]));
    module
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    bytes.extend(number(contents.len()));
    bytes.extend(contents);
    bytes
}

fn custom(name: &str, payload: &[u8]) -> Vec<u8> {
    let mut contents = number(name.len());
    contents.extend(name.as_bytes());
    contents.extend(payload);
    section(0, &contents)
}

/// LEB128, at most two bytes.
fn number(number: usize) -> Vec<u8> {
    match number {
        0..0x80 => vec![number as u8],
        _ => vec![(number & 0x7f) as u8 | 0x80, (number >> 7) as u8],
    }
}

fn other() -> NodeKey {
    NodeKey::from_seed(&[7; 32])
}

fn trusting(keys: &[&NodeKey]) -> TrustStore {
    let mut store = TrustStore::new();
    for key in keys {
        store.insert(key.public_key(), None).unwrap();
    }
    store
}

fn signature(module: &[u8], keys: &[&NodeKey]) -> ModuleSignature {
    let module = SignableModule::parse(module).unwrap();
    let mut signature = ModuleSignature::new();
    for key in keys {
        assert_eq!(signature.sign(module.hashes(), key), Ok(Added::New));
    }
    signature
}

fn embedded(module: &[u8], keys: &[&NodeKey]) -> Vec<u8> {
    SignableModule::parse(module)
        .unwrap()
        .embed(&signature(module, keys))
}

fn check(module: &[u8], detached: Option<&[u8]>) -> Result<usize, SignatureReject> {
    let signed = SignedModule::parse(module, detached)?;
    signed.check(&trusting(&[&key()])).map(|keys| keys.len())
}

/// The problem of something malformed, and its place and offset.
#[track_caller]
fn malformed(module: &[u8], detached: Option<&[u8]>) -> (Place, usize, FormatProblem) {
    match check(module, detached) {
        Err(SignatureReject::Malformed(error)) => {
            (error.place, error.error.offset, error.error.problem)
        }
        got => panic!("{got:?}"),
    }
}

#[test]
fn signatures_verify_inside_and_beside() {
    for module in [module(), parted(), HEADER.to_vec()] {
        let signature = signature(&module, &[&key()]);
        let bytes = signature.to_bytes();
        assert_eq!(ModuleSignature::parse(&bytes), Ok(signature.clone()));
        assert_eq!(check(&module, Some(&bytes)), Ok(1));

        let embedded = embedded(&module, &[&key()]);
        assert_eq!(check(&embedded, None), Ok(1));
        assert_eq!(without_signatures(&embedded), Ok(module.clone()));
        let again = SignableModule::parse(&embedded).unwrap();
        assert_eq!(again.embedded(), Ok(Some(signature)));
        assert_eq!(
            again.hashes(),
            SignableModule::parse(&module).unwrap().hashes()
        );
    }
    assert_eq!(embedded(&module(), &[&key()]).len() - module().len(), 132);
}

/// What `wasmsign2 sign -k SECRET -K PUBLIC -S FILE`, version 0.2.8, writes for these modules and
/// the key of the other tests.
#[test]
fn the_bytes_are_those_of_wasmsign2() {
    let theirs = [
        (
            module(),
            include_str!("fixtures/signature/wasmsign2-0.2.8-module.hex"),
        ),
        (
            parted(),
            include_str!("fixtures/signature/wasmsign2-0.2.8-parted.hex"),
        ),
    ];
    for (module, theirs) in theirs {
        let ours = signature(&module, &[&key()]).to_bytes();
        let ours: String = ours.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ours, theirs.trim_end());
    }
}

#[test]
fn another_signer_leaves_the_first_one() {
    let (first, second) = (key(), other());
    let both = embedded(&module(), &[&first, &second]);
    let signed = SignedModule::parse(&both, None).unwrap();
    for key in [&first, &second] {
        assert_eq!(signed.verdict(&key.public_key()), KeyVerdict::Good);
    }
    assert_eq!(
        signed.check(&trusting(&[&first, &second])).unwrap().len(),
        2
    );
    let mut signers = [&first, &second].map(|key| Signer::Id(KeyId::of(&key.public_key())));
    signers.sort();
    assert_eq!(signed.signers(), signers);

    let mut signature = signature(&module(), &[&first, &second]);
    let again = signature.sign(signed.module().hashes(), &second);
    assert_eq!((again, signature.len()), (Ok(Added::Already), 2));

    // One signature inside, the other beside.
    let inside = embedded(&module(), &[&first]);
    let beside = self::signature(&module(), &[&second]).to_bytes();
    let signed = SignedModule::parse(&inside, Some(&beside)).unwrap();
    assert_eq!(
        signed.check(&trusting(&[&first, &second])).unwrap().len(),
        2
    );
}

#[test]
fn each_reject_says_what_is_wrong() {
    assert_eq!(check(&module(), None), Err(SignatureReject::Unsigned));
    let by_other = embedded(&module(), &[&other()]);
    let signers = vec![Signer::Id(KeyId::of(&other().public_key()))];
    let untrusted = SignatureReject::Untrusted {
        signers: signers.clone(),
        trusted: 1,
    };
    assert!(untrusted.to_string().contains(&signers[0].to_string()));
    assert_eq!(check(&by_other, None), Err(untrusted));

    let beside = signature(&module(), &[&key()]).to_bytes();
    let reject = check(&parted(), Some(&beside)).unwrap_err();
    let hash = |module: &[u8]| *SignableModule::parse(module).unwrap().hashes().whole();
    let (signed, found) = (hash(&module()), hash(&parted()));
    let public_key = key().public_key();
    assert_eq!(
        reject,
        SignatureReject::ContentDiffers {
            key: public_key,
            signed,
            found
        }
    );
    assert!(reject.to_string().contains(&signed.to_string()));

    // The key id of the trusted key before a signature of the other one.
    let mut lie = signature(&module(), &[&other()]).to_bytes();
    let id = KeyId::of(&other().public_key());
    let at = lie
        .windows(12)
        .position(|bytes| bytes == id.as_bytes())
        .unwrap();
    lie[at..at + 12].copy_from_slice(KeyId::of(&public_key).as_bytes());
    assert_eq!(
        check(&module(), Some(&lie)),
        Err(SignatureReject::False { key: public_key })
    );
}

#[test]
fn no_part_of_a_signed_module_verifies() {
    for module in [module(), parted()] {
        let inside = embedded(&module, &[&key()]);
        for len in 0..inside.len() {
            assert!(check(&inside[..len], None).is_err(), "{len}");
        }
        let beside = signature(&module, &[&key()]).to_bytes();
        for len in 0..module.len() {
            assert!(check(&module[..len], Some(&beside)).is_err(), "{len}");
        }
        for len in 0..beside.len() {
            assert!(check(&module, Some(&beside[..len])).is_err(), "{len}");
        }
    }
}

#[test]
fn no_bit_can_flip() {
    for module in [module(), parted()] {
        let mut inside = embedded(&module, &[&key()]);
        for bit in 0..inside.len() * 8 {
            inside[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&inside, None).is_err(), "bit {bit}");
            inside[bit / 8] ^= 1 << (bit % 8);
        }
        let mut beside = signature(&module, &[&key()]).to_bytes();
        for bit in 0..beside.len() * 8 {
            beside[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&module, Some(&beside)).is_err(), "bit {bit}");
            beside[bit / 8] ^= 1 << (bit % 8);
        }
        let mut text = SshSignature::sign(&module, &key()).to_text().into_bytes();
        assert_eq!(check(&module, Some(&text)), Ok(1));
        for bit in 0..text.len() * 8 {
            text[bit / 8] ^= 1 << (bit % 8);
            // The last line break may be another one.
            let same = SshSignature::parse(&text) == Ok(SshSignature::sign(&module, &key()));
            assert!(same || check(&module, Some(&text)).is_err(), "bit {bit}");
            text[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn modules_cut_or_continued_at_a_delimiter_are_refused() {
    let module = parted();
    let inside = embedded(&module, &[&key()]);
    let first_part = HEADER.len() + 6 + 38;
    assert!(SignableModule::parse(&module[..first_part]).is_ok());
    let cut = inside.len() - (module.len() - first_part);
    assert!(matches!(
        check(&inside[..cut], None),
        Err(SignatureReject::ContentDiffers { .. })
    ));
    for more in [
        custom("more", b""),
        custom("signature_delimiter", &[3; 16]),
        section(11, b"\0"),
    ] {
        let longer = [&inside[..], &more].concat();
        assert!(matches!(
            check(&longer, None),
            Err(SignatureReject::ContentDiffers { .. })
        ));
    }
}

#[test]
fn other_headers_are_refused() {
    for (position, value) in [(4, 2), (4, 0x0d), (6, 1), (0, 1)] {
        let mut inside = embedded(&module(), &[&key()]);
        inside[position] = value;
        assert_eq!(
            malformed(&inside, None),
            (Place::Module, 0, FormatProblem::Header)
        );
    }
    for bytes in [&b""[..], b"\0asm", b"(module)"] {
        assert_eq!(malformed(bytes, None).2, FormatProblem::Header);
    }
}

#[test]
fn padded_sizes_are_refused_where_they_stand() {
    // The size of a section of the content.
    let mut padded = HEADER.to_vec();
    padded.extend(b"\x01\x84\x00\x01\x60\0\0");
    assert_eq!(
        malformed(&padded, None),
        (Place::Module, 9, FormatProblem::NumberPadded)
    );
    // The length of a custom section's name.
    let mut padded = HEADER.to_vec();
    padded.extend(section(0, b"\x81\x00n"));
    assert_eq!(
        malformed(&padded, None),
        (Place::Module, 10, FormatProblem::NumberPadded)
    );
    // The size of the signature section itself.
    let inside = embedded(&module(), &[&key()]);
    let mut padded = inside.clone();
    padded[10] |= 0x80;
    padded.insert(11, 0);
    assert_eq!(
        malformed(&padded, None),
        (Place::Module, 9, FormatProblem::NumberPadded)
    );
    // Each number in a signature: sets, size, hashes, signatures, size, key id, signature.
    let beside = signature(&module(), &[&key()]).to_bytes();
    for offset in [3, 4, 5, 38, 39, 40, 54] {
        let mut padded = beside.clone();
        padded[offset] |= 0x80;
        padded.insert(offset + 1, 0);
        let expected = (Place::Signature, offset, FormatProblem::NumberPadded);
        assert_eq!(malformed(&module(), Some(&padded)), expected);
    }
}

#[test]
fn the_signature_section_is_the_first_and_the_only_one() {
    let payload = signature(&module(), &[&key()]).to_bytes();
    let moved = [module(), custom("signature", &payload)].concat();
    let at = module().len();
    assert_eq!(
        malformed(&moved, None),
        (Place::Module, at, FormatProblem::Misplaced { index: 5 })
    );
    assert_eq!(without_signatures(&moved), Ok(module()));
    let twice = [
        embedded(&module(), &[&key()]),
        custom("signature", &payload),
    ]
    .concat();
    assert_eq!(malformed(&twice, None).2, FormatProblem::Duplicate);
    assert_eq!(without_signatures(&twice), Ok(module()));
}

#[test]
fn other_sections_are_refused() {
    let with = |bytes: Vec<u8>| [HEADER.to_vec(), bytes].concat();
    let unknown = with(section(14, b""));
    assert_eq!(
        malformed(&unknown, None).2,
        FormatProblem::SectionId { id: 14 }
    );
    let name = with(section(0, b"\x01\xff"));
    assert_eq!(
        malformed(&name, None),
        (Place::Module, 11, FormatProblem::NameUtf8)
    );
    let long = with(vec![1, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    assert_eq!(malformed(&long, None).2, FormatProblem::NumberLong);
    let ends = with(vec![1, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let needed = u32::MAX as usize;
    assert_eq!(malformed(&ends, None).2, FormatProblem::Ends { needed });
    let name = with(section(0, b"\x05ab"));
    assert_eq!(malformed(&name, None).2, FormatProblem::Ends { needed: 3 });
}

/// A signature from its parts, each counted as `counts` says.
fn forged(sets: usize, hashes: usize, signatures: usize, key_id: usize) -> Vec<u8> {
    let mut entry = number(key_id);
    entry.extend(vec![0xaa; key_id]);
    entry.push(1);
    entry.push(64);
    entry.extend([0; 64]);
    let entry = [number(entry.len()), entry].concat();
    let mut set = number(hashes);
    set.extend(vec![0; 32 * hashes]);
    set.extend(number(signatures));
    set.extend(entry.repeat(signatures));
    let set = [number(set.len()), set].concat();
    [vec![1, 1, 1], number(sets), set.repeat(sets)].concat()
}

#[test]
fn counts_have_bounds() {
    let parse = |bytes: &[u8]| ModuleSignature::parse(bytes).map_err(|error| error.problem);
    let too_many = |what, count, count_max| {
        Err(FormatProblem::TooMany {
            what,
            count,
            count_max,
        })
    };
    assert_eq!(
        parse(&forged(SETS_MAX, 1, 4, 0)).unwrap().len(),
        SIGNATURES_MAX
    );
    assert!(parse(&forged(1, HASHES_MAX, 1, 64)).is_ok());
    assert_eq!(
        parse(&forged(SETS_MAX + 1, 1, 1, 0)),
        too_many("sets of hashes", SETS_MAX + 1, SETS_MAX)
    );
    assert_eq!(
        parse(&forged(1, HASHES_MAX + 1, 1, 0)),
        too_many("hashes in a set", HASHES_MAX + 1, HASHES_MAX)
    );
    assert_eq!(
        parse(&forged(1, 1, SIGNATURES_MAX + 1, 0)),
        too_many("signatures", SIGNATURES_MAX + 1, SIGNATURES_MAX)
    );
    assert_eq!(parse(&forged(2, 1, 40, 0)), too_many("signatures", 40, 24));
    assert_eq!(
        parse(&forged(1, 1, 1, 65)),
        too_many("bytes of a key id", 65, 64)
    );
    for (bytes, what) in [
        (forged(0, 1, 1, 0), "sets of hashes"),
        (forged(1, 0, 1, 0), "hashes in a set"),
        (forged(1, 1, 0, 0), "signatures"),
    ] {
        assert_eq!(parse(&bytes), Err(FormatProblem::None { what }));
    }
    let huge = vec![1; SIGNATURE_BYTES_MAX + 1];
    assert_eq!(
        parse(&huge),
        too_many("bytes of signatures", huge.len(), SIGNATURE_BYTES_MAX)
    );
    // A count that no bytes follow reserves nothing.
    assert!(parse(&[1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());

    // No room for one more.
    let module = module();
    let module = SignableModule::parse(&module).unwrap();
    let mut full = ModuleSignature::new();
    for number in 0..SIGNATURES_MAX {
        let key = NodeKey::from_seed(&[number as u8; 32]);
        assert_eq!(full.sign(module.hashes(), &key), Ok(Added::New));
    }
    assert!(
        full.sign(module.hashes(), &NodeKey::from_seed(&[99; 32]))
            .is_err()
    );
    assert!(ModuleSignature::parse(&full.to_bytes()).is_ok());

    // More parts than can be signed.
    let mut parts = HEADER.to_vec();
    for _ in 0..=HASHES_MAX {
        parts.extend(custom("signature_delimiter", b""));
    }
    assert_eq!(
        malformed(&parts, None).2,
        FormatProblem::TooMany {
            what: "parts of the content",
            count: HASHES_MAX + 1,
            count_max: HASHES_MAX
        }
    );
}

#[test]
fn unknown_versions_algorithms_and_trailing_bytes_are_refused() {
    let good = signature(&module(), &[&key()]).to_bytes();
    for offset in [1, 2, 53] {
        let mut bytes = good.clone();
        bytes[offset] = 2;
        let (place, at, problem) = malformed(&module(), Some(&bytes));
        assert_eq!((place, at), (Place::Signature, offset));
        assert!(
            matches!(
                problem,
                FormatProblem::Unknown {
                    found: 2,
                    expected: 1,
                    ..
                }
            ),
            "{problem}"
        );
    }
    let trailing = [&good[..], b"\n"].concat();
    assert!(matches!(
        malformed(&module(), Some(&trailing)),
        (
            Place::Signature,
            _,
            FormatProblem::Trailing { bytes: 1, .. }
        )
    ));
    let mut short = good.clone();
    short[54] = 63;
    assert!(matches!(
        malformed(&module(), Some(&short)).2,
        FormatProblem::Length {
            found: 63,
            expected: 64,
            ..
        }
    ));
    for bytes in [&b""[..], b"hello", b"\0asm\x01\0\0\0"] {
        assert_eq!(
            malformed(&module(), Some(bytes)).2,
            FormatProblem::NoSignature
        );
    }
}

#[test]
fn ssh_signatures_are_for_this_purpose_and_these_bytes() {
    let text = SshSignature::sign(&module(), &key()).to_text();
    let signature = SshSignature::parse(text.as_bytes()).unwrap();
    assert!(signature.is_over(&module()) && !signature.is_over(&parted()));
    assert_eq!(
        check(&parted(), Some(text.as_bytes())),
        Err(SignatureReject::False {
            key: key().public_key()
        })
    );
    assert!(SshSignature::parse(text.replace('\n', "\r\n").as_bytes()).is_ok());
    for len in 0..text.len() - 1 {
        assert!(
            SshSignature::parse(&text.as_bytes()[..len]).is_err(),
            "{len}"
        );
    }
    for (text, place) in [
        (text.repeat(2), Place::Signature),
        (text.clone() + "more", Place::Signature),
        (
            text.replace("BEGIN SSH SIGNATURE-----\n", "BEGIN SSH SIGNATURE-----"),
            Place::Signature,
        ),
        (
            "-----BEGIN SSH SIGNATURE-----\n".repeat(500),
            Place::Signature,
        ),
    ] {
        assert_eq!(
            SshSignature::parse(text.as_bytes()).unwrap_err().place,
            place
        );
    }
}

/// Whatever stands in a file, reading it ends with an answer.
#[test]
fn changed_bytes_never_panic_nor_verify() {
    let module = embedded(&parted(), &[&key(), &other()]);
    let beside = signature(&module, &[&key()]).to_bytes();
    let text = SshSignature::sign(&module, &key()).to_text().into_bytes();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..4_000 {
        let mut changed = [&module, &beside, &text][round % 3].clone();
        for _ in 0..=next(3) {
            let at = next(changed.len());
            match next(4) {
                0 => changed[at] = next(256) as u8,
                1 => drop(changed.remove(at)),
                2 => changed.insert(at, [0, 1, 0x7f, 0x80, 0xff][next(5)]),
                _ => changed.truncate(at.max(1)),
            }
        }
        let _ = NodeKey::parse(&changed);
        let _ = PublicKey::parse(&changed);
        let _ = without_signatures(&changed);
        if changed == module {
            continue;
        }
        let alone = SignedModule::parse(&changed, None);
        let verdict = alone.map(|signed| signed.verdict(&key().public_key()));
        // Without the other signer's bytes, the module may still be signed by this one.
        if verdict == Ok(KeyVerdict::Good) {
            assert_eq!(without_signatures(&changed), without_signatures(&module));
        }
        let _ = SignedModule::parse(&parted(), Some(&changed));
    }
}
