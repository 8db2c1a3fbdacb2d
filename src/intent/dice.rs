//! Reproducible chance: the same seed gives the same split on every machine and with every version of every library.

/// A small generator (Steele, Lea and Flood's `SplitMix64`), good for shuffling and resampling, not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice for one repetition of one experiment.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0. The bias of the multiplication is below 2^-40 for any sample here.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number of 0..1, with the 24 bits that an f32 holds.
    pub(crate) fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// The items in random order.
    pub(crate) fn shuffled<T>(&mut self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut items: Vec<T> = items.into_iter().collect();
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
        items
    }

    /// `count` items drawn with replacement; none from nothing.
    pub(crate) fn drawn<'t, T>(&mut self, items: &'t [T], count: usize) -> Vec<&'t T> {
        (0..count).filter_map(|_| items.get(self.below(items.len()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation_and_repeats() {
        let shuffle = |seed| Dice::new(seed).shuffled(0..100);
        assert_eq!(shuffle(7), shuffle(7));
        assert_ne!(shuffle(7), shuffle(8));
        let mut sorted = shuffle(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn draws_cover_the_items_evenly() {
        let items: Vec<usize> = (0..10).collect();
        let mut counts = [0_u32; 10];
        for item in Dice::new(1).drawn(&items, 10_000) {
            counts[*item] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert!(Dice::new(1).drawn::<u8>(&[], 3).is_empty());
    }
}
