//! One pass over the sections of a module: wasmparser's validation and the rules of tenzik together.

use std::borrow::Cow;

use tenzik_host_abi::{CapabilitySet, HostFunction};
use wasmparser::{
    BinaryReaderError, FuncType, FuncValidatorAllocations, FunctionBody, Parser, Payload, TypeRef,
    ValidPayload, Validator, WasmFeatures,
};

use crate::capsule::SectionSize;
use crate::escaped;
use crate::exports::Exports;
use crate::finding::{Finding, FindingCode, Location};
use crate::functions::{Functions, over};
use crate::imports::check_import;
use crate::limits::{
    DATA_SEGMENTS, ELEMENT_SEGMENTS, EXPORTS, FUNCTIONS, GLOBALS, IMPORTS, ModuleLimits,
    PARAMETERS, RESULTS, StructureLimit, TABLE_ELEMENTS, TABLES, TYPES,
};
use crate::manifest::{MANIFEST_SECTION, Manifest};

/// Most findings that are kept of each class, so that a flood of one does not hide another that
/// decides the exit code.
const FINDINGS_MAX: usize = 200;

/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 65_536;

/// Bytes that a table element counts for.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// The state of one pass.
pub(crate) struct Walk {
    pub(crate) findings: Vec<Finding>,
    features: WasmFeatures,
    types: Vec<Option<FuncType>>,
    /// Type index of every function, imported ones first.
    functions: Vec<u32>,
    imported_functions: u32,
    pub(crate) imports: Vec<&'static HostFunction>,
    pub(crate) needs: CapabilitySet,
    exports: Exports,
    /// Whether the walk came to the export section or to where it would stand.
    exports_known: bool,
    pub(crate) manifest: Option<Manifest>,
    memories: u32,
    pub(crate) memory_pages_min: u64,
    pub(crate) memory_pages_max: Option<u64>,
    table_elements: u64,
    tables: u64,
    pub(crate) sections: Vec<SectionSize>,
    sections_end: usize,
    pub(crate) bodies: u32,
    pub(crate) body_checks: Functions,
    allocations: FuncValidatorAllocations,
}

impl Walk {
    pub(crate) fn new(features: WasmFeatures) -> Walk {
        Walk {
            findings: Vec::new(),
            features,
            types: Vec::new(),
            functions: Vec::new(),
            imported_functions: 0,
            imports: Vec::new(),
            needs: CapabilitySet::EMPTY,
            exports: Exports::default(),
            exports_known: false,
            manifest: None,
            memories: 0,
            memory_pages_min: 0,
            memory_pages_max: None,
            table_elements: 0,
            tables: 0,
            sections: Vec::new(),
            sections_end: 0,
            bodies: 0,
            body_checks: Functions::default(),
            allocations: FuncValidatorAllocations::default(),
        }
    }

