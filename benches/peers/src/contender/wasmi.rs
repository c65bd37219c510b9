//! wasmi, an interpreter, with the host functions of a capsule and without metering.

use std::sync::Arc;

use wasmi::{Caller, Engine, Error, Extern, Linker, Memory, Module, Store};

use crate::AnyError;

struct State {
    input: Arc<[u8]>,
    offset: usize,
    output: Vec<u8>,
    memory: Option<Memory>,
}

/// A capsule on wasmi.
pub struct Wasmi {
    engine: Engine,
    linker: Linker<State>,
    module: Module,
}

impl Wasmi {
    pub fn new(wasm: &[u8]) -> Result<Wasmi, AnyError> {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("tenzik", "input_read", input_read)?;
        linker.func_wrap("tenzik", "output_write", output_write)?;
        linker.func_wrap(
            "tenzik",
            "fail",
            |_: i32, _: i32, _: i32| -> Result<(), Error> { Err(Error::new("failed")) },
        )?;
        Ok(Wasmi {
            engine,
            linker,
            module,
        })
    }

    /// An instance that was not run.
    pub fn instance(&self) -> Result<impl Sized, AnyError> {
        let state = State {
            input: Arc::from([]),
            offset: 0,
            output: Vec::new(),
            memory: None,
        };
        let mut store = Store::new(&self.engine, state);
        let instance = self
            .linker
            .instantiate_and_start(&mut store, &self.module)?;
        Ok((store, instance))
    }

    /// Runs in a fresh instance.
    pub fn run(&self, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
        let state = State {
            input: Arc::clone(input),
            offset: 0,
            output: Vec::new(),
            memory: None,
        };
        let mut store = Store::new(&self.engine, state);
        let instance = self
            .linker
            .instantiate_and_start(&mut store, &self.module)?;
        store.data_mut().memory = instance
            .get_export(&store, "memory")
            .and_then(Extern::into_memory);
        let run = instance.get_typed_func::<(), i32>(&store, "run")?;
        match run.call(&mut store, ())? {
            0 => Ok(std::mem::take(&mut store.data_mut().output)),
            code => Err(format!("the capsule failed with {code}").into()),
        }
    }
}

fn guest<'a>(
    caller: &'a mut Caller<'_, State>,
    ptr: u32,
    len: u32,
) -> Result<(&'a mut [u8], &'a mut State), Error> {
    let outside = || Error::new("outside of the memory");
    let memory = caller.data().memory.ok_or_else(outside)?;
    let (data, state) = memory.data_and_store_mut(caller);
    let bytes = data
        .get_mut(ptr as usize..)
        .and_then(|rest| rest.get_mut(..len as usize))
        .ok_or_else(outside)?;
    Ok((bytes, state))
}

fn input_read(mut caller: Caller<'_, State>, ptr: u32, len: u32) -> Result<u32, Error> {
    let (bytes, state) = guest(&mut caller, ptr, len)?;
    let rest = state.input.get(state.offset..).unwrap_or_default();
    let count = rest.len().min(bytes.len());
    bytes[..count].copy_from_slice(&rest[..count]);
    state.offset += count;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn output_write(mut caller: Caller<'_, State>, ptr: u32, len: u32) -> Result<(), Error> {
    let (bytes, state) = guest(&mut caller, ptr, len)?;
    state.output.extend_from_slice(bytes);
    Ok(())
}
