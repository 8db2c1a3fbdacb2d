//! Exact binomial tails and what follows from them: how many errors a certificate allows, how likely it is to pass, how many
//! labels it needs. Pure numbers; which messages are counted is the
//! caller's business.

/// ln n! minus Stirling's leading terms, for n < 16, where the series is not accurate enough. Computed once from exact factorials.
const STIRLING_ERROR: [f64; 16] = [
    0.0,
    0.081_061_466_795_327_26,
    0.041_340_695_955_409_3,
    0.027_677_925_684_998_34,
    0.020_790_672_103_765_093,
    0.016_644_691_189_821_193,
    0.013_876_128_823_070_748,
    0.011_896_709_945_891_77,
    0.010_411_265_261_972_096,
    0.009_255_462_182_712_733,
    0.008_330_563_433_362_87,
    0.007_573_675_487_951_841,
    0.006_942_840_107_209_53,
    0.006_408_994_188_004_207,
    0.005_951_370_112_758_847_5,
    0.005_554_733_551_962_801,
];

/// P(Bin(`trials`, `chance`) <= `successes`), to about 13 digits for up to millions of trials. `chance` in 0..=1.
pub fn binomial_tail(trials: u64, successes: u64, chance: f64) -> f64 {
    if successes >= trials || chance <= 0.0 {
        return 1.0;
    }
    if chance >= 1.0 {
        return 0.0;
    }
    let below_the_mean = (successes as f64) < trials as f64 * chance;
    let tail = if below_the_mean {
        sum_downward(trials, successes, chance)
    } else {
        1.0 - sum_upward(trials, successes + 1, chance)
    };
    tail.clamp(0.0, 1.0)
}

/// The most errors among `answered` with which precision >= `target` is shown at level `delta`: the largest e with
/// P(Bin(answered, 1 - target) <= e) <= delta. `None`: not even an error-free sample is large enough.
pub fn allowed_errors(answered: u64, target: f64, delta: f64) -> Option<u64> {
    let passes = |errors| binomial_tail(answered, errors, 1.0 - target) <= delta;
    if !passes(0) {
        return None;
    }
    let (mut passing, mut failing) = (0, answered + 1);
    while failing - passing > 1 {
        let middle = passing + (failing - passing) / 2;
        if passes(middle) {
            passing = middle;
        } else {
            failing = middle;
        }
    }
    Some(passing)
}

/// The chance that `answered` answers, each right with probability `precision`, show `target` at level `delta`.
pub fn chance_to_pass(answered: u64, precision: f64, target: f64, delta: f64) -> f64 {
    allowed_errors(answered, target, delta)
        .map_or(0.0, |errors| binomial_tail(answered, errors, 1.0 - precision))
}

/// The least number of error-free answers that shows `target` at level `delta`; 0 for a target of 0, `None` for a target of 1.
pub fn least_error_free(target: f64, delta: f64) -> Option<u64> {
    if target <= 0.0 {
        return Some(0);
    }
    if target >= 1.0 {
        return None;
    }
    let mut answered = whole((delta.ln() / target.ln()).floor());
    while binomial_tail(answered, 0, 1.0 - target) > delta {
        answered += 1;
    }
    Some(answered)
}

/// The least number of labelled answers that shows `target` with a chance of at least `wanted` if `precision` is the truth.
/// `None` where `precision` does not exceed `target` or a million labels do not suffice.
pub fn labels_needed(precision: f64, target: f64, delta: f64, wanted: f64) -> Option<u64> {
    const MOST: u64 = 1_000_000;
    if precision <= target {
        return None;
    }
    // The chance is a saw-tooth: between two allowed-error counts it only falls, so a tooth is first reached at its start.
    let mut answered = least_error_free(target, delta)?.max(1);
    for errors in 0.. {
        if answered > MOST {
            return None;
        }
        if binomial_tail(answered, errors, 1.0 - precision) >= wanted {
            return Some(answered);
        }
        answered = smallest_allowing(errors + 1, answered, target, delta);
    }
    None
}

/// The smallest sample of at least `from` that allows `errors`.
fn smallest_allowing(errors: u64, from: u64, target: f64, delta: f64) -> u64 {
    let allows = |answered| binomial_tail(answered, errors, 1.0 - target) <= delta;
    if allows(from) {
        return from;
    }
    let mut below = from;
    let mut step = 1;
    while !allows(below + step) {
        below += step;
        step *= 2;
    }
    let mut above = below + step;
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if allows(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    above
}

fn sum_downward(trials: u64, from: u64, chance: f64) -> f64 {
    let odds = (1.0 - chance) / chance;
    let mut term = point(trials, from, chance);
    let mut sum = term;
    for k in (1..=from).rev() {
        term *= k as f64 / (trials - k + 1) as f64 * odds;
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

fn sum_upward(trials: u64, from: u64, chance: f64) -> f64 {
    let odds = chance / (1.0 - chance);
    let mut term = point(trials, from, chance);
    let mut sum = term;
    for k in from..trials {
        term *= (trials - k) as f64 / (k + 1) as f64 * odds;
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// P(Bin(trials, chance) = successes) by the saddle-point expansion, which loses no digits to cancelling logarithms.
fn point(trials: u64, successes: u64, chance: f64) -> f64 {
    let (n, x) = (trials as f64, successes as f64);
    if successes == 0 {
        return (n * (-chance).ln_1p()).exp();
    }
    if successes == trials {
        return (n * chance.ln()).exp();
    }
    let log = stirling_error(trials)
        - stirling_error(successes)
        - stirling_error(trials - successes)
        - deviance(x, n * chance)
        - deviance(n - x, n * (1.0 - chance));
    log.exp() * (n / (std::f64::consts::TAU * x * (n - x))).sqrt()
}

fn stirling_error(n: u64) -> f64 {
    if let Some(exact) = usize::try_from(n).ok().and_then(|n| STIRLING_ERROR.get(n)) {
        return *exact;
    }
    let n = n as f64;
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square)
            / square)
        / n
}

/// x ln(x / mean) + mean - x, without cancellation where x is near the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let v = difference / (x + mean);
    let square = v * v;
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for odd in (3..2000).step_by(2) {
        power *= square;
        let next = sum + power / f64::from(odd);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// A finite, non-negative whole number as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range in which every whole f64 is a u64"
)]
fn whole(value: f64) -> u64 {
    if value.is_finite() { value.clamp(0.0, 9.0e15) as u64 } else { 0 }
}

#[cfg(test)]
mod tests;
