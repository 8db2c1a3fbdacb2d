//! Minimises a smooth convex function of a few numbers, some of which may not fall below a floor: Newton steps whose
//! quadratic model is solved inside the bounds. Small and exact on purpose: a calibrator has a dozen numbers.

/// A function at a point: value, slopes, and curvature row by row.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) hessian: Vec<Vec<f64>>,
}

/// Newton steps at most; a dozen is usual.
const STEPS: usize = 60;
/// Halvings before a step is given up.
const HALVINGS: u32 = 30;
/// Sweeps over the coordinates of one quadratic model.
const SWEEPS: usize = 200;
/// A step this small ends the search.
const STILL: f64 = 1e-9;

/// The point that minimises `function` with every coordinate at or above its floor. Coordinates beyond the floors given
/// are free.
pub(super) fn minimise(
    start: Vec<f64>,
    floors: &[f64],
    function: impl Fn(&[f64]) -> Local,
) -> Vec<f64> {
    let mut at = lifted(start, floors);
    let mut here = function(&at);
    for _ in 0..STEPS {
        let step = bounded_step(&here, &at, floors);
        if step.iter().all(|move_| move_.abs() < STILL) {
            break;
        }
        let Some((next, there)) = shorten(&at, &here, &step, &function) else { break };
        (at, here) = (lifted(next, floors), there);
    }
    at
}

fn floor(floors: &[f64], i: usize) -> f64 {
    floors.get(i).copied().unwrap_or(f64::NEG_INFINITY)
}

fn lifted(mut at: Vec<f64>, floors: &[f64]) -> Vec<f64> {
    for (i, x) in at.iter_mut().enumerate() {
        *x = x.max(floor(floors, i));
    }
    at
}

/// Halves the step until the value does not rise; `None` when no part of it helps.
fn shorten(
    at: &[f64],
    here: &Local,
    step: &[f64],
    function: &impl Fn(&[f64]) -> Local,
) -> Option<(Vec<f64>, Local)> {
    (0..HALVINGS).map(|halving| 0.5f64.powi(halving.cast_signed())).find_map(|share| {
        let next: Vec<f64> = at.iter().zip(step).map(|(x, d)| x + share * d).collect();
        let there = function(&next);
        (there.value <= here.value).then_some((next, there))
    })
}

/// Minimises the quadratic model around `at` coordinate by coordinate; exact for a convex model.
fn bounded_step(here: &Local, at: &[f64], floors: &[f64]) -> Vec<f64> {
    let mut step = vec![0.0; at.len()];
    for _ in 0..SWEEPS {
        let mut moved: f64 = 0.0;
        for (i, row) in here.hessian.iter().enumerate() {
            let (Some(&x), Some(&slope)) = (at.get(i), here.gradient.get(i)) else { continue };
            let curvature = row.get(i).copied().unwrap_or(0.0).max(1e-12);
            let pull: f64 = row.iter().zip(&step).map(|(h, d)| h * d).sum::<f64>() + slope;
            let Some(d) = step.get_mut(i) else { continue };
            let wanted = (*d - pull / curvature).max(floor(floors, i) - x);
            moved = moved.max((wanted - *d).abs());
            *d = wanted;
        }
        if moved < STILL / 10.0 {
            break;
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (x-2)² + (y+3)² + xy/2
    fn bowl(at: &[f64]) -> Local {
        let (x, y) = (at[0], at[1]);
        Local {
            value: (x - 2.0).powi(2) + (y + 3.0).powi(2) + x * y / 2.0,
            gradient: vec![2.0 * (x - 2.0) + y / 2.0, 2.0 * (y + 3.0) + x / 2.0],
            hessian: vec![vec![2.0, 0.5], vec![0.5, 2.0]],
        }
    }

    #[test]
    fn finds_the_bottom_inside_the_bounds() {
        let check = |floors: &[f64], expect: [f64; 2]| {
            let found = minimise(vec![0.0, 0.0], floors, bowl);
            let near = found.iter().zip(expect).all(|(x, e)| (x - e).abs() < 1e-6);
            assert!(near, "{floors:?}: {found:?}, expected {expect:?}");
        };
        let none = f64::NEG_INFINITY;
        check(&[], [44.0 / 15.0, -56.0 / 15.0]);
        check(&[none, none], [44.0 / 15.0, -56.0 / 15.0]);
        check(&[0.0, 0.0], [2.0, 0.0]);
        check(&[3.0, none], [3.0, -3.75]);
    }

    #[test]
    fn a_start_below_the_floor_is_lifted() {
        assert_eq!(
            minimise(vec![-5.0, 0.0], &[1e9], |at| bowl(&[at[0], 0.0]))[0].to_bits(),
            1e9f64.to_bits()
        );
    }
}
