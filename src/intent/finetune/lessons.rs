//! What is learned from, and in which order: texts with classes, pairs with verdicts, cut into batches. Everything random
//! here is drawn from the seed and the number of the pass, so a run that goes on draws what the first would have drawn.

use std::collections::HashMap;

use super::{FinetuneError, Labelled, Material, Pair};
use crate::encoder::{EncoderError, Tokens};
use crate::intent::Dice;

/// A text as the network reads it.
#[derive(Debug)]
pub(super) struct Lesson {
    pub(super) tokens: Tokens,
    pub(super) class: Option<usize>,
    /// Texts of one group may well mean the same, whether or not somebody said so.
    group: usize,
}

/// Material, tokenised and numbered.
#[derive(Debug)]
pub(super) struct Lessons {
    pub(super) texts: Vec<Lesson>,
    pub(super) classes: usize,
    /// Places of two texts, and whether they ask the same.
    pub(super) pairs: Vec<(usize, usize, bool)>,
    /// For each class those it is most easily taken for.
    neighbours: Vec<Vec<usize>>,
}

/// One worker's part of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Shard {
    /// Places in [`Lessons::texts`].
    pub(super) texts: Vec<usize>,
    classes: Vec<Option<usize>>,
    groups: Vec<usize>,
    /// Places in this shard.
    pairs: Vec<(usize, usize, bool)>,
}

impl Shard {
    /// The places of the labelled texts, with their classes.
    pub(super) fn labelled(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let one = |(place, class): (usize, &Option<usize>)| Some((small(place), small((*class)?)));
        self.classes.iter().enumerate().filter_map(one)
    }

    /// Whether two different texts belong together by what somebody said.
    pub(super) fn attract(&self, a: usize, b: usize) -> bool {
        let class = |place: usize| self.classes.get(place).copied().flatten();
        let paired = |pair: &(usize, usize, bool)| {
            pair.2 && ((pair.0, pair.1) == (a, b) || (pair.1, pair.0) == (a, b))
        };
        self.texts.get(a) != self.texts.get(b)
            && ((class(a).is_some() && class(a) == class(b)) || self.pairs.iter().any(paired))
    }

    /// Whether two texts may mean the same.
    pub(super) fn akin(&self, a: usize, b: usize) -> bool {
        self.groups.get(a) == self.groups.get(b)
    }

    /// The pairs with this verdict.
    pub(super) fn pairs(&self, same: bool) -> Vec<(u32, u32)> {
        let chosen = self.pairs.iter().filter(|pair| pair.2 == same);
        chosen.map(|(a, b, _)| (small(*a), small(*b))).collect()
    }

    fn push(&mut self, lessons: &Lessons, unit: &Unit) {
        let start = self.texts.len();
        let places = match unit {
            Unit::Texts(places) => places.clone(),
            Unit::Pair(a, b, same) => {
                self.pairs.push((start, start + 1, *same));
                vec![*a, *b]
            }
        };
        for lesson in places.iter().filter_map(|place| lessons.texts.get(*place)) {
            self.classes.push(lesson.class);
            self.groups.push(lesson.group);
        }
        self.texts.extend(places);
    }
}

/// What stays together in one shard.
enum Unit {
    /// Texts of one class.
    Texts(Vec<usize>),
    Pair(usize, usize, bool),
}

impl Unit {
    fn len(&self) -> usize {
        match self {
            Self::Texts(places) => places.len(),
            Self::Pair(..) => 2,
        }
    }
}

/// How many texts of a class stand together, so that each finds one that attracts it.
const TOGETHER: usize = 2;
/// How many neighbouring classes come along with a class: the hard ones of a contrast, beside the random ones.
const NEIGHBOURS: usize = 3;

impl Lessons {
    /// Checks and reads what is trained on and what is held out; classes of both have one numbering.
    pub(super) fn joined(
        material: &Material,
        held: &Material,
        mut tokenize: impl FnMut(&str) -> Result<Tokens, EncoderError>,
    ) -> Result<(Self, Self), FinetuneError> {
        material.check()?;
        let mut classes = HashMap::new();
        for Labelled { label, .. } in &material.labelled {
            let count = classes.len();
            classes.entry(label.as_str()).or_insert(count);
        }
        let lessons = Self::new(material, &classes, &mut tokenize)?;
        Ok((lessons, Self::new(held, &classes, &mut tokenize)?))
    }

    /// Texts of a class that nobody teaches are left out: they cannot be recognised.
    fn new(
        material: &Material,
        classes: &HashMap<&str, usize>,
        tokenize: &mut impl FnMut(&str) -> Result<Tokens, EncoderError>,
    ) -> Result<Self, FinetuneError> {
        let mut lessons = Self {
            texts: Vec::new(),
            classes: classes.len(),
            pairs: Vec::new(),
            neighbours: Vec::new(),
        };
        for Labelled { text, label } in &material.labelled {
            let Some(class) = classes.get(label.as_str()).copied() else { continue };
            let tokens = tokenize(text)?;
            lessons.texts.push(Lesson { tokens, class: Some(class), group: class });
        }
        lessons.add_pairs(&material.pairs, tokenize)?;
        Ok(lessons)
    }

    /// Finds each class's neighbours from the classes' unit means, one after the other.
    pub(super) fn know_neighbours(&mut self, means: &[f32], width: usize) {
        let means: Vec<&[f32]> = means.chunks_exact(width.max(1)).collect();
        let nearest = |(class, mean): (usize, &&[f32])| {
            let cosine = |other: &[f32]| mean.iter().zip(other).map(|(x, y)| x * y).sum::<f32>();
            let others = means.iter().enumerate().filter(|(other, _)| *other != class);
            let mut others: Vec<(f32, usize)> =
                others.map(|(other, mean)| (cosine(mean), other)).collect();
            others.sort_by(|a, b| b.0.total_cmp(&a.0));
            others.into_iter().take(NEIGHBOURS).map(|(_, other)| other).collect()
        };
        self.neighbours = means.iter().enumerate().map(nearest).collect();
    }

