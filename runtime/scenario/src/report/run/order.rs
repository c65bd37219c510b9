//! Steps in the order of the scenario, items of loops by their positions.

use std::collections::{BTreeMap, HashMap};

use super::StepReport;
use super::history::Tracked;

/// Sorts steps. Rows name the node of a step; a block whose own row is missing stands where the
/// first of its steps does.
pub(super) fn in_order(steps: BTreeMap<String, Tracked>) -> Vec<StepReport> {
    let mut first: HashMap<String, usize> = HashMap::new();
    for (path, tracked) in &steps {
        let node = tracked.node.unwrap_or(usize::MAX);
        let mut prefix = String::new();
        for (name, _) in segments(path) {
            prefix.push('.');
            prefix.push_str(name);
            let known = first.entry(prefix.clone()).or_insert(node);
            *known = node.min(*known);
        }
    }
    let key = |path: &str| {
        let mut prefix = String::new();
        let segments = segments(path).map(|(name, index)| {
            prefix.push('.');
            prefix.push_str(name);
            let node = first.get(&prefix).copied().unwrap_or(usize::MAX);
            (node, name.to_owned(), index)
        });
        segments.collect::<Vec<_>>()
    };
    let mut sorted: Vec<StepReport> = steps.into_values().map(|tracked| tracked.step).collect();
    sorted.sort_by_cached_key(|step| key(&step.path));
    sorted
}

/// `sweep[3].scan` is `sweep` at 3 and `scan`; what has no position stands before what has.
fn segments(path: &str) -> impl Iterator<Item = (&str, Option<u64>)> {
    path.split('.')
        .map(|segment| match segment.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse().ok()),
            None => (segment, None),
        })
}
