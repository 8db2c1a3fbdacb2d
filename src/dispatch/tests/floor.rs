//! The stage of the tests: a `Dispatch` on paused time whose triage takes the customer's words literally.
//!
//! A message is read as parts set apart by `+` or a line break: `answer X`, `route`, `urgent`, `person`, `clarify`,
//! `hello`, `thanks`, `fail`, `defect` (a panic). `slow` takes a second. `my` and `question` mean nothing alone and are answered together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::desk::Desk;
use super::super::reading::{Read as Reads, Reader, Reading, Wanted};
use super::super::settle::later;
use super::super::*;
use crate::decision::evidence::Piece;
use crate::decision::{
    Action, Answer, Choice, Decision, Destination, Evidence, Explanation, Guarantee,
    Outcome as PartOutcome, Part, Reason, SmallTalk, Urgency,
};
use crate::error::{Kind, Problem};
use crate::knowledge::{Phrase, Phrases};
use crate::message::{
    ArticleId, Channel, Content, Language, Priority, Probability, QueueId, RequestId, Risk,
};
use crate::triage::{self, Input, Turn};

/// The stage.
#[derive(Clone)]
pub(in crate::dispatch) struct Floor {
    pub(in crate::dispatch) dispatch: Arc<Dispatch>,
    turns: Arc<Mutex<Vec<Turn>>>,
    /// Readings that were not wanted any more when they were done.
    unwanted: Arc<Mutex<usize>>,
}

/// How the stage differs from the usual one.
pub(in crate::dispatch) struct Setting {
    pub(in crate::dispatch) config: Config,
    pub(in crate::dispatch) desk: Option<routing::Config>,
    pub(in crate::dispatch) journal: Option<Arc<Journal>>,
}

impl Default for Setting {
    fn default() -> Self {
        let plain = ChannelConfig { markup: false, limit: 2000 };
        let channels = [("web", ChannelConfig { markup: true, limit: 4000 }), ("wechat", plain)];
        let channels: BTreeMap<_, _> = channels
            .into_iter()
            .map(|(name, channel)| (Channel::new(name).unwrap(), channel))
            .collect();
        let config = Config::standard(channels, QueueId::new("general").unwrap());
        let desk = routing::Config::default();
        Self { config, desk: Some(desk), journal: None }
    }
}

impl Floor {
    pub(in crate::dispatch) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(in crate::dispatch) fn with(change: impl FnOnce(&mut Setting)) -> Self {
        let mut setting = Setting::default();
        change(&mut setting);
        let (turns, unwanted) =
            (Arc::<Mutex<Vec<Turn>>>::default(), Arc::<Mutex<usize>>::default());
        let (seen, counted) = (Arc::clone(&turns), Arc::clone(&unwanted));
        let reading = move |turn: Turn, wanted: Wanted| -> Reads {
            seen.lock().unwrap().push(turn.clone());
            let counted = Arc::clone(&counted);
            Box::pin(async move {
                let reading = read(turn, &wanted).await;
                *counted.lock().unwrap() += usize::from(!wanted());
                reading
            })
        };
        let reader = Reader {
            read: Box::new(reading),
            bundle: Box::new(|| (Arc::default(), Arc::new(BuiltIn::default()))),
            suggest: Box::new(|_, _| Vec::new()),
        };
        let (zero, start) = (Timestamp::from_second(1_800_000_000).unwrap(), Instant::now());
        let clock: Clock = Box::new(move || later(zero, start.elapsed()));
        let desk = setting.desk.map(|desk| match &setting.journal {
            Some(journal) => Desk::recovered(&desk, journal, clock()).unwrap(),
            None => Desk::new(desk),
        });
        let mut inner = Inner::new(setting.config, clock, reader, desk);
        if let Some(journal) = setting.journal {
            inner.remember(journal).unwrap();
        }
        let dispatch = Arc::new(Dispatch::run(inner, None));
        Self { dispatch, turns, unwanted }
    }

    /// The texts that triage was asked to read.
    pub(in crate::dispatch) fn read(&self) -> Vec<String> {
        self.turns.lock().unwrap().iter().map(|turn| turn.text.clone()).collect()
    }

    pub(in crate::dispatch) fn last_turn(&self) -> Turn {
        self.turns.lock().unwrap().last().unwrap().clone()
    }

    pub(in crate::dispatch) fn unwanted(&self) -> usize {
        *self.unwanted.lock().unwrap()
    }

    pub(in crate::dispatch) async fn handle(
        &self,
        message: Message,
        options: HandleOptions,
    ) -> Result<Handled, DispatchError> {
        self.dispatch.handle(&caller(), message, options).await
    }

