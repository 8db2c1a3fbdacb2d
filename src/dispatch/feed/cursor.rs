//! A place in a log of events, as its readers write it down: the run of the service and a number.

use std::fmt;

use crate::message::Timestamp;

/// One run of the service: numbers of another run mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dispatch) struct Run(i128);

impl Run {
    /// The run that begins now.
    pub(in crate::dispatch) fn beginning(now: Timestamp) -> Self {
        Self(now.as_nanosecond())
    }

    /// The place that a reader names; `None` where it is none of this run.
    pub(in crate::dispatch) fn read(self, cursor: &str) -> Option<u64> {
        let (run, number) = cursor.split_once('.')?;
        let same = i128::from_str_radix(run, 16).ok()? == self.0;
        same.then(|| number.parse().ok()).flatten()
    }

    /// A place as readers write it.
    pub(in crate::dispatch) fn cursor(self, number: u64) -> Cursor {
        Cursor { run: self, number }
    }
}

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dispatch) struct Cursor {
    run: Run,
    number: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.run.0, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_own_run_alone() {
        let run = Run::beginning(Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(7));
        let written = run.cursor(42).to_string();
        assert_eq!(run.read(&written), Some(42));
        assert_eq!(Run::beginning(Timestamp::UNIX_EPOCH).read(&written), None);
        for strange in ["", ".", "42", "x.1", "1.x", "1.-1"] {
            assert_eq!(run.read(strange), None, "{strange:?}");
        }
    }
}
