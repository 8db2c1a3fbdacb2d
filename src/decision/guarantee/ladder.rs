//! Scores in order: every possible threshold of a sample and what it does.

/// A message with a score; a message that may not be answered scores minus infinity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Calibrated P(right), or minus infinity.
    pub score: f64,
    /// Whether the answer is right.
    pub right: bool,
}

/// What a threshold did on a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Messages asked.
    pub messages: usize,
    /// Messages answered.
    pub answered: usize,
    /// Answers that were right.
    pub right: usize,
}

impl Reading {
    /// What answering everything from `threshold` up does to `sample`. No threshold answers nothing.
    pub fn at(threshold: Option<f64>, sample: &[Scored]) -> Self {
        let mut reading = Self { messages: sample.len(), ..Self::default() };
        let Some(threshold) = threshold else { return reading };
        for scored in sample.iter().filter(|scored| scored.score >= threshold) {
            reading.answered += 1;
            reading.right += usize::from(scored.right);
        }
        reading
    }

    /// Answers that were not right.
    pub fn wrong(self) -> usize {
        self.answered - self.right.min(self.answered)
    }

    /// Answered of all.
    pub fn coverage(self) -> f64 {
        if self.messages == 0 { 0.0 } else { self.answered as f64 / self.messages as f64 }
    }

    /// Right of answered; `None` if nothing was.
    pub fn precision(self) -> Option<f64> {
        (self.answered > 0).then(|| self.right as f64 / self.answered as f64)
    }
}

/// One possible threshold and what it does; equal scores are answered together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The score of its loosest answer.
    pub threshold: f64,
    /// Messages answered from there up.
    pub answered: usize,
    /// Of these, right.
    pub right: usize,
}

/// All thresholds of a sample, the strictest first.
pub fn ladder(sample: &[Scored]) -> Vec<Step> {
    let mut sorted: Vec<&Scored> =
        sample.iter().filter(|scored| scored.score.is_finite()).collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut steps: Vec<Step> = Vec::new();
    let (mut answered, mut right) = (0, 0);
    for scored in sorted {
        answered += 1;
        right += usize::from(scored.right);
        let step = Step { threshold: scored.score, answered, right };
        match steps.last_mut() {
            Some(last) if last.threshold.total_cmp(&step.threshold).is_eq() => *last = step,
            _ => steps.push(step),
        }
    }
    steps
}
