//! Targets that are known before the run.

use crate::place::Problem;
use crate::scenario::{AssetGroup, ValueTemplate};
use crate::target::{self, NoTarget};

use super::stages::literal_text;

/// Reads every target of `groups` that is written without an expression.
pub(super) fn check(groups: &[AssetGroup], problems: &mut Vec<Problem>) {
    for group in groups {
        check_values(&group.hosts, target::host, problems);
        check_values(&group.cidrs, target::network, problems);
        check_values(&group.exclude, target::left_out, problems);
    }
}

fn check_values<T>(
    values: &[ValueTemplate],
    read: impl Fn(&str) -> Result<T, NoTarget>,
    problems: &mut Vec<Problem>,
) {
    for value in values {
        let found = literal_text(value).map(|text| read(&text));
        if let Some(Err(NoTarget { message, remedy })) = found {
            problems.push(Problem::new(value.place(), "bad_value", message, remedy));
        }
    }
}
