//! The known word that a misspelled one is nearest to.

/// Longest word that is compared.
const WORD_CHARS_MAX: usize = 64;

/// `did you mean KNOWN`, or `otherwise` where nothing is near.
pub(crate) fn remedy<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(word, known) {
        Some(known) => format!("did you mean {known}?"),
        None => otherwise.to_owned(),
    }
}

/// The first known word of the least distance, if that is at most a third of the word.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(WORD_CHARS_MAX + 1).collect();
    if letters.len() > WORD_CHARS_MAX {
        return None;
    }
    let distance_max = (letters.len() / 3).max(1);
    known
        .into_iter()
        .filter(|known| known.len() <= 4 * WORD_CHARS_MAX)
        .filter(|known| known.chars().count().abs_diff(letters.len()) <= distance_max)
        .map(|known| (distance(&letters, known), known))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by(|(first, first_word), (second, second_word)| {
            first.cmp(second).then(first_word.cmp(second_word))
        })
        .map(|(_, known)| known)
}

/// Insertions, deletions and replacements between two words (Levenshtein).
fn distance(word: &[char], known: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, letter) in known.chars().enumerate() {
        let mut before = line;
        let mut last = line + 1;
        let mut next = vec![last];
        for (column, other) in word.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let replaced = before + usize::from(*other != letter);
            last = replaced.min(above + 1).min(last + 1);
            before = above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found() {
        let known = ["timeout", "needs", "when", "retries"];
        assert_eq!(nearest("timeuot", known), Some("timeout"));
        assert_eq!(nearest("need", known), Some("needs"));
        assert_eq!(nearest("whan", known), Some("when"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(100), known), None);
    }
}
