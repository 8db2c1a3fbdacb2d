//! Labelled vectors that were checked once, so that nothing behind this point meets a stray label or width.

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
    /// reader and an example held out. `None` where enough others were held out before its fold's turn.
    pub(super) fn cross<R, S: Clone>(
        &self,
        folds: Folds,
        mut fit: impl FnMut(&[usize]) -> Result<R, FitError>,
        read: impl Fn(&R, &[f32]) -> S,
    ) -> Result<Vec<Option<S>>, FitError> {
        let assigned = folds::assign(self.labels, self.classes, folds.count);
        let mut said = vec![None; self.vectors.len()];
        let mut done = 0;
        for fold in 0..folds.count.max(1) {
            let (held, seen): (Vec<usize>, Vec<usize>) =
                self.all().into_iter().partition(|&i| assigned.get(i) == Some(&fold));
            if held.is_empty() || done >= folds.enough {
                continue;
            }
            let reader = fit(&seen)?;
            for (i, (vector, _)) in held.iter().zip(self.pick(&held)) {
                if let Some(slot) = said.get_mut(*i) {
                    *slot = Some(read(&reader, vector));
                }
            }
            done += held.len();
        }
        Ok(said)
    }
}
