//! Records → what they amount to, computed again: each decision's verdict from its recorded evidence, gate and policy, and
//! the desk from its events. Pure; it reads whatever entries it is given.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::entries::Entry;
use super::record::{Decided, Record, Rules};
use crate::decision::policy::{self, Gate, Ruled, Ruling, Verdict, decide};
use crate::decision::{Action, Outcome, Part, Reason};
use crate::message::{DecisionId, Shared};
use crate::routing;

/// What was replayed so far.
#[derive(Debug)]
pub struct Replay {
    rules: HashMap<Shared, Option<(Gate, policy::Config)>>,
    desk: routing::Desk,
    /// Decisions, by what became of them.
    pub decisions: BTreeMap<&'static str, u64>,
    /// Decisions whose verdict came out again.
    pub same: u64,
    /// Decisions whose bundle is not in the log any more: nothing can be said about them.
    pub without_bundle: u64,
    /// Records of conversations that were erased.
    pub erased: u64,
    /// Events of the desk.
    pub desk_events: u64,
    /// Decisions whose verdict came out otherwise.
    pub differing: Vec<Differing>,
}

/// A decision whose verdict is another one when it is computed again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Differing {
    /// The record.
    pub sequence: u64,
    /// The decision.
    pub decision_id: DecisionId,
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            rules: HashMap::new(),
            desk: routing::Desk::new(Arc::new(routing::Config::default())),
            decisions: BTreeMap::new(),
            same: 0,
            without_bundle: 0,
            erased: 0,
            desk_events: 0,
            differing: Vec::new(),
        }
    }
}

impl Replay {
    /// Takes the next record.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.record {
            None => self.erased += 1,
            Some(Record::Decided(decided)) => self.decided(entry.sequence, decided),
            Some(Record::Bundle(bundle)) => {
                let rules = bundle.rules.as_ref();
                let rules = rules.map(|rules: &Rules| (rules.gate(), rules.policy.clone()));
                self.rules.insert(bundle.id.clone(), rules);
            }
            Some(Record::Desk(events)) => {
                self.desk_events += events.len() as u64;
                for event in events {
                    self.desk.apply(event);
                }
            }
            Some(
                Record::Customer(_)
                | Record::AgentSaid(_)
                | Record::Note(_)
                | Record::Automation(_)
                | Record::Verdict(_)
                | Record::Erased(_)
                | Record::SnapshotTaken(_),
            ) => {}
        }
    }

    /// The desk as its events leave it.
    pub fn desk(&self) -> &routing::Desk {
        &self.desk
    }

    fn decided(&mut self, sequence: u64, decided: &Decided) {
        let action = action(decided.decision.action);
        *self.decisions.entry(action).or_default() += 1;
        let Some(Some((gate, policy))) = self.rules.get(&decided.bundle) else {
            self.without_bundle += 1;
            return;
        };
        let verdict = decide(&decided.decision.evidence, gate, policy);
        if came_out(decided, &verdict) {
            self.same += 1;
        } else {
            let decision_id = decided.decision_id.clone();
            self.differing.push(Differing { sequence, decision_id });
        }
    }
}

/// Whether a verdict is the recorded one. Where a waiting ticket or a person who had just left changed what was done, the
/// rules must be the same, and what was changed must have been open.
fn came_out(decided: &Decided, verdict: &Verdict) -> bool {
    let parts = &decided.decision.parts;
    let changed = parts.iter().any(changed_after) || decided.decision.action == Action::Forward;
    parts.len() == verdict.rulings.len()
        && decided.decision.urgency == verdict.urgency
        && (changed || decided.decision.action == verdict.action)
        && parts.iter().zip(&verdict.rulings).all(|(part, ruling)| is(part, ruling))
}

fn is(part: &Part, ruling: &Ruling) -> bool {
    let same_rule = part.explanation.rule == ruling.rule;
    let open = matches!(ruling.outcome, Ruled::Route(_) | Ruled::Clarify(_));
    if changed_after(part) {
        return same_rule && open;
    }
    same_rule && part.reason == ruling.reason && says(&part.outcome, &ruling.outcome)
}

/// The conversation, not the evidence, had the last word.
fn changed_after(part: &Part) -> bool {
    matches!(part.reason, Reason::HeldInQueue | Reason::HeldByAgent | Reason::CoolDown)
}

fn says(outcome: &Outcome, ruled: &Ruled) -> bool {
    match (outcome, ruled) {
        (Outcome::Answer(answer), Ruled::Answer(article)) => answer.article == *article,
        (Outcome::Clarify(said), Ruled::Clarify(ruled)) => said == ruled,
        (Outcome::Route(said), Ruled::Route(ruled)) => said == ruled,
        (Outcome::SmallTalk(said), Ruled::SmallTalk(ruled)) => said == ruled,
        (Outcome::Nothing, Ruled::Nothing) => true,
        (
            Outcome::Answer(_)
            | Outcome::Clarify(_)
            | Outcome::Route(_)
            | Outcome::SmallTalk(_)
            | Outcome::Nothing,
            _,
        ) => false,
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Answer => "answer",
        Action::Clarify => "clarify",
        Action::Route => "route",
        Action::Forward => "forward",
        Action::None => "none",
    }
}
