//! The Merkle tree of RFC 6962, section 2.1, over SHA-256.
//!
//! ```text
//! leaf(body)        = SHA-256(00 body)
//! node(left, right) = SHA-256(01 left right)
//! ```
//!
//! A level with an odd number of nodes hands its last one up as it is, which gives the same root as
//! the definition of the RFC by largest powers of two.

use sha2::{Digest as _, Sha256};

use crate::TreeHash;

/// A tree with all its levels, leaves first; there is at least one leaf.
pub(super) struct Tree {
    levels: Vec<Vec<TreeHash>>,
    root: TreeHash,
}

impl Tree {
    /// The tree over `first` and `others`.
    pub(super) fn new(leaves: Vec<TreeHash>) -> Option<Tree> {
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                // Chunks of two are never empty, so this is a single one.
                _ => pair[0],
            });
            let above = above.collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        let root = *level.first()?;
        Some(Tree { levels, root })
    }

    pub(super) fn root(&self) -> TreeHash {
        self.root
    }

    /// The siblings on the way from leaf `index` to the root.
    pub(super) fn path(&self, index: usize) -> Vec<TreeHash> {
        let mut index = index;
        let mut path = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            path.extend(level.get(index ^ 1));
            index /= 2;
        }
        path
    }
}

/// The hash of a leaf.
pub(super) fn leaf(body: &[u8]) -> TreeHash {
    let hash = Sha256::new_with_prefix([0]).chain_update(body).finalize();
    TreeHash::from_bytes(hash.into())
}

fn node(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let hash = Sha256::new_with_prefix([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes())
        .finalize();
    TreeHash::from_bytes(hash.into())
}

/// For each level on the way from leaf `index` of `size` to the root that has a sibling: whether
/// the sibling stands to the left.
fn turns(index: u32, size: u32) -> impl Iterator<Item = bool> {
    let (mut index, mut size) = (index, size);
    std::iter::from_fn(move || {
        while size > 1 {
            let (at, of) = (index, size);
            index /= 2;
            size = size.div_ceil(2);
            if at ^ 1 < of {
                return Some(at % 2 == 1);
            }
        }
        None
    })
}

/// How many siblings the path of leaf `index` of `size` has.
pub(super) fn path_len(index: u32, size: u32) -> usize {
    turns(index, size).count()
}

/// The root that a leaf and its path lead to; `path` has [`path_len`] hashes.
pub(super) fn root_of(leaf: TreeHash, index: u32, size: u32, path: &[TreeHash]) -> TreeHash {
    turns(index, size)
        .zip(path)
        .fold(leaf, |hash, (is_left, sibling)| {
            if is_left {
                node(sibling, &hash)
            } else {
                node(&hash, sibling)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inputs of the test vectors of Certificate Transparency.
    const INPUTS: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    /// Their roots, for the first input, the first two, and so on.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn tree(size: usize) -> Tree {
        Tree::new(INPUTS[..size].iter().map(|input| leaf(input)).collect()).unwrap()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        for (size, root) in (1..).zip(ROOTS) {
            assert_eq!(tree(size).root().to_string(), root, "{size}");
        }
        assert!(Tree::new(Vec::new()).is_none());
    }

    #[test]
    fn paths_are_those_of_certificate_transparency() {
        let paths: [(usize, usize, &[&str]); 3] = [
            (
                0,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                &[
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (
                2,
                3,
                &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
            ),
        ];
        for (index, size, path) in paths {
            let found: Vec<String> = tree(size)
                .path(index)
                .iter()
                .map(TreeHash::to_string)
                .collect();
            assert_eq!(found, path, "{index} of {size}");
        }
    }

    #[test]
    fn a_path_leads_to_the_root_from_its_own_place_only() {
        for size in 1..=70u32 {
            let leaves = (0..size).map(|index| leaf(&index.to_le_bytes())).collect();
            let tree = Tree::new(leaves).unwrap();
            for index in 0..size {
                let hash = leaf(&index.to_le_bytes());
                let path = tree.path(index as usize);
                assert_eq!(path.len(), path_len(index, size));
                for claimed in (0..size).filter(|claimed| path_len(*claimed, size) == path.len()) {
                    let root = root_of(hash, claimed, size, &path);
                    assert_eq!(
                        root == tree.root(),
                        claimed == index,
                        "{claimed} {index} of {size}"
                    );
                }
            }
        }
    }
}
