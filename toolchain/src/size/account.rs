//! Makes the account of a module.

use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, CodeSectionReader, CustomSectionReader, DataKind,
    DataSectionReader, ElementSectionReader, ExportSectionReader, ExternalKind, FromReader,
    GlobalSectionReader, ImportSectionReader, KnownCustom, Name, Operator, SectionLimited, TypeRef,
};

use super::framing::{Frame, frames};
use super::leb::{padding_of_instruction, padding_of_length};
use super::operators::each_instruction;
use super::{Account, FunctionNames, Piece, PieceKind, Problem, crate_of, function_shown};
use crate::sections::section_name;
use crate::shown::shown;

/// Entries of a section that are told apart; a section with more is one piece.
const ENTRIES_MAX: u32 = 100_000;

/// Longest function name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 4_096;

/// Problems that are kept.
const PROBLEMS_MAX: usize = 20;

/// Tells where the bytes of a module go. Names of functions come from `names`, else from the
/// module's own name section, exports and imports.
///
/// Nothing is required of `wasm`: what cannot be read is a piece with a problem.
pub fn account(wasm: &[u8], names: &dyn FunctionNames) -> Account {
    let frames = frames(wasm);
    let mut own = ModuleNames::default();
    for frame in &frames.frames {
        own.read(wasm, frame);
    }
    let mut making = Making {
        wasm,
        names,
        own,
        account: Account {
            pieces: Vec::new(),
            problems: Vec::new(),
            padding: 0,
        },
    };
    if frames.header {
        making.piece("header", PieceKind::Header, "header", None, 0..8);
    }
    for frame in &frames.frames {
        making.section(frame);
    }
    if frames.end < wasm.len() {
        let rest = frames.end..wasm.len();
        making.piece("not read", PieceKind::Unread, "not read", None, rest);
    }
    making.account.problems.extend(frames.problem);
    making.account
}

struct Making<'a> {
    wasm: &'a [u8],
    names: &'a dyn FunctionNames,
    own: ModuleNames,
    account: Account,
}

/// An entry of a section: where it begins and what it is called.
type Entry = (usize, String, Option<u32>);

impl Making<'_> {
    fn piece(
        &mut self,
        section: &str,
        kind: PieceKind,
        name: &str,
        index: Option<u32>,
        range: Range<usize>,
    ) {
        self.account.pieces.push(Piece {
            section: section.to_owned(),
            kind,
            name: name.to_owned(),
            crate_name: None,
            index,
            offset: range.start as u64,
            bytes: range.len() as u64,
        });
    }

    fn problem(&mut self, message: String, offset: usize) {
        if self.account.problems.len() < PROBLEMS_MAX {
            let offset = offset as u64;
            self.account.problems.push(Problem { message, offset });
        }
    }

    fn section(&mut self, frame: &Frame) {
        let content = self.wasm.get(frame.content.clone()).unwrap_or_default();
        let reader = || BinaryReader::new(content, frame.content.start);
        let custom = (frame.id == 0)
            .then(|| CustomSectionReader::new(reader()).ok())
            .flatten();
        let name = section_name(Some(frame.id), custom.as_ref().map(|custom| custom.name()));
        let name = shown(&name);
        let length = self.wasm.get(frame.whole.start + 1..).unwrap_or_default();
        self.account.padding += padding_of_length(length);
        let kind = match frame.id {
            2 => PieceKind::Import,
            6 => PieceKind::Global,
            7 => PieceKind::Export,
            9 => PieceKind::Element,
            10 => PieceKind::Function,
            11 => PieceKind::Data,
            0 if custom.is_none() => {
                self.problem("a custom section has no name".to_owned(), frame.whole.start);
                return self.whole(frame, &name);
            }
            _ => return self.whole(frame, &name),
        };
        match self.entries(frame.id, reader()) {
            Ok(Some(entries)) => self.apart(frame, &name, kind, &entries),
            Ok(None) => {
                let message =
                    format!("more than {ENTRIES_MAX} entries, which are counted together");
                self.problem(message, frame.whole.start);
                self.whole(frame, &name);
            }
            Err(error) => {
                self.problem(shown(error.message()), error.offset());
                self.whole(frame, &name);
            }
        }
    }

    fn whole(&mut self, frame: &Frame, name: &str) {
        self.piece(name, PieceKind::Section, name, None, frame.whole.clone());
    }

    fn apart(&mut self, frame: &Frame, section: &str, kind: PieceKind, entries: &[Entry]) {
        let first = entries.first().map_or(frame.whole.end, |(at, _, _)| *at);
        let framing = frame.whole.start..first;
        let name = format!("{section} section: id, length, count");
        self.piece(section, PieceKind::Framing, &name, None, framing);
        for (place, (at, name, index)) in entries.iter().enumerate() {
            let next = entries.get(place + 1);
            let end = next.map_or(frame.whole.end, |(next, _, _)| *next);
            self.piece(section, kind, name, *index, *at..end);
            if let (PieceKind::Function, Some(index)) = (kind, index) {
                let crate_name = self.crate_name(*index);
                if let Some(piece) = self.account.pieces.last_mut() {
                    piece.crate_name = crate_name;
                }
            }
        }
    }

    fn crate_name(&self, index: u32) -> Option<String> {
        let name = self.names.name(index);
        let name = name.or_else(|| self.own.function(index, false));
        crate_of(name, self.names.file(index))
    }

    /// `None` when there are too many.
    fn entries(
        &mut self,
        id: u8,
        reader: BinaryReader<'_>,
    ) -> Result<Option<Vec<Entry>>, BinaryReaderError> {
        match id {
            2 => imports(reader),
            6 => listed(GlobalSectionReader::new(reader)?, |index, _| {
                format!("global {index}")
            }),
            7 => listed(ExportSectionReader::new(reader)?, |_, export| {
                shown(export.name)
            }),
            9 => listed(ElementSectionReader::new(reader)?, |index, _| {
                format!("elements {index}")
            }),
            11 => listed(DataSectionReader::new(reader)?, |index, data| {
                data_name(index, &data.kind)
            }),
            _ => self.bodies(CodeSectionReader::new(reader)?),
        }
    }

    fn bodies(
        &mut self,
        section: CodeSectionReader<'_>,
    ) -> Result<Option<Vec<Entry>>, BinaryReaderError> {
        if section.count() > ENTRIES_MAX {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for body in section.into_iter_with_offsets() {
            let (at, body) = body?;
            self.account.padding += padding_of_length(self.wasm.get(at..).unwrap_or_default());
            let mut padding = 0;
            let read = each_instruction(&body, |operator, range| {
                let bytes = self.wasm.get(range).unwrap_or_default();
                padding += padding_of_instruction(&operator, bytes);
            });
            self.account.padding += padding;
            if let Err(error) = read {
                self.problem(shown(error.message()), error.offset());
            }
            let index = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            let index = index.saturating_add(self.own.imported);
            let name = self.names.name(index);
            let name = name.or_else(|| self.own.function(index, true));
            let name = name.map_or_else(|| format!("function {index}"), function_shown);
            entries.push((at, name, Some(index)));
        }
        Ok(Some(entries))
    }
}

