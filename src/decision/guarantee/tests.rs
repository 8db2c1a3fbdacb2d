use proptest::prelude::*;

use super::*;
use crate::message::{Language, Risk, Timestamp};

const TERMS: Terms = Terms { target: 0.95, confidence: 0.95 };

/// Reproducible uniform numbers in 0..1 (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Messages with these scores, right with a chance that depends on the score.
    fn messages(&mut self, count: usize, right: impl Fn(f64) -> f64) -> Vec<Scored> {
        (0..count)
            .map(|_| {
                let score = self.next();
                Scored { score, right: self.next() < right(score) }
            })
            .collect()
    }
}

fn scored(pairs: &[(f64, bool)]) -> Vec<Scored> {
    pairs.iter().map(|&(score, right)| Scored { score, right }).collect()
}

fn now() -> Timestamp {
    "2026-07-01T00:00:00Z".parse().unwrap()
}

fn walked(path: &Path, certify: &[Scored], test: Test) -> Option<f64> {
    let passed = walk(path, test, |rung| Reading::at(Some(rung), certify))?;
    path.rungs.get(passed).map(|rung| rung.threshold)
}

#[test]
fn thresholds_answer_equal_scores_together() {
    let sample = scored(&[(0.5, true), (0.9, true), (0.5, false), (f64::NEG_INFINITY, true)]);
    let steps: Vec<(f64, usize, usize)> =
        ladder(&sample).iter().map(|s| (s.threshold, s.answered, s.right)).collect();
    assert_eq!(steps, [(0.9, 1, 1), (0.5, 3, 2)]);
    assert_eq!(Reading::at(Some(0.5), &sample), Reading { messages: 4, answered: 3, right: 2 });
    assert_eq!(Reading::at(None, &sample).coverage().to_bits(), 0f64.to_bits());
    assert_eq!(Reading::at(None, &sample).precision(), None);
}

#[test]
fn nothing_is_certified_from_too_few_labels() {
    let workshop = scored(&[(0.975, true); 40]);
    let check = |certify: usize, passes: bool| {
        assert_eq!(plan(&workshop, certify, TERMS.test()).is_ok(), passes, "{certify}");
    };
    check(58, false);
    check(100, false);
    check(400, true);
    let too_few = plan(&workshop, 100, TERMS.test()).unwrap_err();
    assert_eq!((too_few.needed, too_few.planned), (Some(361), 100));
    assert_eq!(plan(&[], 100, TERMS.test()).unwrap_err().needed, None);
}

#[test]
fn a_walk_stops_at_the_first_failed_rung() {
    let test = Terms { target: 0.9, confidence: 0.95 }.test();
    let workshop: Vec<Scored> =
        (0..900_u32).map(|n| Scored { score: 1.0 - f64::from(n) / 4000.0, right: true }).collect();
    let path = plan(&workshop, 900, test).unwrap();
    assert!(path.rungs.len() <= 24 && path.rungs.is_sorted_by(|a, b| a.threshold > b.threshold));
    let certify = |wrong_from: f64, wrong_to: f64| -> Vec<Scored> {
        let right = |score: f64| !(wrong_to..wrong_from).contains(&score);
        workshop.iter().map(|s| Scored { right: right(s.score), ..*s }).collect()
    };
    let all_right = walked(&path, &certify(0.0, 0.0), test).unwrap();
    let broken = walked(&path, &certify(0.9, 0.8), test).unwrap();
    assert!(all_right < 0.8 && broken > 0.86, "{all_right} {broken}");
    assert_eq!(walked(&path, &certify(1.1, 0.9), test), None);
    // (f) Labels below the loosest rung are never read.
    let mut altered = certify(0.0, 0.0);
    altered.extend(scored(&[(0.01, false); 500]));
    assert_eq!(walked(&path, &altered, test), Some(all_right));
}

#[test]
fn the_promise_holds_at_the_boundary() {
    // (a) Just below the target at every threshold: whatever passes is a violation. The scores are made to look promising.
    let mut chance = Chance(1);
    let workshop: Vec<Scored> = chance
        .messages(400, |_| 1.0)
        .into_iter()
        .map(|s| Scored { score: 0.96 + 0.04 * s.score, ..s })
        .collect();
    let path = plan(&workshop, 800, TERMS.test()).unwrap();
    let mut violations = 0;
    for _ in 0..1000 {
        let certify: Vec<Scored> = chance
            .messages(800, |_| 0.9499)
            .into_iter()
            .map(|s| Scored { score: 0.96 + 0.04 * s.score, ..s })
            .collect();
        violations += u32::from(walked(&path, &certify, TERMS.test()).is_some());
    }
    assert!((5..=64).contains(&violations), "{violations}");
}

