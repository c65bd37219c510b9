//! What usually makes a capsule larger than it has to be, found in an account.

use serde::Serialize;

use super::{Account, PieceKind};

/// Shortest repetition in data that is counted, in bytes.
const REPEAT_BYTES: usize = 16;

/// Data that is searched for repetitions, in bytes.
const SEARCHED_BYTES_MAX: usize = 1 << 20;

/// A known culprit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Stable name.
    pub code: &'static str,
    /// Bytes that it takes, where they can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What was found, with its numbers, and what to do.
    pub message: String,
}

/// Finds known culprits. `wasm` is what `account` is of.
pub fn advise(wasm: &[u8], account: &Account) -> Vec<Advice> {
    let data = data(wasm, account);
    let found = [
        formatting(account),
        locations(&data),
        padding(account),
        customs(account),
        exports(account),
        memory(wasm, account),
        repetitions(&data),
    ];
    found.into_iter().flatten().collect()
}

fn advice(code: &'static str, bytes: u64, message: String) -> Option<Advice> {
    let bytes = (bytes > 0).then_some(bytes)?;
    Some(Advice {
        code,
        bytes: Some(bytes),
        message,
    })
}

fn formatting(account: &Account) -> Option<Advice> {
    let functions = account.pieces.iter().filter(|piece| {
        let name = piece.name.as_str();
        piece.kind == PieceKind::Function
            && (name.contains("core::fmt::") || name.contains("alloc::fmt::"))
    });
    let (count, bytes) = sum(functions.map(|piece| piece.bytes));
    advice(
        "core_fmt",
        bytes,
        format!(
            "core::fmt takes {bytes} B in {count} functions; write numbers by hand and avoid format!, write! and unwrap on a Result"
        ),
    )
}

fn sum(sizes: impl Iterator<Item = u64>) -> (u64, u64) {
    sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size))
}

/// The bytes of all data segments.
fn data<'a>(wasm: &'a [u8], account: &Account) -> Vec<&'a [u8]> {
    let segments = account.pieces.iter();
    let segments = segments.filter(|piece| piece.kind == PieceKind::Data);
    segments
        .filter_map(|piece| {
            let start = usize::try_from(piece.offset).ok()?;
            let length = usize::try_from(piece.bytes).ok()?;
            wasm.get(start..start.checked_add(length)?)
        })
        .collect()
}

fn locations(data: &[&[u8]]) -> Option<Advice> {
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let texts = data
        .iter()
        .flat_map(|segment| segment.split(|byte| !is_path(byte)));
    // Strings stand in a row without anything between them.
    let paths = texts.flat_map(|text| {
        let text = String::from_utf8_lossy(text).into_owned();
        let ends: Vec<usize> = text.match_indices(".rs").map(|(at, _)| at + 3).collect();
        let starts = std::iter::once(0).chain(ends.clone());
        starts
            .zip(ends)
            .map(|(start, end)| (end - start) as u64)
            .collect::<Vec<_>>()
    });
    let (count, bytes) = sum(paths.filter(|length| *length > 4));
    advice(
        "panic_locations",
        bytes,
        format!(
            "{count} source paths for panic messages take {bytes} B of data; nobody reads them: handle the case, or index with get"
        ),
    )
}

fn padding(account: &Account) -> Option<Advice> {
    let bytes = account.padding;
    advice(
        "padded_numbers",
        bytes,
        format!(
            "padded LEB128 numbers lose {bytes} B; tenzik build encodes them anew, or link with --compress-relocations"
        ),
    )
}

fn customs(account: &Account) -> Option<Advice> {
    let customs = account.pieces.iter().filter(|piece| {
        piece.section.starts_with("custom \"")
            && !["custom \"tenzik\"", "custom \"signature\""].contains(&piece.section.as_str())
    });
    let names: Vec<&str> = customs
        .clone()
        .map(|piece| piece.section.trim_start_matches("custom "))
        .take(8)
        .collect();
    let (count, bytes) = sum(customs.map(|piece| piece.bytes));
    advice(
        "custom_sections",
        bytes,
        format!(
            "{count} custom sections that no run needs take {bytes} B ({}); strip them",
            names.join(", ")
        ),
    )
}

fn exports(account: &Account) -> Option<Advice> {
    let exports = account.pieces.iter().filter(|piece| {
        piece.kind == PieceKind::Export && !["memory", "run"].contains(&piece.name.as_str())
    });
    let (count, bytes) = sum(exports.map(|piece| piece.bytes));
    advice(
        "unused_exports",
        bytes,
        format!(
            "{count} exports besides memory and run take {bytes} B and keep alive what they name; tenzik build drops them"
        ),
    )
}

/// The default stack of a linker is 1 MiB, which makes a memory of 17 pages.
fn memory(wasm: &[u8], account: &Account) -> Option<Advice> {
    let section = account
        .pieces
        .iter()
        .find(|piece| piece.section == "memory")?;
    let start = usize::try_from(section.offset).ok()?;
    let length = usize::try_from(section.bytes).ok()?;
    let bytes = wasm.get(start..start.checked_add(length)?)?;
    let content = 1 + bytes.iter().skip(1).position(|byte| byte & 0x80 == 0)? + 1;
    let reader = wasmparser::BinaryReader::new(bytes.get(content..)?, 0);
    let memory = wasmparser::MemorySectionReader::new(reader).ok()?;
    let pages = memory.into_iter().next()?.ok()?.initial;
    (pages >= 17).then(|| Advice {
        code: "memory_pages",
        bytes: None,
        message: format!(
            "the memory starts with {pages} pages of 64 KiB, which makes every run slower; link with a smaller stack: -zstack-size=16384"
        ),
    })
}

/// Counts windows of data that stand somewhere before as well, without overlaps.
fn repetitions(data: &[&[u8]]) -> Option<Advice> {
    let mut seen = std::collections::HashSet::new();
    let (mut bytes, mut budget) = (0_u64, SEARCHED_BYTES_MAX);
    for segment in data {
        let segment = segment.get(..segment.len().min(budget)).unwrap_or_default();
        budget -= segment.len();
        let (mut at, mut entered) = (0, 0);
        while let Some(window) = segment.get(at..at + REPEAT_BYTES) {
            let uniform = window.iter().all(|byte| Some(byte) == window.first());
            if !uniform && seen.contains(window) {
                bytes += REPEAT_BYTES as u64;
                at += REPEAT_BYTES;
            } else {
                at += 1;
            }
            // A window is entered once the search has left it, so that none repeats itself.
            while entered + REPEAT_BYTES <= at {
                seen.extend(segment.get(entered..entered + REPEAT_BYTES));
                entered += 1;
            }
        }
    }
    advice(
        "repeated_data",
        bytes,
        format!(
            "{bytes} B of data repeat other data in pieces of {REPEAT_BYTES} B or more; share the tables or texts"
        ),
    )
}
