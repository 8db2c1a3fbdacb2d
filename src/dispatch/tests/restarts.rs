//! What a restart keeps, and what a journal that cannot be written means. On the real clock: the disk takes real time.

use std::path::PathBuf;
use std::sync::Arc;

use super::floor::*;
use crate::dispatch::{
    AgentCommand, DispatchError, Feedback, FeedbackSource, HandleOptions, Hello, Mode, Slice,
    Verdict,
};
use crate::error::{Classify as _, Kind};
use crate::journal::{Config, Journal, JournalError, Record, Replay};
use crate::message::{AgentId, ConversationId, Language, QueueId, RequestId};
use crate::routing::{self, Presence};
use crate::seal::Keyring;

/// A storage directory that ends with the test.
struct Storage(PathBuf);

impl Storage {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("firstline-restart-{}", uuid::Uuid::new_v4())))
    }

    fn journal(&self) -> Arc<Journal> {
        let keyring = Keyring::open(&self.0, None).unwrap();
        Arc::new(Journal::open(&self.0, keyring, Config::default()).unwrap())
    }

    /// A service on this storage.
    fn floor(&self) -> Floor {
        Floor::with(|setting| setting.journal = Some(self.journal()))
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        fs_err::remove_dir_all(&self.0).ok();
    }
}

const AT_ONCE: HandleOptions =
    HandleOptions { dry_run: false, deadline: None, no_hold: true, stream: None };

/// How a service ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    /// It drains, and keeps its state.
    Drained,
    /// It is gone.
    Killed,
    /// It kept its state, and then went on for a while before it was gone.
    KeptThenKilled,
}

