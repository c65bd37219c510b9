//! A copy of a capsule in which every function announces when it begins and ends.
//!
//! ```text
//! functions of the capsule       functions of the copy
//! 0 … I-1      imports           0 … I-1           the same imports
//!                                I                 the import `mark`
//! i            function i        i + I + 1         wrapper of function i, also where it is an import
//!                                i + I + 1 + D     body of function i, for the D functions with one
//! ```
//!
//! So every function index of the capsule grows by `I + 1`: in calls, exports, tables and `ref.func`
//! (a capsule has no start section). A wrapper has the type of its function:
//!
//! ```text
//! i32.const i, call mark, local.get 0 …, call BODY, i32.const -1, call mark
//! ```
//!
//! Custom sections are left out; everything else is copied byte for byte.

use std::ops::Range;

use wasm_encoder::{
    CodeSection, ExportSection, FunctionSection, Instruction, Module, RawSection, SectionId,
};
use wasmparser::{
    BinaryReader, BinaryReaderError, ConstExpr, ElementItems, ElementKind, ExternalKind,
    FunctionBody, Operator, OperatorsReader, Parser, Payload, SectionLimited, TableInit, TypeRef,
};

/// Module and name of the import that wrappers call.
pub(crate) const MARK: (&str, &str) = ("tenzik profile", "mark");

/// What a wrapper tells `mark` when its function has ended.
pub(crate) const LEAVE: i32 = -1;

/// The copy, and what is needed to read its marks.
pub(crate) struct Instrumented {
    /// The module.
    pub(crate) bytes: Vec<u8>,
    /// Names of the imported functions, in module order.
    pub(crate) imports: Vec<String>,
    /// Parameters of every function of the capsule, imported ones first.
    pub(crate) parameters: Vec<u32>,
}

/// The sections of the capsule that are needed, as they were found.
#[derive(Default)]
struct Parts<'m> {
    sections: Vec<(SectionId, Range<usize>)>,
    /// Places of function indices in those sections.
    indices: Vec<usize>,
    parameters_of_types: Vec<u32>,
    imports: Vec<String>,
    /// Type index of every function, imported ones first.
    functions: Vec<u32>,
    exports: ExportSection,
    bodies: Vec<FunctionBody<'m>>,
}

/// Makes the copy. Only a module that is not valid is an error.
pub(crate) fn instrument(module: &[u8]) -> Result<Instrumented, BinaryReaderError> {
    let mut parts = Parts::default();
    let imports = import_count(module)?;
    let shift = imports + 1;
    for payload in Parser::new(0).parse_all(module) {
        parts.see(payload?, shift)?;
    }
    parts.indices.sort_unstable();
    let parameters = parts.functions.iter().map(|ty| {
        let known = parts.parameters_of_types.get(*ty as usize);
        known.copied().unwrap_or_default()
    });
    Ok(Instrumented {
        parameters: parameters.collect(),
        bytes: parts.encode(module, shift)?,
        imports: parts.imports,
    })
}

fn import_count(module: &[u8]) -> Result<u32, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            return Ok(section.count());
        }
    }
    Ok(0)
}

impl<'m> Parts<'m> {
    fn see(&mut self, payload: Payload<'m>, shift: u32) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                self.sections.push((SectionId::Type, section.range()));
                for ty in section.into_iter_err_on_gc_types() {
                    let count = u32::try_from(ty?.params().len()).unwrap_or(u32::MAX);
                    self.parameters_of_types.push(count);
                }
            }
            Payload::ImportSection(section) => {
                self.sections.push((SectionId::Import, section.range()));
                for import in section.into_imports() {
                    let import = import?;
                    if let TypeRef::Func(ty) = import.ty {
                        self.functions.push(ty);
                        self.imports.push(import.name.to_owned());
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                self.sections.push((SectionId::Table, section.range()));
                for table in section {
                    if let TableInit::Expr(expr) = table?.init {
                        self.see_expr(&expr)?;
                    }
                }
            }
            Payload::MemorySection(section) => {
                self.sections.push((SectionId::Memory, section.range()));
            }
            Payload::GlobalSection(section) => {
                self.sections.push((SectionId::Global, section.range()));
                for global in section {
                    self.see_expr(&global?.init_expr)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let function = matches!(export.kind, ExternalKind::Func);
                    let index = export.index + if function { shift } else { 0 };
                    self.exports
                        .export(export.name, export_kind(export.kind), index);
                }
            }
            Payload::ElementSection(section) => self.see_elements(section)?,
            Payload::DataCountSection { range, .. } => {
                self.sections.push((SectionId::DataCount, range));
            }
            Payload::CodeSectionEntry(body) => {
                self.see_operators(body.get_operators_reader()?)?;
                self.bodies.push(body);
            }
            Payload::DataSection(section) => {
                self.sections.push((SectionId::Data, section.range()));
            }
            _ => {}
        }
        Ok(())
    }

