//! Who is next: single jobs in one line for each caller, the lines served in turn. A caller who sends a thousand messages at
//! once does not stand before one who sends his first, and when there is no room left, the longest line gives way.
//!
//! Conversations need no lines of their own: whoever keeps the order of a conversation has one message of it here at most.

use std::collections::VecDeque;

use super::queue::Waiting;
use crate::message::CallerId;

/// The lines, the one to be served next in front. None is empty.
#[derive(Debug, Default)]
pub(super) struct Fair {
    lines: VecDeque<Line>,
    texts: usize,
}

#[derive(Debug)]
struct Line {
    caller: Option<CallerId>,
    jobs: VecDeque<Waiting>,
    texts: usize,
}

impl Fair {
    /// Texts that wait.
    pub(super) fn texts(&self) -> usize {
        self.texts
    }

    /// Jobs that wait.
    pub(super) fn jobs(&self) -> usize {
        self.lines.iter().map(|line| line.jobs.len()).sum()
    }

    /// Puts a job at the end of its caller's line.
    pub(super) fn push(&mut self, waiting: Waiting) {
        let (caller, texts) = (waiting.job.caller.clone(), waiting.job.texts.len());
        self.texts += texts;
        match self.lines.iter_mut().find(|line| line.caller == caller) {
            Some(line) => {
                line.texts += texts;
                line.jobs.push_back(waiting);
            }
            None => self.lines.push_back(Line { caller, jobs: [waiting].into(), texts }),
        }
    }

    /// The jobs in the order in which they will be taken.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = &Waiting> {
        let longest = self.lines.iter().map(|line| line.jobs.len()).max().unwrap_or(0);
        (0..longest)
            .flat_map(|place| self.lines.iter().filter_map(move |line| line.jobs.get(place)))
    }

    /// Takes the next job; its caller's line goes behind the others.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let mut line = self.lines.pop_front()?;
        let waiting = line.jobs.pop_front()?;
        let texts = waiting.job.texts.len();
        self.texts -= texts;
        line.texts -= texts;
        if !line.jobs.is_empty() {
            self.lines.push_back(line);
        }
        Some(waiting)
    }

    /// Makes the lines hold `limit` texts with `job` among them: the newest jobs of lines longer than the caller's own step
    /// out and are returned. `None`, and nothing steps out, where that does not suffice.
    pub(super) fn make_room(&mut self, job: &Waiting, limit: usize) -> Option<Vec<Waiting>> {
        let own = self.lines.iter().find(|line| line.caller == job.job.caller);
        let texts = job.job.texts.len();
        let own = own.map_or(0, |line| line.texts) + texts;
        let mut out = Vec::new();
        while self.texts > 0 && self.texts + texts > limit {
            let Some(waiting) = self.shorten_longest(own) else {
                out.into_iter().rev().for_each(|waiting| self.push(waiting));
                return None;
            };
            out.push(waiting);
        }
        Some(out)
    }

    /// The newest job of the longest line, if that line holds more than `least` texts.
    fn shorten_longest(&mut self, least: usize) -> Option<Waiting> {
        let (place, line) = self.lines.iter_mut().enumerate().max_by_key(|(_, line)| line.texts)?;
        if line.texts <= least {
            return None;
        }
        let waiting = line.jobs.pop_back()?;
        let texts = waiting.job.texts.len();
        line.texts -= texts;
        self.texts -= texts;
        if line.jobs.is_empty() {
            self.lines.remove(place);
        }
        Some(waiting)
    }

    /// Takes everything.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waiting> {
        self.texts = 0;
        std::mem::take(&mut self.lines).into_iter().flat_map(|line| line.jobs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Job;
    use super::super::queue::Lane;
    use super::*;
    use crate::encoder::Role;

    fn waiting(name: &str) -> Waiting {
        let (caller, _) = name.split_at(1);
        let job = Job {
            caller: CallerId::new(caller).ok(),
            texts: vec![(name.to_owned(), Role::Query)],
            wanted: Box::new(|| true),
            then: Box::new(|_| Box::new(|| ())),
        };
        Waiting::new(Lane::Single, job)
    }

    fn fair(names: &[&str]) -> Fair {
        let mut fair = Fair::default();
        for name in names {
            fair.push(waiting(name));
        }
        fair
    }

    fn names<'a>(jobs: impl Iterator<Item = &'a Waiting>) -> Vec<String> {
        jobs.map(|waiting| waiting.job.texts[0].0.clone()).collect()
    }

    #[test]
    fn callers_take_turns() {
        let mut fair = fair(&["a1", "a2", "a3", "b1", "c1", "b2"]);
        let expect = ["a1", "b1", "c1", "a2", "b2", "a3"];
        assert_eq!(names(fair.in_turn()), expect);
        let taken: Vec<Waiting> = std::iter::from_fn(|| fair.pop()).collect();
        assert_eq!(names(taken.iter()), expect);
        assert_eq!((fair.texts(), fair.jobs()), (0, 0));
    }

    #[test]
    fn the_longest_line_gives_way() {
        let check = |names_before: &[&str], new: &str, expect: Option<&[&str]>, after: &[&str]| {
            let mut fair = fair(names_before);
            let out = fair.make_room(&waiting(new), 3);
            let out = out.map(|out| names(out.iter()));
            assert_eq!(out, expect.map(|e| e.iter().map(|s| (*s).to_owned()).collect()), "{new}");
            assert_eq!(names(fair.in_turn()), after);
        };
        check(&["a1", "a2"], "b1", Some(&[]), &["a1", "a2"]);
        check(&["a1", "a2", "a3"], "b1", Some(&["a3"]), &["a1", "a2"]);
        check(&["a1", "a2", "a3"], "a4", None, &["a1", "a2", "a3"]);
        check(&["a1", "a2", "b1"], "b2", None, &["a1", "b1", "a2"]);
        check(&["a1", "b1", "c1"], "d1", None, &["a1", "b1", "c1"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_a_caller_keeps_its_order(names_in in prop::collection::vec("[a-d][0-9]", 0..40)) {
            let all: Vec<&str> = names_in.iter().map(String::as_str).collect();
            let mut fair = fair(&all);
            let planned = names(fair.in_turn());
            let taken: Vec<Waiting> = std::iter::from_fn(|| fair.pop()).collect();
            prop_assert_eq!(&planned, &names(taken.iter()));
            for caller in ["a", "b", "c", "d"] {
                let of = |list: &[String]| -> Vec<String> {
                    list.iter().filter(|name| name.starts_with(caller)).cloned().collect()
                };
                prop_assert_eq!(of(&planned), of(&names_in));
            }
        }
    }
}
