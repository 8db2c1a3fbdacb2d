//! Messages that labels say nothing here answers. Where there are any, they are a class of their own for the classifier,
//! stand among the foreign texts, and teach the calibrator; no article is ever made of them.

use crate::encoder::{Embedding, EncoderError, Role};
use crate::knowledge::Library;
use crate::knowledge::library::Embed;

/// Texts that are known to be answered by nothing here, with their vectors.
#[derive(Debug, Default)]
pub(super) struct Outside {
    pub(super) texts: Vec<String>,
    pub(super) vectors: Vec<Embedding>,
}

impl Outside {
    pub(super) fn embed(texts: Vec<String>, embed: &mut Embed<'_>) -> Result<Self, EncoderError> {
        if texts.is_empty() {
            return Ok(Self::default());
        }
        let asked: Vec<(String, Role)> =
            texts.iter().map(|text| (text.clone(), Role::Query)).collect();
        Ok(Self { vectors: embed(&asked)?, texts })
    }

    /// What all that is fitted depends on: a library and these texts.
    pub(super) fn revision(&self, library: &Library) -> String {
        [library.revision(), &self.texts.join("\0")].join("\n")
    }
}
