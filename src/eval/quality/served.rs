//! Decisions as served, counted against labels.

use super::document::Served;
use super::judge::Right;
use crate::decision::{Action, Decision, Outcome};
use crate::eval::record::Record;

impl Served {
    /// Adds a decision. Small talk counts in nothing.
    pub(super) fn add(&mut self, decision: &Decision, record: &Record, right: &Right<'_>) {
        if record.is_small_talk() {
            return;
        }
        self.messages += 1;
        match decision.action {
            Action::Answer => self.answered += 1,
            Action::Clarify => self.clarified += 1,
            Action::Route | Action::Forward => self.routed += 1,
            Action::None => {}
        }
        let mut articles = decision
            .parts
            .iter()
            .filter_map(|part| match &part.outcome {
                Outcome::Answer(answer) => Some(&answer.article),
                Outcome::Clarify(_)
                | Outcome::Route(_)
                | Outcome::SmallTalk(_)
                | Outcome::Nothing => None,
            })
            .peekable();
        if articles.peek().is_some() {
            self.answers += 1;
            self.answers_right += usize::from(articles.all(|article| right.is(article)));
        }
    }

    /// With the shares taken.
    pub(super) fn finished(mut self) -> Self {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        self.precision = share(self.answers_right, self.answers);
        self.coverage = share(self.answered, self.messages);
        self
    }
}
