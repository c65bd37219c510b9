//! Targets that are known before the run.

use crate::place::Problem;
use crate::scenario::{AssetGroup, ValueTemplate};
use crate::target::{self, NoTarget};

use super::stages::literal_text;

/// Reads every target of `groups` that is written without an expression.
pub(super) fn check(groups: &[AssetGroup], problems: &mut Vec<Problem>) {
    for group in groups {
        let lists: [(&[ValueTemplate], fn(&str) -> Result<(), NoTarget>); 3] = [
            (&group.hosts, |text| target::host(text).map(drop)),
            (&group.cidrs, |text| target::network(text).map(drop)),
            (&group.exclude, |text| target::left_out(text).map(drop)),
        ];
        for (values, read) in lists {
            for value in values {
                check_value(value, read, problems);
            }
        }
    }
}

/// Nesting is bounded by that of the file.
fn check_value(
    value: &ValueTemplate,
    read: fn(&str) -> Result<(), NoTarget>,
    problems: &mut Vec<Problem>,
) {
    if let ValueTemplate::List(items, _) = value {
        for item in items {
            check_value(item, read, problems);
        }
    }
    let Some(text) = literal_text(value) else {
        return;
    };
    if let Err(NoTarget { message, remedy }) = read(&text) {
        problems.push(Problem::new(value.place(), "bad_value", message, remedy));
    }
}
