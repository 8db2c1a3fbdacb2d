//! What a decision does to its conversation. The same is done when it is settled and when it is replayed.

use super::config::Bounds;
use super::conversation::{Asked, Conversation, Handoff, Line, Speaker, Step};
use super::course;
use super::outcome::{Author, Outcome, Outgoing};
use crate::decision::{Action, Part};
use crate::message::Language;

/// Candidates that an agent is shown, at most.
const SUGGESTED: usize = 5;

/// Everything that a conversation takes from a decision.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// What the customer wrote.
    pub(super) heard: Vec<Line>,
    /// The position that the customer was told.
    pub(super) told: Option<u32>,
    said: Vec<Line>,
    language: Language,
    handed_over: Option<Handoff>,
    last_sequence: Option<u64>,
    step: Step,
}

impl Effect {
    /// The effect of an outcome on these words.
    pub(super) fn new(
        outcome: &Outcome,
        heard: Vec<Line>,
        told: Option<u32>,
        last_sequence: Option<u64>,
    ) -> Self {
        let said = outcome.say.iter().map(|out| said(out, outcome)).collect();
        let routed = outcome.decision.action == Action::Route;
        Self {
            heard,
            told,
            said,
            language: outcome.decision.language,
            handed_over: routed.then(|| handoff(outcome)),
            last_sequence,
            step: step(outcome),
        }
    }

    /// Takes place.
    pub(super) fn take(self, conversation: &mut Conversation, bounds: &Bounds) {
        for line in self.heard.into_iter().chain(self.said) {
            conversation.remember(line, bounds);
        }
        conversation.speaks(self.language);
        if let Some(handoff) = self.handed_over {
            conversation.hand_over(handoff);
        }
        if let Some(last) = self.last_sequence {
            conversation.pass(last);
        }
        conversation.step(self.step);
        conversation.tell(self.told);
    }
}

/// What an outcome does to the course of its conversation.
fn step(outcome: &Outcome) -> Step {
    match (&outcome.clarify, &outcome.ticket, outcome.decision.action) {
        (Some(asked), ..) => Step::AskedBack(Asked {
            id: asked.id.clone(),
            options: outcome.decision.options().to_vec(),
            expires_at: asked.expires_at,
        }),
        (None, Some(ticket), Action::Route) => Step::Opened(ticket.id.clone()),
        (None, Some(_), _) | (None, None, Action::None) => Step::Stayed,
        (None, None, Action::Answer | Action::Clarify | Action::Route | Action::Forward) => {
            Step::Spoke
        }
    }
}

fn said(out: &Outgoing, outcome: &Outcome) -> Line {
    let by = match out.author {
        Author::Bot => Speaker::Bot,
        Author::System => Speaker::System,
        Author::Agent => Speaker::Agent,
    };
    Line::new(outcome.decided_at, by, &out.message_id, &out.text)
}

/// What the person who takes over should know.
fn handoff(outcome: &Outcome) -> Handoff {
    let decision = &outcome.decision;
    let best = |part: &Part| part.explanation.candidates.clone();
    let candidates = decision.parts.iter().flat_map(best);
    Handoff {
        decision: Some(outcome.decision_id.clone()),
        reason: course::reason(decision),
        urgency: Some(decision.urgency.clone()),
        candidates: candidates
            .map(|best| (best.article, best.probability))
            .take(SUGGESTED)
            .collect(),
    }
}
