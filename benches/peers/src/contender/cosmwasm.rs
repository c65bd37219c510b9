//! cosmwasm-vm: a query of a pinned contract, in a fresh instance.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use cosmwasm_vm::testing::{MockApi, MockQuerier, MockStorage, mock_backend};
use cosmwasm_vm::{Backend, Cache, CacheOptions, InstanceOptions, Size, call_query_raw};

use crate::AnyError;

/// Gas of one query: more than any workload needs.
const GAS_LIMIT: u64 = u64::MAX / 2;

type Storage = Backend<MockApi, MockStorage, MockQuerier>;

/// A cache of contracts, as a node has it.
pub struct Cosmwasm {
    cache: Cache<MockApi, MockStorage, MockQuerier>,
    /// What a contract may ask of its chain; handed from run to run.
    backend: RefCell<Option<Storage>>,
    _directory: tempfile::TempDir,
}

/// A stored contract.
pub type Stored = cosmwasm_std::Checksum;

impl Cosmwasm {
    pub fn new() -> Result<Cosmwasm, AnyError> {
        let directory = tempfile::tempdir()?;
        let options = CacheOptions::new(
            directory.path(),
            HashSet::new(),
            Size::mebi(256),
            Size::mebi(32),
        );
        // SAFETY: the directory was just made for this cache, and nobody else writes to it.
        #[expect(unsafe_code, reason = "the only way to make one")]
        let cache = unsafe { Cache::new(options)? };
        Ok(Cosmwasm {
            cache,
            backend: RefCell::new(Some(mock_backend(&[]))),
            _directory: directory,
        })
    }

    /// Checks and compiles a contract.
    pub fn store(&self, wasm: &[u8]) -> Result<Stored, AnyError> {
        Ok(self.cache.store_code(wasm, true, true)?)
    }

    /// Keeps the compiled contract in memory.
    pub fn pin(&self, stored: &Stored) -> Result<(), AnyError> {
        Ok(self.cache.pin(stored)?)
    }

    /// An instance that was asked nothing.
    pub fn instance(&self, stored: &Stored) -> Result<impl Sized, AnyError> {
        let options = InstanceOptions {
            gas_limit: GAS_LIMIT,
        };
        Ok(self
            .cache
            .get_instance(stored, mock_backend(&[]), options)?)
    }

    /// Queries in a fresh instance.
    pub fn run(&self, stored: &Stored, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
        let backend = self.backend.take().unwrap_or_else(|| mock_backend(&[]));
        let options = InstanceOptions {
            gas_limit: GAS_LIMIT,
        };
        let mut instance = self.cache.get_instance(stored, backend, options)?;
        let output = call_query_raw(&mut instance, b"", input)?;
        self.backend.replace(instance.recycle());
        Ok(output)
    }
}
