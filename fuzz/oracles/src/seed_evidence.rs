//! Transcripts and key files to start from: one of each format, all of the key of RFC 8410, section 10.

use tenzik_runtime::evidence::{Digest, NodeKey, Transcript, TranscriptEntry};

const PKCS8_V2: &str = "-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
";

const PEM_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

const OPENSSH_SECRET: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACAZv0QJaYTN/oVBusFn3DuWyFCGqjC2tssMXDitcDFm4QAAAIgAAAAHAAAA
BwAAAAtzc2gtZWQyNTUxOQAAACAZv0QJaYTN/oVBusFn3DuWyFCGqjC2tssMXDitcDFm4Q
AAAEDU7nLb+RNYStW22PH3afitOv58KMvx1Pvgl6iPRHVYQhm/RAlphM3+hUG6wWfcO5bI
UIaqMLa2ywxcOK1wMWbhAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
";

const OPENSSH_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh test\n";

/// A key file of each format.
pub(crate) fn key_files() -> Vec<Vec<u8>> {
    let key = NodeKey::from_pem(PKCS8_V2).unwrap();
    let pem = key.to_pem().unwrap();
    let public = key.public_key();
    let mut files: Vec<Vec<u8>> = [
        PKCS8_V2,
        &pem,
        PEM_PUBLIC,
        OPENSSH_SECRET,
        OPENSSH_PUBLIC,
        &public.to_string(),
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    let secret = NodeKey::from_seed(&[9; 32]);
    let own = secret.public_key();
    // As wasmsign2 writes them.
    files.push([&[0x81], &[9; 32][..], own.as_bytes()].concat());
    files.push([&[0x01], &public.as_bytes()[..]].concat());
    files
}

/// Transcripts without an entry, with one and with several.
pub(crate) fn transcripts() -> Vec<Vec<u8>> {
    let of = |functions: &[&str]| {
        let mut transcript = Transcript::new();
        for function in functions {
            let (request, result) = (Digest::of(b"request"), Digest::of(b"result"));
            let entry = TranscriptEntry::new(function, request, result).unwrap();
            transcript.push(entry).unwrap();
        }
        transcript.to_bytes()
    };
    vec![of(&[]), of(&["exec"]), of(&["exec", "file_read", "exec"])]
}

#[cfg(test)]
mod tests {
    use tenzik_runtime::evidence::PublicKey;

    use super::*;

    #[test]
    fn every_seed_is_read() {
        for file in key_files() {
            assert!(NodeKey::parse(&file).is_ok() || PublicKey::parse(&file).is_ok());
        }
        for transcript in transcripts() {
            assert_eq!(
                Transcript::parse(&transcript).unwrap().to_bytes(),
                transcript
            );
        }
    }
}
