//! The first half of the pipeline: what kind of turn it is, in which language, of how many questions, and what the encoder
//! must read of it. No vector is known yet.

use super::{Input, Turn};
use crate::decision::evidence::{self, Division, Situation};
use crate::decision::options;
use crate::message::ArticleId;
use crate::release::{Bundle, View};
use crate::text::follow::{self, Leaning};
use crate::text::split::{self, Certainty, Questions};
use crate::text::{language, normalize, shape};

/// A turn ready to be encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    pub(super) situation: Situation,
    pub(super) view: View,
    /// The questions as written where there are several; else empty.
    pub(super) pieces: Vec<String>,
    pub(super) division: Division,
    /// How it leans on the turn before, with which it is then read as well.
    pub(super) leaning: Option<Leaning>,
    /// The chosen article, as an index into the library.
    pub(super) chosen: Option<usize>,
    texts: Vec<String>,
}

impl Prepared {
    /// What the encoder must read: the whole message, then its pieces, then the message behind the turn before. Empty where
    /// there is nothing to read.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

/// Prepares a turn.
pub fn prepare(bundle: &Bundle, turn: &Turn) -> Prepared {
    let language = language::detect(&turn.text, turn.language_hint);
    let view = View { language, channel: turn.channel.clone() };
    let chosen = chosen(turn).and_then(|article| bundle.library().index_of(&article));
    let input = if chosen.is_some() { evidence::Input::Chosen } else { kind(turn) };
    let situation = Situation {
        mode: turn.mode,
        language,
        served: bundle.speaks(language),
        input,
        clarified_last: turn.clarified_last,
        degraded: false,
    };
    let reads = input == evidence::Input::Words;
    let (pieces, division) = if reads { pieces(&turn.text) } else { (Vec::new(), Division::Sure) };
    let before = turn.before.as_ref().filter(|_| reads && pieces.is_empty());
    let leaning = before.and_then(|_| follow::leaning(&turn.text));
    let together = before.filter(|_| leaning.is_some()).map(|before| behind(before, &turn.text));
    let whole = reads.then_some(&turn.text).into_iter();
    let texts = whole.chain(&pieces).chain(&together);
    let texts = texts.map(|text| normalize(text).as_str().to_owned()).collect();
    Prepared { situation, view, pieces, division, leaning, chosen, texts }
}

/// The article that the customer tapped, or whose number or label was typed.
fn chosen(turn: &Turn) -> Option<ArticleId> {
    match &turn.input {
        Input::Chosen(article) => Some(article.clone()),
        Input::Words => {
            options::typed(&turn.text, &turn.options).map(|option| option.article.clone())
        }
        Input::Attachment | Input::Opening => None,
    }
}

fn kind(turn: &Turn) -> evidence::Input {
    let shape = shape::shape(&turn.text);
    match turn.input {
        Input::Opening => evidence::Input::Opening,
        _ if !shape.nothing_to_read() => evidence::Input::Words,
        Input::Attachment => evidence::Input::Attachment,
        Input::Words | Input::Chosen(_) if shape.marks > 0 && !shape.only_emoji() => {
            evidence::Input::Noise
        }
        Input::Words | Input::Chosen(_) => evidence::Input::Gesture,
    }
}

/// A message behind the turn before, of which as much is kept as one question has.
fn behind(before: &str, text: &str) -> String {
    const MOST: usize = 120;
    let before: String = before.chars().take(MOST).collect();
    format!("{before} {text}")
}

/// The questions where there are several, and how certain that is.
fn pieces(text: &str) -> (Vec<String>, Division) {
    let Questions { pieces, certainty } = split::questions(text);
    if pieces.len() < 2 {
        return (Vec::new(), Division::Sure);
    }
    let division = match certainty {
        Certainty::Sure => Division::Sure,
        Certainty::Likely => Division::Likely,
        Certainty::Possible => Division::Possible,
    };
    (pieces, division)
}
