//! What there is to learn from, as people give it: texts with labels, pairs with verdicts. Checked and split here; read
//! from files elsewhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::FinetuneError;
use crate::intent::Dice;

/// A text and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// Its class.
    pub label: String,
}

/// Two texts, and whether they ask the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    /// One.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether one answer serves both.
    pub same: bool,
}

/// What there is to learn from. Texts of no class do not belong here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Material {
    /// Texts with classes.
    pub labelled: Vec<Labelled>,
    /// Pairs with verdicts.
    pub pairs: Vec<Pair>,
}

/// What a text or a pair is recognised by: spaces at the ends and the order of a pair do not count.
type Key<'a> = (&'a str, &'a str);

impl Labelled {
    fn key(&self) -> Key<'_> {
        (self.text.trim(), "")
    }
}

impl Pair {
    fn key(&self) -> Key<'_> {
        let (a, b) = (self.a.trim(), self.b.trim());
        if a <= b { (a, b) } else { (b, a) }
    }
}

impl Material {
    /// Whether there is enough, and nothing stands there with two labels or two verdicts.
    pub fn check(&self) -> Result<(), FinetuneError> {
        let Self { labelled, pairs } = self;
        if labelled.is_empty() && pairs.is_empty() {
            return Err(FinetuneError::Empty);
        }
        let label = labelled.first().map(|text| &text.label);
        if pairs.is_empty() && labelled.iter().all(|text| Some(&text.label) == label) {
            return Err(FinetuneError::OneClass { texts: labelled.len() });
        }
        if labelled.is_empty() && !pairs.iter().any(|pair| pair.same) {
            return Err(FinetuneError::NothingSame { pairs: pairs.len() });
        }
        for contradictory in [self.contradictory_texts(), self.contradictory_pairs()] {
            if let Some(first) = contradictory.first() {
                let texts = contradictory.len();
                return Err(FinetuneError::Contradiction { texts, first: first + 1 });
            }
        }
        Ok(())
    }

    /// Leaves out all texts and pairs that contradict others; gives how many those were.
    pub fn drop_contradictions(&mut self) -> usize {
        let (texts, pairs) = (self.contradictory_texts(), self.contradictory_pairs());
        remove(&mut self.labelled, &texts);
        remove(&mut self.pairs, &pairs);
        texts.len() + pairs.len()
    }

    /// Takes out a share of every class and of the pairs: whole numbers, rounded down, so that a class of a few texts
    /// keeps them all.
    #[must_use]
    pub fn hold_out(&mut self, share: f64, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, text) in self.labelled.iter().enumerate() {
            classes.entry(&text.label).or_default().push(place);
        }
        let mut texts = Vec::new();
        for places in classes.into_values() {
            texts.extend(some(places, share, &mut dice));
        }
        let pairs = some((0..self.pairs.len()).collect(), share, &mut dice);
        Self {
            labelled: remove(&mut self.labelled, &texts),
            pairs: remove(&mut self.pairs, &pairs),
        }
    }

    fn contradictory_texts(&self) -> Vec<usize> {
        contradictory(self.labelled.iter().map(|text| (text.key(), text.label.as_str())))
    }

    fn contradictory_pairs(&self) -> Vec<usize> {
        contradictory(self.pairs.iter().map(|pair| (pair.key(), pair.same)))
    }
}

/// The places of those whose key came with more than one verdict, in order.
fn contradictory<'a, V: PartialEq>(all: impl Iterator<Item = (Key<'a>, V)>) -> Vec<usize> {
    let mut by_key: HashMap<Key<'a>, Vec<(usize, V)>> = HashMap::new();
    for (place, (key, verdict)) in all.enumerate() {
        by_key.entry(key).or_default().push((place, verdict));
    }
    let torn = |said: &Vec<(usize, V)>| {
        said.iter().any(|(_, verdict)| Some(verdict) != said.first().map(|(_, first)| first))
    };
    let torn = by_key.into_values().filter(torn).flatten();
    let mut places: Vec<usize> = torn.map(|(place, _)| place).collect();
    places.sort_unstable();
    places
}

/// A random share of places.
fn some(places: Vec<usize>, share: f64, dice: &mut Dice) -> Vec<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let count = (places.len() as f64 * share.clamp(0.0, 1.0)) as usize;
    dice.shuffled(places).into_iter().take(count).collect()
}

/// Takes the items at `places` out, in their order.
fn remove<T>(items: &mut Vec<T>, places: &[usize]) -> Vec<T> {
    let chosen: HashSet<usize> = places.iter().copied().collect();
    let all = std::mem::take(items).into_iter().enumerate();
    let (out, rest): (Vec<_>, Vec<_>) = all.partition(|(place, _)| chosen.contains(place));
    *items = rest.into_iter().map(|(_, item)| item).collect();
    out.into_iter().map(|(_, item)| item).collect()
}
