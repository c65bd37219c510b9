//! A guest pointer is an allegation: it is checked in one place, against the memory as it is now.

use tenzik_host_abi::HostFunction;
use wasmtime::Caller;

use crate::fault::FaultCode;
use crate::state::{Halt, RunState};

/// An address that the host reads from.
#[derive(Clone, Copy)]
pub(crate) struct InPtr(pub(crate) u32);

/// An address that the host writes to.
#[derive(Clone, Copy)]
pub(crate) struct OutPtr(pub(crate) u32);

/// A byte count.
#[derive(Clone, Copy)]
pub(crate) struct Len(pub(crate) u32);

/// One host call in progress.
pub(crate) struct Call<'c, 'a> {
    caller: &'c mut Caller<'a, Box<RunState>>,
    row: &'static HostFunction,
}

impl<'c, 'a> Call<'c, 'a> {
    /// Begins the call of the function in row `row` of the table: counts it, checks limits and
    /// deadline, charges its base price.
    pub(crate) fn begin(
        caller: &'c mut Caller<'a, Box<RunState>>,
        row: usize,
    ) -> Result<Call<'c, 'a>, Halt> {
        caller.data_mut().count_call(row)?;
        let row = tenzik_host_abi::HOST_FUNCTIONS.get(row).ok_or(Halt)?;
        Ok(Call { caller, row })
    }

    /// The state of the run.
    pub(crate) fn state(&mut self) -> &mut RunState {
        self.caller.data_mut()
    }

    /// Charges the call with `bytes` bytes moved, before they are.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Halt> {
        self.charge_fuel(self.row.cost(bytes))
    }

    /// Charges the price of `bytes` more bytes.
    pub(crate) fn charge_bytes(&mut self, bytes: u64) -> Result<(), Halt> {
        self.charge_fuel(self.row.cost_of_bytes(bytes))
    }

    /// Takes `price` from the fuel of the run.
    pub(crate) fn charge_fuel(&mut self, price: u64) -> Result<(), Halt> {
        self.change_fuel(price, 0)
    }

    /// Grants what the input bytes read so far add.
    pub(crate) fn grant_for_input(&mut self) -> Result<(), Halt> {
        let added = self.state().scale();
        if added == 0 {
            Ok(())
        } else {
            self.change_fuel(0, added)
        }
    }

    fn change_fuel(&mut self, price: u64, added: u64) -> Result<(), Halt> {
        let Ok(fuel) = self.caller.get_fuel() else {
            return Err(Halt);
        };
        let headroom = self.state().fuel_headroom;
        let Some(rest) = fuel.saturating_sub(headroom).checked_sub(price) else {
            let _ = self.caller.set_fuel(0);
            let granted = self.state().fuel_granted;
            let message = format!("used all {granted} units of fuel in a host call");
            return Err(self.state().fault(FaultCode::FuelExhausted, message));
        };
        self.caller
            .set_fuel(rest.saturating_add(added).saturating_add(headroom))
            .map_err(|_| Halt)
    }

    /// The guest bytes at `pointer`.
    pub(crate) fn bytes(&mut self, pointer: InPtr, len: Len) -> Result<&[u8], Halt> {
        Ok(self.range(pointer.0, len.0)?.0)
    }

    /// The guest bytes at `pointer`, copied.
    pub(crate) fn copy(&mut self, pointer: InPtr, len: Len) -> Result<Vec<u8>, Halt> {
        Ok(self.bytes(pointer, len)?.to_vec())
    }

    /// The guest bytes at `pointer`, to be written, and the state of the run.
    pub(crate) fn bytes_and_state(
        &mut self,
        pointer: u32,
        len: Len,
    ) -> Result<(&mut [u8], &mut RunState), Halt> {
        self.range(pointer, len.0)
    }

    /// Checks that the guest has `len` bytes at `pointer`, without touching them.
    pub(crate) fn check(&mut self, pointer: u32, len: Len) -> Result<(), Halt> {
        self.range(pointer, len.0).map(|_| ())
    }

    /// Writes `bytes` to the guest at `pointer`.
    pub(crate) fn write(&mut self, pointer: OutPtr, bytes: &[u8; 32]) -> Result<(), Halt> {
        let (to, _) = self.range(pointer.0, 32)?;
        to.copy_from_slice(bytes);
        Ok(())
    }

    fn range(&mut self, pointer: u32, len: u32) -> Result<(&mut [u8], &mut RunState), Halt> {
        let Some(memory) = self.caller.data().memory else {
            return Err(self
                .state()
                .fault(FaultCode::BadPointer, "has no memory yet".to_owned()));
        };
        let (data, state) = memory.data_and_store_mut(&mut *self.caller);
        let (start, size) = (pointer as usize, data.len());
        let end = start.checked_add(len as usize);
        match end.and_then(|end| data.get_mut(start..end)) {
            Some(bytes) => Ok((bytes, state)),
            None => {
                let message = format!(
                    "gave a host call {len} bytes at address {pointer}; the memory has {size} bytes"
                );
                Err(state.fault(FaultCode::BadPointer, message))
            }
        }
    }
}
