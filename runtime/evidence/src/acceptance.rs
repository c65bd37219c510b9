//! Receipts that are accepted once.
//!
//! A store remembers which nonces of which nodes it has accepted, as long as their receipts are not
//! too old anyway. Version 1, below a directory that only its owner can write to:
//!
//! ```text
//! v1/XX/NONCE-NODE_ID    symbolic link, its text is the timestamp of the receipt; XX are the first
//!                        two digits of the nonce
//! v1/horizon             decimal milliseconds since 1970 and a line feed: nothing with an earlier
//!                        timestamp is accepted any more
//! v1/horizon.new         the next horizon while it is written
//! v1/lock                locked by the process that forgets
//! ```
//!
//! A link is made by one system call, with its text, and fails if there is one: of any number of
//! processes one succeeds, and none can be killed half-way. A process that ends between the link and
//! its own success has accepted the receipt without telling anybody; it is not accepted again. The
//! directories are on disk before success is reported, so this holds for power cuts too.
//!
//! To forget, a process raises the horizon, makes sure that it is on disk, and then removes the links
//! before it. Whoever accepts looks at the horizon before *and after* making the link: if the link of
//! an earlier acceptance was removed in between, the horizon was past the receipt by then. So no lock
//! is needed to accept; the one for forgetting ends with its process.

mod directory;
mod error;
mod horizon;

use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{self as sys, AtFlags, Dir};
use rustix::io::Errno;

pub use error::AcceptError;

use crate::{Nonce, PublicKey, Timestamp, VerifiedReceipt, hex};

/// How far the timestamp of a receipt may be in the future, in milliseconds, since the clocks of
/// machines differ.
pub const ACCEPT_SKEW_MS: u64 = 60_000;

/// The longest age, in milliseconds, up to which receipts can be accepted: 366 days.
pub const ACCEPT_AGE_MS_MAX: u64 = 366 * 86_400_000;

/// Which timestamps are acceptable: from `max_age_ms` before `now` to [`ACCEPT_SKEW_MS`] after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptWindow {
    /// The time now.
    pub now: Timestamp,
    /// How old a receipt may be, 1 to [`ACCEPT_AGE_MS_MAX`]. The same for all uses of a store: what
    /// a shorter age has forgotten, a longer one cannot accept.
    pub max_age_ms: u64,
}

/// A directory with the nonces that were accepted.
#[derive(Debug)]
pub struct AcceptanceStore {
    path: PathBuf,
    /// The directory `v1`.
    root: OwnedFd,
    /// The directory that was named, and the one in which it is.
    above: Vec<OwnedFd>,
}

impl AcceptWindow {
    /// The first timestamp that is not too old.
    fn begin_ms(&self) -> u64 {
        self.now.unix_millis().saturating_sub(self.max_age_ms)
    }

    fn check(&self, timestamp: Timestamp) -> Result<(), AcceptError> {
        let (at, now) = (timestamp.unix_millis(), self.now.unix_millis());
        if at < self.begin_ms() {
            return Err(AcceptError::TooOld {
                timestamp,
                age_ms: now - at,
                max_age_ms: self.max_age_ms,
            });
        }
        if at > now.saturating_add(ACCEPT_SKEW_MS) {
            let ahead_ms = at - now;
            return Err(AcceptError::FromFuture {
                timestamp,
                ahead_ms,
            });
        }
        Ok(())
    }
}

impl AcceptanceStore {
    /// Opens the store in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or read, or others than its owner can write to it.
    pub fn open(path: &Path) -> Result<AcceptanceStore, AcceptError> {
        directory::open(path)
    }

