//! Imports: by name and by type, against the host function table.

use tenzik_host_abi::{HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, WasmType};
use wasmparser::{FuncType, Import, TypeRef, ValType};

use crate::escaped;
use crate::finding::{Finding, FindingCode, Location};

/// Checks one import. `function_type` looks up the type of a function import.
pub(crate) fn check_import<'t>(
    import: &Import<'_>,
    offset: usize,
    function_type: impl Fn(u32) -> Option<&'t FuncType>,
) -> Result<&'static HostFunction, Finding> {
    // Said only of an import that is refused.
    let shown = || format!("{}.{}", escaped(import.module), escaped(import.name));
    let row = if import.module == IMPORT_MODULE {
        HostFunction::find(import.name)
    } else {
        None
    };
    let Some(row) = row else {
        let message = format!("imports {}, which is not a host function", shown());
        return Err(
            Finding::error(FindingCode::ImportUnknown, Location::at(offset), message)
                .with_remedy(unknown_remedy(import)),
        );
    };
    let TypeRef::Func(type_index) = import.ty else {
        let message = format!(
            "imports {} as a {}, but it is a function",
            shown(),
            kind_name(import.ty)
        );
        return Err(
            Finding::error(FindingCode::ImportKind, Location::at(offset), message).with_remedy(
                format!("import it as a function of type {}", signature_of(row)),
            ),
        );
    };
    if function_type(type_index).is_some_and(|actual| same_type(actual, row)) {
        return Ok(row);
    }
    let actual = function_type(type_index).map_or_else(|| "an unknown type".to_owned(), signature);
    let message = format!(
        "imports {} with type {actual}; its type is {}",
        shown(),
        signature_of(row)
    );
    Err(
        Finding::error(FindingCode::ImportType, Location::at(offset), message).with_remedy(
            format!("declare the import with type {}", signature_of(row)),
        ),
    )
}

fn same_type(actual: &FuncType, row: &HostFunction) -> bool {
    let same = |actual: &[ValType], expected: &[WasmType]| {
        actual.len() == expected.len()
            && actual
                .iter()
                .zip(expected)
                .all(|(actual, expected)| *actual == val_type(*expected))
    };
    same(actual.params(), row.wasm_parameters) && same(actual.results(), row.wasm_results)
}

fn val_type(wasm_type: WasmType) -> ValType {
    match wasm_type {
        WasmType::I32 => ValType::I32,
        WasmType::I64 => ValType::I64,
    }
}

/// A function type as people write it: `(i32, i32) -> i32`. At most eight types are shown.
pub(crate) fn signature(function: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let mut shown: Vec<String> = types.iter().take(8).map(ToString::to_string).collect();
        if types.len() > 8 {
            shown.push(format!("… {} in all", types.len()));
        }
        shown.join(", ")
    };
    match function.results() {
        [] => format!("({})", list(function.params())),
        results => format!("({}) -> {}", list(function.params()), list(results)),
    }
}

/// The type of a host function as people write it.
fn signature_of(row: &HostFunction) -> String {
    let list = |types: &[WasmType]| {
        types
            .iter()
            .map(|t| t.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match row.wasm_results {
        [] => format!("({})", list(row.wasm_parameters)),
        results => format!("({}) -> {}", list(row.wasm_parameters), list(results)),
    }
}

pub(crate) fn kind_name(kind: TypeRef) -> &'static str {
    match kind {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

fn unknown_remedy(import: &Import<'_>) -> String {
    if import.module.starts_with("wasi") {
        return "capsules have no WASI: build for wasm32-unknown-unknown and use the host functions of the SDK".to_owned();
    }
    if matches!(import.ty, TypeRef::Memory(_)) {
        return "define the memory in the module and export it as memory (link without --import-memory)".to_owned();
    }
    if import.module == "env" && import.name == "abort" {
        return "AssemblyScript: compile with --use abort=".to_owned();
    }
    match nearest(import.name) {
        Some(name) if import.module == IMPORT_MODULE => {
            format!("did you mean {IMPORT_MODULE}.{name}?")
        }
        Some(name) => format!("import it as {IMPORT_MODULE}.{name}"),
        None => FindingCode::ImportUnknown.remedy().to_owned(),
    }
}

/// The host function whose name is at most two edits away.
fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > 32 {
        return None;
    }
    HOST_FUNCTIONS
        .iter()
        .map(|row| (edits(name.as_bytes(), row.name.as_bytes()), row.name))
        .filter(|(edits, _)| *edits <= 2)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance, by the two-row dynamic programme of Wagner and Fischer.
fn edits(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_byte) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut previous = index + 1;
        for (slot, right_byte) in row.iter_mut().skip(1).zip(right) {
            let cost = (diagonal + usize::from(left_byte != right_byte))
                .min(*slot + 1)
                .min(previous + 1);
            diagonal = std::mem::replace(slot, cost);
            previous = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::{edits, nearest};

    #[test]
    fn distances() {
        assert_eq!(edits(b"", b"abc"), 3);
        assert_eq!(edits(b"abc", b""), 3);
        assert_eq!(edits(b"kitten", b"sitting"), 3);
        assert_eq!(edits(b"same", b"same"), 0);
    }

    #[test]
    fn typing_errors_are_recognised() {
        assert_eq!(nearest("inputread"), Some("input_read"));
        assert_eq!(nearest("fd_write"), None);
    }
}
