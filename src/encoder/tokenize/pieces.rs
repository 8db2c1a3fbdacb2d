//! The vocabulary of a unigram model on its way from the file into memory: a quarter of a million short texts in one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// Texts and scores by id.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    texts: String,
    /// Where each text ends in `texts`; it begins where the one before it ends.
    ends: Vec<usize>,
    pub(super) scores: Vec<f64>,
}

impl Pieces {
    fn push(&mut self, text: &str, score: f64) {
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
        self.scores.push(score);
    }

    /// The texts with their ids, sorted, the empty one left out. Of several that are the same, the last counts.
    pub(super) fn sorted(&self) -> Vec<(&[u8], u32)> {
        let texts = self.texts.as_bytes();
        let starts = std::iter::once(&0).chain(&self.ends);
        let texts = starts.zip(&self.ends).map(|(start, end)| &texts[*start..*end]);
        let mut all: Vec<_> = texts.zip(0..).filter(|(text, _)| !text.is_empty()).collect();
        all.sort_unstable_by(|(a, a_id), (b, b_id)| a.cmp(b).then(b_id.cmp(a_id)));
        all.dedup_by_key(|(text, _)| *text);
        all
    }
}

impl<'t> FromIterator<(&'t str, f64)> for Pieces {
    fn from_iter<I: IntoIterator<Item = (&'t str, f64)>>(pieces: I) -> Self {
        let mut all = Self::default();
        pieces.into_iter().for_each(|(text, score)| all.push(text, score));
        all
    }
}

/// One entry of the file, `["piece", -1.5]`; its text is copied only if it is written with escapes.
#[derive(serde::Deserialize)]
struct Piece<'f>(#[serde(borrow)] Cow<'f, str>, f64);

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Pieces;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pieces with their scores")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pieces, A::Error> {
        let mut all = Pieces::default();
        while let Some(Piece(text, score)) = list.next_element()? {
            all.push(&text, score);
        }
        Ok(all)
    }
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(List)
    }
}