    /// Walks the module up to the first thing that wasmparser rejects.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Result<(), BinaryReaderError> {
        self.run_with(bytes, |_, _| {})
    }

    /// Like [`run`](Walk::run); `see_body` is shown every function body before it is validated.
    pub(crate) fn run_with(
        &mut self,
        bytes: &[u8],
        mut see_body: impl FnMut(&FunctionBody<'_>, u32),
    ) -> Result<(), BinaryReaderError> {
        let mut validator = Validator::new_with_features(self.features);
        let mut parser = Parser::new(0);
        parser.set_features(self.features);
        for payload in parser.parse_all(bytes) {
            let payload = payload?;
            if let Payload::CodeSectionEntry(body) = &payload {
                see_body(body, self.imported_functions.saturating_add(self.bodies));
            }
            match validator.payload(&payload)? {
                ValidPayload::Func(function, body) => {
                    let allocations = std::mem::take(&mut self.allocations);
                    let mut function = function.into_validator(allocations);
                    let index = self.imported_functions.saturating_add(self.bodies);
                    self.bodies += 1;
                    let mut found = Vec::new();
                    let checks = &mut self.body_checks;
                    let verdict = checks.check(&body, index, &mut function, &mut found);
                    self.allocations = function.into_allocations();
                    found.into_iter().for_each(|finding| self.report(finding));
                    verdict?;
                }
                ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {
                    self.see(&payload)?
                }
            }
        }
        self.exports_known = true;
        Ok(())
    }

    /// The rules of tenzik for one section that wasmparser accepted.
    fn see(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        if let Some((id, range)) = payload.as_section() {
            self.see_section(id, payload, range.end);
            self.exports_known |= (EXPORT_SECTION..TAG_SECTION).contains(&id);
        }
        match payload {
            Payload::Version { range, .. } => {
                self.sections_end = range.end;
                self.sections.push(SectionSize {
                    name: Cow::Borrowed("header"),
                    bytes: range.end as u64,
                });
            }
            Payload::TypeSection(section) => self.see_types(section.clone())?,
            Payload::ImportSection(section) => {
                let mut count = 0;
                for import in section.clone().into_imports_with_offsets() {
                    let (offset, import) = import?;
                    count += 1;
                    self.see_import(&import, offset);
                }
                self.limit(IMPORTS, count, section.range().start);
            }
            Payload::FunctionSection(section) => {
                self.limit(FUNCTIONS, u64::from(section.count()), section.range().start);
                for type_index in section.clone() {
                    self.functions.push(type_index?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    let initial = table?.ty.initial;
                    self.see_table(initial, section.range().start);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.clone().into_iter_with_offsets() {
                    let (offset, memory) = memory?;
                    self.see_memory(&memory, offset);
                }
            }
            Payload::GlobalSection(section) => {
                self.limit(GLOBALS, u64::from(section.count()), section.range().start);
            }
            Payload::ExportSection(section) => {
                self.limit(EXPORTS, u64::from(section.count()), section.range().start);
                for export in section.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    self.exports.see(&export, offset);
                }
            }
            Payload::StartSection { range, .. } => self.report(Finding::error(
                FindingCode::StartFunction,
                Location::at(range.start),
                "has a start section".to_owned(),
            )),
            Payload::ElementSection(section) => {
                self.limit(
                    ELEMENT_SEGMENTS,
                    u64::from(section.count()),
                    section.range().start,
                );
            }
            Payload::DataSection(section) => {
                self.limit(
                    DATA_SEGMENTS,
                    u64::from(section.count()),
                    section.range().start,
                );
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                self.see_manifest(section.data(), section.data_offset());
            }
            _ => {}
        }
        Ok(())
    }

    fn see_section(&mut self, id: u8, payload: &Payload<'_>, end: usize) {
        let name = match (id, payload) {
            (0, Payload::CustomSection(section)) => {
                Cow::Owned(format!("custom {}", escaped(section.name())))
            }
            _ => Cow::Borrowed(
                SECTION_NAMES
                    .get(usize::from(id))
                    .copied()
                    .unwrap_or("unknown"),
            ),
        };
        self.sections.push(SectionSize {
            name,
            // From the end of the section before, so that the header of each counts.
            bytes: end.saturating_sub(self.sections_end) as u64,
        });
        self.sections_end = end;
    }

    fn see_types(
        &mut self,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), BinaryReaderError> {
        for group in section.into_iter_with_offsets() {
            let (offset, group) = group?;
            for sub_type in group.types() {
                let function = match &sub_type.composite_type.inner {
                    wasmparser::CompositeInnerType::Func(function) => Some(function.clone()),
                    _ => None,
                };
                if let Some(function) = &function {
                    self.limit(PARAMETERS, function.params().len() as u64, offset);
                    self.limit(RESULTS, function.results().len() as u64, offset);
                }
                self.types.push(function);
                if self.types.len() as u64 == TYPES.max + 1 {
                    self.limit(TYPES, TYPES.max + 1, offset);
                }
            }
        }
        Ok(())
    }

    fn see_import(&mut self, import: &wasmparser::Import<'_>, offset: usize) {
        let types = &self.types;
        let lookup = |index: u32| types.get(index as usize).and_then(Option::as_ref);
        match check_import(import, offset, lookup) {
            Ok(row) => {
                self.imports.push(row);
                if let Some(capability) = row.needs {
                    self.needs = self.needs.with(capability);
                }
            }
            Err(finding) => self.report(finding),
        }
        match import.ty {
            TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) => {
                self.functions.push(type_index);
                self.imported_functions += 1;
            }
            TypeRef::Memory(memory) => self.see_memory(&memory, offset),
            TypeRef::Table(table) => self.see_table(table.initial, offset),
            TypeRef::Global(_) | TypeRef::Tag(_) => {}
        }
    }

    fn see_table(&mut self, initial: u64, offset: usize) {
        self.tables += 1;
        self.limit(TABLES, self.tables, offset);
        let before = self.table_elements;
        self.table_elements = before.saturating_add(initial);
        if before <= TABLE_ELEMENTS.max {
            self.limit(TABLE_ELEMENTS, self.table_elements, offset);
        }
    }

    fn see_memory(&mut self, memory: &wasmparser::MemoryType, offset: usize) {
        self.memories += 1;
        if self.memories == 2 {
            let message = "has more than one memory".to_owned();
            self.report(Finding::error(
                FindingCode::MemoryCount,
                Location::at(offset),
                message,
            ));
        }
        if memory.shared {
            let message = "has a shared memory".to_owned();
            self.report(Finding::error(
                FindingCode::MemoryShared,
                Location::at(offset),
                message,
            ));
        }
        if memory.memory64 {
            let message = "has a memory with 64-bit addresses".to_owned();
            self.report(Finding::error(
                FindingCode::Memory64,
                Location::at(offset),
                message,
            ));
        }
        self.memory_pages_min = self.memory_pages_min.saturating_add(memory.initial);
        self.memory_pages_max = memory.maximum;
    }

    fn see_manifest(&mut self, data: &[u8], offset: usize) {
        let location = Location::at(offset);
        match Manifest::parse(data) {
            Ok(_) if self.manifest.is_some() => self.report(Finding::error(
                FindingCode::ManifestInvalid,
                location,
                "has more than one manifest section".to_owned(),
            )),
            Ok(manifest) => self.manifest = Some(manifest),
            Err(error) => self.report(Finding::error(
                FindingCode::ManifestInvalid,
                location,
                error.to_string(),
            )),
        }
    }

    fn limit(&mut self, limit: StructureLimit, count: u64, offset: usize) {
        if count > limit.max {
            self.report(over(limit, count, Location::at(offset)));
        }
    }

    pub(crate) fn report(&mut self, finding: Finding) {
        let class = finding.code.class();
        if self
            .findings
            .iter()
            .filter(|known| known.code.class() == class)
            .count()
            < FINDINGS_MAX
        {
            self.findings.push(finding);
        }
    }

    /// Type index of the function that `bytes` offset lies in, if the walk got that far.
    fn function_type(&self, index: u32) -> Option<&FuncType> {
        let type_index = *self.functions.get(index as usize)?;
        self.types.get(type_index as usize)?.as_ref()
    }

    /// What can only be said after the last section.
    pub(crate) fn finish(&mut self, limits: &ModuleLimits, size: u64) {
        for finding in self.exports.findings(|index| self.function_type(index)) {
            let missing =
                [FindingCode::MemoryMissing, FindingCode::RunMissing].contains(&finding.code);
            if self.exports_known || !missing {
                self.report(finding);
            }
        }
        let start_bytes = self
            .memory_pages_min
            .saturating_mul(PAGE_BYTES)
            .saturating_add(self.table_elements.saturating_mul(TABLE_ELEMENT_BYTES));
        if start_bytes > limits.memory_bytes_max {
            let message = format!(
                "starts with {start_bytes} bytes of memory and tables; the memory limit is {}",
                limits.memory_bytes_max
            );
            self.report(Finding::error(
                FindingCode::MemoryMinimum,
                Location::default(),
                message,
            ));
        }
        if size >= limits.module_bytes_warn() {
            let percent = size.saturating_mul(100) / limits.module_bytes_max.max(1);
            let message = format!(
                "has {size} bytes, {percent} % of the accepted {}",
                limits.module_bytes_max
            );
            self.report(Finding::warning(
                FindingCode::ModuleNearLimit,
                Location::default(),
                message,
            ));
        }
    }
}

/// Ids of sections, from the same place as their names; those between stand behind the exports.
const EXPORT_SECTION: u8 = 7;
const TAG_SECTION: u8 = 13;

/// Names of the sections by their id, from the core specification, section 5.5.2.
const SECTION_NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];
