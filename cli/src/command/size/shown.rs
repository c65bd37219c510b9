//! The account for people's eyes.

use tenzik_toolchain::size::{Advice, PieceKind};

use super::{Comparison, Sized};
use crate::printer::{self, grouped};

/// Prints sections, crates, the largest pieces, what changed and what to do about it.
pub(super) fn print(
    top: usize,
    bytes_max: u64,
    sized: &Sized,
    comparison: Option<&Comparison>,
    advice: &[Advice],
) {
    let account = &sized.account;
    let total = account.bytes();
    let row = |bytes: u64, name: &str| {
        printer::result(&format!(
            "{:>9}  {}  {name}",
            grouped(bytes),
            percent(bytes, total)
        ));
    };
    printer::result(&format!(
        "{}: {} of {} B",
        sized.shown,
        grouped(total),
        grouped(bytes_max)
    ));
    heading("sections");
    for (name, bytes) in account.by_section() {
        row(bytes, &name);
    }
    let crates = account.by_crate();
    if crates
        .iter()
        .any(|(name, _)| name != tenzik_toolchain::size::NO_CRATE)
    {
        heading("functions by crate");
        for (name, bytes) in crates {
            row(bytes, &name);
        }
    }
    heading("largest");
    let pieces = account.largest();
    let listed = if top == 0 {
        pieces.len()
    } else {
        top.min(pieces.len())
    };
    let (first, rest) = pieces.split_at(listed);
    for piece in first {
        let what = match piece.kind {
            PieceKind::Function => match piece.index {
                Some(index) if !piece.name.starts_with("function ") => {
                    format!("function {index}  {}", piece.name)
                }
                _ => piece.name.clone(),
            },
            PieceKind::Import => format!("import {}", piece.name),
            PieceKind::Export => format!("export {}", piece.name),
            _ => piece.name.clone(),
        };
        row(piece.bytes, &what);
    }
    if !rest.is_empty() {
        let bytes = rest.iter().map(|piece| piece.bytes).sum();
        row(bytes, &format!("{} more", rest.len()));
    }
    if let Some(comparison) = comparison {
        print_changes(top, comparison);
    }
    if !advice.is_empty() {
        heading("advice");
        for advice in advice {
            printer::result(&format!("  {}: {}", advice.code, advice.message));
        }
    }
}

fn print_changes(top: usize, comparison: &Comparison) {
    let signed = |number: i128| {
        let sign = if number < 0 { '-' } else { '+' };
        let magnitude = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
        format!("{sign}{}", grouped(magnitude))
    };
    let growth = i128::from(comparison.after) - i128::from(comparison.before);
    heading(&format!("against {}", comparison.shown));
    let listed = if top == 0 { usize::MAX } else { top };
    for change in comparison.changes.iter().take(listed) {
        printer::result(&format!(
            "{:>9}  {} to {}  {}: {}",
            signed(change.growth()),
            grouped(change.before),
            grouped(change.after),
            change.section,
            change.name
        ));
    }
    let rest = comparison.changes.get(listed..).unwrap_or_default();
    if !rest.is_empty() {
        let sum: i128 = rest
            .iter()
            .map(tenzik_toolchain::size::Change::growth)
            .sum();
        printer::result(&format!("{:>9}  {} more", signed(sum), rest.len()));
    }
    printer::result(&format!(
        "{:>9}  {} to {} B in all",
        signed(growth),
        grouped(comparison.before),
        grouped(comparison.after)
    ));
}

fn heading(text: &str) {
    printer::result(&format!("\n{text}"));
}

fn percent(bytes: u64, total: u64) -> String {
    let tenths = u128::from(bytes) * 1_000 / u128::from(total.max(1));
    format!("{:>3}.{} %", tenths / 10, tenths % 10)
}
