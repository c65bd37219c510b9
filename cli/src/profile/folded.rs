//! Folded stacks: `frame;frame;frame count`, one stack in a line, the outermost frame first.
//!
//! The format of Brendan Gregg's stackcollapse scripts, which speedscope, inferno and flamegraph.pl
//! read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tenzik_runtime::FuelProfile;

use super::labels::Labels;

/// Every stack with fuel of its own, in the order of their text. The counts add up to the fuel of
/// the run.
pub(crate) fn folded(profile: &FuelProfile, labels: &Labels) -> String {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (index, stack) in profile.stacks.iter().enumerate() {
        if stack.fuel > 0 {
            *lines.entry(path(profile, labels, index)).or_default() += stack.fuel;
        }
    }
    let mut text = String::new();
    for (stack, fuel) in lines {
        let _ = writeln!(text, "{stack} {fuel}");
    }
    text
}

/// The frames of a stack. The instance is not shown below others.
fn path(profile: &FuelProfile, labels: &Labels, index: usize) -> String {
    let mut frames = Vec::new();
    let mut at = index;
    while let Some(stack) = profile.stacks.get(at) {
        if at != 0 || frames.is_empty() {
            frames.push(labels.label(stack.frame));
        }
        if at == 0 {
            break;
        }
        at = stack.below;
    }
    frames.reverse();
    frames.join(";")
}
