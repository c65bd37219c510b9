//! What a run writes, on its way into the artifact store without secrets.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_engine::{LogEntry, OutputStream};
use tenzik_gate::{Mask, MaskedValues};
use tenzik_host_abi::LogLevel;
use tenzik_journal::Durability;
use tenzik_scenario::execute::{ArtifactWrite, Stored};

use super::ending::shown;

/// Most bytes of the log that are kept, whatever the policy allows a capsule to write.
const LOG_BYTES_MAX: usize = 1 << 20;

/// An output that is streamed into the store.
#[derive(Clone)]
pub(super) struct StoredOutput(Arc<Mutex<Option<Masking>>>);

struct Masking {
    mask: Mask,
    writer: Box<dyn ArtifactWrite>,
    piece: Vec<u8>,
    plain: blake3::Hasher,
}

/// What became of an output.
pub(super) struct Ended {
    pub(super) stored: Stored,
    /// BLAKE3 of it before secrets were replaced.
    pub(super) plain: [u8; 32],
}

impl StoredOutput {
    pub(super) fn new(writer: Box<dyn ArtifactWrite>, masked: &MaskedValues) -> StoredOutput {
        let masking = Masking {
            mask: masked.mask(),
            writer,
            piece: Vec::new(),
            plain: blake3::Hasher::new(),
        };
        StoredOutput(Arc::new(Mutex::new(Some(masking))))
    }

    /// Ends it.
    pub(super) fn commit(&self, durability: Durability) -> io::Result<Ended> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut masking = taken.ok_or_else(closed)?;
        masking.mask.finish(&mut masking.piece);
        masking.write_piece()?;
        Ok(Ended {
            plain: *masking.plain.finalize().as_bytes(),
            stored: masking.writer.commit(durability)?,
        })
    }
}

impl OutputStream for StoredOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut masking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let masking = masking.as_mut().ok_or_else(closed)?;
        masking.plain.update(bytes);
        let Masking { mask, piece, .. } = masking;
        mask.push(bytes, piece);
        masking.write_piece()
    }
}

impl Masking {
    fn write_piece(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

fn closed() -> io::Error {
    io::Error::other("the output was ended before; please report it")
}

/// `bytes` with every secret replaced.
pub(super) fn masked_bytes(bytes: Vec<u8>, masked: &MaskedValues) -> Vec<u8> {
    if masked.is_empty() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut mask = masked.mask();
    mask.push(&bytes, &mut out);
    mask.finish(&mut out);
    out
}

/// The log of a run, a line for each message, as `tenzik run` shows it.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<LogText>>);

#[derive(Default)]
struct LogText {
    text: String,
    left_out: u64,
}

impl Log {
    /// Adds a message.
    pub(super) fn push(&self, level: LogLevel, message: &[u8]) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.text.len() >= LOG_BYTES_MAX {
            log.left_out += 1;
            return;
        }
        let line = format!("[{}] {}\n", level.name(), shown(message));
        log.text.push_str(&line);
    }

    /// Adds what the engine kept.
    pub(super) fn extend(&self, entries: &[LogEntry]) {
        for entry in entries {
            self.push(entry.level, &entry.message);
        }
    }

    /// Its text, if anything was logged.
    pub(super) fn text(&self) -> Option<String> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.left_out > 0 {
            let left_out = log.left_out;
            log.text.push_str(&format!("{left_out} more messages\n"));
            log.left_out = 0;
        }
        (!log.text.is_empty()).then(|| log.text.clone())
    }
}
