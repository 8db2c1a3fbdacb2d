//! A message and its vector → [`Piece`]: what every reader of the bundle sees in it, as the evidence the policy judges.

use super::Bundle;
use super::candidates::{Placed, gather, place};
use super::readers::Opinion;
use crate::decision::Choice;
use crate::decision::evidence::Favourite;
use crate::decision::evidence::{Bar, Piece, Readings, Sighting, stored};
use crate::decision::lexicon;
use crate::encoder::Embedding;
use crate::knowledge::article::{self, Article};
use crate::knowledge::{Hit, KnowledgeError};
use crate::message::{Channel, IntentId, Language, Shared};

/// From where the knowledge is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language the message was read in.
    pub language: Language,
    /// The channel it came through.
    pub channel: Channel,
}

/// Candidates and intents that are kept as evidence.
const KEPT: usize = 5;

impl Bundle {
    /// What is seen in a text by words alone: all there is where the encoder was not asked.
    pub fn read_words(&self, text: &str) -> Piece {
        Piece {
            wish: lexicon::person_wish(text),
            small_talk: lexicon::small_talk(text),
            urgent_words: lexicon::urgent_words(text).into_iter().map(str::to_owned).collect(),
            ..Piece::default()
        }
    }

    /// What is seen in a text, by words and by its vector.
    pub fn read(
        &self,
        text: &str,
        vector: &Embedding,
        view: &View,
    ) -> Result<Piece, KnowledgeError> {
        let opinion = self.readers.opinion(vector);
        let hits = self.library.hits(vector, text)?;
        let scale = self.readers.scales.for_language(view.language);
        let aside = self.examples.aside(text, vector, (scale, opinion.outside));
        let placed = place(gather(&hits, &opinion, scale), &self.fusion, aside);
        let sightings = placed.iter().take(KEPT).filter_map(|placed| self.sighting(placed, view));
        Ok(Piece {
            wish_likeness: stored(self.examples.wish(vector)),
            urgent_likeness: stored(self.examples.urgency(vector)),
            sightings: sightings.collect(),
            intents: self.intents(&opinion),
            ..self.read_words(text)
        })
    }

    /// An article as the only thing meant, because the customer chose it.
    pub fn chosen(&self, article: usize, view: &View) -> Option<Sighting> {
        let group = self.library.groups().group(article);
        self.facts(self.representative(article, view), group, view)
    }

    /// Whether any article speaks a language. A text whose language is not determined is read all the same.
    pub fn speaks(&self, language: Language) -> bool {
        language == Language::UND
            || self.library.articles().iter().any(|article| article.lang == language)
    }

    fn sighting(&self, placed: &Placed, view: &View) -> Option<Sighting> {
        let candidate = placed.candidate;
        let article = self.representative(candidate.hit.article, view);
        Some(Sighting {
            matched: self.matched(&candidate.hit),
            dense: stored(f64::from(candidate.hit.question)),
            lexical: stored(candidate.views.lexical),
            intent: stored(candidate.views.intent),
            favourite: placed.favourite,
            readings: placed.readings,
            ..self.facts(article, candidate.group, view)?
        })
    }

    /// The member of a group that speaks the customer's language; the article itself where none does.
    fn representative(&self, article: usize, view: &View) -> usize {
        self.library.in_language(article, view.language).unwrap_or(article)
    }

    /// An article without anything read.
    fn facts(&self, at: usize, group: usize, view: &View) -> Option<Sighting> {
        let article = self.library.articles().get(at)?;
        Some(Sighting {
            article: article.id.clone(),
            revision: article.revision.clone(),
            group: self.library.group_name(group),
            label: label(article).to_owned(),
            handling: article.handling,
            risk: article.risk,
            queue: article.queue.clone(),
            priority: article.priority,
            bars: bars(article, view),
            options: article.options.iter().map(option).collect(),
            matched: Shared::default(),
            dense: 0.0,
            lexical: 0.0,
            intent: 0.0,
            favourite: Favourite::Both,
            readings: Readings::default(),
        })
    }

    /// What the message came nearest to: a question, or a section where that is nearer.
    fn matched(&self, hit: &Hit) -> Shared {
        let article = self.library.articles().get(hit.article);
        let section = hit.section.filter(|_| hit.passage > hit.question);
        let heading =
            section.and_then(|at| article?.sections.get(at)).map(|s| s.heading.as_str().into());
        let question = || hit.entry.and_then(|at| self.library.entries().get(at));
        heading.or_else(|| question().map(|entry| entry.text.clone())).unwrap_or_default()
    }

    /// The best intents; one that several groups share has their probabilities together.
    fn intents(&self, opinion: &Opinion) -> Vec<(IntentId, f64)> {
        let classes = self.readers.head.classes().iter().zip(&opinion.intent);
        let mut likely: Vec<(IntentId, f64)> = Vec::new();
        for (intent, probability) in classes {
            match likely.iter_mut().find(|(known, _)| known == intent) {
                Some((_, sum)) => *sum += probability,
                None => likely.push((intent.clone(), *probability)),
            }
        }
        likely.sort_by(|a, b| b.1.total_cmp(&a.1));
        likely.truncate(KEPT);
        likely.into_iter().map(|(intent, probability)| (intent, stored(probability))).collect()
    }
}

/// What an option reads: the title, or the first question of an article that has none.
fn label(article: &Article) -> &str {
    let question = || article.questions.first().map(|question| question.value.as_str());
    Some(article.title.as_str())
        .filter(|title| !title.is_empty())
        .or_else(question)
        .unwrap_or_default()
}

fn bars(article: &Article, view: &View) -> Vec<Bar> {
    let foreign = view.language != Language::UND && article.lang != view.language;
    let bars = [
        (!article.serves(&view.channel), Bar::Channel),
        (foreign, Bar::Language),
        (article.answer.trim().is_empty(), Bar::Empty),
    ];
    bars.into_iter().filter(|(applies, _)| *applies).map(|(_, bar)| bar).collect()
}

fn option(choice: &article::Choice) -> Choice {
    Choice { id: String::new(), label: choice.label.clone(), article: choice.article.clone() }
}
