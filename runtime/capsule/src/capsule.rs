//! The validated capsule.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tenzik_host_abi::{CapabilitySet, HostFunction};

use crate::manifest::Manifest;

/// What a capsule is called in receipts: the BLAKE3 digest of its assembled bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CapsuleId([u8; 32]);

impl CapsuleId {
    /// The id of these bytes; `b3sum` prints the same.
    pub fn of(bytes: &[u8]) -> CapsuleId {
        CapsuleId(*blake3::hash(bytes).as_bytes())
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CapsuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for CapsuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CapsuleId({self})")
    }
}

/// How many bytes a part of the module takes; the sizes of all parts add up to the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionSize {
    /// Section name of the core specification; `custom NAME` with the name escaped.
    pub name: Cow<'static, str>,
    /// Bytes, the section's header included.
    pub bytes: u64,
}

/// A module that passed validation. Only [`validate`](crate::validate) makes one.
#[derive(Clone, Debug)]
pub struct Capsule {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) id: CapsuleId,
    pub(crate) imports: Vec<&'static HostFunction>,
    pub(crate) needs: CapabilitySet,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) memory_pages_min: u64,
    pub(crate) memory_pages_max: Option<u64>,
    pub(crate) register_effort: u64,
    pub(crate) functions: u32,
}

impl Capsule {
    /// The module.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The module, shared.
    pub fn shared_bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// Digest of the module.
    pub fn id(&self) -> CapsuleId {
        self.id
    }

    /// The host functions it imports, in module order.
    pub fn imports(&self) -> &[&'static HostFunction] {
        &self.imports
    }

    /// The capabilities that its imports need.
    pub fn needs(&self) -> CapabilitySet {
        self.needs
    }

    /// What it claims about itself.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Pages of 64 KiB that its memory starts with.
    pub fn memory_pages_min(&self) -> u64 {
        self.memory_pages_min
    }

    /// Functions with a body.
    pub fn functions(&self) -> u32 {
        self.functions
    }

    /// How hard it is to assign registers in its functions, summed up: the square of locals times
    /// loops, 50 times locals times branches and calls, and 500 for each call. What compilers emit
    /// for capsules of 5 KB stays below 300,000. At 1,000,000 an allocator that looks for the best
    /// assignment takes less than a tenth of a second; a hostile capsule can make it take minutes.
    pub fn register_effort(&self) -> u64 {
        self.register_effort
    }

    /// Pages of 64 KiB that it declares as its own maximum.
    pub fn memory_pages_max(&self) -> Option<u64> {
        self.memory_pages_max
    }
}
