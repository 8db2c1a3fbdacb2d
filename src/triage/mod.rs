//! The pipeline, and the only module that sees every stage: a customer's turn in, a [`Decision`] out. Pure functions
//! around one call of the encoder:
//!
//! ```text
//! Turn ─prepare─▶ texts ─encoder─▶ vectors ─observe─▶ Evidence ─conclude─▶ Decision
//! ```
//!
//! All but the first run on the encoder's worker thread; nothing here waits on a runtime's thread. Evaluation calls the
//! very same functions. What a decision sets in motion (tickets, replies) is `dispatch`'s.

mod prepare;
mod conclude;
mod bulk;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

pub use conclude::{conclude, observe, suggestions};
pub use prepare::{Prepared, prepare};

use crate::decision::{Choice, Decision};
use crate::encoder::batcher::{Encoded, Job, Tell};
use crate::encoder::{Batcher, EncoderError, Role};
use crate::error::{Classify, Kind};
use crate::message::{ArticleId, CallerId, Channel, Language, Mode};
use crate::release::{Bundle, Current};

/// One turn of a customer, with what the pipeline may know of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// On whose behalf; callers take turns at the encoder.
    pub caller: Option<CallerId>,
    /// What was written, or came with an attachment; may be empty.
    pub text: String,
    /// Through which channel.
    pub channel: Channel,
    /// The gateway's idea of the language.
    pub language_hint: Option<Language>,
    /// What kind of turn it is.
    pub input: Input,
    /// The options of a question asked back that is still open: a number or a label that is typed counts as chosen.
    pub options: Vec<Choice>,
    /// What the customer wrote in the turn before.
    pub before: Option<String>,
    /// Whether the last thing said was a question asked back.
    pub clarified_last: bool,
    /// Whether the bot may speak here.
    pub mode: Mode,
}

impl Turn {
    /// Words in a conversation that has just begun, with automation on.
    pub fn words(text: &str, channel: Channel) -> Self {
        Self {
            caller: None,
            text: text.to_owned(),
            channel,
            language_hint: None,
            input: Input::Words,
            options: Vec::new(),
            before: None,
            clarified_last: false,
            mode: Mode::On,
        }
    }
}

/// What kind of turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Words.
    Words,
    /// An attachment; its caption is the text.
    Attachment,
    /// The customer opened the chat and said nothing yet.
    Opening,
    /// An option was tapped that leads to this article.
    Chosen(ArticleId),
}

/// A decision, with what made it and what it cost.
#[derive(Debug, Clone)]
pub struct Triaged {
    /// The decision.
    pub decision: Decision,
    /// The bundle that decided.
    pub bundle: Arc<Bundle>,
    /// Where the time went.
    pub timings: Timings,
}

/// Where the time of one turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Waiting for a worker.
    pub queue: Duration,
    /// Reading texts into tokens.
    pub tokenize: Duration,
    /// In the network.
    pub encode: Duration,
    /// Finding candidates and reading them.
    pub retrieve: Duration,
    /// Judging the evidence and filling in texts.
    pub decide: Duration,
    /// From submission to decision.
    pub total: Duration,
    /// Texts that went through the network.
    pub encodings: u32,
    /// Texts whose vectors were still known.
    pub cached: u32,
}

/// Why a turn got no decision. A customer's oddities are no errors: they get one.
#[derive(Debug, thiserror::Error)]
pub enum TriageError {
    /// The encoder refused or failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The caller's deadline passed.
    #[error("the deadline passed before the message was decided")]
    Deadline,
    /// The work was dropped: the service is shutting down.
    #[error("the message was not decided: the service is shutting down")]
    Dropped,
}

impl Classify for TriageError {
    fn kind(&self) -> Kind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Deadline => Kind::DeadlineExceeded,
            Self::Dropped => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Encoder(error) => error.reason(),
            Self::Deadline => "DEADLINE_EXCEEDED",
            Self::Dropped => "SHUTTING_DOWN",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Encoder(error) => error.remedy(),
            Self::Deadline => {
                "Send the same request_id again with a longer deadline; a second is plenty on an idle machine.".into()
            }
            Self::Dropped => "Send the same request_id again to another instance, or after the restart.".into(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Encoder(error) => error.retry_after(),
            Self::Deadline | Self::Dropped => None,
        }
    }
}

