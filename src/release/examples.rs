//! The lexicon's example texts as this model sees them: texts of no shop, and two small classifiers, one for wishes for a
//! person and one for urgency. Word lists come first; these catch what no list foresaw.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::candidates::Aside;
use super::outside::Outside;
use super::readers::Scale;
use crate::decision::lexicon::{self, Wish};
use crate::encoder::{Embedding, dots};
use crate::intent::{FitError, Head, fit};
use crate::knowledge::Library;
use crate::message::{IntentId, Priority};
use crate::text::script::Scripts;
use crate::text::shape::words;
use crate::text::split;

/// Embedded examples and what was fitted on them.
#[derive(Debug)]
pub(super) struct Examples {
    /// Texts of no shop, then texts that are known to be answered by nothing here.
    foreign: Vec<(String, Embedding)>,
    /// How many of them are of the first kind.
    of_no_shop: usize,
    sides: Sides,
    /// Of the library.
    scripts: Scripts,
}

/// The two classifiers; `None` where one side has no example.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sides {
    wish: Option<Head>,
    urgent: Option<Head>,
}

/// The library's questions that stand on the other side of each classifier, at most: enough to say what this shop's
/// everyday matters are, without drowning the examples.
const EVERYDAY: usize = 400;

/// The texts that must be embedded first.
pub(super) fn texts() -> Vec<&'static str> {
    let lists = lexicon::examples();
    let all = [
        &lists.person,
        &lists.not_person,
        &lists.greeting,
        &lists.thanks,
        &lists.goodbye,
        &lists.urgent,
        &lists.calm,
        &lists.out_of_scope,
    ];
    all.into_iter().flatten().copied().collect()
}

impl Sides {
    /// Fits the two classifiers on the lexicon's texts and the library's everyday questions. A text without a vector is
    /// left out.
    pub(super) fn fit(
        vectors: &HashMap<&'static str, Embedding>,
        library: &Library,
    ) -> Result<Self, FitError> {
        let lists = lexicon::examples();
        let of = |lists: &[&Vec<&'static str>]| -> Vec<&[f32]> {
            let texts = lists.iter().copied().flatten();
            texts.filter_map(|text| vectors.get(text)).map(Embedding::as_slice).collect()
        };
        let talk = [&lists.greeting, &lists.thanks, &lists.goodbye, &lists.out_of_scope];
        let no_wish = of(&[&[&lists.not_person, &lists.calm][..], &talk[..]].concat());
        let no_hurry = of(&[&[&lists.calm, &lists.not_person][..], &talk[..]].concat());
        let mut urgent = of(&[&lists.urgent]);
        urgent.extend(questions(library, |priority| priority == Priority::Urgent));
        let wish = two_sided(&of(&[&lists.person]), no_wish, everyday_without_wishes(library))?;
        let calm = questions(library, |priority| priority <= Priority::Normal);
        let urgent = two_sided(&urgent, no_hurry, calm)?;
        Ok(Self { wish, urgent })
    }
}

impl Examples {
    /// The embedded examples, with what was fitted on them. A text without a vector is left out.
    pub(super) fn new(
        vectors: &HashMap<&'static str, Embedding>,
        outside: Outside,
        (sides, scripts): (Sides, Scripts),
    ) -> Self {
        let embedded =
            |text: &&'static str| Some((String::from(*text), vectors.get(text)?.clone()));
        let mut foreign: Vec<_> =
            lexicon::examples().out_of_scope.iter().filter_map(embedded).collect();
        let of_no_shop = foreign.len();
        foreign.extend(outside.texts.into_iter().zip(outside.vectors));
        Self { foreign, of_no_shop, sides, scripts }
    }

    /// What was fitted.
    pub(super) fn sides(&self) -> &Sides {
        &self.sides
    }

    /// P(a wish for a person).
    pub(super) fn wish(&self, vector: &Embedding) -> f64 {
        yes(self.sides.wish.as_ref(), vector)
    }

    /// P(urgent).
    pub(super) fn urgency(&self, vector: &Embedding) -> f64 {
        yes(self.sides.urgent.as_ref(), vector)
    }

    /// The texts of no shop, each with its place for [`Examples::aside_of_foreign`].
    pub(super) fn foreign(&self) -> impl Iterator<Item = (usize, (&str, &Embedding))> {
        self.placed().take(self.of_no_shop)
    }