    /// Accepts a receipt, if no receipt with this nonce of this node was accepted before.
    ///
    /// # Errors
    /// When its key is not trusted, it is too old or from the future, was accepted before, or the
    /// store cannot be read or written. After an error of the store the receipt may count as
    /// accepted.
    pub fn accept(
        &self,
        receipt: &VerifiedReceipt,
        window: &AcceptWindow,
    ) -> Result<(), AcceptError> {
        let (node_id, statement) = (*receipt.body().node_id(), receipt.body().statement());
        let (nonce, timestamp) = (statement.nonce, statement.timestamp);
        if !receipt.is_trusted() {
            return Err(AcceptError::Untrusted { node_id });
        }
        window.check(timestamp)?;
        self.check_horizon(timestamp)?;
        let shard = self.make_shard(nonce.as_bytes()[0])?;
        let name = entry_name(&nonce, &node_id);
        match sys::symlinkat(timestamp.to_string(), &shard, &name) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                let first = entry_time(&shard, &name).ok().flatten();
                return Err(AcceptError::Replayed {
                    nonce,
                    node_id,
                    first,
                });
            }
            Err(error) => return Err(self.failed("write to", error)),
        }
        self.check_horizon(timestamp)?;
        for directory in [&shard, &self.root].into_iter().chain(&self.above) {
            sys::fsync(directory).map_err(|error| self.failed("write to", error))?;
        }
        Ok(())
    }

    /// Forgets receipts that are too old for `window`, if much of the store may be; returns how
    /// many. The work is one look at each entry, and is done at most eight times in `max_age_ms`;
    /// so a store never has more entries than were accepted in 9/8 of that time, and in the
    /// [`ACCEPT_SKEW_MS`] around it.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing is accepted twice because of it.
    pub fn forget_if_due(&self, window: &AcceptWindow) -> Result<u64, AcceptError> {
        let horizon = self.horizon()?;
        let begin = window.begin_ms();
        if begin < horizon.saturating_add((window.max_age_ms / 8).max(1)) {
            return Ok(0);
        }
        let Some(_lock) = self.try_lock()? else {
            return Ok(0);
        };
        // Somebody may have raised it between the look above and the lock.
        let horizon = self.horizon()?.max(begin);
        self.raise_horizon(horizon)?;
        let mut count = 0;
        for first_byte in 0..=u8::MAX {
            if let Some(shard) = self.open_shard(first_byte)? {
                count += self
                    .forget_before(horizon, &shard)
                    .map_err(|error| self.failed("forget entries of", error))?;
            }
        }
        Ok(count)
    }

    /// Removes the links of a shard whose time is before `horizon`. What is not such a link stays.
    fn forget_before(&self, horizon: u64, shard: &OwnedFd) -> Result<u64, Errno> {
        let mut count = 0;
        for entry in Dir::read_from(shard)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if !is_entry_name(name) {
                continue;
            }
            let time = entry_time(shard, name)?;
            if time.is_some_and(|time| time.unix_millis() < horizon) {
                sys::unlinkat(shard, name, AtFlags::empty())?;
                count += 1;
            }
        }
        Ok(count)
    }

    fn check_horizon(&self, timestamp: Timestamp) -> Result<(), AcceptError> {
        let horizon_ms = self.horizon()?;
        if timestamp.unix_millis() < horizon_ms {
            return Err(AcceptError::Forgotten {
                timestamp,
                horizon_ms,
            });
        }
        Ok(())
    }

    fn failed(&self, doing: &'static str, error: Errno) -> AcceptError {
        AcceptError::Store {
            path: self.path.clone(),
            doing,
            source: error.into(),
        }
    }
}

fn entry_name(nonce: &Nonce, node_id: &PublicKey) -> String {
    format!("{nonce}-{node_id}")
}

fn is_entry_name(name: &str) -> bool {
    name.split_once('-').is_some_and(|(nonce, node_id)| {
        // Whether it is a point on the curve does not matter here, and takes long to find out.
        nonce.parse::<Nonce>().is_ok() && hex::decode::<32>(node_id).is_ok()
    })
}

/// The time of an entry; `None` for what is no link with a time, or is gone.
fn entry_time(shard: &OwnedFd, name: &str) -> Result<Option<Timestamp>, Errno> {
    match sys::readlinkat(shard, name, Vec::new()) {
        Ok(text) => Ok(text.to_str().ok().and_then(|text| text.parse().ok())),
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
