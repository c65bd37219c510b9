//! The linker, expanded from the host function table.
//!
//! Every row calls the function of the same name in `host`. A missing one, one with other
//! parameters and a word that is not in the closed set do not compile.

use tenzik_host_abi::{IMPORT_MODULE, for_each_host_function};
use wasmtime::{Caller, Engine, Linker};

use crate::guest_memory::{Call, InPtr, Len, OutPtr};
use crate::host;
use crate::state::RunState;

macro_rules! wasm_word {
    (in_ptr) => {
        u32
    };
    (out_ptr) => {
        u32
    };
    (len) => {
        u32
    };
    (number) => {
        i32
    };
    (handle) => {
        i32
    };
    (count) => {
        u32
    };
    (status) => {
        i32
    };
    (millis) => {
        i64
    };
    (nothing) => {
        ()
    };
}

macro_rules! argument {
    (in_ptr, $value:ident) => {
        InPtr($value)
    };
    (out_ptr, $value:ident) => {
        OutPtr($value)
    };
    (len, $value:ident) => {
        Len($value)
    };
    (number, $value:ident) => {
        $value
    };
    (handle, $value:ident) => {
        $value
    };
}

macro_rules! define_linker {
    ($(
        $(#[doc = $doc:literal])+
        [since $since:literal, needs $needs:ident, cost($base:literal, $units:literal / $bytes:literal)]
        fn $name:ident($($parameter:ident: $word:ident),*) -> $result:ident;
    )*) => {
        enum Row { $($name),* }

        /// A linker with every host function.
        pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Box<RunState>>> {
            let mut linker = Linker::new(engine);
            $(
                linker.func_wrap(
                    IMPORT_MODULE,
                    stringify!($name),
                    |mut caller: Caller<'_, Box<RunState>>, $($parameter: wasm_word!($word)),*| -> wasmtime::Result<wasm_word!($result)> {
                        let ended = wasmtime::Error::new;
                        let mut call = Call::begin(&mut caller, Row::$name as usize).map_err(ended)?;
                        host::$name(&mut call, $(argument!($word, $parameter)),*).map_err(ended)
                    },
                )?;
            )*
            Ok(linker)
        }
    };
}

for_each_host_function!(define_linker);