    fn add_pairs(
        &mut self,
        pairs: &[Pair],
        tokenize: &mut impl FnMut(&str) -> Result<Tokens, EncoderError>,
    ) -> Result<(), FinetuneError> {
        let mut places = HashMap::new();
        let mut groups = Groups::default();
        for Pair { a, b, same } in pairs {
            let mut place = |text: &'_ str| -> Result<usize, EncoderError> {
                if let Some(place) = places.get(text) {
                    return Ok(*place);
                }
                let place = self.texts.len();
                let group = self.classes + groups.add();
                self.texts.push(Lesson { tokens: tokenize(text)?, class: None, group });
                places.insert(text.to_owned(), place);
                Ok(place)
            };
            let (a, b) = (place(a)?, place(b)?);
            self.pairs.push((a, b, *same));
            if *same {
                let first = self.texts.len() - groups.0.len();
                groups.join(a - first, b - first);
            }
        }
        let first = self.texts.len() - groups.0.len();
        for (at, lesson) in self.texts.iter_mut().skip(first).enumerate() {
            lesson.group = self.classes + groups.root(at);
        }
        Ok(())
    }

    /// The batches of a pass, each of up to `shards` parts of about `size` texts; as many at every pass. Every text and every
    /// pair occurs once. A text brings others of classes along that the original model takes for neighbours of its own.
    pub(super) fn batches(&self, size: usize, shards: usize, mut dice: Dice) -> Vec<Vec<Shard>> {
        let units = self.units(&mut dice);
        let units = self.beside_neighbours(dice.shuffled(units));
        let texts: usize = units.iter().map(Unit::len).sum();
        let wanted = ((texts + size / 2) / size.max(1)).max(1);
        let shard = |units: &[Unit]| {
            let mut shard = Shard::default();
            for unit in units {
                shard.push(self, unit);
            }
            shard
        };
        let all: Vec<Shard> =
            units.chunks(units.len().div_ceil(wanted).max(1)).map(shard).collect();
        all.chunks(shards.max(1)).map(<[Shard]>::to_vec).collect()
    }

    /// Moves, behind each unit, one unit of each class that neighbours its own.
    fn beside_neighbours(&self, units: Vec<Unit>) -> Vec<Unit> {
        let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); self.classes];
        for (place, unit) in units.iter().enumerate().rev() {
            if let Some(places) = self.class_of(unit).and_then(|class| of_class.get_mut(class)) {
                places.push(place);
            }
        }
        let mut waiting: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
        let mut ordered = Vec::with_capacity(waiting.len());
        for place in 0..waiting.len() {
            let Some(unit) = waiting.get_mut(place).and_then(Option::take) else { continue };
            let neighbours = self.class_of(&unit).and_then(|class| self.neighbours.get(class));
            ordered.push(unit);
            for class in neighbours.into_iter().flatten() {
                let Some(places) = of_class.get_mut(*class) else { continue };
                let next = std::iter::from_fn(|| places.pop())
                    .find_map(|place| waiting.get_mut(place).and_then(Option::take));
                ordered.extend(next);
            }
        }
        ordered
    }

    fn class_of(&self, unit: &Unit) -> Option<usize> {
        match unit {
            Unit::Texts(places) => {
                places.first().and_then(|place| self.texts.get(*place)).and_then(|text| text.class)
            }
            Unit::Pair(..) => None,
        }
    }

    /// The share of a same and a different pair in which the same one is closer (the area under the ROC curve); `None`
    /// where there are not both.
    pub(super) fn ranked(&self, vectors: &[&[f32]]) -> Option<f64> {
        let cosine = |(a, b, same): &(usize, usize, bool)| {
            let (a, b) = (vectors.get(*a)?, vectors.get(*b)?);
            Some((a.iter().zip(*b).map(|(x, y)| x * y).sum::<f32>(), *same))
        };
        let mut scored: Vec<(f32, bool)> = self.pairs.iter().filter_map(cosine).collect();
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        let same = scored.iter().filter(|(_, same)| *same).count();
        let different = scored.len() - same;
        let (mut below, mut right) = (0usize, 0usize);
        for (_, same) in scored {
            if same { right += below } else { below += 1 }
        }
        (same > 0 && different > 0).then(|| right as f64 / (same * different) as f64)
    }

    fn units(&self, dice: &mut Dice) -> Vec<Unit> {
        let mut by_class = vec![Vec::new(); self.classes];
        for (place, lesson) in self.texts.iter().enumerate() {
            if let Some(class) = lesson.class.and_then(|class| by_class.get_mut(class)) {
                class.push(place);
            }
        }
        let mut units: Vec<Unit> =
            self.pairs.iter().map(|(a, b, same)| Unit::Pair(*a, *b, *same)).collect();
        for class in by_class {
            let shuffled = dice.shuffled(class);
            units.extend(shuffled.chunks(TOGETHER).map(|texts| Unit::Texts(texts.to_vec())));
        }
        units
    }
}

/// Sets of numbers that were said to belong together (union-find).
#[derive(Default)]
struct Groups(Vec<usize>);

impl Groups {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    fn root(&self, mut at: usize) -> usize {
        while let Some(parent) = self.0.get(at).filter(|parent| **parent != at) {
            at = *parent;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.0.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }
}

fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
