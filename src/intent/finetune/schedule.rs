//! The rate of each step: up in a line, down in half a cosine. Pure.

use std::f64::consts::PI;

/// The share of the greatest rate at step `at`, counted from 0, of `steps`.
pub(super) fn share(at: usize, steps: usize, warm_up: f64) -> f64 {
    let rising = (steps as f64 * warm_up).ceil();
    let at = at as f64;
    if at < rising {
        return (at + 1.0) / (rising + 1.0);
    }
    let falling = (steps as f64 - rising).max(1.0);
    0.5 * (1.0 + (PI * ((at - rising) / falling).min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls_and_is_never_nothing_before_the_end() {
        let all: Vec<f64> = (0..100).map(|at| share(at, 100, 0.1)).collect();
        assert!(all.iter().all(|share| *share > 0.0 && *share <= 1.0));
        assert!(all.windows(2).take(10).all(|pair| pair[0] < pair[1]));
        assert!(all.windows(2).skip(10).all(|pair| pair[0] > pair[1]));
        assert!(share(0, 1, 0.0) > 0.99 && share(100, 100, 0.1) < 1e-9);
    }
}
