use super::*;
use crate::decision::guarantee::ladder;

/// A calibrator that learned already: the first number of the evidence is the probability.
fn as_it_is(_: &[&[f64]], _: &[bool]) -> Scorer {
    Box::new(|evidence: &[f64]| evidence.first().copied().unwrap_or(0.0))
}

/// An optimistic calibrator: it makes a path look worth walking.
fn hopeful(_: &[&[f64]], _: &[bool]) -> Scorer {
    Box::new(|evidence: &[f64]| evidence.first().map_or(0.0, |p| p + 0.05))
}

fn case(probability: f64, right: bool) -> Case {
    Case { evidence: Some(vec![probability]), right }
}

/// Messages whose answers are right as often as their probability says.
fn honest(count: usize, probability: impl Fn(f64) -> f64, seed: u64) -> Vec<Case> {
    let mut dice = Dice::new(seed);
    let mut uniform = || dice.below(1 << 30) as f64 / f64::from(1 << 30);
    (0..count)
        .map(|_| {
            let probability = probability(uniform());
            case(probability, uniform() < probability)
        })
        .collect()
}

fn scored(pairs: &[(f64, bool)]) -> Vec<Scored> {
    pairs.iter().map(|&(score, right)| Scored { score, right }).collect()
}

#[test]
fn the_lowest_threshold_reaches_its_target() {
    let check = |target: f64, expect: Option<f64>| {
        let sample = scored(&[
            (0.9, false),
            (0.8, true),
            (0.7, true),
            (0.6, true),
            (0.5, true),
            (0.4, false),
        ]);
        assert_eq!(
            curve::lowest(&ladder(&sample), target).map(|s| s.threshold),
            expect,
            "{target}"
        );
    };
    check(0.6, Some(0.4));
    check(0.8, Some(0.5));
    check(0.81, None);
}

#[test]
fn the_curve_falls_and_counts_all_messages() {
    let mut cases = honest(2000, |u| u, 1);
    cases.extend((0..2000).map(|_| Case { evidence: None, right: true }));
    let curve = curve(&cases, &as_it_is);
    assert_eq!(curve.len(), 20);
    assert!(curve.is_sorted_by(|a, b| a.precision < b.precision && a.coverage >= b.coverage));
    // Precision 0.9 is reached down to probability 0.8: a fifth of the half that may be answered.
    let at_90 = &curve[10];
    assert!((at_90.coverage - 0.1).abs() < 0.02, "{at_90:?}");
}

#[test]
fn out_of_fold_scores_never_come_from_their_own_labels() {
    // A calibrator that only remembers: it scores 1 what it saw, 0 else.
    fn memory(rows: &[&[f64]], _: &[bool]) -> Scorer {
        let seen: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
        Box::new(
            move |evidence: &[f64]| if seen.iter().any(|row| row == evidence) { 1.0 } else { 0.0 },
        )
    }
    let cases: Vec<Case> = (0..23_u32).map(|n| case(f64::from(n), true)).collect();
    let refs: Vec<&Case> = cases.iter().collect();
    assert!(out_of_fold(&refs, &memory).iter().all(|scored| scored.score == 0.0 && scored.right));
}

#[test]
fn a_plugin_threshold_is_read_where_it_was_not_chosen() {
    let plugin = plugin(&honest(4000, |u| u, 2), &[0.9], 20, &as_it_is).remove(0);
    assert!((plugin.mean_coverage - 0.2).abs() < 0.03, "{plugin:?}");
    assert!((plugin.mean_precision.unwrap() - 0.9).abs() < 0.02, "{plugin:?}");
    assert_eq!(plugin.calibration_messages, 2000);
}

#[test]
fn the_promise_holds_where_it_is_hardest() {
    // Every answer is right with a chance just below the target: any threshold that passes is a violation.
    let boundary = honest(3000, |_| 0.899, 3);
    let repeats = Repeats { splits: 10, draws: 1000 };
    let terms = Terms { target: 0.9, confidence: 0.95 };
    let truth = boundary.iter().filter(|case| case.right).count() as f64 / 3000.0;
    assert!(truth < 0.9);
    let report = guarantee(&boundary, &[terms], repeats, &hopeful).remove(0);
    assert!(report.violations <= 64, "{report:?}");
    assert!(report.draws_nothing_passed >= 900, "{report:?}");
}

#[test]
fn a_certificate_costs_little_coverage_on_a_steep_curve() {
    let cases = honest(6000, |u| 1.0 / (1.0 + (-(u - 0.5) * 12.0).exp()), 4);
    let terms = Terms { target: 0.95, confidence: 0.95 };
    let report =
        guarantee(&cases, &[terms], Repeats { splits: 20, draws: 200 }, &as_it_is).remove(0);
    let bound = 0.95 + 1.645 * (0.95 * 0.05 / (0.4 * 2000.0_f64)).sqrt();
    let reachable =
        curve::lowest(&ladder(&out_of_fold(&cases.iter().collect::<Vec<_>>(), &as_it_is)), bound)
            .map_or(0, |step| step.answered) as f64
            / 6000.0;
    assert!(report.mean_coverage > reachable - 0.04, "{report:?} {reachable}");
    assert!(report.violations <= 16 && report.nothing_passed == 0, "{report:?}");
    assert!(report.mean_precision.unwrap() > 0.95, "{report:?}");
}
