//! Who waits, as people at the desk see it in a list: the ticket, why it is theirs, and what the customer wrote last.
//! Nothing is decided from it.

use unicode_segmentation::UnicodeSegmentation as _;

use super::conversation::{Conversation, Speaker};
use super::outcome::TicketView;
use crate::decision::Reason;
use crate::text::redact::redact;

/// Characters of the last words that a list shows.
const SHOWN: usize = 160;

/// A waiting ticket and what is known of its conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingView {
    /// The ticket.
    pub ticket: TicketView,
    /// Why a person is needed; `None` where the conversation is not known any more.
    pub reason: Option<Reason>,
    /// The customer's last words, redacted and shortened; empty where there are none.
    pub last_words: String,
}

/// The view of a ticket whose conversation may be known.
pub(super) fn view(ticket: TicketView, conversation: Option<&Conversation>) -> WaitingView {
    let reason = conversation.and_then(|conversation| conversation.handoff().reason);
    let last_words = conversation.map(last_words).unwrap_or_default();
    WaitingView { ticket, reason, last_words }
}

/// Redacted before it is cut: half a number would pass for none.
pub(super) fn last_words(conversation: &Conversation) -> String {
    let heard = conversation.lines().filter(|line| line.by == Speaker::Customer);
    let last = heard.filter(|line| !line.text.trim().is_empty()).last();
    last.map(|line| shown(&redact(&line.text))).unwrap_or_default()
}

fn shown(text: &str) -> String {
    match text.grapheme_indices(true).nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.split_at(end).0.trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_between_characters() {
        let check = |text: &str, expect: &str| assert_eq!(shown(text), expect);
        check("退款呢", "退款呢");
        check(&"好".repeat(SHOWN), &"好".repeat(SHOWN));
        check(&"👨‍👩‍👧".repeat(SHOWN + 1), &format!("{}…", "👨‍👩‍👧".repeat(SHOWN)));
    }
}
