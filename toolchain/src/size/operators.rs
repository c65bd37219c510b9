//! The instructions of a module's functions, with their places.

use std::ops::Range;

use wasmparser::{BinaryReaderError, FunctionBody, Operator};

use crate::sections::{SectionsError, malformed};

/// The code of one function.
pub(crate) struct FunctionCode<'a> {
    /// Its instructions in order, with their places in the file.
    pub(crate) instructions: Vec<(Operator<'a>, Range<usize>)>,
    /// The whole body, without its length.
    pub(crate) range: Range<usize>,
}

/// Shows every instruction of a body with its place in the file.
pub(crate) fn each_instruction<'a>(
    body: &FunctionBody<'a>,
    mut see: impl FnMut(Operator<'a>, Range<usize>),
) -> Result<(), BinaryReaderError> {
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let at = reader.original_position();
        let operator = reader.read()?;
        see(operator, at..reader.original_position());
    }
    Ok(())
}

/// The functions of a module that has been validated, without imported ones, and how many of
/// those there are.
pub(crate) fn functions(wasm: &[u8]) -> Result<(u32, Vec<FunctionCode<'_>>), SectionsError> {
    use wasmparser::{Parser, Payload, TypeRef};
    let (mut imported, mut found) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(malformed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let ty = import.map_err(malformed)?.ty;
                    imported += u32::from(matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut instructions = Vec::new();
                let mut keep = |operator, range| instructions.push((operator, range));
                each_instruction(&body, &mut keep).map_err(malformed)?;
                let range = body.range();
                found.push(FunctionCode {
                    instructions,
                    range,
                });
            }
            _ => {}
        }
    }
    Ok((imported, found))
}
