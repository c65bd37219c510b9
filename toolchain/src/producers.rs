//! The section `producers`: what a capsule was written in and which compiler made it.
//!
//! ```text
//! 00 <LEB128 length> 09 "producers" 02
//!   08 "language"     01 <name> 00
//!   0c "processed-by" 01 <name> <version>
//! ```
//!
//! The format is that of WebAssembly's tool conventions ("Producers Section"). It is a claim of
//! whoever built the module; nothing is decided by it.

use wasm_encoder::{ProducersField, ProducersSection, Section as _};

use crate::compiled::Compiled;

/// Appends the section, if the compiler is to be named.
pub(crate) fn append_producers(mut wasm: Vec<u8>, compiled: &Compiled) -> Vec<u8> {
    let Some(tool) = &compiled.tool else {
        return wasm;
    };
    let mut language = ProducersField::new();
    language.value(compiled.language.producer_name(), "");
    let mut processed_by = ProducersField::new();
    processed_by.value(tool.name, &tool.version);
    let mut section = ProducersSection::new();
    section
        .field("language", &language)
        .field("processed-by", &processed_by);
    section.append_to(&mut wasm);
    wasm
}