    /// The texts that are known to be answered by nothing here, likewise.
    pub(super) fn outside(&self) -> impl Iterator<Item = (usize, (&str, &Embedding))> {
        self.placed().skip(self.of_no_shop)
    }

    fn placed(&self) -> impl Iterator<Item = (usize, (&str, &Embedding))> {
        self.foreign.iter().map(|(text, vector)| (text.as_str(), vector)).enumerate()
    }

    /// The facts about a text, to which the classifier gives a probability of being outside.
    pub(super) fn aside(
        &self,
        text: &str,
        vector: &Embedding,
        (scale, outside): (Scale, Option<f64>),
    ) -> Aside {
        let foreign = self.nearest_foreign(vector, None, scale);
        self.read(text, (foreign, outside))
    }

    fn read(&self, text: &str, (foreign, outside): (f64, Option<f64>)) -> Aside {
        Aside {
            foreign,
            outside,
            script: self.scripts.share_of(text),
            questions: split::questions(text).pieces.len(),
            words: words(text),
        }
    }

    /// The same for the text at `at`, as if it were not in the list.
    pub(super) fn aside_of_foreign(
        &self,
        at: usize,
        (scale, outside): (Scale, Option<f64>),
    ) -> Aside {
        let Some((text, vector)) = self.foreign.get(at) else {
            return self.read("", (-1.0, outside));
        };
        self.read(text, (self.nearest_foreign(vector, Some(at), scale), outside))
    }

    /// The numbers that make it what it is, little-endian: what a bundle hashes.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let heads =
            [&self.sides.wish, &self.sides.urgent].into_iter().flatten().flat_map(Head::bytes);
        heads.chain(self.outside().flat_map(|(_, (text, _))| text.bytes().chain([0])))
    }

    fn nearest_foreign(&self, vector: &Embedding, but: Option<usize>, scale: Scale) -> f64 {
        let others = self.foreign.iter().enumerate().filter(|(at, _)| Some(*at) != but);
        let others: Vec<&[f32]> = others.map(|(_, (_, foreign))| foreign.as_slice()).collect();
        let cosines = dots(vector.as_slice(), others.into_iter());
        let nearest = cosines.into_iter().fold(-1.0, f32::max);
        scale.similarity(nearest).max(-1.0)
    }
}

/// The questions of articles with a priority that `wanted` accepts, evenly thinned out.
fn questions(library: &Library, wanted: impl Fn(Priority) -> bool) -> Vec<&[f32]> {
    let priority = |at: usize| library.articles().get(at).map(|article| article.priority);
    let chosen = |(at, entry): (usize, &crate::knowledge::library::Entry)| {
        priority(entry.article).is_some_and(&wanted).then(|| library.vector(at))
    };
    thinned(library.entries().iter().enumerate().filter_map(chosen).collect())
}

/// An article about reaching a person is no counterexample to wishing for one.
fn everyday_without_wishes(library: &Library) -> Vec<&[f32]> {
    let entries = library.entries().iter().enumerate();
    let plain = entries.filter(|(_, entry)| lexicon::person_wish(&entry.text) != Some(Wish::Asked));
    thinned(plain.map(|(at, _)| library.vector(at)).collect())
}

fn thinned(all: Vec<&[f32]>) -> Vec<&[f32]> {
    let stride = all.len().div_ceil(EVERYDAY).max(1);
    all.into_iter().step_by(stride).collect()
}

/// A classifier of yes (class 1) against no; `None` where one side has no example.
fn two_sided(
    for_it: &[&[f32]],
    against: Vec<&[f32]>,
    everyday: Vec<&[f32]>,
) -> Result<Option<Head>, FitError> {
    let against = [against, everyday].concat();
    let name = IntentId::new("side").ok().filter(|_| !for_it.is_empty() && !against.is_empty());
    let Some(name) = name else { return Ok(None) };
    let labels: Vec<usize> = against.iter().map(|_| 0).chain(for_it.iter().map(|_| 1)).collect();
    let vectors = [against, for_it.to_vec()].concat();
    fit(&vectors, &labels, vec![name; 2], &fit::Config::default()).map(Some)
}

fn yes(head: Option<&Head>, vector: &Embedding) -> f64 {
    head.and_then(|head| head.scores(vector.as_slice()).get(1).copied()).unwrap_or_default()
}
