//! A run that was interrupted → a [`Checkpoint`], and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FinetuneError;
use super::adamw::Moments;
use super::trainer::{Best, Trainer};
use crate::encoder::training::Checkpoint;

#[derive(Serialize, Deserialize)]
struct Note {
    /// Model, data and settings, hashed by the caller.
    run: String,
    step: usize,
    best: Option<(f64, usize)>,
}

impl Trainer<'_> {
    /// All that the next step depends on. `run` says which run this is.
    pub fn checkpoint(&self, run: &str) -> Result<Checkpoint, FinetuneError> {
        let mut arrays = BTreeMap::new();
        for (at, (adapted, weights)) in self.adapted.iter().zip(self.weights()?).enumerate() {
            let Moments { first, second } = adapted.moments();
            arrays.insert(format!("first.{at}"), first);
            arrays.insert(format!("second.{at}"), second);
            arrays.insert(format!("weights.{at}"), weights);
        }
        if let Some(best) = &self.best {
            let named = |(at, weights): (usize, &Vec<f32>)| (format!("best.{at}"), weights.clone());
            arrays.extend(best.weights.iter().enumerate().map(named));
        }
        let best = self.best.as_ref().map(|best| (best.figure, best.epoch));
        let note = Note { run: run.to_owned(), step: self.step, best };
        Ok(Checkpoint { note: serde_json::to_string(&note).unwrap_or_default(), arrays })
    }

    /// Goes on where a checkpoint of the same `run` was made; gives the steps that are done.
    pub fn resume(&mut self, mut saved: Checkpoint, run: &str) -> Result<usize, FinetuneError> {
        let note: Note =
            serde_json::from_str(&saved.note).map_err(|_| FinetuneError::ForeignCheckpoint)?;
        if note.run != run {
            return Err(FinetuneError::ForeignCheckpoint);
        }
        let count = self.adapted.len();
        let weights = self.taken(&mut saved, "weights", count)?;
        let (first, second) =
            (self.taken(&mut saved, "first", count)?, self.taken(&mut saved, "second", count)?);
        for (adapted, (first, second)) in self.adapted.iter().zip(first.into_iter().zip(second)) {
            if !adapted.resume(Moments { first, second }) {
                return Err(FinetuneError::ForeignCheckpoint);
            }
        }
        self.put(&weights)?;
        self.best = match note.best {
            Some((figure, epoch)) => {
                Some(Best { figure, epoch, weights: self.taken(&mut saved, "best", count)? })
            }
            None => None,
        };
        self.step = note.step;
        Ok(note.step)
    }

    /// The arrays of one kind, which must be as long as the tensors they belong to.
    fn taken(
        &self,
        saved: &mut Checkpoint,
        kind: &str,
        count: usize,
    ) -> Result<Vec<Vec<f32>>, FinetuneError> {
        let one = |at: usize| {
            let array = saved.arrays.remove(&format!("{kind}.{at}"));
            let long = self.adapted.get(at).map(|adapted| adapted.variable.elem_count());
            array.filter(|array| Some(array.len()) == long).ok_or(FinetuneError::ForeignCheckpoint)
        };
        (0..count).map(one).collect()
    }
}
