//! When each message is due, and the loop that sends it then.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use super::tally::{Outcome, Tally};
use super::{LONGEST, LoadError, MOST_MESSAGES};

/// Calls under way at most; more would measure this client.
pub(super) const UNDER_WAY: usize = 16_384;

/// How fast, how many, for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Messages due a second.
    pub rate: f64,
    /// Conversations they are spread over, in turn.
    pub conversations: u32,
    /// Messages in all.
    pub messages: u64,
}

/// One message's moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// Its number, from 0.
    pub number: u64,
    /// Its conversation, from 0.
    pub conversation: u64,
}

impl Pace {
    /// Every text once, or as many messages as fit into `duration`.
    pub fn new(
        rate: f64,
        conversations: u32,
        texts: usize,
        duration: Option<Duration>,
    ) -> Result<Self, LoadError> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "float to integer saturates, and `checked` bounds the result"
        )]
        let fitting = |duration: Duration| (rate * duration.as_secs_f64()).ceil() as u64;
        let messages = duration.map_or(texts as u64, fitting);
        Self { rate, conversations, messages }.checked()
    }

    /// Itself, if it is within bounds.
    pub(super) fn checked(self) -> Result<Self, LoadError> {
        within("the rate", self.rate, 0.01, 100_000.0)?;
        within("the number of conversations", f64::from(self.conversations), 1.0, 1e6)?;
        within("the number of messages", self.messages as f64, 1.0, MOST_MESSAGES as f64)?;
        within(
            "the duration in seconds",
            self.messages as f64 / self.rate,
            0.0,
            LONGEST.as_secs_f64(),
        )?;
        Ok(self)
    }

    fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.rate)
    }

    fn shot(&self, number: u64) -> Shot {
        Shot { number, conversation: number % u64::from(self.conversations.max(1)) }
    }
}

fn within(what: &'static str, value: f64, least: f64, most: f64) -> Result<(), LoadError> {
    let inside = (least..=most).contains(&value);
    if inside { Ok(()) } else { Err(LoadError::OutOfBounds { what, least, most }) }
}

/// Calls `send` for every message at its moment, never waiting for an earlier one, and counts what comes back.
pub(super) async fn fire<F, R>(
    pace: Pace,
    send: F,
    progress: &mut dyn FnMut(u64),
) -> (Tally, Duration)
where
    F: Fn(Shot) -> R,
    R: Future<Output = Outcome> + Send + 'static,
{
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    let (done, mut replies) = mpsc::unbounded_channel();
    let (mut tally, start) = (Tally::default(), Instant::now());
    for number in 0..pace.messages {
        let due = start + pace.due(number);
        sleep_until(due).await;
        match Arc::clone(&under_way).try_acquire_owned() {
            Ok(permit) => {
                tally.sent += 1;
                let (call, done) = (send(pace.shot(number)), done.clone());
                tokio::spawn(async move {
                    let outcome = call.await;
                    // The receiver lives until every sender is gone.
                    done.send((outcome, due.elapsed())).ok();
                    drop(permit);
                });
            }
            Err(_) => tally.unsent += 1,
        }
        while let Ok((outcome, latency)) = replies.try_recv() {
            tally.add(outcome, latency);
        }
        progress(tally.replied());
    }
    drop(done);
    while let Some((outcome, latency)) = replies.recv().await {
        tally.add(outcome, latency);
        progress(tally.replied());
    }
    (tally, start.elapsed())
}

#[cfg(test)]
mod tests {
    use tokio::sync::Mutex;
    use tokio::time::sleep;

    use super::super::tally::Reply;
    use super::*;
    use crate::proto::v1::Action;

    fn answered() -> Outcome {
        let (held, action) = (Duration::ZERO, Action::Answer);
        Outcome { reply: Ok(Reply { action, held, encodings: 1, cached: 0 }), retries: 0 }
    }

    fn pace(rate: f64, messages: u64) -> Pace {
        Pace { rate, conversations: 3, messages }
    }

    #[tokio::test(start_paused = true)]
    async fn latency_runs_from_the_due_moment() {
        // One call at a time, 150 ms each, at ten a second: the backlog grows by 50 ms with every message.
        let desk = Arc::new(Mutex::new(()));
        let send = move |_| {
            let desk = Arc::clone(&desk);
            async move {
                let _busy = desk.lock().await;
                sleep(Duration::from_millis(150)).await;
                answered()
            }
        };
        let (tally, took) = fire(pace(10.0, 20), send, &mut |_| ()).await;
        let max = tally.latency.quantile_ms(1.0).unwrap();
        assert!((max - (150.0 + 19.0 * 50.0)).abs() < 5.0, "{max}");
        assert_eq!((tally.sent, tally.unsent, took.as_millis() / 10), (20, 0, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_never_answers_does_not_fill_the_memory() {
        let send = |_| async {
            sleep(Duration::from_mins(5)).await;
            answered()
        };
        let (tally, _) = fire(pace(1000.0, UNDER_WAY as u64 + 7), send, &mut |_| ()).await;
        assert_eq!((tally.sent, tally.unsent), (UNDER_WAY as u64, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn messages_go_round_the_conversations() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let send = {
            let seen = Arc::clone(&seen);
            move |shot: Shot| {
                seen.lock().unwrap().push(shot.conversation);
                async { answered() }
            }
        };
        let mut heard = 0;
        fire(pace(10.0, 5), send, &mut |done| heard = done).await;
        assert_eq!((seen.lock().unwrap().as_slice(), heard), (&[0, 1, 2, 0, 1][..], 5));
    }

    #[test]
    fn a_pace_has_bounds() {
        let check = |rate: f64,
                     conversations: u32,
                     texts: usize,
                     seconds: Option<u64>,
                     expect: Option<u64>| {
            let pace = Pace::new(rate, conversations, texts, seconds.map(Duration::from_secs));
            assert_eq!(
                pace.ok().map(|pace| pace.messages),
                expect,
                "{rate} {conversations} {seconds:?}"
            );
        };
        check(10.0, 4, 991, None, Some(991));
        check(10.0, 4, 991, Some(3), Some(30));
        check(0.0, 4, 991, None, None);
        check(f64::NAN, 4, 991, None, None);
        check(10.0, 0, 991, None, None);
        check(10.0, 4, 0, None, None);
        check(10.0, 4, 991, Some(4000), None);
        check(1e5, 4, 991, Some(3600), None);
    }
}
