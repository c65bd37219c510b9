//! Finding many patterns at once, byte by byte.
//!
//! The automaton of Aho and Corasick (Efficient string matching: an aid to bibliographic search,
//! CACM 18, 1975): a tree of all patterns, and for each node the longest proper end of its text that
//! is a beginning of a pattern. An own one, because the depth of a state is what tells how many
//! bytes must be held back, and because its bytes are cleared when it is dropped.

use zeroize::Zeroizing;

use super::forms::{Form, forms};

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// The forms of all secrets as one automaton. State 0 is where nothing has begun.
pub(in crate::secrets) struct Patterns {
    nodes: Vec<Node>,
    /// The byte that leads to each node.
    bytes: Zeroizing<Vec<u8>>,
    /// Where each byte leads from the root.
    first: Box<[u32; 256]>,
}

/// A node: the beginning of a pattern.
#[derive(Clone, Copy)]
struct Node {
    child: u32,
    sibling: u32,
    fallback: u32,
    depth: u32,
    /// How many of the last bytes may go on to be a pattern: `depth`, unless nothing follows.
    open: u32,
    /// Length of the longest pattern that ends here.
    longest: u32,
}

impl Default for Patterns {
    fn default() -> Patterns {
        Patterns::of(&[])
    }
}

impl Patterns {
    /// The patterns of these secrets.
    pub(in crate::secrets) fn new<'a>(values: impl Iterator<Item = &'a [u8]>) -> Patterns {
        let forms: Vec<Form> = values.flat_map(forms).collect();
        Patterns::of(&forms)
    }

    fn of(forms: &[Form]) -> Patterns {
        // All that will be needed, because growing would leave copies behind.
        let count = 1 + forms.iter().map(|form| form.len()).sum::<usize>();
        let root = Node {
            child: NONE,
            sibling: NONE,
            fallback: ROOT,
            depth: 0,
            open: 0,
            longest: 0,
        };
        let mut patterns = Patterns {
            nodes: Vec::with_capacity(count),
            bytes: Zeroizing::new(Vec::with_capacity(count)),
            first: Box::new([ROOT; 256]),
        };
        patterns.nodes.push(root);
        patterns.bytes.push(0);
        for form in forms {
            patterns.add(form);
        }
        patterns.link();
        patterns
    }

    fn add(&mut self, form: &[u8]) {
        let mut at = ROOT;
        for byte in form {
            at = match self.child(at, *byte) {
                Some(child) => child,
                None => self.grow(at, *byte),
            };
        }
        let node = &mut self.nodes[at as usize];
        node.longest = node.depth;
    }

    fn grow(&mut self, parent: u32, byte: u8) -> u32 {
        let new = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        let Node { child, depth, .. } = self.nodes[parent as usize];
        let node = Node {
            child: NONE,
            sibling: child,
            fallback: ROOT,
            depth: depth + 1,
            open: depth + 1,
            longest: 0,
        };
        self.nodes.push(node);
        self.bytes.push(byte);
        self.nodes[parent as usize].child = new;
        if parent == ROOT {
            self.first[usize::from(byte)] = new;
        }
        new
    }

    /// Finds the fallback of every node, those nearer to the root first.
    fn link(&mut self) {
        let mut order = vec![ROOT];
        let mut index = 0;
        while let Some(at) = order.get(index).copied() {
            index += 1;
            let mut child = self.nodes[at as usize].child;
            while child != NONE {
                if at != ROOT {
                    let byte = self.bytes[child as usize];
                    let fallback = self.next(self.nodes[at as usize].fallback, byte);
                    let Node { open, longest, .. } = self.nodes[fallback as usize];
                    let node = &mut self.nodes[child as usize];
                    node.fallback = fallback;
                    node.longest = node.longest.max(longest);
                    if node.child == NONE {
                        node.open = open;
                    }
                }
                order.push(child);
                child = self.nodes[child as usize].sibling;
            }
        }
    }

    fn child(&self, at: u32, byte: u8) -> Option<u32> {
        if at == ROOT {
            return Some(self.first[usize::from(byte)]).filter(|child| *child != ROOT);
        }
        let mut child = self.nodes[at as usize].child;
        while child != NONE {
            if self.bytes[child as usize] == byte {
                return Some(child);
            }
            child = self.nodes[child as usize].sibling;
        }
        None
    }

    /// The state after `byte`.
    pub(super) fn next(&self, mut state: u32, byte: u8) -> u32 {
        loop {
            match self.child(state, byte) {
                Some(child) => return child,
                None if state == ROOT => return ROOT,
                None => state = self.nodes[state as usize].fallback,
            }
        }
    }

    /// How many of the last bytes may be the beginning of a secret that is not complete.
    pub(super) fn open(&self, state: u32) -> usize {
        self.nodes[state as usize].open as usize
    }

    /// Length of the longest secret that ends in this state.
    pub(super) fn longest(&self, state: u32) -> usize {
        self.nodes[state as usize].longest as usize
    }

    /// How many of the first bytes begin nothing.
    pub(super) fn plain_prefix(&self, bytes: &[u8]) -> usize {
        let begins = |byte: &u8| self.first[usize::from(*byte)] != ROOT;
        bytes.iter().position(begins).unwrap_or(bytes.len())
    }
}