/// The entries of a section whose readers are alike.
fn listed<'a, T: FromReader<'a>>(
    section: SectionLimited<'a, T>,
    name: impl Fn(u32, &T) -> String,
) -> Result<Option<Vec<Entry>>, BinaryReaderError> {
    if section.count() > ENTRIES_MAX {
        return Ok(None);
    }
    let mut entries = Vec::new();
    for entry in section.into_iter_with_offsets() {
        let (at, entry) = entry?;
        let index = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        entries.push((at, name(index, &entry), Some(index)));
    }
    Ok(Some(entries))
}

fn imports(reader: BinaryReader<'_>) -> Result<Option<Vec<Entry>>, BinaryReaderError> {
    let section = ImportSectionReader::new(reader)?;
    if section.count() > ENTRIES_MAX {
        return Ok(None);
    }
    let mut entries: Vec<Entry> = Vec::new();
    for import in section.into_imports_with_offsets() {
        let (at, import) = import?;
        let name = format!("{}.{}", shown(import.module), shown(import.name));
        let index = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if index == ENTRIES_MAX {
            return Ok(None);
        }
        entries.push((at, name, Some(index)));
    }
    // Imports that share a module's name are encoded as one entry and cannot be told apart.
    if entries
        .windows(2)
        .any(|pair| matches!(pair, [(a, _, _), (b, _, _)] if a >= b))
    {
        return Ok(None);
    }
    Ok(Some(entries))
}

fn data_name(index: u32, kind: &DataKind<'_>) -> String {
    let DataKind::Active { offset_expr, .. } = kind else {
        return format!("data {index} (passive)");
    };
    match offset_expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => {
            format!("data {index} at {:#x}", value.cast_unsigned())
        }
        _ => format!("data {index}"),
    }
}

/// What the module itself calls its functions.
#[derive(Default)]
struct ModuleNames {
    imported: u32,
    exports: std::collections::HashMap<u32, String>,
    names: std::collections::HashMap<u32, String>,
}

impl ModuleNames {
    fn function(&self, index: u32, exports: bool) -> Option<&str> {
        let exported = || self.exports.get(&index).filter(|_| exports);
        self.names.get(&index).or_else(exported).map(String::as_str)
    }

    /// Takes what one section knows. Anything malformed is passed over: names are an aid.
    fn read(&mut self, wasm: &[u8], frame: &Frame) {
        let content = wasm.get(frame.content.clone()).unwrap_or_default();
        let reader = BinaryReader::new(content, frame.content.start);
        match frame.id {
            0 => {
                let Ok(custom) = CustomSectionReader::new(reader) else {
                    return;
                };
                if let KnownCustom::Name(subsections) = custom.as_known() {
                    for name in subsections.into_iter().map_while(Result::ok) {
                        if let Name::Function(functions) = name {
                            let functions = functions.into_iter().map_while(Result::ok);
                            for naming in functions.take(ENTRIES_MAX as usize) {
                                keep(&mut self.names, naming.index, naming.name);
                            }
                        }
                    }
                }
            }
            2 => {
                let Ok(imports) = ImportSectionReader::new(reader) else {
                    return;
                };
                let imports = imports.into_imports().map_while(Result::ok);
                let functions = imports
                    .take(ENTRIES_MAX as usize)
                    .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                self.imported = u32::try_from(functions.count()).unwrap_or(u32::MAX);
            }
            7 => {
                let Ok(exports) = ExportSectionReader::new(reader) else {
                    return;
                };
                let exports = exports.into_iter().map_while(Result::ok);
                for export in exports.take(ENTRIES_MAX as usize) {
                    if export.kind == ExternalKind::Func {
                        keep(&mut self.exports, export.index, export.name);
                    }
                }
            }
            _ => {}
        }
    }
}

fn keep(names: &mut std::collections::HashMap<u32, String>, index: u32, name: &str) {
    if name.len() <= NAME_BYTES_MAX {
        names.entry(index).or_insert_with(|| name.to_owned());
    }
}
