//! The chain of hashes.
//!
//! ```text
//! hash = BLAKE3( "tenzik.journal.v1"
//!              ‖ hash of the row before            32 bytes, all 0 before row 1
//!              ‖ seq                                8 bytes
//!              ‖ at_ms                              8 bytes
//!              ‖ length of kind ‖ kind              8 bytes, UTF-8
//!              ‖ length of run ‖ run                8 bytes, UTF-8
//!              ‖ 0 | 1 ‖ length of job ‖ job        1 byte; with 1 also 8 bytes, UTF-8
//!              ‖ length of body ‖ body )            8 bytes, UTF-8
//! ```
//!
//! Numbers are little-endian.

use std::fmt;

/// What every hash begins with.
const CONTEXT: &[u8] = b"tenzik.journal.v1";

/// The digest of a row, and with it of every row before.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// The newest row of a file: who keeps a copy elsewhere finds out when rows up to it are changed or
/// gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 for a file without rows.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Hash {
    /// What row 1 follows.
    pub const BEFORE_FIRST: Hash = Hash([0; 32]);

    /// 64 lowercase hexadecimal digits.
    pub fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The hash that 64 hexadecimal digits write.
    pub fn from_hex(text: &str) -> Option<Hash> {
        let hash = blake3::Hash::from_hex(text).ok()?;
        Some(Hash(*hash.as_bytes()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// What a hash is made of besides the one before.
pub(crate) struct Fields<'a> {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) kind: &'a str,
    pub(crate) run: &'a str,
    pub(crate) job: Option<&'a str>,
    pub(crate) body: &'a str,
}

impl Fields<'_> {
    /// The hash of the row that follows the one of hash `previous`.
    pub(crate) fn hash(&self, previous: &Hash) -> Hash {
        // Almost every row fits, and one piece is hashed quicker than many small ones.
        let mut piece = [0_u8; 1024];
        let mut filled = 0;
        let mut large: Option<Box<blake3::Hasher>> = None;
        let mut add = |bytes: &[u8]| {
            if let Some(room) = piece.get_mut(filled..filled + bytes.len()) {
                room.copy_from_slice(bytes);
                filled += bytes.len();
            } else {
                let hasher = large.get_or_insert_default();
                hasher.update(&piece[..filled]);
                hasher.update(bytes);
                filled = 0;
            }
        };
        let length = |text: &str| (text.len() as u64).to_le_bytes();
        add(CONTEXT);
        add(&previous.0);
        add(&self.seq.to_le_bytes());
        add(&self.at_ms.to_le_bytes());
        for text in [self.kind, self.run] {
            add(&length(text));
            add(text.as_bytes());
        }
        match self.job {
            None => add(&[0]),
            Some(job) => {
                add(&[1]);
                add(&length(job));
                add(job.as_bytes());
            }
        }
        add(&length(self.body));
        add(self.body.as_bytes());
        let hash = match &mut large {
            None => blake3::hash(&piece[..filled]),
            Some(hasher) => hasher.update(&piece[..filled]).finalize(),
        };
        Hash(*hash.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{CONTEXT, Fields, Hash};

    /// The definition at the top, in one piece.
    fn plain(fields: &Fields<'_>, previous: &Hash) -> Hash {
        let mut bytes = CONTEXT.to_vec();
        bytes.extend(previous.0);
        bytes.extend(fields.seq.to_le_bytes());
        bytes.extend(fields.at_ms.to_le_bytes());
        let add = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        add(&mut bytes, fields.kind);
        add(&mut bytes, fields.run);
        match fields.job {
            None => bytes.push(0),
            Some(job) => {
                bytes.push(1);
                add(&mut bytes, job);
            }
        }
        add(&mut bytes, fields.body);
        Hash(*blake3::hash(&bytes).as_bytes())
    }

    #[test]
    fn pieces_of_every_size_give_the_hash_of_the_whole() {
        for body_bytes in (0..1_100).chain([5_000, 70_000]) {
            for job in [None, Some(""), Some("0123456789abcdef0123456789abcdef")] {
                let fields = Fields {
                    seq: 7,
                    at_ms: u64::MAX,
                    kind: "outcome",
                    run: "r",
                    job,
                    body: &"é".repeat(body_bytes),
                };
                let previous = Hash([3; 32]);
                assert_eq!(fields.hash(&previous), plain(&fields, &previous));
            }
        }
    }

    #[test]
    fn a_byte_that_moves_to_the_next_field_changes_the_hash() {
        let hash = |run, job, body| {
            let fields = Fields {
                seq: 1,
                at_ms: 2,
                kind: "settled",
                run,
                job,
                body,
            };
            fields.hash(&Hash::BEFORE_FIRST)
        };
        let all = [
            hash("ab", None, "c"),
            hash("a", None, "bc"),
            hash("a", Some("b"), "c"),
            hash("ab", Some(""), "c"),
            hash("a", Some("bc"), ""),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
    }
}
