//! Urgency as served against the labels: what is missed, and what is called urgent without need.

use serde::Serialize;

use crate::decision::Decision;
use crate::eval::interval::Share;
use crate::eval::record::Record;
use crate::message::Priority;

/// How well urgent messages are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Urgency {
    /// Messages that are urgent by the labels.
    pub labelled: usize,
    /// Of these, decided as urgent.
    pub recognised: usize,
    /// `recognised` of `labelled`.
    pub recall: Option<Share>,
    /// Messages that are not urgent by the labels.
    pub ordinary: usize,
    /// Of these, decided as urgent.
    pub false_urgent: usize,
    /// `false_urgent` of `ordinary`.
    pub false_urgent_rate: Option<Share>,
}

impl Urgency {
    /// Of decisions with their records; `None` where no record is labelled urgent, for then nobody judged it.
    pub(super) fn of<'d>(
        decided: impl Iterator<Item = (&'d Decision, &'d Record)>,
    ) -> Option<Self> {
        let (mut labelled, mut recognised, mut ordinary, mut false_urgent) = (0, 0, 0, 0);
        for (decision, record) in decided {
            let urgent = usize::from(decision.urgency.priority == Priority::Urgent);
            if record.urgent {
                labelled += 1;
                recognised += urgent;
            } else {
                ordinary += 1;
                false_urgent += urgent;
            }
        }
        (labelled > 0).then(|| Self {
            labelled,
            recognised,
            recall: Share::counted(recognised, labelled),
            ordinary,
            false_urgent,
            false_urgent_rate: Share::counted(false_urgent, ordinary),
        })
    }
}