    fn see_elements(
        &mut self,
        section: SectionLimited<'m, wasmparser::Element<'m>>,
    ) -> Result<(), BinaryReaderError> {
        self.sections.push((SectionId::Element, section.range()));
        for element in section {
            let element = element?;
            if let ElementKind::Active { offset_expr, .. } = &element.kind {
                self.see_expr(offset_expr)?;
            }
            match element.items {
                ElementItems::Functions(functions) => {
                    for item in functions.into_iter_with_offsets() {
                        self.indices.push(item?.0);
                    }
                }
                ElementItems::Expressions(_, expressions) => {
                    for expr in expressions {
                        self.see_expr(&expr?)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn see_expr(&mut self, expr: &ConstExpr<'_>) -> Result<(), BinaryReaderError> {
        self.see_operators(expr.get_operators_reader())
    }

    fn see_operators(&mut self, operators: OperatorsReader<'_>) -> Result<(), BinaryReaderError> {
        for item in operators.into_iter_with_offsets() {
            let (operator, offset) = item?;
            if matches!(operator, Operator::Call { .. } | Operator::RefFunc { .. }) {
                // Both are one byte, and then the index.
                self.indices.push(offset + 1);
            }
        }
        Ok(())
    }

    /// The copy, its sections in the order of the core specification.
    fn encode(&self, module: &[u8], shift: u32) -> Result<Vec<u8>, BinaryReaderError> {
        let mut copy = Module::new();
        let mark_type = u32::try_from(self.parameters_of_types.len()).unwrap_or(u32::MAX);
        let copied = |copy: &mut Module, id: SectionId| -> Result<(), BinaryReaderError> {
            if let Some(range) = self.range(id) {
                let data = self.shifted(module, range, shift)?;
                copy.section(&RawSection {
                    id: id as u8,
                    data: &data,
                });
            }
            Ok(())
        };
        // (func (param i32))
        let extended = |id: SectionId, entry: &[u8]| longer(module, self.range(id), entry);
        let data = extended(SectionId::Type, &[0x60, 1, 0x7f, 0])?;
        copy.section(&RawSection {
            id: SectionId::Type as u8,
            data: &data,
        });
        let data = extended(SectionId::Import, &mark_import(mark_type))?;
        copy.section(&RawSection {
            id: SectionId::Import as u8,
            data: &data,
        });
        copy.section(&self.function_section());
        copied(&mut copy, SectionId::Table)?;
        copied(&mut copy, SectionId::Memory)?;
        copied(&mut copy, SectionId::Global)?;
        copy.section(&self.exports);
        copied(&mut copy, SectionId::Element)?;
        copied(&mut copy, SectionId::DataCount)?;
        copy.section(&self.code_section(module, shift)?);
        copied(&mut copy, SectionId::Data)?;
        Ok(copy.finish())
    }

    fn range(&self, id: SectionId) -> Option<Range<usize>> {
        let mut sections = self.sections.iter();
        sections
            .find(|(found, _)| *found as u8 == id as u8)
            .map(|(_, range)| range.clone())
    }

    fn function_section(&self) -> FunctionSection {
        let mut section = FunctionSection::new();
        let bodies = self.functions.iter().skip(self.imports.len());
        for ty in self.functions.iter().chain(bodies) {
            section.function(*ty);
        }
        section
    }

    fn code_section(&self, module: &[u8], shift: u32) -> Result<CodeSection, BinaryReaderError> {
        let mut section = CodeSection::new();
        let mark = shift - 1;
        for (function, ty) in (0_u32..).zip(&self.functions) {
            let body = if function < mark {
                function
            } else {
                let bodies = u32::try_from(self.bodies.len()).unwrap_or(u32::MAX);
                function + shift + bodies
            };
            let parameters = self.parameters_of_types.get(*ty as usize);
            let parameters = parameters.copied().unwrap_or_default();
            section.function(&wrapper(function, parameters, mark, body));
        }
        for body in &self.bodies {
            section.raw(&self.shifted(module, body.range(), shift)?);
        }
        Ok(section)
    }

    /// The bytes of `range` with every function index in it grown by `shift`.
    fn shifted(
        &self,
        module: &[u8],
        range: Range<usize>,
        shift: u32,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let mut bytes = Vec::with_capacity(range.len() + range.len() / 8);
        let mut copied = range.start;
        let first = self.indices.partition_point(|at| *at < range.start);
        let inside = self.indices.iter().skip(first);
        for at in inside.take_while(|at| **at < range.end) {
            bytes.extend_from_slice(module.get(copied..*at).unwrap_or_default());
            let mut reader = BinaryReader::new(module.get(*at..).unwrap_or_default(), *at);
            leb(reader.read_var_u32()? + shift, &mut bytes);
            copied = reader.original_position();
        }
        bytes.extend_from_slice(module.get(copied..range.end).unwrap_or_default());
        Ok(bytes)
    }
}

fn wrapper(function: u32, parameters: u32, mark: u32, body: u32) -> wasm_encoder::Function {
    let mut wrapper = wasm_encoder::Function::new([]);
    wrapper.instruction(&Instruction::I32Const(function.cast_signed()));
    wrapper.instruction(&Instruction::Call(mark));
    for parameter in 0..parameters {
        wrapper.instruction(&Instruction::LocalGet(parameter));
    }
    wrapper.instruction(&Instruction::Call(body));
    wrapper.instruction(&Instruction::I32Const(LEAVE));
    wrapper.instruction(&Instruction::Call(mark));
    wrapper.instruction(&Instruction::End);
    wrapper
}

/// The entry of `mark` in the import section.
fn mark_import(ty: u32) -> Vec<u8> {
    let mut entry = Vec::new();
    for name in [MARK.0, MARK.1] {
        leb(u32::try_from(name.len()).unwrap_or(u32::MAX), &mut entry);
        entry.extend_from_slice(name.as_bytes());
    }
    entry.push(0);
    leb(ty, &mut entry);
    entry
}

/// The content of a section with one more entry at its end; of no section, with just that entry.
fn longer(
    module: &[u8],
    range: Option<Range<usize>>,
    entry: &[u8],
) -> Result<Vec<u8>, BinaryReaderError> {
    let content = range.unwrap_or_default();
    let content = module.get(content).unwrap_or_default();
    let mut data = Vec::with_capacity(content.len() + entry.len() + 1);
    if content.is_empty() {
        leb(1, &mut data);
    } else {
        let mut reader = BinaryReader::new(content, 0);
        leb(reader.read_var_u32()? + 1, &mut data);
        data.extend_from_slice(content.get(reader.current_position()..).unwrap_or_default());
    }
    data.extend_from_slice(entry);
    Ok(data)
}

fn export_kind(kind: ExternalKind) -> wasm_encoder::ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => wasm_encoder::ExportKind::Func,
        ExternalKind::Table => wasm_encoder::ExportKind::Table,
        ExternalKind::Memory => wasm_encoder::ExportKind::Memory,
        ExternalKind::Global => wasm_encoder::ExportKind::Global,
        ExternalKind::Tag => wasm_encoder::ExportKind::Tag,
    }
}

/// Appends `number` as unsigned LEB128.
fn leb(mut number: u32, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(0x80 | number.to_le_bytes()[0] & 0x7f);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}
