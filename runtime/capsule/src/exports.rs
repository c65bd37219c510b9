//! Exports: `memory` and `run`, by name and type.

use wasmparser::{Export, ExternalKind, FuncType};

use crate::finding::{Finding, FindingCode, Location};
use crate::imports::signature;

/// The exports that decide whether a module is a capsule.
#[derive(Default)]
pub(crate) struct Exports {
    memory: Option<Place>,
    run: Option<Place>,
}

struct Place {
    kind: ExternalKind,
    index: u32,
    offset: usize,
}

impl Exports {
    /// Remembers `export` if the host needs it.
    pub(crate) fn see(&mut self, export: &Export<'_>, offset: usize) {
        let place = Place {
            kind: export.kind,
            index: export.index,
            offset,
        };
        match export.name {
            "memory" => self.memory = Some(place),
            "run" => self.run = Some(place),
            _ => {}
        }
    }

    /// What is wrong with the exports, once all sections were seen. `function_type` looks up the
    /// type of a function by its index; `None` when the module is too broken to know it.
    pub(crate) fn findings<'t>(
        &self,
        function_type: impl Fn(u32) -> Option<&'t FuncType>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        match &self.memory {
            None => findings.push(Finding::error(
                FindingCode::MemoryMissing,
                Location::default(),
                "exports no memory".to_owned(),
            )),
            Some(place) if place.kind != ExternalKind::Memory => findings.push(Finding::error(
                FindingCode::MemoryExportKind,
                Location::at(place.offset),
                format!("exports memory as a {}", kind_name(place.kind)),
            )),
            Some(_) => {}
        }
        findings.extend(self.run_finding(function_type));
        findings
    }

    fn run_finding<'t>(
        &self,
        function_type: impl Fn(u32) -> Option<&'t FuncType>,
    ) -> Option<Finding> {
        let Some(place) = &self.run else {
            let message = "exports no function run".to_owned();
            return Some(Finding::error(
                FindingCode::RunMissing,
                Location::default(),
                message,
            ));
        };
        if place.kind != ExternalKind::Func {
            let message = format!("exports run as a {}", kind_name(place.kind));
            return Some(Finding::error(
                FindingCode::RunExportKind,
                Location::at(place.offset),
                message,
            ));
        }
        let actual = function_type(place.index)?;
        if actual.params().is_empty() && actual.results() == [wasmparser::ValType::I32] {
            return None;
        }
        let message = format!(
            "exports run with type {}; its type is () -> i32",
            signature(actual)
        );
        Some(Finding::error(
            FindingCode::RunType,
            Location::at(place.offset),
            message,
        ))
    }
}

fn kind_name(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
