//! What becomes of each single message under the plug-in threshold: of the random halvings that read it, how many answered
//! it. The halvings are those of [`gate::plugin`](crate::eval::gate::plugin), so that slices and comparisons add up to its
//! figures.

use rayon::prelude::*;

use super::calibrator;
use crate::eval::gate::{Case, Halving, Scored};

/// How often one message was read, and how often answered at each target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) read: u32,
    pub(super) answered: Vec<u32>,
}

impl Fate {
    /// Answered of read at each target; `None` where no halving read it.
    pub(super) fn shares(&self) -> Vec<Option<f64>> {
        let share =
            |answered: &u32| (self.read > 0).then(|| f64::from(*answered) / f64::from(self.read));
        self.answered.iter().map(share).collect()
    }
}

/// One fate for each case, over `splits` halvings.
pub(super) fn fates(cases: &[Case], targets: &[f64], splits: u32) -> Vec<Fate> {
    let readings: Vec<Vec<(usize, Vec<bool>)>> =
        (0..splits).into_par_iter().map(|seed| one_split(cases, targets, seed)).collect();
    let unread = Fate { read: 0, answered: vec![0; targets.len()] };
    let mut fates = vec![unread; cases.len()];
    for (place, answered) in readings.into_iter().flatten() {
        let Some(fate) = fates.get_mut(place) else { continue };
        fate.read += 1;
        fate.answered.iter_mut().zip(answered).for_each(|(sum, one)| *sum += u32::from(one));
    }
    fates
}

/// The messages that one halving reads, each with whether it is answered at each target.
fn one_split(cases: &[Case], targets: &[f64], seed: u32) -> Vec<(usize, Vec<bool>)> {
    let Halving { read, thresholds } = Halving::of(cases, targets, seed, &calibrator);
    let answered = |scored: Scored| -> Vec<bool> {
        let reaches =
            |threshold: &Option<f64>| threshold.is_some_and(|least| scored.score >= least);
        thresholds.iter().map(reaches).collect()
    };
    read.into_iter().map(|(place, scored)| (place, answered(scored))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::evidence::Readings;
    use crate::eval::gate;

    /// Messages that are the more often right the nearer their question is.
    fn cases() -> Vec<Case> {
        let case = |i: u32| {
            let question = f64::from(i % 50) / 50.0;
            let readings = Readings { question, ..Readings::default() };
            let evidence = (!i.is_multiple_of(10)).then(|| readings.values().to_vec());
            Case { evidence, right: question + f64::from(i % 7) / 20.0 > 0.6 }
        };
        (0..300).map(case).collect()
    }

    #[test]
    fn fates_add_up_to_the_plugin() {
        let (cases, targets) = (cases(), [0.8, 0.95]);
        let fates = fates(&cases, &targets, 20);
        let plugin = gate::plugin(&cases, &targets, 20, &calibrator);
        for (place, plugin) in plugin.iter().enumerate() {
            let answered: u32 = fates.iter().map(|fate| fate.answered[place]).sum();
            let read: u32 = fates.iter().map(|fate| fate.read).sum();
            let coverage = f64::from(answered) / f64::from(read);
            assert!((coverage - plugin.mean_coverage).abs() < 1e-12, "{coverage} {plugin:?}");
        }
        let barred =
            |(fate, case): (&Fate, &Case)| case.evidence.is_some() || fate.answered == [0, 0];
        assert!(fates.iter().zip(&cases).all(barred));
    }

    #[test]
    fn what_was_never_read_has_no_share() {
        let fates = fates(&cases()[..3], &[0.9], 0);
        assert_eq!(fates[0].shares(), [None]);
        assert_eq!(Fate { read: 4, answered: vec![3] }.shares(), [Some(0.75)]);
    }
}
