//! What is sent to the customer, rendered for the channel. Pure. It chooses and cuts texts that editors wrote; it writes
//! none of its own.

use super::config::ChannelConfig;
use super::course::Course;
use super::cut::cut;
use super::outcome::{Author, Outgoing, RouteOutcome};
use crate::decision::{Answer, Choice, Decision, Outcome, Reason, SmallTalk};
use crate::knowledge::{Phrase, Phrases, to_plain};
use crate::message::{DecisionId, Language, Mode};

/// What there is to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The decision.
    pub(super) decision: &'a Decision,
    /// Its identity.
    pub(super) decision_id: &'a DecisionId,
    /// The language of the phrases.
    pub(super) language: Language,
    /// What it leads to.
    pub(super) course: Course,
    /// What became of the hand-over.
    pub(super) route: Option<RouteOutcome>,
    /// The position to be told.
    pub(super) position: Option<u32>,
    /// Something came that cannot be read.
    pub(super) attachment: bool,
    /// The system's own words.
    pub(super) phrases: &'a Phrases,
    /// What the channel can carry.
    pub(super) channel: ChannelConfig,
}

/// The messages to send, in order. None while automation is not on: then people speak.
pub(super) fn say(scene: &Scene<'_>) -> Vec<Outgoing> {
    if scene.decision.mode != Mode::On {
        return Vec::new();
    }
    let mut speech = Speech { scene, said: Vec::new() };
    speech.answers();
    match scene.course {
        Course::Speak => speech.small_talk(),
        Course::AskBack => speech.ask_back(),
        Course::HandOver => speech.hand_over(),
        Course::Forward => speech.position(),
    }
    speech.said
}

struct Speech<'a> {
    scene: &'a Scene<'a>,
    said: Vec<Outgoing>,
}

impl Speech<'_> {
    /// Every answer once, in the order of the questions.
    fn answers(&mut self) {
        let mut given: Vec<&Answer> = Vec::new();
        for part in &self.scene.decision.parts {
            if let Outcome::Answer(answer) = &part.outcome
                && !given.iter().any(|earlier| earlier.article == answer.article)
            {
                given.push(answer);
                self.answer(answer);
            }
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match self.marked_up(&answer.markdown) {
            Some(pieces) => {
                for (text, markdown) in pieces {
                    self.push(text, markdown, Author::Bot);
                }
            }
            None => self.plain(&answer.text, Author::Bot),
        }
    }

    /// Markdown in pieces that fit, with their plain text; `None` where the channel has no markup or a cut would break it.
    fn marked_up(&self, markdown: &str) -> Option<Vec<(String, String)>> {
        if !self.scene.channel.markup {
            return None;
        }
        let limit = self.scene.channel.limit;
        let pieces = cut(markdown, limit);
        let whole = pieces.iter().rev().skip(1).all(|piece| piece.ends_with("\n\n"));
        let fences = pieces.iter().all(|piece| piece.matches("```").count() % 2 == 0);
        let rendered: Vec<(String, String)> =
            pieces.iter().map(|piece| (to_plain(piece), piece.trim().to_owned())).collect();
        let fits = rendered.iter().all(|(text, _)| text.len() <= limit);
        (whole && fences && fits).then_some(rendered)
    }

    /// The last small talk, unless something else was said.
    fn small_talk(&mut self) {
        let small_talk =
            self.scene.decision.parts.iter().rev().find_map(|part| match part.outcome {
                Outcome::SmallTalk(kind) => Some(kind),
                Outcome::Answer(_) | Outcome::Clarify(_) | Outcome::Route(_) | Outcome::Nothing => {
                    None
                }
            });
        let phrase = match small_talk {
            Some(SmallTalk::Greeting) => Phrase::Greeting,
            Some(SmallTalk::Thanks) => Phrase::Thanks,
            Some(SmallTalk::Goodbye) => Phrase::Goodbye,
            None => return,
        };
        if self.said.is_empty() {
            self.plain(&self.phrase(phrase), Author::Bot);
        }
    }

    /// The options, or the wish for other words.
    fn ask_back(&mut self) {
        let decision = self.scene.decision;
        let options = decision.options();
        if !options.is_empty() {
            self.options(options);
        } else if decision.parts.iter().any(|part| part.reason == Reason::CoolDown) {
            self.plain(&self.phrase(Phrase::CoolDown), Author::System);
        } else if self.scene.attachment {
            self.plain(&self.phrase(Phrase::AttachmentReceived), Author::System);
        } else {
            self.plain(&self.phrase(Phrase::NotUnderstood), Author::Bot);
        }
    }

    fn options(&mut self, options: &[Choice]) {
        let mut text = self.phrase(Phrase::ClarifyPrompt);
        for option in options {
            text = text + "\n" + &option.id + ". " + &option.label;
        }
        self.plain(&text, Author::Bot);
        if let Some(last) = self.said.last_mut() {
            last.options = options.to_vec();
        }
    }

    fn hand_over(&mut self) {
        let instead = match self.scene.route {
            Some(RouteOutcome::QueueFull) => Some(Phrase::QueueFull),
            Some(RouteOutcome::OutOfHours) => Some(Phrase::OutOfHours),
            Some(RouteOutcome::LeaveMessage | RouteOutcome::Callback) => Some(Phrase::LeaveMessage),
            Some(RouteOutcome::Queued | RouteOutcome::NoDesk | RouteOutcome::WouldQueue) | None => {
                None
            }
        };
        if let Some(phrase) = instead {
            return self.plain(&self.phrase(phrase), Author::System);
        }
        if self.scene.attachment {
            self.plain(&self.phrase(Phrase::AttachmentReceived), Author::System);
        }
        let foreign = [Reason::NoAnswerInLanguage, Reason::LanguageNotServed];
        let is_foreign =
            self.scene.decision.parts.iter().any(|part| foreign.contains(&part.reason));
        let mut text =
            self.phrase(if is_foreign { Phrase::NoAnswerInLanguage } else { Phrase::HandOver });
        if let Some(position) = self.scene.position {
            text = text + "\n" + &self.place(position);
        }
        self.plain(&text, Author::System);
    }

    fn position(&mut self) {
        if let Some(position) = self.scene.position {
            self.plain(&self.place(position), Author::System);
        }
    }

    fn place(&self, position: u32) -> String {
        let position = position.to_string();
        self.scene.phrases.filled(Phrase::Position, self.scene.language, &[("position", &position)])
    }

    fn phrase(&self, phrase: Phrase) -> String {
        self.scene.phrases.filled(phrase, self.scene.language, &[])
    }

    /// A text in as many messages as the channel needs.
    fn plain(&mut self, text: &str, author: Author) {
        for piece in cut(text, self.scene.channel.limit) {
            self.push(piece.trim().to_owned(), String::new(), author);
        }
    }

    fn push(&mut self, text: String, markdown: String, author: Author) {
        if text.is_empty() {
            return;
        }
        let message_id = format!("{}-{}", self.scene.decision_id, self.said.len() + 1);
        let (options, agent) = (Vec::new(), String::new());
        self.said.push(Outgoing { message_id, text, markdown, options, author, agent });
    }
}

#[cfg(test)]
mod tests;
