//! How the accepted chance of error is shared out before any result is known: between the whole and its slices, and between
//! the first certificate and all renewals that will ever come.

use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::path::RUNGS;
use super::{Terms, Test};
use crate::message::{Language, Risk};

/// What a certificate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Slice {
    /// Every automatic answer but those whose risk needs a certificate of its own.
    Whole,
    /// The whole's answers to messages in one language.
    Language(Language),
    /// Answers from articles of one risk.
    Risk(Risk),
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all"),
            Self::Language(language) => language.fmt(f),
            Self::Risk(risk) => write!(f, "risk={}", name(*risk)),
        }
    }
}

const RISKS: [Risk; 3] = [Risk::Money, Risk::Legal, Risk::Safety];

fn name(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "none",
        Risk::Money => "money",
        Risk::Legal => "legal",
        Risk::Safety => "safety",
    }
}

impl TryFrom<String> for Slice {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::Whole);
        }
        let slice = match text.strip_prefix("risk=") {
            Some(risk) => RISKS.into_iter().find(|known| name(*known) == risk).map(Self::Risk),
            None => Language::parse(&text).map(Self::Language),
        };
        slice.ok_or_else(|| format!("{text:?} is no slice such as zh, en or risk=money"))
    }
}

impl From<Slice> for String {
    fn from(slice: Slice) -> String {
        slice.to_string()
    }
}

/// Who may spend how much of delta. With slices, half goes to the whole and half is shared equally by the slices, so that
/// all of them hold at once; each half of a share pays for the first certificate and for all renewals together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// What is asked for.
    pub terms: Terms,
    /// The slices with a certificate of their own, fixed before any result; without [`Slice::Whole`].
    pub slices: Vec<Slice>,
}

impl Budget {
    /// A budget; the whole needs no mention, and a slice counts once.
    pub fn new(terms: Terms, mut slices: Vec<Slice>) -> Self {
        slices.retain(|slice| *slice != Slice::Whole);
        slices.sort_unstable();
        slices.dedup();
        Self { terms, slices }
    }

    /// The test of the first certificate.
    pub fn first(&self, slice: Slice) -> Test {
        Test { target: self.terms.target, delta: self.share(slice) / 2.0 }
    }

    /// The test of renewal `j`, from 1: the second half of a share, times 6 / (pi j)^2, over the number of states that the
    /// labels could have led to by then. Their sum over all j and all of these stays within that half.
    pub fn renewal(&self, j: u32, slice: Slice) -> Test {
        let share = self.share(slice) / 2.0;
        let j = f64::from(j.max(1));
        let delta = share * 6.0 / (PI * PI) / (j * j * self.states(j));
        Test { target: self.terms.target, delta }
    }

    /// What all tests of renewal `j` cost.
    pub fn price(&self, j: u32) -> f64 {
        let all = std::iter::once(Slice::Whole).chain(self.slices.iter().copied());
        all.map(|slice| self.renewal(j, slice).delta).sum()
    }

    fn share(&self, slice: Slice) -> f64 {
        match slice {
            Slice::Whole if self.slices.is_empty() => self.terms.delta(),
            Slice::Whole => self.terms.delta() / 2.0,
            Slice::Language(_) | Slice::Risk(_) => {
                self.terms.delta() / 2.0 / self.slices.len().max(1) as f64
            }
        }
    }

    /// How many different states the labels could have led to before renewal `j`: which rung; and of each slice, that it was
    /// not certified, or (a risk at which rung) that it stands or was lost at one of the renewals before.
    fn states(&self, j: f64) -> f64 {
        let of_slice = |slice: &Slice| match slice {
            Slice::Risk(_) => 1.0 + RUNGS as f64 * j,
            Slice::Language(_) | Slice::Whole => 1.0 + j,
        };
        RUNGS as f64 * self.slices.iter().map(of_slice).product::<f64>()
    }
}
