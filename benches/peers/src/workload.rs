//! What is run: four capsules with their inputs, and the guests that do the same for other ABIs.

use std::sync::Arc;

use tenzik_benches::{ECHO, NMAP_PARSE, NMAP_REPORT};

use crate::AnyError;
use crate::guests::{COMPUTE, COSMWASM_ECHO, EXTISM_ECHO, cosmwasm_contract, extism_plugin};

/// Bytes that the computing capsule reads.
const SEED_BYTES: usize = 8;

/// One workload.
pub struct Workload {
    pub name: &'static str,
    pub capsule: Vec<u8>,
    pub extism: Vec<u8>,
    pub cosmwasm: Vec<u8>,
    pub input: Arc<[u8]>,
    /// Whether a process that copies its input does the same work.
    pub copies: bool,
    /// Whether a run takes microseconds, so that a batch of receipts fits into a turn.
    pub short: bool,
}

/// Every workload.
///
/// # Errors
/// A guest that does not assemble.
pub fn workloads() -> Result<Vec<Workload>, AnyError> {
    let compute = wat::parse_str(COMPUTE)?;
    Ok(vec![
        echo("echo 1 KB", 1_024)?,
        echo("echo 60 KB", 60 << 10)?,
        of_capsule("parse 5 KB", NMAP_PARSE, NMAP_REPORT)?,
        of_capsule("compute 1 ms", &compute, &[7; SEED_BYTES])?,
    ])
}

fn echo(name: &'static str, bytes: usize) -> Result<Workload, AnyError> {
    Ok(Workload {
        name,
        capsule: ECHO.to_vec(),
        extism: wat::parse_str(EXTISM_ECHO)?,
        cosmwasm: wat::parse_str(COSMWASM_ECHO)?,
        input: Arc::from(vec![b'x'; bytes]),
        copies: true,
        short: true,
    })
}

fn of_capsule(name: &'static str, capsule: &[u8], input: &[u8]) -> Result<Workload, AnyError> {
    Ok(Workload {
        name,
        capsule: capsule.to_vec(),
        extism: extism_plugin(capsule)?,
        cosmwasm: cosmwasm_contract(capsule)?,
        input: Arc::from(input),
        copies: false,
        short: input.len() > SEED_BYTES,
    })
}
