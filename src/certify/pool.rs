//! Who may see a message: a keyed hash of its conversation puts a fixed share of conversations into `certify`, of each one
//! message drawn at random; the rest is `workshop`, free for fitting and planning. The draw repeats with the same key, and
//! nobody without it can foretell it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::keys::Keys;
use crate::message::{ArticleId, Channel, Language, Timestamp};
use crate::record::{Record, Relevance};
use crate::triage::Turn;

/// The share of conversations that is kept for certifying.
const CERTIFY: f64 = 2.0 / 3.0;
/// The only provenance that may certify.
const RANDOM: &str = "random";

/// One pooled message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pooled {
    /// A name that says nothing about it.
    pub(super) id: String,
    /// Its conversation's.
    pub(super) conversation: String,
    /// What the customer wrote, as the pipeline reads it.
    pub(super) text: String,
    /// What the customer wrote in the turn before.
    #[serde(default)]
    pub(super) before: Option<String>,
    #[serde(default)]
    pub(super) lang: Option<Language>,
    #[serde(default)]
    pub(super) channel: Option<String>,
    #[serde(default)]
    pub(super) at: Option<Timestamp>,
    /// Which articles answer it; absent where nobody judged.
    #[serde(default)]
    pub(super) relevant: Option<Vec<ArticleId>>,
    /// It was drawn at random.
    pub(super) random: bool,
}

impl Pooled {
    /// The message as a turn, behind the one before it.
    pub(super) fn turn(&self, fallback: &Channel) -> Turn {
        let named = self.channel.as_deref().and_then(|name| Channel::new(name).ok());
        let channel = named.unwrap_or_else(|| fallback.clone());
        let before = self.before.clone();
        Turn { language_hint: self.lang, before, ..Turn::words(&self.text, channel) }
    }
}

/// The two sides.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pools {
    /// Free for fitting and planning.
    pub(super) workshop: Vec<Pooled>,
    /// For labellers only; one a conversation.
    pub(super) certify: Vec<Pooled>,
}

/// What a message is drawn by.
#[derive(Debug)]
pub(super) struct Draw<'k>(pub(super) &'k Keys);