async fn end(floor: Floor, ending: Ending) {
    match ending {
        Ending::Drained => floor.dispatch.drain().await,
        Ending::Killed => {}
        Ending::KeptThenKilled => floor.dispatch.inner.keep_state().await.unwrap(),
    }
    if ending == Ending::KeptThenKilled {
        floor.handle(words("c", "r9", "answer later"), AT_ONCE).await.unwrap();
    }
    drop(floor);
    // The tasks of conversations end by themselves, and the journal with the last of them.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

fn verdict(decision: &crate::message::DecisionId) -> Feedback {
    Feedback {
        request_id: RequestId::new("f1").unwrap(),
        decision_id: decision.clone(),
        verdict: Verdict::Right,
        source: FeedbackSource::Agent,
        correct_article: None,
        comment: String::new(),
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_the_journal_ends() {
    for ending in [Ending::Drained, Ending::Killed, Ending::KeptThenKilled] {
        let storage = Storage::new();
        let id = ConversationId::new("c").unwrap();
        let floor = storage.floor();
        let first = floor.handle(words("c", "r1", "answer a"), AT_ONCE).await.unwrap();
        let asked = floor.handle(words("c", "r2", "clarify"), AT_ONCE).await.unwrap();
        let other = floor.handle(words("d", "r1", "answer b"), AT_ONCE).await.unwrap();
        floor.dispatch.feedback(&caller(), verdict(&first.outcome.decision_id)).await.unwrap();
        floor.dispatch.set_mode(Slice::default(), Mode::Shadow).await.unwrap();
        floor.dispatch.set_mode(Slice::default(), Mode::On).await.unwrap();
        let web = crate::message::Channel::new("web").unwrap();
        let mail = Slice { channel: Some(web), language: None };
        floor.dispatch.set_mode(mail.clone(), Mode::Off).await.unwrap();
        let before = floor.dispatch.conversation(&caller(), &id).unwrap();
        end(floor, ending).await;

        let floor = storage.floor();
        for (given, request, text) in [(&first, "r1", "answer a"), (&asked, "r2", "clarify")] {
            let again = floor.handle(words("c", request, text), AT_ONCE).await.unwrap();
            assert!(again.repeated, "{ending:?}");
            assert_eq!(again.outcome.decision_id, given.outcome.decision_id);
            assert_eq!(again.outcome.say, given.outcome.say);
            assert_eq!(again.outcome.decision, given.outcome.decision);
        }
        let reused = floor.handle(words("d", "r1", "answer c"), AT_ONCE).await;
        assert_eq!(reused.unwrap_err(), DispatchError::RequestIdReused);
        let again = floor.handle(words("d", "r1", "answer b"), AT_ONCE).await.unwrap();
        assert_eq!(again.outcome.decision_id, other.outcome.decision_id);
        let after = floor.dispatch.conversation(&caller(), &id).unwrap();
        assert_eq!(
            after.state,
            if ending == Ending::KeptThenKilled { after.state } else { before.state }
        );
        assert_eq!(&after.lines[..before.lines.len()], &before.lines[..], "{ending:?}");
        assert_eq!(floor.dispatch.mode(&mail), Mode::Off);
        assert_eq!(floor.dispatch.mode(&Slice::default()), Mode::On);
        assert_eq!(floor.dispatch.verdicts(), [verdict(&first.outcome.decision_id)]);
        assert!(floor.read().is_empty(), "nothing was decided again");
    }
}

#[tokio::test]
async fn a_wider_configuration_wins_over_earlier_switches() {
    let storage = Storage::new();
    let floor = storage.floor();
    floor.dispatch.set_mode(Slice::default(), Mode::Shadow).await.unwrap();
    end(floor, Ending::Drained).await;
    let floor = Floor::with(|setting| {
        setting.journal = Some(storage.journal());
        setting.config.mode = Mode::Off;
    });
    assert_eq!(floor.dispatch.mode(&Slice::default()), Mode::Off);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_messages_and_says_why() {
    let storage = Storage::new();
    let journal = storage.journal();
    let floor = Floor::with(|setting| setting.journal = Some(Arc::clone(&journal)));
    let first = floor.handle(words("c", "r1", "answer a"), AT_ONCE).await.unwrap();
    assert!(floor.dispatch.fault().is_none());
    journal.fail(JournalError::Broken { path: "j".into(), what: "gone".to_owned() });
    let refused = floor.handle(words("c", "r2", "answer a"), AT_ONCE).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::Unavailable, "JOURNAL_BROKEN"));
    assert_eq!(floor.dispatch.fault(), Some(refused.clone()));
    let verdict = floor.dispatch.feedback(&caller(), verdict(&first.outcome.decision_id)).await;
    assert_eq!(verdict, Err(refused));
    assert!(floor.dispatch.verdicts().is_empty(), "what is not written has no effect");
}

#[tokio::test]
async fn every_decision_is_written_with_what_it_was_made_of() {
    let storage = Storage::new();
    let journal = storage.journal();
    let floor = Floor::with(|setting| setting.journal = Some(Arc::clone(&journal)));
    floor.handle(words("c", "r1", "answer a"), AT_ONCE).await.unwrap();
    floor.handle(words("c", "r2", "answer b"), AT_ONCE).await.unwrap();
    let mut replay = Replay::default();
    let mut befores = Vec::new();
    for entry in journal.entries(0).unwrap() {
        let entry = entry.unwrap();
        replay.take(&entry);
        if let Some(Record::Decided(decided)) = entry.record {
            befores.push((decided.text.clone(), decided.before.clone()));
        }
    }
    let (a, b) = ("answer a".to_owned(), "answer b".to_owned());
    assert_eq!(befores, [(a.clone(), None), (b, Some(a))]);
    assert_eq!(replay.decisions.get("answer"), Some(&2));
    assert_eq!(replay.without_bundle, 2, "the floor has no gate");
}

fn hello(token: Option<String>) -> Hello {
    Hello {
        agent: AgentId::new("ana").unwrap(),
        token,
        cursor: String::new(),
        take_over: false,
        presence: Some(Presence::Online),
    }
}

#[tokio::test]
async fn tickets_and_who_holds_them_survive_a_restart() {
    for ending in [Ending::Drained, Ending::Killed, Ending::KeptThenKilled] {
        let storage = Storage::new();
        let staffed = || {
            let journal = Some(storage.journal());
            Floor::with(|setting| {
                setting.journal = journal;
                setting.desk = Some(staff());
            })
        };
        let floor = staffed();
        let routed = floor.handle(words("t", "r1", "route"), AT_ONCE).await.unwrap();
        let waits = floor.handle(words("w", "r1", "route"), AT_ONCE).await.unwrap();
        let (ana, welcome) = floor.dispatch.hello(hello(None)).await.unwrap();
        let offer = welcome.offers[0].id.clone();
        let request = |name| RequestId::new(name).unwrap();
        ana.work(request("a1"), AgentCommand::Accept { offer }).await.unwrap();
        let ticket = routed.outcome.ticket.as_ref().unwrap().id.clone();
        let say = |text: &str| AgentCommand::Send {
            ticket: ticket.clone(),
            text: text.to_owned(),
            article: None,
        };
        ana.work(request("a2"), say("Hello, this is Ana.")).await.unwrap();
        floor.handle(words("t", "r2", "thanks for that"), AT_ONCE).await.unwrap();
        drop(ana);
        end(floor, ending).await;

        let floor = staffed();
        let (ana, again) = floor.dispatch.hello(hello(Some(welcome.token))).await.unwrap();
        let held: Vec<_> = again.tickets.iter().map(|held| held.ticket.id.clone()).collect();
        assert_eq!(held, std::slice::from_ref(&ticket), "{ending:?}");
        let said: Vec<_> = again.tickets[0].lines.iter().map(|line| line.text.as_str()).collect();
        for words in ["route", "Hello, this is Ana.", "thanks for that"] {
            assert!(said.contains(&words), "{ending:?}: {words} in {said:?}");
        }
        // A repeat of what she did before says nothing twice.
        ana.work(request("a2"), say("Hello, this is Ana.")).await.unwrap();
        let id = ConversationId::new("t").unwrap();
        let lines = floor.dispatch.conversation(&caller(), &id).unwrap().lines;
        assert_eq!(lines.iter().filter(|line| line.text.contains("this is Ana")).count(), 1);
        let other = floor.dispatch.ticket(&waits.outcome.ticket.as_ref().unwrap().id).unwrap().0;
        assert!(other.state.waits(), "{ending:?}: {other:?}");
    }
}

/// Ana alone, who can hold one ticket.
fn staff() -> routing::Config {
    let queues = ["general", "care", "orders"].map(|queue| QueueId::new(queue).unwrap());
    let ana = routing::Agent {
        id: AgentId::new("ana").unwrap(),
        name: "Ana".to_owned(),
        queues: queues.into(),
        skills: std::collections::BTreeMap::new(),
        languages: vec![Language::EN],
        units: 1,
        per_channel: std::collections::BTreeMap::new(),
        wrap_slots: None,
    };
    routing::Config { agents: vec![ana], ..routing::Config::default() }
}
