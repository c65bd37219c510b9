//! Effects as the performer wrote them down, line by line: `JOB EFFECT ATTEMPT PATH`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::{self, Failure};

/// How many effects that must not be repeated were begun more than once, each time too many counted.
pub(super) fn repeated(log: &Path) -> Result<u64, Failure> {
    let text = match fs::read_to_string(log) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failure::file("cannot read the effects in", log, &error)),
    };
    Ok(surplus(&text))
}

fn surplus(text: &str) -> u64 {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ').skip(1);
        if let (Some("at_most_once"), Some(_), Some(path)) =
            (words.next(), words.next(), words.next())
        {
            *counts.entry(path).or_default() += 1;
        }
    }
    counts.values().map(|count| count - 1).sum()
}

#[cfg(test)]
mod tests {
    use super::surplus;

    #[test]
    fn only_what_must_not_be_repeated_counts() {
        assert_eq!(surplus(""), 0);
        assert_eq!(surplus("a at_most_once 1 x\nb at_most_once 1 y\n"), 0);
        assert_eq!(surplus("a idempotent 1 x\na idempotent 1 x\n"), 0);
        assert_eq!(
            surplus("a at_most_once 1 x[0].y z\nb at_most_once 2 x[0].y z\nx"),
            1
        );
    }
}