    /// Sends words and gives the outcome.
    pub(in crate::dispatch) async fn say(
        &self,
        conversation: &str,
        request: &str,
        text: &str,
    ) -> Arc<Outcome> {
        self.handle(words(conversation, request, text), HandleOptions::default())
            .await
            .unwrap()
            .outcome
    }

    /// Sends words from a task of its own, which has begun when this returns.
    pub(in crate::dispatch) async fn begin(
        &self,
        message: Message,
        options: HandleOptions,
    ) -> Begun {
        let floor = self.clone();
        let task = tokio::spawn(async move { floor.handle(message, options).await });
        breathe().await;
        task
    }

    pub(in crate::dispatch) async fn event(&self, conversation: &str, kind: EventKind) {
        let (request_id, conversation_id) =
            (RequestId::new("e").unwrap(), conversation_id(conversation));
        let event = ConversationEvent { request_id, conversation_id, kind };
        self.dispatch.event(&caller(), event).await.unwrap();
    }

    pub(in crate::dispatch) fn view(&self, conversation: &str) -> ConversationView {
        self.dispatch.conversation(&caller(), &conversation_id(conversation)).unwrap()
    }
}

pub(in crate::dispatch) type Begun = tokio::task::JoinHandle<Result<Handled, DispatchError>>;

/// Lets every other task do what it can do now, without time passing.
pub(in crate::dispatch) async fn breathe() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(in crate::dispatch) async fn pass(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds)).await;
    breathe().await;
}

pub(in crate::dispatch) fn caller() -> CallerId {
    CallerId::new("gateway").unwrap()
}

pub(in crate::dispatch) fn conversation_id(name: &str) -> ConversationId {
    ConversationId::new(name).unwrap()
}

pub(in crate::dispatch) fn message(conversation: &str, request: &str, content: Content) -> Message {
    Message {
        request_id: RequestId::new(request).unwrap(),
        conversation_id: conversation_id(conversation),
        sequence: None,
        sent_at: None,
        channel: Channel::new("web").unwrap(),
        language_hint: Some(Language::EN),
        customer_id: None,
        customer_name: None,
        content,
        attributes: BTreeMap::new(),
    }
}

pub(in crate::dispatch) fn words(conversation: &str, request: &str, text: &str) -> Message {
    message(conversation, request, Content::Text(text.to_owned()))
}

pub(in crate::dispatch) fn numbered(
    conversation: &str,
    request: &str,
    sequence: u64,
    text: &str,
) -> Message {
    Message { sequence: Some(sequence), ..words(conversation, request, text) }
}

/// Options with a deadline so many milliseconds from now.
pub(in crate::dispatch) fn within(milliseconds: u64) -> HandleOptions {
    let deadline = Some(Instant::now() + Duration::from_millis(milliseconds));
    HandleOptions { deadline, ..HandleOptions::default() }
}

/// What is said, phrases by their names: `HandOver`, `Position 1`.
pub(in crate::dispatch) fn said(outcome: &Outcome) -> Vec<String> {
    outcome.say.iter().map(|out| with_names(&out.text)).collect()
}

fn with_names(text: &str) -> String {
    let phrases = Phrases::default();
    let plain = Phrase::ALL
        .iter()
        .map(|phrase| (phrases.phrase(*phrase, Language::EN).to_owned(), format!("{phrase:?}")));
    let places = (1..10).map(|number: u32| {
        let place = number.to_string();
        let text = phrases.filled(Phrase::Position, Language::EN, &[("position", &place)]);
        (text, format!("Position {number}"))
    });
    plain.chain(places).fold(text.to_owned(), |text, (phrase, name)| text.replace(&phrase, &name))
}

async fn read(turn: Turn, _wanted: &Wanted) -> Result<Reading, Problem> {
    if turn.text.contains("slow") {
        sleep(Duration::from_secs(1)).await;
    }
    assert!(!turn.text.contains("defect"), "a defect below");
    if turn.text.contains("fail") {
        return Err(problem());
    }
    let timings = triage::Timings { encodings: 1, ..triage::Timings::default() };
    let bundle = Arc::default();
    let phrases = Arc::new(BuiltIn::default());
    Ok(Reading { decision: decide(&turn), phrases, bundle, released: None, timings })
}

/// The phrases as they are built in.
#[derive(Default)]
struct BuiltIn(Phrases);

impl AsRef<Phrases> for BuiltIn {
    fn as_ref(&self) -> &Phrases {
        &self.0
    }
}

pub(in crate::dispatch) fn problem() -> Problem {
    Problem {
        kind: Kind::Overloaded,
        reason: "ENCODER_BUSY",
        message: "the encoder's queue is full".to_owned(),
        remedy: "Come back.".into(),
        retry_after: None,
        metadata: Vec::new(),
    }
}

