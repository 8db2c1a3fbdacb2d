use proptest::prelude::*;

use super::*;

#[test]
fn tails_equal_exact_sums() {
    // Reference values summed with 80 decimal digits.
    let check = |trials, successes, chance: f64, expect: f64| {
        let tail = binomial_tail(trials, successes, chance);
        let error = (tail - expect).abs() / expect;
        assert!(error < 1e-12, "P(Bin({trials}, {chance}) <= {successes}) = {tail}, not {expect}");
    };
    check(10, 3, 0.3, 6.496_107_184e-1);
    check(100, 5, 0.1, 5.757_688_648_703_381e-2);
    check(1000, 60, 0.05, 9.329_374_813_666_92e-1);
    check(2000, 80, 0.05, 2.008_798_490_894_036_4e-2);
    check(5000, 100, 0.02, 5.265_635_543_116_717e-1);
    check(20_000, 1800, 0.1, 9.133_209_316_902_193e-7);
    check(20_000, 2150, 0.1, 9.997_777_134_178_629e-1);
    check(1679, 0, 0.05, 3.962_171_593_181_444e-38);
}

#[test]
fn tails_hold_at_the_edges() {
    let check = |trials, successes, chance: f64, expect: f64| {
        assert_eq!(
            binomial_tail(trials, successes, chance).to_bits(),
            expect.to_bits(),
            "{trials} {successes} {chance}"
        );
    };
    check(0, 0, 0.5, 1.0);
    check(5, 5, 0.5, 1.0);
    check(5, 9, 0.5, 1.0);
    check(5, 0, 0.0, 1.0);
    check(5, 4, 1.0, 0.0);
}

#[test]
fn error_free_labels_as_the_guarantee_states_them() {
    let check = |target, delta, expect| assert_eq!(least_error_free(target, delta), expect);
    check(0.90, 0.05, Some(29));
    check(0.90, 0.0025, Some(57));
    check(0.95, 0.05, Some(59));
    check(0.95, 0.0025, Some(117));
    check(0.98, 0.05, Some(149));
    check(0.98, 0.0025, Some(297));
    check(1.0, 0.05, None);
    check(0.0, 0.05, Some(0));
}

#[test]
fn label_counts_as_the_guarantee_states_them() {
    let check = |target, precision, fresh, renewal| {
        assert_eq!(
            labels_needed(precision, target, 0.05, 0.8),
            Some(fresh),
            "{target} {precision}"
        );
        assert_eq!(labels_needed(precision, target, 0.0025, 0.8), Some(renewal));
    };
    check(0.90, 0.925, 803, 1737);
    check(0.90, 0.95, 179, 392);
    check(0.90, 0.975, 61, 147);
    check(0.95, 0.9625, 1679, 3648);
    check(0.95, 0.975, 361, 793);
    check(0.95, 0.9875, 153, 299);
    check(0.98, 0.985, 4318, 9371);
    check(0.98, 0.99, 969, 2058);
    check(0.98, 0.995, 386, 753);
    assert_eq!(labels_needed(0.95, 0.95, 0.05, 0.8), None);
}

#[test]
fn what_two_thousand_answers_must_show() {
    // GUARANTEE.md: the first certificate (half of delta) needs 96.0 % right of 2,000, 96.8 % of 600.
    let check = |answered, expect: f64| {
        let errors = allowed_errors(answered, 0.95, 0.025).unwrap();
        let needed = 1.0 - errors as f64 / answered as f64;
        assert!((needed - expect).abs() < 0.0006, "{answered}: {needed}");
    };
    check(2000, 0.960);
    check(600, 0.968);
    assert_eq!(allowed_errors(58, 0.95, 0.05), None);
    assert_eq!(allowed_errors(59, 0.95, 0.05), Some(0));
}

proptest! {
    #[test]
    fn tails_grow_with_successes_and_fall_with_chance(
        trials in 1_u64..3000, part in 0.0_f64..1.0, chance in 0.001_f64..0.999,
    ) {
        let successes = whole((trials as f64 * part).floor());
        let tail = binomial_tail(trials, successes, chance);
        prop_assert!((0.0..=1.0).contains(&tail));
        prop_assert!(binomial_tail(trials, successes + 1, chance) >= tail - 1e-12);
        prop_assert!(binomial_tail(trials, successes, (chance + 1e-3).min(1.0)) <= tail + 1e-12);
    }

    #[test]
    fn both_tails_sum_to_one(trials in 1_u64..3000, part in 0.0_f64..1.0, chance in 0.001_f64..0.999) {
        let successes = whole((trials as f64 * part).floor()).min(trials - 1);
        let lower = binomial_tail(trials, successes, chance);
        let upper = binomial_tail(trials, trials - successes - 1, 1.0 - chance);
        prop_assert!((lower + upper - 1.0).abs() < 1e-11);
    }

    #[test]
    fn allowed_errors_is_the_last_that_passes(answered in 1_u64..5000, target in 0.5_f64..0.99) {
        match allowed_errors(answered, target, 0.05) {
            None => prop_assert!(binomial_tail(answered, 0, 1.0 - target) > 0.05),
            Some(errors) => {
                prop_assert!(binomial_tail(answered, errors, 1.0 - target) <= 0.05);
                prop_assert!(binomial_tail(answered, errors + 1, 1.0 - target) > 0.05);
            }
        }
    }
}
