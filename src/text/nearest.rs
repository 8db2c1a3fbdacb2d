//! "Did you mean": the known word that is fewest typing mistakes away.

/// The candidate nearest to `word`, if it is near enough to be meant: one mistake in three letters.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.trim().to_lowercase().chars().take(40).collect();
    let mistakes = |candidate: &str| distance(&word, &candidate.chars().collect::<Vec<_>>());
    let best = candidates.iter().map(|c| (mistakes(c), *c)).min_by_key(|(mistakes, _)| *mistakes);
    best.filter(|(mistakes, _)| *mistakes <= word.len().div_ceil(3)).map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, changes, and swaps of two neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let change = cell(&last, j) + usize::from(from != to);
            let mut best = change.min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(to) && b.get(j - 1) == Some(from);
            if swapped {
                best = best.min(cell(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_meant_and_far_ones_are_not() {
        let keys = ["title", "questions", "valid_until", "queue"];
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(nearest(word, &keys), expect, "{word:?}");
        };
        check("titel", Some("title"));
        check("Title", Some("title"));
        check("question", Some("questions"));
        check("valid-until", Some("valid_until"));
        check("colour", None);
        check("", None);
        check("标题", None);
    }
}
