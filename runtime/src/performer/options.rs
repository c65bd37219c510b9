//! What a performer needs of the world.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tenzik_evidence::NodeKey;
use tenzik_gate::Environment;
use tenzik_process::ProcessAdapter;
use tenzik_scenario::{ReportFormat, ReportWork};

/// Finds the bytes of a capsule inside of the binary by its name.
pub type EmbeddedCapsules = Arc<dyn Fn(&str) -> Option<&'static [u8]> + Send + Sync>;

/// Writes a report in one form.
pub type RenderReport = Arc<dyn Fn(&ReportWork, ReportFormat) -> String + Send + Sync>;

/// Which runs get a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// None.
    Off,
    /// Those of capsules that may have effects.
    #[default]
    Effects,
    /// All.
    All,
}

/// What a performer needs of the world.
pub struct PerformerOptions {
    /// Capsules by name.
    pub embedded: EmbeddedCapsules,
    /// What starts processes, by the name that `on` gives it.
    pub adapters: BTreeMap<String, Arc<dyn ProcessAdapter>>,
    /// Looks up variables of tenzik's own environment.
    pub environment: Environment,
    /// Where backups of changed files go, so that `tenzik undo` finds them.
    pub state_directory: PathBuf,
    /// Directories and files of tenzik's own that no program gets and no capsule reads or writes.
    pub protected: Vec<PathBuf>,
    /// Files and directories that no step reads as its input, besides those of tenzik's own: the
    /// journal, and what lies beside it.
    pub no_inputs: Vec<PathBuf>,
    /// Where artifacts go that capsules write through the gate, before the artifact store has them.
    pub artifact_directory: PathBuf,
    /// Which runs get a receipt.
    pub receipts: Receipts,
    /// What signs them; without a key there are none.
    pub key: Option<NodeKey>,
    /// The time in milliseconds since 1970.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Random bytes that key the digests of environment values.
    pub environment_key: [u8; 32],
    /// Writes reports.
    pub report: RenderReport,
}

impl PerformerOptions {
    /// The key, where a run is to have a receipt.
    pub(super) fn key_for(&self, is_pure: bool) -> Option<&NodeKey> {
        let wanted = match self.receipts {
            Receipts::Off => false,
            Receipts::Effects => !is_pure,
            Receipts::All => true,
        };
        self.key.as_ref().filter(|_| wanted)
    }
}
