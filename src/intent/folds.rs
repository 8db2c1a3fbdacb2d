//! Which fold each example is held out in: round-robin inside its class, so that every fold has its share of every class
//! and the split depends on the order of the questions alone.

/// How examples are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folds {
    /// Into how many folds the examples are split.
    pub count: usize,
    /// No further fold is held out once this many examples were: a large set needs one or two.
    pub enough: usize,
}

/// The fold of each label's example, each below `count`.
pub(super) fn assign(labels: &[usize], classes: usize, count: usize) -> Vec<usize> {
    let mut seen = vec![0usize; classes];
    labels
        .iter()
        .map(|&label| {
            let Some(nth) = seen.get_mut(label) else { return 0 };
            // Shifted by the class: else every class of one question lands in the first fold.
            let fold = (*nth + label) % count.max(1);
            *nth += 1;
            fold
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_spread_over_the_folds() {
        let check = |labels: &[usize], count: usize, expect: &[usize]| {
            assert_eq!(assign(labels, 3, count), expect, "{labels:?} in {count}");
        };
        check(&[], 5, &[]);
        check(&[0, 0, 0, 0], 3, &[0, 1, 2, 0]);
        check(&[0, 1, 2], 3, &[0, 1, 2]);
        check(&[1, 1, 0, 0], 2, &[1, 0, 0, 1]);
        check(&[0, 1], 0, &[0, 0]);
    }
}