/// What a turn's caller gets.
type Outcome = Result<Triaged, TriageError>;

/// The pipeline over the bundle in force.
#[derive(Debug, Clone)]
pub struct Triage {
    current: Current,
    batcher: Arc<Batcher>,
}

impl Triage {
    /// A pipeline that reads with whatever bundle is in force when a turn arrives.
    pub fn new(current: Current, batcher: Arc<Batcher>) -> Self {
        Self { current, batcher }
    }

    /// The bundle in force.
    pub fn bundle(&self) -> Arc<Bundle> {
        self.current.load_full()
    }

    /// The encoder's threads.
    pub fn batcher(&self) -> &Arc<Batcher> {
        &self.batcher
    }

    /// Decides one turn. `then` runs on a worker's thread when its batch is decided, or here at once where nothing has to be encoded; once `wanted`
    /// says no, it may never run.
    pub fn submit(
        &self,
        turn: Turn,
        wanted: Box<dyn Fn() -> bool + Send>,
        then: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<(), TriageError> {
        let begun = Instant::now();
        let bundle = self.bundle();
        let prepared = prepare(&bundle, &turn);
        let texts: Vec<(String, Role)> =
            prepared.texts().iter().map(|text| (text.clone(), Role::Query)).collect();
        let caller = turn.caller.clone();
        let finish = move |encoded| triaged(bundle, &turn, (&prepared, encoded), begun);
        if texts.is_empty() {
            then(Ok(finish(None)));
            return Ok(());
        }
        let then = move |encoded: Result<Encoded, EncoderError>| -> Tell {
            let outcome = encoded.map(|encoded| finish(Some(encoded))).map_err(TriageError::from);
            Box::new(move || then(outcome))
        };
        Ok(self.batcher.submit(Job { caller, texts, wanted, then: Box::new(then) })?)
    }

    /// Decides one turn for a caller who waits, until `deadline` at most. Dropping the future gives the work up.
    pub async fn decide(&self, turn: Turn, deadline: Option<Instant>) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let waiting = Arc::new(());
        let waits = Arc::downgrade(&waiting);
        let wanted = Box::new(move || waits.strong_count() > 0);
        // A send fails only when nobody waits any more.
        self.submit(turn, wanted, move |outcome| drop(answer.send(outcome)))?;
        let outcome = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, answered).await,
            None => Ok(answered.await),
        };
        drop(waiting);
        outcome.map_err(|_| TriageError::Deadline)?.map_err(|_| TriageError::Dropped)?
    }
}

/// The second half of the pipeline, timed.
fn triaged(
    bundle: Arc<Bundle>,
    turn: &Turn,
    (prepared, encoded): (&Prepared, Option<Encoded>),
    begun: Instant,
) -> Triaged {
    let network = encoded.as_ref().map(|encoded| encoded.timings).unwrap_or_default();
    let texts = encoded.as_ref().map_or(0, |encoded| encoded.embeddings.len());
    let cached = encoded.as_ref().map_or(0, |encoded| encoded.cached);
    let count = |texts: usize| u32::try_from(texts).unwrap_or(u32::MAX);
    let before = Instant::now();
    let evidence = observe(&bundle, prepared, encoded.as_ref());
    let between = Instant::now();
    let decision = conclude(&bundle, turn, prepared, (evidence, encoded.as_ref()));
    let timings = Timings {
        queue: network.queue,
        tokenize: network.tokenize,
        encode: network.encode,
        retrieve: between - before,
        decide: between.elapsed(),
        total: begun.elapsed(),
        encodings: count(texts - cached),
        cached: count(cached),
    };
    Triaged { decision, bundle, timings }
}

#[cfg(test)]
mod tests;
