//! Many turns at once, for evaluation: encoded in bulk, judged by the functions that serve.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{Prepared, Triage, Turn, conclude, observe, prepare};
use crate::decision::Decision;
use crate::encoder::batcher::{EncodeTimings, Encoded};
use crate::encoder::{Embedding, EncoderError, Role};
use crate::release::{Bundle, VectorCache};

impl Triage {
    /// Decides many turns with the bundle that is in force now, in order. Vectors come from the cache where it has them;
    /// tokens are not counted. `progress` gets how many texts are encoded, and of how many.
    pub fn decide_all(
        &self,
        turns: &[Turn],
        vectors: &VectorCache,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Decision>, EncoderError> {
        let bundle = self.bundle();
        let prepared: Vec<Prepared> = turns.par_iter().map(|turn| prepare(&bundle, turn)).collect();
        let mut texts: Vec<(String, Role)> = prepared
            .iter()
            .flat_map(Prepared::texts)
            .map(|text| (text.clone(), Role::Query))
            .collect();
        texts.sort_unstable();
        texts.dedup();
        let embedded = vectors.embed(&texts, self.batcher(), progress)?;
        let known: HashMap<&str, Embedding> =
            texts.iter().map(|(text, _)| text.as_str()).zip(embedded).collect();
        let both = turns.par_iter().zip(&prepared);
        Ok(both.map(|(turn, prepared)| decided(&bundle, turn, prepared, &known)).collect())
    }
}

fn decided(
    bundle: &Bundle,
    turn: &Turn,
    prepared: &Prepared,
    known: &HashMap<&str, Embedding>,
) -> Decision {
    let vectors = prepared.texts().iter().filter_map(|text| known.get(text.as_str()).cloned());
    let encoded = Encoded {
        embeddings: vectors.collect(),
        tokens: Vec::new(),
        truncated: Vec::new(),
        cached: 0,
        timings: EncodeTimings::default(),
    };
    let encoded = Some(encoded).filter(|_| !prepared.texts().is_empty());
    let evidence = observe(bundle, prepared, encoded.as_ref());
    conclude(bundle, turn, prepared, (evidence, encoded.as_ref()))
}
