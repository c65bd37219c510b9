//! Replacing secrets in streams.

mod forms;
mod patterns;

use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroize as _;

pub(super) use patterns::Patterns;

/// What stands for a secret.
pub const MASKED: &[u8] = b"***";

/// The patterns of a run: replaced as a whole when a secret is fetched.
#[derive(Clone, Default)]
pub(super) struct SharedPatterns {
    current: Arc<RwLock<Arc<Patterns>>>,
}

impl SharedPatterns {
    pub(super) fn set(&self, patterns: Patterns) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(patterns);
    }

    fn get(&self) -> Arc<Patterns> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Replaces the secrets of a run in one stream, in every form of `forms`, also where they are split
/// between pieces. Where several overlap, the whole is replaced once.
///
/// A byte is held back only while it may be in the beginning of a secret: at most as many as the
/// longest form has, none of them after [`Mask::finish`]. The work for a byte does not depend on the
/// number of secrets.
///
/// It protects against accidents. A process that wants to tell a secret can encode it in a way that
/// nobody expects.
pub struct Mask {
    shared: SharedPatterns,
    patterns: Arc<Patterns>,
    /// State of the search after the last byte of `held`.
    state: u32,
    /// Bytes that are not written yet.
    held: Vec<u8>,
    /// What of `held` is secret: begins and ends, ascending, apart from each other.
    secret: Vec<(usize, usize)>,
    /// Whether the bytes before `held` were secret, so that one mask stands for both.
    after_secret: bool,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask")
            .field("held_bytes", &self.held.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

impl Mask {
    pub(super) fn new(shared: SharedPatterns) -> Mask {
        let patterns = shared.get();
        let (held, secret) = (Vec::new(), Vec::new());
        Mask {
            shared,
            patterns,
            state: 0,
            held,
            secret,
            after_secret: false,
        }
    }

    /// Takes the next piece of the stream, and appends to `out` what can no longer be in a secret.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.take_new_patterns();
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.held.is_empty() && self.state == 0 {
                let plain = self.patterns.plain_prefix(rest);
                if plain > 0 {
                    out.extend_from_slice(&rest[..plain]);
                    self.after_secret = false;
                    rest = &rest[plain..];
                    continue;
                }
            }
            self.step(rest[0]);
            rest = &rest[1..];
            // Moving what stays costs as much as it is, so it waits until as much can go.
            let free = self.held.len() - self.patterns.open(self.state);
            if free >= self.held.len() / 2 {
                self.release(free, out);
            }
        }
        self.release(self.held.len() - self.patterns.open(self.state), out);
    }

    /// Ends the stream: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.take_new_patterns();
        self.release(self.held.len(), out);
        (self.state, self.after_secret) = (0, false);
    }

    /// Looks for new secrets in what is held back, too.
    fn take_new_patterns(&mut self) {
        let patterns = self.shared.get();
        if Arc::ptr_eq(&patterns, &self.patterns) {
            return;
        }
        (self.patterns, self.state) = (patterns, 0);
        let mut held = std::mem::take(&mut self.held);
        for byte in &held {
            self.step(*byte);
        }
        held.zeroize();
    }

    fn step(&mut self, byte: u8) {
        self.hold(byte);
        self.state = self.patterns.next(self.state, byte);
        let found = self.patterns.longest(self.state);
        if found > 0 {
            let end = self.held.len();
            let mut begin = end.saturating_sub(found);
            while let Some((before, last)) = self.secret.last().copied() {
                if last < begin {
                    break;
                }
                begin = begin.min(before);
                self.secret.pop();
            }
            self.secret.push((begin, end));
        }
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() == self.held.capacity() {
            // Growing in place would leave a copy of the old bytes behind.
            let mut larger = Vec::with_capacity((2 * self.held.len()).max(64));
            larger.extend_from_slice(&self.held);
            std::mem::replace(&mut self.held, larger).zeroize();
        }
        self.held.push(byte);
    }

    /// Writes the first `count` held bytes.
    fn release(&mut self, count: usize, out: &mut Vec<u8>) {
        if count == 0 {
            return;
        }
        let mut at = 0;
        let mut done = 0;
        for (begin, end) in &mut self.secret {
            if *begin >= count {
                break;
            }
            if *begin > at {
                out.extend_from_slice(&self.held[at..*begin]);
                self.after_secret = false;
            }
            if !self.after_secret {
                out.extend_from_slice(MASKED);
            }
            self.after_secret = true;
            at = (*end).min(count);
            if *end > count {
                // The rest of it is still held, and stays secret.
                *begin = count;
                break;
            }
            done += 1;
        }
        if at < count {
            out.extend_from_slice(&self.held[at..count]);
            self.after_secret = false;
        }
        self.secret.drain(..done);
        for (begin, end) in &mut self.secret {
            (*begin, *end) = (*begin - count, *end - count);
        }
        let left = self.held.len() - count;
        self.held.copy_within(count.., 0);
        self.held[left..].zeroize();
        self.held.truncate(left);
    }
}

#[cfg(test)]
mod tests;