pub(in crate::dispatch) fn decide(turn: &Turn) -> Decision {
    let parts: Vec<Part> = match &turn.input {
        Input::Chosen(article) => vec![part("", answer(article.as_str()), Reason::CustomerChoice)],
        Input::Attachment => vec![part("", to("general", Priority::Normal), Reason::NoText)],
        Input::Opening => {
            vec![part("", PartOutcome::SmallTalk(SmallTalk::Greeting), Reason::SmallTalk)]
        }
        Input::Words => match turn.options.iter().find(|option| option.id == turn.text) {
            Some(option) => {
                vec![part(&turn.text, answer(option.article.as_str()), Reason::CustomerChoice)]
            }
            None if turn.text == "my\nquestion" => {
                vec![part("", answer("merged"), Reason::GatePassed)]
            }
            None => {
                turn.text.split(['+', '\n']).map(|piece| understand(turn, piece.trim())).collect()
            }
        },
    };
    let urgent = parts.iter().any(|part| part.reason == Reason::Urgent);
    let priority = if urgent { Priority::Urgent } else { Priority::Normal };
    let urgency = Urgency { priority, ..Urgency::default() };
    let seen = Piece { urgent_words: vec![turn.text.clone()], ..Piece::default() };
    let (action, evidence) = (action(&parts), Evidence { whole: seen, ..Evidence::default() });
    Decision { action, parts, urgency, language: Language::EN, mode: turn.mode, evidence }
}

fn action(parts: &[Part]) -> Action {
    let any = |matches: fn(&PartOutcome) -> bool| parts.iter().any(|part| matches(&part.outcome));
    if any(|outcome| matches!(outcome, PartOutcome::Route(_))) {
        Action::Route
    } else if any(|outcome| matches!(outcome, PartOutcome::Clarify(_))) {
        Action::Clarify
    } else if any(|outcome| matches!(outcome, PartOutcome::Answer(_))) {
        Action::Answer
    } else {
        Action::None
    }
}

fn understand(turn: &Turn, piece: &str) -> Part {
    let (outcome, reason) = match piece {
        _ if turn.mode == Mode::Off => (to("general", Priority::Normal), Reason::AutomationOff),
        "urgent" => (to("care", Priority::Urgent), Reason::Urgent),
        "person" => (to("general", Priority::Normal), Reason::PersonAskedFor),
        "high" => (to("refunds", Priority::High), Reason::ArticleRoutes),
        "clarify" if turn.clarified_last => {
            (to("general", Priority::Normal), Reason::ClarifyExhausted)
        }
        "clarify" => (PartOutcome::Clarify(choices()), Reason::CloseAnswers),
        "hello" => (PartOutcome::SmallTalk(SmallTalk::Greeting), Reason::SmallTalk),
        "thanks" => (PartOutcome::SmallTalk(SmallTalk::Thanks), Reason::SmallTalk),
        "foreign" => (to("general", Priority::Normal), Reason::NoAnswerInLanguage),
        _ => match piece.strip_prefix("answer ") {
            Some(_) if turn.mode == Mode::Shadow => {
                (to("general", Priority::Normal), Reason::GatePassed)
            }
            Some(article) => (answer(article), Reason::GatePassed),
            None => (to("general", Priority::Normal), Reason::OutOfScope),
        },
    };
    part(piece, outcome, reason)
}

pub(in crate::dispatch) fn part(text: &str, outcome: PartOutcome, reason: Reason) -> Part {
    Part { text: text.to_owned(), outcome, reason, explanation: Explanation::default() }
}

pub(in crate::dispatch) fn choices() -> Vec<Choice> {
    let choice = |id: &str, label: &str| Choice {
        id: id.to_owned(),
        label: label.to_owned(),
        article: ArticleId::new(label).unwrap(),
    };
    vec![choice("1", "returns"), choice("2", "refunds")]
}

pub(in crate::dispatch) fn to(queue: &str, priority: Priority) -> PartOutcome {
    PartOutcome::Route(Destination { queue: QueueId::new(queue).unwrap(), priority })
}

pub(in crate::dispatch) fn answer(article: &str) -> PartOutcome {
    PartOutcome::Answer(Box::new(Answer {
        article: ArticleId::new(article).unwrap(),
        revision: "r1".into(),
        title: article.to_owned(),
        text: format!("About {article}."),
        markdown: format!("About *{article}*."),
        more: Vec::new(),
        probability: Probability::new(0.9),
        risk: Risk::None,
        guarantee: Guarantee::default(),
    }))
}
