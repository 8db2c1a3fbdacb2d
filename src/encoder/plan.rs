//! Which texts go through the network together. Pure: lengths in, counts and groups out; the threads are [`super::batcher`]'s.
//!
//! A batch costs as many tokens as its longest text has, times its texts, since the shorter ones are padded.

use std::ops::Range;

/// How many from the front fit into `budget` tokens, at least one if there is any.
pub(super) fn front(lengths: impl IntoIterator<Item = usize>, budget: usize) -> usize {
    let (mut count, mut longest) = (0, 0);
    for length in lengths {
        longest = longest.max(length);
        if count > 0 && (count + 1) * longest > budget {
            break;
        }
        count += 1;
    }
    count
}

/// Cuts a sequence into batches of neighbours, in order; each is within `budget` or a single text.
pub(super) fn batches(lengths: &[usize], budget: usize) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    while let Some(rest @ [_, ..]) = lengths.get(start..) {
        let end = start + front(rest.iter().copied(), budget);
        batches.push(start..end);
        start = end;
    }
    batches
}

/// What one of `idle` workers takes of `waiting` jobs, so that the others find work too.
pub(super) fn share(waiting: usize, idle: usize) -> usize {
    waiting.div_ceil(idle.max(1))
}

/// A guess at the tokens of a text before it is tokenised, from its bytes: three a token for Chinese, about four for English.
pub(super) fn guess(bytes: usize, most: usize) -> usize {
    (bytes / 3 + 4).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_keep_order_and_leave_nobody_out(lengths in prop::collection::vec(1usize..300, 0..60), budget in 0usize..600) {
            let batches = batches(&lengths, budget);
            let covered: Vec<usize> = batches.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..lengths.len()).collect::<Vec<_>>());
        }

        #[test]
        fn a_batch_exceeds_the_budget_only_alone(lengths in prop::collection::vec(1usize..300, 0..60), budget in 0usize..600) {
            for batch in batches(&lengths, budget) {
                let texts = &lengths[batch];
                let cost = texts.len() * texts.iter().max().unwrap();
                prop_assert!(texts.len() == 1 || cost <= budget);
            }
        }

        #[test]
        fn a_batch_takes_all_that_fits(lengths in prop::collection::vec(1usize..300, 1..60), budget in 0usize..600) {
            let count = front(lengths.iter().copied(), budget);
            if let Some(more) = lengths.get(..=count) {
                prop_assert!(more.len() * more.iter().max().unwrap() > budget);
            }
        }

        #[test]
        fn shares_are_fair_and_never_nothing(waiting in 1usize..1000, idle in 0usize..64) {
            let share = share(waiting, idle);
            prop_assert!(share >= 1 && share * idle.max(1) >= waiting && (share - 1) * idle.max(1) < waiting);
        }
    }

    #[test]
    fn nothing_waits_nothing_is_taken() {
        assert_eq!(front([], 10), 0);
        assert!(batches(&[], 10).is_empty());
    }
}