impl Draw<'_> {
    /// Whether a conversation is kept for certifying.
    pub(super) fn certifies(&self, conversation: &str) -> bool {
        self.0.falls("pool v1", conversation, CERTIFY)
    }

    /// The lowest of these in a conversation is the one that is drawn.
    pub(super) fn lot(&self, message: &Pooled) -> u64 {
        self.0.draw("lot v1", &message.id)
    }

    /// A message of a conversation, under names that say nothing.
    pub(super) fn pooled(&self, conversation: &str, place: &str, text: &str) -> Pooled {
        let whole = [conversation, place, text].join("\0");
        Pooled {
            id: self.0.alias("message v1", &whole),
            conversation: self.0.alias("conversation v1", conversation),
            text: text.to_owned(),
            before: None,
            lang: None,
            channel: None,
            at: None,
            relevant: None,
            random: false,
        }
    }

    /// The records of a log on their sides. What is not random is for the workshop or for nobody: a conversation that
    /// certifies gives none of its messages away.
    pub(super) fn sides(&self, records: &[Record]) -> Pools {
        let mut pools = Pools::default();
        let mut drawn: BTreeMap<String, Pooled> = BTreeMap::new();
        let mut times: HashMap<(&str, Option<Timestamp>), usize> = HashMap::new();
        for record in records {
            let time = times.entry((&record.text, record.at)).or_default();
            *time += 1;
            let message = self.of_record(*time, record);
            let certifies = self.certifies(&message.conversation);
            match (certifies, message.random) {
                (true, true) => self.keep_lowest(&mut drawn, message),
                (true, false) => {}
                (false, _) => pools.workshop.push(message),
            }
        }
        pools.certify = drawn.into_values().collect();
        pools
    }

    /// Adds what the service has collected, as far as a log has no message of the same conversation.
    pub(super) fn join(&self, pools: &mut Pools, live: Vec<Pooled>) {
        let known: HashSet<String> =
            pools.certify.iter().map(|message| message.conversation.clone()).collect();
        let mut drawn = BTreeMap::new();
        for message in live.into_iter().filter(|message| !known.contains(&message.conversation)) {
            self.keep_lowest(&mut drawn, message);
        }
        pools.certify.extend(drawn.into_values());
        pools.certify.sort_by(|a, b| a.id.cmp(&b.id));
    }

    fn keep_lowest(&self, drawn: &mut BTreeMap<String, Pooled>, message: Pooled) {
        let known = drawn.get(&message.conversation);
        if known.is_none_or(|known| self.lot(&message) < self.lot(known)) {
            drawn.insert(message.conversation.clone(), message);
        }
    }

    /// A record without a conversation is one of its own, known again by its words, its time, and which of several equal ones
    /// it is: another order of lines makes no new messages.
    fn of_record(&self, time: usize, record: &Record) -> Pooled {
        let at = record.at.map(|at| at.to_string()).unwrap_or_default();
        let own = format!("{}\0{at}\0{time}", record.text);
        let conversation = record.conversation.as_deref().unwrap_or(&own);
        let place = record.turn.map_or_else(|| own.clone(), |turn| turn.to_string());
        let relevant = match &record.relevant {
            Relevance::Unlabelled => None,
            Relevance::OutOfScope => Some(Vec::new()),
            Relevance::Articles(ids) => Some(ids.clone()),
        };
        Pooled {
            before: record.history.last().cloned(),
            lang: record.lang,
            channel: record.channel.clone(),
            at: record.at,
            relevant,
            random: record.sample.as_deref() == Some(RANDOM),
            ..self.pooled(conversation, &place, &record.text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Keyring;

    fn record(conversation: &str, turn: u32, text: &str) -> Record {
        Record {
            conversation: Some(conversation.to_owned()),
            turn: Some(turn),
            sample: Some("random".to_owned()),
            ..Record::plain(text.to_owned())
        }
    }

    #[test]
    fn two_thirds_of_the_conversations_give_one_message_each() {
        let folder = std::env::temp_dir().join(format!("firstline-pool-{}", uuid::Uuid::new_v4()));
        let keys = Keys::of(&Keyring::open(&folder, None).unwrap());
        let records: Vec<Record> = (0..3000)
            .map(|at| record(&format!("c{}", at / 3), at % 3, &format!("text {at}")))
            .collect();
        let pools = Draw(&keys).sides(&records);
        assert!((600..730).contains(&pools.certify.len()), "{}", pools.certify.len());
        assert_eq!(pools.workshop.len(), 3 * (1000 - pools.certify.len()));
        let of = |pool: &[Pooled]| -> HashSet<String> {
            pool.iter().map(|message| message.conversation.clone()).collect()
        };
        assert_eq!(of(&pools.certify).len(), pools.certify.len());
        assert!(of(&pools.certify).is_disjoint(&of(&pools.workshop)));
        // The same key draws the same, in whatever order the log is; another key draws otherwise.
        let mut turned = records.clone();
        turned.reverse();
        let ids = |pools: &Pools| -> HashSet<String> {
            pools.certify.iter().map(|message| message.id.clone()).collect()
        };
        assert_eq!(ids(&Draw(&keys).sides(&turned)), ids(&pools));
        fs_err::remove_dir_all(&folder).unwrap();
        let other = Keys::of(&Keyring::open(&folder, None).unwrap());
        assert!(other.made().is_some() && ids(&Draw(&other).sides(&records)) != ids(&pools));
        fs_err::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_conversation_that_certifies_gives_nothing_away() {
        let folder = std::env::temp_dir().join(format!("firstline-pool-{}", uuid::Uuid::new_v4()));
        let keys = Keys::of(&Keyring::open(&folder, None).unwrap());
        let unlike = |at: u32| Record { sample: None, ..record(&format!("c{at}"), 1, "picked") };
        let records: Vec<Record> =
            (0..300).flat_map(|at| [record(&format!("c{at}"), 0, "drawn"), unlike(at)]).collect();
        let pools = Draw(&keys).sides(&records);
        assert!(pools.certify.iter().all(|message| message.random && message.text == "drawn"));
        assert_eq!(pools.workshop.len(), 2 * (300 - pools.certify.len()));
        fs_err::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_pooled_message_is_read_behind_the_one_before_it() {
        let folder = std::env::temp_dir().join(format!("firstline-pool-{}", uuid::Uuid::new_v4()));
        let keys = Keys::of(&Keyring::open(&folder, None).unwrap());
        let fallback = Channel::new("web").unwrap();
        let pooled = Draw(&keys).pooled("c", "d", "and by card?");
        let spoken = |before: Option<&str>, channel: Option<&str>| {
            let (before, channel) = (before.map(str::to_owned), channel.map(str::to_owned));
            Pooled { before, channel, lang: Some(Language::EN), ..pooled.clone() }.turn(&fallback)
        };
        let turn = spoken(Some("When is my refund?"), Some("mail"));
        assert_eq!(turn.before.as_deref(), Some("When is my refund?"));
        assert_eq!((turn.text.as_str(), turn.channel.as_str()), ("and by card?", "mail"));
        assert_eq!(turn.language_hint, Some(Language::EN));
        assert_eq!(spoken(None, None).before, None);
        assert_eq!(spoken(None, Some("no\nchannel")).channel, fallback);
        fs_err::remove_dir_all(&folder).unwrap();
    }
}
