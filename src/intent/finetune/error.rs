//! Why a run did not start, or ended early.

use std::borrow::Cow;

use crate::encoder::EncoderError;
use crate::error::{Classify, Kind};

/// What can go wrong in fine-tuning. Texts are never quoted.
#[derive(Debug, thiserror::Error)]
pub enum FinetuneError {
    /// Neither a labelled text nor a pair.
    #[error("there is nothing to learn from")]
    Empty,
    /// Every text has the same label, and there are no pairs.
    #[error("all {texts} texts have one label; nothing can be told apart")]
    OneClass {
        /// How many texts.
        texts: usize,
    },
    /// Pairs that all say "different": nothing attracts.
    #[error("none of the {pairs} pairs asks the same; nothing can be drawn together")]
    NothingSame {
        /// How many pairs.
        pairs: usize,
    },
    /// The same words with two verdicts.
    #[error("{texts} texts stand there with two labels or verdicts, the first at place {first}")]
    Contradiction {
        /// How many texts or pairs.
        texts: usize,
        /// The place of the first among the labelled texts, or among the pairs, counted from 1.
        first: usize,
    },
    /// The loss, or a gradient, is not a finite number any more.
    #[error("the loss is not a number any more at step {step}")]
    Diverged {
        /// Which step, counted from 1.
        step: usize,
    },
    /// A checkpoint of another run.
    #[error("the checkpoint is of another run: model, data or settings differ")]
    ForeignCheckpoint,
    /// A setting outside its range.
    #[error("{setting} must be {range}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// The network.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl From<candle_core::Error> for FinetuneError {
    fn from(error: candle_core::Error) -> Self {
        Self::Encoder(error.into())
    }
}

impl Classify for FinetuneError {
    fn kind(&self) -> Kind {
        match self {
            Self::Empty
            | Self::OneClass { .. }
            | Self::NothingSame { .. }
            | Self::Contradiction { .. }
            | Self::Setting { .. } => Kind::InvalidArgument,
            Self::Diverged { .. } | Self::ForeignCheckpoint => Kind::FailedPrecondition,
            Self::Encoder(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "NO_EXAMPLES",
            Self::OneClass { .. } | Self::NothingSame { .. } => "NOTHING_TO_TELL_APART",
            Self::Contradiction { .. } => "CONTRADICTORY_LABELS",
            Self::Setting { .. } => "SETTING_OUT_OF_RANGE",
            Self::Diverged { .. } => "TRAINING_DIVERGED",
            Self::ForeignCheckpoint => "CHECKPOINT_FOREIGN",
            Self::Encoder(error) => error.reason(),
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Empty => {
                "Give labelled texts (--data F), pairs (--pairs F), or articles (--knowledge DIR)."
                    .into()
            }
            Self::OneClass { .. } => {
                "Give texts of at least two labels, or pairs (--pairs F).".into()
            }
            Self::NothingSame { .. } => "Give pairs with label 1 too, or labelled texts.".into(),
            Self::Contradiction { .. } => {
                "Settle what each means, or pass --drop-contradictions to leave them all out."
                    .into()
            }
            Self::Setting { setting, range } => {
                format!("Set {setting} to a value that is {range}.").into()
            }
            Self::Diverged { .. } => {
                "Lower --rate; if that does not help, look for texts that are not language.".into()
            }
            Self::ForeignCheckpoint => {
                "Choose another --out, or pass --fresh to begin again.".into()
            }
            Self::Encoder(error) => error.remedy(),
        }
    }
}