/// One epoch: what is first certified and then renewed is right as often as `precisions` say, over the same 600 answers.
/// Whether any bundle was certified that is not as good as promised.
fn lied(chance: &mut Chance, precisions: impl Fn(&mut Chance) -> f64) -> bool {
    let budget = Budget::new(TERMS, Vec::new());
    let count = |chance: &mut Chance, precision: f64| {
        let right = (0..600).filter(|_| chance.next() < precision).count();
        Reading { messages: 600, answered: 600, right }
    };
    let first = precisions(chance);
    if !budget.first(Slice::Whole).passes(count(chance, first)) {
        return false;
    }
    let mut lied = first < TERMS.target;
    let mut epoch = epoch(budget);
    for renewal in 1..=50 {
        let (bundle, precision) = (format!("b{renewal}"), precisions(chance));
        let ticket = epoch.ticket(&bundle).unwrap();
        let passed = ticket.test.passes(count(chance, precision));
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        epoch.enter(ticket, &bundle, (outcome, now()));
        if !passed {
            break;
        }
        lied |= precision < TERMS.target;
    }
    lied
}

#[test]
fn an_epoch_of_fifty_renewals_keeps_its_promise() {
    // (e) Editors who know no message: good and bad edits in every mixture, and one that is always just too bad.
    let check = |name: &str, seed: u64, bad: f64| {
        let mut chance = Chance(seed);
        let precisions = |chance: &mut Chance| if chance.next() < bad { 0.9499 } else { 0.995 };
        let lies = (0..1000).filter(|_| lied(&mut chance, precisions)).count();
        assert!(lies <= 50, "{name}: {lies} of 1000 epochs");
    };
    check("all bad", 1, 1.0);
    check("half", 2, 0.5);
    check("one in ten", 3, 0.1);
    check("one in fifty", 4, 0.02);
}

fn epoch(budget: Budget) -> Epoch {
    let (set, bundle) = ("s".to_owned(), "b0".to_owned());
    Epoch { number: 1, set, budget, threshold: 0.8, bundle, renewals: Vec::new() }
}

#[test]
fn least_error_free_answers_are_as_stated() {
    let budget = Budget::new(TERMS, Vec::new());
    let least = |test: Test| tails::least_error_free(test.target, test.delta).unwrap();
    assert_eq!(least(budget.first(Slice::Whole)), 72);
    let renewals: Vec<u64> = [1, 10, 50].map(|j| least(budget.renewal(j, Slice::Whole))).into();
    assert_eq!(renewals, [144, 234, 297]);
    // With 2,000 answers: 96.0 % right first, then 96.6, 97.1 and 97.3; with 600: 96.8, 97.8, 98.5, 99.0.
    let needed = |test: Test, m: usize| 1.0 - test.allowed(m).unwrap() as f64 / m as f64;
    let check = |m: usize, expect: [f64; 4]| {
        let renewals = [1, 10, 50].map(|j| budget.renewal(j, Slice::Whole));
        let tests = std::iter::once(budget.first(Slice::Whole)).chain(renewals);
        for (test, expect) in tests.zip(expect) {
            assert!((needed(test, m) - expect).abs() < 0.0009, "{m} {test:?} {}", needed(test, m));
        }
    };
    check(2000, [0.960, 0.966, 0.971, 0.973]);
    check(600, [0.968, 0.978, 0.985, 0.990]);
}

