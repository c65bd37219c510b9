//! The known name that is nearest to a misspelled one.

/// Characters of a name that are compared.
const CHARACTERS_MAX: usize = 64;

/// The name among `known` that a third or less of the characters of `name` differ from; the first of
/// those that are equally near.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let characters: Vec<char> = name.chars().take(CHARACTERS_MAX + 1).collect();
    if characters.len() > CHARACTERS_MAX {
        return None;
    }
    let most = (characters.len() / 3).max(1);
    let mut best: Option<(usize, &'k str)> = None;
    for candidate in known {
        let distance = distance(&characters, candidate);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbouring characters between two names
/// ("optimal string alignment"); case does not count.
fn distance(name: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().take(CHARACTERS_MAX + 1).collect();
    if candidate.len().abs_diff(name.len()) > CHARACTERS_MAX / 3 {
        return usize::MAX;
    }
    let cell = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    let same = |line: usize, column: usize| match (name.get(line), candidate.get(column)) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        _ => false,
    };
    let mut above: Vec<usize> = Vec::new();
    let mut before: Vec<usize> = (0..=candidate.len()).collect();
    for line in 0..name.len() {
        let mut row = vec![line + 1];
        for column in 0..candidate.len() {
            let replaced = cell(&before, column) + usize::from(!same(line, column));
            let changed = cell(&before, column + 1).min(cell(&row, column)) + 1;
            let is_swap =
                line > 0 && column > 0 && same(line, column - 1) && same(line - 1, column);
            let swapped = if is_swap {
                cell(&above, column - 1) + 1
            } else {
                usize::MAX
            };
            row.push(replaced.min(changed).min(swapped));
        }
        above = std::mem::replace(&mut before, row);
    }
    cell(&before, candidate.len())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_differs_in_at_most_a_third() {
        let known = ["output", "status", "exit", "error"];
        assert_eq!(nearest("ouptut", known), Some("output"));
        assert_eq!(nearest("Output", known), Some("output"));
        assert_eq!(nearest("exits", known), Some("exit"));
        assert_eq!(nearest("artifact", known), None);
        assert_eq!(nearest("txet", ["text", "exit"]), Some("text"));
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
    }
}
