//! A share with the range that a sample of its size leaves open. Thresholds and certificates are not made from these: they
//! tell a reader which differences between two shares are worth a look.

use serde::Serialize;

/// Standard normal deviate of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval, fractions of 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Part of whole.
    pub share: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Share {
    /// `part` of `whole` with the score interval of Wilson (1927); `None` of nothing. Parts may be expected counts: the
    /// interval is then wider than need be, never narrower.
    pub fn of(part: f64, whole: f64) -> Option<Self> {
        if whole <= 0.0 {
            return None;
        }
        let share = (part / whole).clamp(0.0, 1.0);
        let square = Z * Z;
        let stretch = 1.0 + square / whole;
        let middle = (share + square / (2.0 * whole)) / stretch;
        let spread = share * (1.0 - share) / whole + square / (4.0 * whole * whole);
        let reach = Z / stretch * spread.sqrt();
        let (low, high) = ((middle - reach).max(0.0), (middle + reach).min(1.0));
        Some(Self { share, low: low.min(share), high: high.max(share) })
    }

    /// `part` of `whole`, counted.
    pub fn counted(part: usize, whole: usize) -> Option<Self> {
        Self::of(part as f64, whole as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let check = |part: usize, whole: usize, low: f64, high: f64| {
            let found = Share::counted(part, whole).unwrap();
            let near = |a: f64, b: f64| (a - b).abs() < 5e-4;
            assert!(near(found.low, low) && near(found.high, high), "{part}/{whole}: {found:?}");
        };
        // Newcombe (1998), Table I.
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
    }

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!(Share::counted(0, 0), None);
        let all = Share::counted(3, 3).unwrap();
        assert!(all.high.to_bits() == 1f64.to_bits() && all.low < 0.5, "{all:?}");
    }
}