#[test]
fn a_budget_is_never_overspent() {
    let check = |slices: Vec<Slice>| {
        let budget = Budget::new(TERMS, slices.clone());
        let first: f64 = std::iter::once(&Slice::Whole)
            .chain(&budget.slices)
            .map(|slice| budget.first(*slice).delta)
            .sum();
        // Every state that the labels could have led to pays for its own renewals: a rung; a slice that was not certified,
        // or stands (a risk at one of 24 rungs), or was lost at one of the renewals before.
        let renewals: f64 = (1..=10_000u32)
            .map(|j| {
                let fates = |kinds: f64| 1.0 + kinds + kinds * f64::from(j - 1);
                let states = budget.slices.iter().fold(24.0, |all, slice| match slice {
                    Slice::Risk(_) => all * fates(24.0),
                    Slice::Language(_) | Slice::Whole => all * fates(1.0),
                });
                budget.price(j) * states
            })
            .sum();
        assert!(renewals > TERMS.delta() * 0.499, "nothing is left over: {renewals}");
        assert!(first + renewals <= TERMS.delta() + 1e-12, "{slices:?}: {first} + {renewals}");
    };
    check(Vec::new());
    check(vec![Slice::Language(Language::ZH), Slice::Language(Language::EN)]);
    check(vec![Slice::Risk(Risk::Money), Slice::Whole, Slice::Risk(Risk::Money)]);
}

#[test]
fn the_ledger_refuses_a_recount_and_ends_at_the_first_failure() {
    let mut epoch = epoch(Budget::new(TERMS, Vec::new()));
    assert_eq!(epoch.ticket("b0"), Err(Spent::Stands));
    let first = epoch.ticket("b1").unwrap();
    epoch.enter(first, "b1", (Outcome::Begun, now()));
    // Interrupted: the same bundle goes on at its own price, another pays the next one.
    assert_eq!(epoch.ticket("b1").unwrap(), first);
    assert_eq!(epoch.ticket("b2").unwrap().j, 2);
    assert!(!epoch.stands("b1"));
    epoch.enter(first, "b1", (Outcome::Passed, now()));
    assert_eq!(epoch.ticket("b1"), Err(Spent::Stands));
    epoch.enter_free("b3", now());
    assert!(epoch.stands("b3") && epoch.stands("b0"));
    let second = epoch.ticket("b4").unwrap();
    assert_eq!(second.j, 2, "a free renewal takes no place");
    epoch.enter(second, "b4", (Outcome::Failed, now()));
    assert!(epoch.is_over() && !epoch.stands("b0"));
    assert_eq!(epoch.ticket("b5"), Err(Spent::Over));
    epoch.enter_free("b6", now());
    assert!(!epoch.stands("b6"));
    assert!((epoch.spent() - first.test.delta - second.test.delta).abs() < 1e-15);
}

#[test]
fn slices_are_written_as_the_wire_has_them() {
    let check = |text: &str, slice: Option<Slice>| {
        assert_eq!(Slice::try_from(text.to_owned()).ok(), slice, "{text}");
        assert!(slice.is_none_or(|slice| slice.to_string() == text));
    };
    check("all", Some(Slice::Whole));
    check("zh", Some(Slice::Language(Language::ZH)));
    check("risk=money", Some(Slice::Risk(Risk::Money)));
    check("risk=none", None);
    check("中文", None);
}

fn certificate() -> Certificate {
    let whole = Shown { slice: Slice::Whole, threshold: 0.8, answered: 400, allowed: 9 };
    let day = |text: &str| text.parse().unwrap();
    Certificate {
        budget: Budget::new(TERMS, Vec::new()),
        bundle: "b".to_owned(),
        messages: 1000,
        whole,
        rung: 3,
        slices: Vec::new(),
        period: Some((day("2026-06-01"), day("2026-06-30"))),
        bounds: Bounds::from(now(), 400),
    }
}

#[test]
fn a_certificate_ends() {
    let bounds = certificate().bounds;
    let later = |days: i64| now() + jiff::SignedDuration::from_hours(24 * days);
    assert!(!bounds.over(later(89), 0) && bounds.over(later(90), 0));
    assert!(!bounds.over(later(1), 399_999) && bounds.over(later(1), 400_000));
    let (share, [low, high]) = certificate().coverage();
    assert!((share - 0.4).abs() < 1e-12 && low > 0.36 && high < 0.44, "{low} {high}");
}

