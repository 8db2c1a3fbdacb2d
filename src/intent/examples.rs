//! Labelled vectors that were checked once, so that nothing behind this point meets a stray label or width.

use rayon::prelude::*;

use super::{FitError, Folds, folds};

/// Vectors of one width with labels below `classes`.
#[derive(Debug)]
pub struct Examples<'a, V> {
    vectors: &'a [V],
    labels: &'a [usize],
    classes: usize,
    width: usize,
}

impl<'a, V: AsRef<[f32]>> Examples<'a, V> {
    /// Checks that vectors and labels belong together. `labels` holds class indices.
    pub fn new(vectors: &'a [V], labels: &'a [usize], classes: usize) -> Result<Self, FitError> {
        if vectors.len() != labels.len() {
            return Err(FitError::Lengths { vectors: vectors.len(), labels: labels.len() });
        }
        let width = vectors.first().ok_or(FitError::Empty)?.as_ref().len();
        if let Some(&label) = labels.iter().find(|&&label| label >= classes) {
            return Err(FitError::Label { label, classes });
        }
        let odd = |found: &usize| *found != width || *found == 0;
        match vectors.iter().map(|vector| vector.as_ref().len()).find(odd) {
            Some(found) => Err(FitError::Widths { expected: width, found }),
            None => Ok(Self { vectors, labels, classes, width }),
        }
    }

    /// How many classes the labels choose from.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The vectors' width.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Every example.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.vectors.len()).collect()
    }

    /// The examples that `chosen` names.
    pub(super) fn pick<'b>(
        &'b self,
        chosen: &'b [usize],
    ) -> impl Iterator<Item = (&'a [f32], usize)> + 'b {
        let one = |&i: &usize| Some((self.vectors.get(i)?.as_ref(), *self.labels.get(i)?));
        chosen.iter().filter_map(one)
    }

    /// The labels of the examples that `chosen` names.
    pub(super) fn labels(&self, chosen: &[usize]) -> Vec<usize> {
        self.pick(chosen).map(|(_, label)| label).collect()
    }

    /// Per example what a reader says that was fitted without its fold: `fit` gets the examples it may see, `read` the
    /// reader and an example held out. `None` where enough others are held out. Folds are fitted side by side.
    pub(super) fn cross<R, S: Clone + Send>(
        &self,
        folds: Folds,
        fit: impl Fn(&[usize]) -> Result<R, FitError> + Sync,
        read: impl Fn(&R, &[f32]) -> S + Sync,
    ) -> Result<Vec<Option<S>>, FitError>
    where
        V: Sync,
    {
        let opinions = self.splits(folds).into_par_iter().map(|Split { held, seen }| {
            let reader = fit(&seen)?;
            let said = self.pick(&held).map(|(vector, _)| read(&reader, vector)).collect();
            Ok((held, said))
        });
        let opinions: Vec<(Vec<usize>, Vec<S>)> = opinions.collect::<Result<_, FitError>>()?;
        let mut all = vec![None; self.vectors.len()];
        for (at, said) in opinions.into_iter().flat_map(|(held, said)| held.into_iter().zip(said)) {
            if let Some(slot) = all.get_mut(at) {
                *slot = Some(said);
            }
        }
        Ok(all)
    }

    /// The folds that hold anything out, until enough is.
    fn splits(&self, folds: Folds) -> Vec<Split> {
        let assigned = folds::assign(self.labels, self.classes, folds.count);
        let split = |fold: usize| {
            let is_held = |at: &usize| assigned.get(*at) == Some(&fold);
            let (held, seen) = self.all().into_iter().partition(is_held);
            Split { held, seen }
        };
        let mut done = 0;
        let splits = (0..folds.count.max(1)).map(split).filter(|split| !split.held.is_empty());
        let lacking = |split: &Split| {
            let lacking = done < folds.enough;
            done += split.held.len();
            lacking
        };
        splits.take_while(lacking).collect()
    }
}

/// One fold, and all the others.
struct Split {
    held: Vec<usize>,
    seen: Vec<usize>,
}
