//! The known name that a misspelled one stands for.

/// The candidate with the fewest edits from `name`: at most a third of its length, and 3. Of several,
/// the first in alphabetical order.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LENGTH_MAX: usize = 128;
    const EDITS_MAX: usize = 3;
    let length = name.chars().count();
    if length > LENGTH_MAX {
        return None;
    }
    let name: Vec<char> = name.to_lowercase().chars().collect();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LENGTH_MAX)
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            let edits_max = (letters.len().max(length) / 3).clamp(1, EDITS_MAX);
            if letters.len().abs_diff(length) > edits_max {
                return None;
            }
            let edits = edits(&name, &letters);
            // Names of one letter have to have something in common, too.
            let is_near = edits <= edits_max && edits < letters.len().max(length);
            is_near.then_some((edits, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean KNOWN?`, or `otherwise` where nothing is near.
pub(crate) fn remedy<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(name, candidates) {
        Some(known) => format!("did you mean {known}?"),
        None => otherwise.to_owned(),
    }
}

/// Insertions, removals, replacements and swaps of neighbours (optimal string alignment), by the
/// dynamic programme of Wagner and Fischer with three rows.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, left_char) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(right.len() + 1);
        current.push(row + 1);
        for (column, right_char) in right.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, column) + usize::from(left_char != right_char);
            let mut least = replaced
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            let is_swap = row > 0
                && column > 0
                && left.get(row - 1) == Some(right_char)
                && right.get(column - 1) == Some(left_char);
            if is_swap {
                least = least.min(at(&before, column - 1) + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelled_names() {
        const KEYS: [&str; 6] = ["needs", "when", "timeout", "retries", "as", "on_error"];
        for (name, found) in [
            ("need", Some("needs")),
            ("nedes", Some("needs")),
            ("wehn", Some("when")),
            ("Timeout", Some("timeout")),
            ("retrys", Some("retries")),
            ("on-error", Some("on_error")),
            ("depends", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, KEYS), found, "{name}");
        }
        // Also fields of steps in expressions.
        assert_eq!(nearest("aa", ["a", "b"]), Some("a"));
        assert_eq!(nearest("a", ["b", "c"]), None);
        let fields = ["output", "status", "exit", "error"];
        assert_eq!(nearest("ouptut", fields), Some("output"));
        assert_eq!(nearest("exits", fields), Some("exit"));
        assert_eq!(nearest("artifact", fields), None);
        assert_eq!(nearest("txet", ["text", "exit"]), Some("text"));
        assert_eq!(nearest(&"n".repeat(1_000_000), KEYS), None);
    }
}
