//! What a key file looks like. The content decides, never the name.

use std::fmt;

/// What bytes look like, judged by how they begin and how long they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFormat {
    /// Nothing, or blanks.
    Empty,
    /// A PKCS#8 private key in PEM.
    Pkcs8Secret,
    /// An encrypted PKCS#8 private key in PEM.
    Pkcs8Encrypted,
    /// A public key in PEM.
    PemPublic,
    /// Another PEM text.
    PemOther,
    /// A private key of OpenSSH.
    OpenSshSecret,
    /// An Ed25519 public key of OpenSSH.
    OpenSshPublic,
    /// A public key of OpenSSH of another kind.
    OpenSshOther,
    /// A secret key file of wasmsign2.
    WasmsignSecret,
    /// A public key file of wasmsign2.
    WasmsignPublic,
    /// 64 hexadecimal digits.
    HexPublic,
    /// A WebAssembly module.
    Module,
    /// A signature.
    Signature,
    /// Some text.
    Text,
    /// Some bytes.
    Binary,
}

/// The first byte of the key files of wasmsign2, and their length.
pub(crate) const WASMSIGN_SECRET: (u8, usize) = (0x81, 65);
/// See [`WASMSIGN_SECRET`].
pub(crate) const WASMSIGN_PUBLIC: (u8, usize) = (0x01, 33);

/// The first line of an OpenSSH private key.
pub(crate) const OPENSSH_BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
/// The last line of an OpenSSH private key.
pub(crate) const OPENSSH_END: &str = "-----END OPENSSH PRIVATE KEY-----";

impl KeyFormat {
    /// Judges bytes.
    pub fn of(bytes: &[u8]) -> KeyFormat {
        let is = |(first, len): (u8, usize)| bytes.len() == len && bytes.first() == Some(&first);
        if is(WASMSIGN_SECRET) {
            return KeyFormat::WasmsignSecret;
        }
        if is(WASMSIGN_PUBLIC) {
            return KeyFormat::WasmsignPublic;
        }
        if bytes.starts_with(b"\0asm") {
            return KeyFormat::Module;
        }
        if bytes.starts_with(&[1, 1, 1]) {
            return KeyFormat::Signature;
        }
        std::str::from_utf8(bytes).map_or(KeyFormat::Binary, of_text)
    }
}

fn of_text(text: &str) -> KeyFormat {
    const BEGINNINGS: [(&str, KeyFormat); 10] = [
        ("-----BEGIN PRIVATE KEY-----", KeyFormat::Pkcs8Secret),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            KeyFormat::Pkcs8Encrypted,
        ),
        ("-----BEGIN PUBLIC KEY-----", KeyFormat::PemPublic),
        (OPENSSH_BEGIN, KeyFormat::OpenSshSecret),
        ("-----BEGIN SSH SIGNATURE-----", KeyFormat::Signature),
        ("-----BEGIN", KeyFormat::PemOther),
        ("ssh-ed25519 ", KeyFormat::OpenSshPublic),
        ("ssh-", KeyFormat::OpenSshOther),
        ("ecdsa-sha2-", KeyFormat::OpenSshOther),
        ("sk-", KeyFormat::OpenSshOther),
    ];
    let text = text.trim();
    if text.is_empty() {
        return KeyFormat::Empty;
    }
    let known = BEGINNINGS.iter().find(|(begin, _)| text.starts_with(begin));
    if let Some((_, format)) = known {
        return *format;
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return KeyFormat::HexPublic;
    }
    KeyFormat::Text
}

impl fmt::Display for KeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyFormat::Empty => "nothing",
            KeyFormat::Pkcs8Secret => "a PKCS#8 private key in PEM",
            KeyFormat::Pkcs8Encrypted => "a PKCS#8 private key in PEM, encrypted",
            KeyFormat::PemPublic => "a public key in PEM",
            KeyFormat::PemOther => "a PEM text of another kind",
            KeyFormat::OpenSshSecret => "an OpenSSH private key",
            KeyFormat::OpenSshPublic => "an OpenSSH public key",
            KeyFormat::OpenSshOther => "an OpenSSH public key of another kind than Ed25519",
            KeyFormat::WasmsignSecret => "a secret key of wasmsign2",
            KeyFormat::WasmsignPublic => "a public key of wasmsign2",
            KeyFormat::HexPublic => "a public key in hexadecimal",
            KeyFormat::Module => "a WebAssembly module",
            KeyFormat::Signature => "a signature",
            KeyFormat::Text => "some other text",
            KeyFormat::Binary => "some other bytes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides() {
        let wasmsign = |first: u8, len: usize| {
            let mut bytes = vec![0xff; len];
            bytes[0] = first;
            bytes
        };
        let cases: [(&[u8], KeyFormat); 14] = [
            (b"", KeyFormat::Empty),
            (b" \n", KeyFormat::Empty),
            (b"-----BEGIN PRIVATE KEY-----\n", KeyFormat::Pkcs8Secret),
            (b"-----BEGIN RSA PRIVATE KEY-----\n", KeyFormat::PemOther),
            (b"ssh-ed25519 AAAA", KeyFormat::OpenSshPublic),
            (b"ssh-rsa AAAA", KeyFormat::OpenSshOther),
            (b"sk-ssh-ed25519@openssh.com AAAA", KeyFormat::OpenSshOther),
            (&wasmsign(0x81, 65), KeyFormat::WasmsignSecret),
            (&wasmsign(0x81, 64), KeyFormat::Binary),
            (&wasmsign(0x01, 33), KeyFormat::WasmsignPublic),
            (&[b'a'; 64], KeyFormat::HexPublic),
            (b"\0asm\x01\0\0\0", KeyFormat::Module),
            (&[1, 1, 1, 1, 9], KeyFormat::Signature),
            (b"hello", KeyFormat::Text),
        ];
        for (bytes, format) in cases {
            assert_eq!(KeyFormat::of(bytes), format, "{bytes:?}");
        }
    }
}
