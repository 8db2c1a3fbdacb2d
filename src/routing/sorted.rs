//! An ordered list that knows ranks: short runs, each in order, in order. Inserting, removing and finding cost the length
//! of a run; a rank costs the number of runs.

/// The length at which a run is divided.
const RUN: usize = 256;

#[derive(Debug, Clone)]
pub(super) struct Sorted<T> {
    runs: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { runs: Vec::new(), len: 0 }
    }
}

impl<T: Ord> Sorted<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.runs.first().and_then(|run| run.first())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.runs.iter().flatten()
    }

    pub(super) fn insert(&mut self, item: T) {
        let at = self.run_of(&item).min(self.runs.len().saturating_sub(1));
        if self.runs.is_empty() {
            self.runs.push(Vec::new());
        }
        let Some(run) = self.runs.get_mut(at) else { return };
        if let Err(place) = run.binary_search(&item) {
            run.insert(place, item);
            self.len += 1;
            if run.len() > RUN {
                let upper = run.split_off(RUN / 2);
                self.runs.insert(at + 1, upper);
            }
        }
    }

    pub(super) fn remove(&mut self, item: &T) {
        let at = self.run_of(item);
        let Some(run) = self.runs.get_mut(at) else { return };
        if let Ok(place) = run.binary_search(item) {
            run.remove(place);
            self.len -= 1;
            if run.is_empty() {
                self.runs.remove(at);
            }
        }
    }

    /// How many stand before this one, whether or not it is in the list.
    pub(super) fn rank(&self, item: &T) -> usize {
        let at = self.run_of(item);
        let before: usize = self.runs.iter().take(at).map(Vec::len).sum();
        before + self.runs.get(at).map_or(0, |run| run.partition_point(|other| other < item))
    }

    /// The first run whose last item is not before this one.
    fn run_of(&self, item: &T) -> usize {
        self.runs.partition_point(|run| run.last().is_some_and(|last| last < item))
    }
}
