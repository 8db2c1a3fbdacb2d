//! Why a part became what it is → the wire, in the detail that was asked for.

use crate::decision::{Candidate, Contribution, Explanation};
use crate::message::{IntentId, Probability};
use crate::proto::v1;
use crate::text::redact::redact;

/// `None` for nobody asked; one candidate in a summary, everything in full.
pub(super) fn explanation(
    explanation: &Explanation,
    level: v1::ExplainLevel,
) -> Option<v1::Explanation> {
    let (candidates, rest) = match level {
        v1::ExplainLevel::None => return None,
        v1::ExplainLevel::Unspecified | v1::ExplainLevel::Summary => (1, 0),
        v1::ExplainLevel::Full => (usize::MAX, usize::MAX),
    };
    Some(v1::Explanation {
        candidates: explanation.candidates.iter().take(candidates).map(candidate).collect(),
        intents: explanation.intents.iter().take(rest).map(intent).collect(),
        evidence: explanation.evidence.iter().take(rest).map(evidence).collect(),
        threshold: explanation.threshold,
        rule: explanation.rule.to_string(),
        context_text: explanation.read_with.as_deref().map(redact).unwrap_or_default(),
        truncated: explanation.truncated,
        tokens: u32::try_from(explanation.tokens).unwrap_or(u32::MAX),
    })
}

fn candidate(candidate: &Candidate) -> v1::Candidate {
    v1::Candidate {
        article_id: candidate.article.to_string(),
        article_revision: candidate.revision.to_string(),
        matched_question: candidate.matched.to_string(),
        dense: candidate.dense,
        lexical: candidate.lexical,
        intent: candidate.intent,
        probability: candidate.probability.get(),
        answer_group: candidate.group.to_string(),
    }
}

fn intent((intent, probability): &(IntentId, Probability)) -> v1::IntentScore {
    v1::IntentScore { intent: intent.to_string(), probability: probability.get() }
}

fn evidence(input: &Contribution) -> v1::Evidence {
    v1::Evidence {
        name: input.name.to_string(),
        value: input.value,
        contribution: input.contribution,
    }
}
