//! Fuel by function: what it used itself, and what it used with all it called.

use std::collections::BTreeMap;

use tenzik_runtime::{FuelProfile, ProfileFrame};

/// What one function used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionUse {
    pub(crate) frame: ProfileFrame,
    /// Fuel of its own operators, or of the host call.
    pub(crate) own: u64,
    /// Fuel while it was on the stack, counted once also where it calls itself.
    pub(crate) total: u64,
    /// How often it was called.
    pub(crate) calls: u64,
}

/// Every function that was called, the one that used most first.
pub(crate) fn functions(profile: &FuelProfile) -> Vec<FunctionUse> {
    let mut uses: BTreeMap<ProfileFrame, FunctionUse> = BTreeMap::new();
    for (index, stack) in profile.stacks.iter().enumerate() {
        let entry = of(&mut uses, stack.frame);
        entry.own += stack.fuel;
        entry.calls += stack.calls;
        if stack.fuel == 0 {
            continue;
        }
        let mut seen = Vec::new();
        let mut at = index;
        while let Some(below) = profile.stacks.get(at) {
            if !seen.contains(&below.frame) {
                of(&mut uses, below.frame).total += stack.fuel;
                seen.push(below.frame);
            }
            if at == 0 {
                break;
            }
            at = below.below;
        }
    }
    // The instance is below everything; what it used is its own.
    let instance = of(&mut uses, ProfileFrame::Instance);
    instance.total = instance.own;
    let mut uses: Vec<FunctionUse> = uses.into_values().collect();
    uses.retain(|function| function.own > 0 || function.calls > 0);
    // The sort keeps the order of equals: that of the indices.
    uses.sort_by_key(|function| std::cmp::Reverse(function.own));
    uses
}

fn of(uses: &mut BTreeMap<ProfileFrame, FunctionUse>, frame: ProfileFrame) -> &mut FunctionUse {
    uses.entry(frame).or_insert(FunctionUse {
        frame,
        own: 0,
        total: 0,
        calls: 0,
    })
}