#[test]
fn the_sentence_promises_what_was_shown_and_no_more() {
    let said = Sentence::certified(&certificate());
    assert_eq!(
        said.en,
        "Calibrated on 400 answered messages drawn at random from 2026-06-01 to 2026-06-30: with 95 % confidence, at least \
         95 % of this bundle's automatic answers to messages like those are ones our labellers would call right; it says \
         nothing about single weeks, languages or topics, or about traffic that has changed since."
    );
    assert!(said.zh.contains("400 条") && said.zh.contains("95 %"), "{}", said.zh);
    let reading = Reading { messages: 391, answered: 86, right: 83 };
    let best = planned_at(reading, TERMS.test());
    let missing = Missing { target: 0.95, best, right: Some(83), coverage: 0.22 };
    let said = Sentence::missing(&missing);
    assert_eq!(
        said.en,
        "Not certified. At the most promising threshold 83 of 86 would-be answers were right; 95 % cannot be shown from so \
         few. If 97.5 % are right in truth, about 275 more randomly drawn would-be answers (about 1250 messages at 22 % \
         coverage) would give an 80 % chance. Until then nothing is answered automatically."
    );
    for sentence in
        [Sentence::provisional(), Sentence::stale(3), Sentence::withdrawn(), Sentence::expired()]
    {
        assert!(!sentence.en.contains('%') && !sentence.zh.contains('%'), "{}", sentence.en);
    }
}

#[test]
fn drift_is_seen_where_it_matters_only() {
    let profile = |answered: u64, out: u64, chinese: u64, score: f64| Profile {
        messages: 1000,
        answered,
        out_of_scope: out,
        chinese,
        english: 1000 - chinese,
        score: score * 1000.0,
    };
    let reference = profile(400, 200, 500, 0.6);
    let check = |live: Profile, expect: Option<Alarm>| {
        assert_eq!(reference.alarm(&live), expect, "{live:?}");
    };
    check(profile(400, 200, 500, 0.6), None);
    check(profile(430, 220, 530, 0.62), None);
    check(profile(280, 200, 500, 0.6), Some(Alarm::Answered));
    check(profile(400, 330, 500, 0.6), Some(Alarm::OutOfScope));
    check(profile(400, 200, 900, 0.6), Some(Alarm::Languages));
    check(profile(400, 200, 500, 0.4), Some(Alarm::Scores));
    check(Profile::default(), None);
}

#[test]
fn the_watch_rings_for_bad_answers_and_hardly_ever_for_good_ones() {
    let rings = |precision: f64, seed: u64| {
        let mut chance = Chance(seed);
        let watched = |_: &usize| {
            let mut wager = Wager::default();
            (0..1000).for_each(|_| wager.judge(chance.next() < precision, 0.95));
            wager.alarmed
        };
        (0..500).filter(watched).count()
    };
    // Looked at after each of 1,000 verdicts, at the very boundary.
    assert!(rings(0.95, 1) <= 34, "{}", rings(0.95, 1));
    assert!(rings(0.98, 2) <= 2);
    assert!(rings(0.90, 3) >= 475, "{}", rings(0.90, 3));
    let mut wager = Wager::default();
    (0..12).for_each(|_| wager.judge(false, 0.95));
    (0..900).for_each(|_| wager.judge(true, 0.95));
    assert!(wager.alarmed, "an alarm that rang stays");
}

proptest! {
    #[test]
    fn a_walk_never_passes_what_its_test_refuses(
        labels in prop::collection::vec((0.5..1.0f64, prop::bool::weighted(0.93)), 0..600),
    ) {
        let certify = scored(&labels);
        let workshop: Vec<Scored> = certify.iter().map(|s| Scored { score: s.score.max(0.96), ..*s }).collect();
        if let Ok(path) = plan(&workshop, certify.len(), TERMS.test())
            && let Some(threshold) = walked(&path, &certify, TERMS.test())
        {
            let reading = Reading::at(Some(threshold), &certify);
            prop_assert!(TERMS.test().passes(reading));
            prop_assert!(reading.wrong() as u64 <= TERMS.test().allowed(reading.answered).unwrap());
        }
    }

    #[test]
    fn altered_labels_below_the_loosest_rung_change_nothing(
        labels in prop::collection::vec((0.0..1.0f64, prop::bool::weighted(0.97)), 200..500),
        flips in prop::collection::vec(any::<bool>(), 500),
    ) {
        let certify = scored(&labels);
        let test = Terms { target: 0.8, confidence: 0.9 }.test();
        if let Ok(path) = plan(&certify, certify.len(), test) {
            let loosest = path.loosest().unwrap();
            let altered: Vec<Scored> = certify
                .iter()
                .zip(&flips)
                .map(|(s, flip)| Scored { right: s.right ^ (*flip && s.score < loosest), ..*s })
                .collect();
            prop_assert_eq!(walked(&path, &certify, test), walked(&path, &altered, test));
        }
    }
}
