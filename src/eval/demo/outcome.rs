//! Decisions against labels, counted.

use serde::Serialize;

use super::SameAnswer;
use crate::eval::record::Record;
use crate::proto::v1::part::Outcome;
use crate::proto::v1::{Action, Decision, Part, PriorityClass, Reason};

/// What the service did with labelled messages. Counts are messages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Counts {
    /// All that were sent.
    pub messages: usize,
    /// Answered from articles in every part.
    pub answered: usize,
    /// Asked back.
    pub clarified: usize,
    /// Handed to a person, or added to what a person already waits for.
    pub routed: usize,
    /// Right answers of answers: an answer is right if every article it sent is. `None` without answers.
    pub precision: Option<f64>,
    /// Answered in every part, of all that are not labelled small talk.
    pub coverage: Option<f64>,
    /// Labelled small talk: never counted in coverage.
    pub small_talk: usize,
    /// Messages to which at least one article was sent: what `precision` is a share of.
    pub answers: usize,
    /// Of these, those whose every article is right.
    pub answers_right: usize,
    /// Labelled as two questions, and only one of them was taken up.
    pub half_answered: usize,
    /// Wishes for a person.
    pub person: Alarm,
    /// Urgency.
    pub urgent: Alarm,
}

/// How well one kind of message is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Alarm {
    /// Messages of the kind, by the labels.
    pub labelled: usize,
    /// Of these, recognised.
    pub recognised: usize,
    /// Other messages that were taken for it.
    pub false_alarms: usize,
}

impl Alarm {
    fn add(&mut self, labelled: bool, recognised: bool) {
        self.labelled += usize::from(labelled);
        self.recognised += usize::from(labelled && recognised);
        self.false_alarms += usize::from(!labelled && recognised);
    }

    /// Recognised of labelled; `None` without any.
    pub fn recall(&self) -> Option<f64> {
        share(self.recognised, self.labelled)
    }
}

impl Counts {
    /// Adds a message with its decision, or without one if the call failed.
    pub(super) fn add(
        &mut self,
        record: &Record,
        decision: Option<&Decision>,
        same_answer: &SameAnswer<'_>,
    ) {
        self.messages += 1;
        self.small_talk += usize::from(record.is_small_talk());
        let Some(decision) = decision else {
            self.person.add(record.is("person"), false);
            self.urgent.add(record.urgent, false);
            return;
        };
        self.add_action(record, decision);
        self.add_answers(record, decision, same_answer);
        self.person.add(record.is("person"), wants_person(decision));
        self.urgent.add(record.urgent, is_urgent(decision));
    }

    /// With the shares taken.
    pub(super) fn finished(mut self) -> Self {
        self.precision = share(self.answers_right, self.answers);
        self.coverage = share(self.answered, self.messages - self.small_talk);
        self
    }

    fn add_action(&mut self, record: &Record, decision: &Decision) {
        // An answer to small talk is no coverage, whatever was sent.
        let answered = fully_answered(decision) && !record.is_small_talk();
        self.answered += usize::from(answered);
        self.clarified += usize::from(decision.action() == Action::Clarify);
        let routed = matches!(decision.action(), Action::Route | Action::Forward);
        self.routed += usize::from(routed && !answered);
        let one_part = decision.parts.iter().filter(|part| is_answer(part)).count() == 1;
        self.half_answered += usize::from(record.is("two-questions") && answered && one_part);
    }

    fn add_answers(&mut self, record: &Record, decision: &Decision, same_answer: &SameAnswer<'_>) {
        let mut articles = decision.parts.iter().filter_map(answered_article).peekable();
        if articles.peek().is_none() {
            return;
        }
        let relevant = record.relevant.articles();
        let is_right =
            |id: &str| relevant.iter().any(|r| r.as_str() == id || same_answer(id, r.as_str()));
        self.answers += 1;
        self.answers_right += usize::from(articles.all(is_right));
    }
}

fn answered_article(part: &Part) -> Option<&str> {
    match part.outcome.as_ref()? {
        Outcome::Answer(answer) => Some(&answer.article_id),
        Outcome::Clarify(_) | Outcome::Route(_) | Outcome::SmallTalk(_) | Outcome::Nothing(_) => {
            None
        }
    }
}

fn is_answer(part: &Part) -> bool {
    answered_article(part).is_some()
}

/// At least one article, and nothing left but small talk.
fn fully_answered(decision: &Decision) -> bool {
    let settled = |part: &Part| {
        matches!(
            part.outcome,
            Some(Outcome::Answer(_) | Outcome::SmallTalk(_) | Outcome::Nothing(_))
        )
    };
    // In shadow the parts say what would have been done; only the action says that it was.
    let sent = matches!(decision.action(), Action::Answer | Action::Forward);
    sent && decision.parts.iter().any(is_answer) && decision.parts.iter().all(settled)
}

fn wants_person(decision: &Decision) -> bool {
    decision.parts.iter().any(|part| part.reason() == Reason::PersonAskedFor)
}

fn is_urgent(decision: &Decision) -> bool {
    decision.urgency.as_ref().is_some_and(|urgency| urgency.class() == PriorityClass::Urgent)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
