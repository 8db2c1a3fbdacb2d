//! Limited-memory BFGS with a backtracking line search: minimises a smooth convex function of many numbers. It keeps no
//! state between runs and draws no random numbers: the same function gives the same minimum.

use std::collections::VecDeque;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Steps at most.
    pub(super) iterations: usize,
    /// Stop when no component of the gradient is larger.
    pub(super) gradient: f64,
    /// Stop when a step lowers the value by less than this share of it.
    pub(super) progress: f64,
}

/// Steps remembered: more buys little on a problem this smooth.
const MEMORY: usize = 8;
/// The share of the promised decrease that a step must deliver (Armijo).
const DECREASE: f64 = 1e-4;
/// Halvings before a direction is given up.
const HALVINGS: usize = 30;

/// A function's value, with its gradient written into the second argument.
pub(super) trait Function: FnMut(&[f64], &mut [f64]) -> f64 {}
impl<F: FnMut(&[f64], &mut [f64]) -> f64> Function for F {}

/// One remembered step: where it went and how the gradient changed.
struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    /// 1 / (moved · turned)
    weight: f64,
}

/// The point that minimises `function`, searched from `start`.
pub(super) fn minimise(start: Vec<f64>, limits: Limits, mut function: impl Function) -> Vec<f64> {
    let mut at = start;
    let mut gradient = vec![0.0; at.len()];
    let mut value = function(&at, &mut gradient);
    let mut memory = VecDeque::with_capacity(MEMORY);
    for _ in 0..limits.iterations {
        if largest(&gradient) <= limits.gradient {
            break;
        }
        let direction = descent(&memory, &gradient);
        let first = if memory.is_empty() { 1.0 / norm(&gradient).max(1.0) } else { 1.0 };
        let Some(next) = search(&at, (value, &gradient), (&direction, first), &mut function) else {
            break;
        };
        remember(&mut memory, (&at, &gradient), &next);
        let gained = value - next.value;
        (at, value, gradient) = (next.at, next.value, next.gradient);
        if gained <= limits.progress * value.abs() {
            break;
        }
    }
    at
}

struct Point {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Halves the step until the value falls enough; `None` when no step helps, which is the minimum to rounding.
fn search(
    at: &[f64],
    (value, gradient): (f64, &[f64]),
    (direction, first): (&[f64], f64),
    function: &mut impl Function,
) -> Option<Point> {
    let slope = dot(gradient, direction);
    let mut length = first;
    let mut found = vec![0.0; at.len()];
    for _ in 0..HALVINGS {
        let there: Vec<f64> = at.iter().zip(direction).map(|(x, d)| x + length * d).collect();
        let reached = function(&there, &mut found);
        if reached <= value + DECREASE * length * slope {
            return Some(Point { at: there, value: reached, gradient: found });
        }
        length /= 2.0;
    }
    None
}

fn remember(memory: &mut VecDeque<Step>, (at, gradient): (&[f64], &[f64]), next: &Point) {
    let moved = difference(&next.at, at);
    let turned = difference(&next.gradient, gradient);
    let curvature = dot(&moved, &turned);
    // Without positive curvature the step would spoil the approximation.
    if curvature <= 1e-12 * dot(&turned, &turned) {
        return;
    }
    if memory.len() == MEMORY {
        memory.pop_front();
    }
    memory.push_back(Step { moved, turned, weight: 1.0 / curvature });
}

/// The two-loop recursion: minus the approximate inverse Hessian times the gradient.
fn descent(memory: &VecDeque<Step>, gradient: &[f64]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let share = step.weight * dot(&step.moved, &direction);
        add(&mut direction, -share, &step.turned);
        shares.push(share);
    }
    if let Some(last) = memory.back() {
        let scale = 1.0 / (last.weight * dot(&last.turned, &last.turned));
        for d in &mut direction {
            *d *= scale;
        }
    }
    for (step, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = step.weight * dot(&step.turned, &direction);
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (t, f) in to.iter_mut().zip(from) {
        *t += factor * f;
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

/// Eight running sums, so that the compiler may use vector registers: float addition does not reorder by itself.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |highest, x| x.abs().max(highest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { iterations: 200, gradient: 1e-9, progress: 0.0 };

    #[test]
    fn finds_the_bottom_of_a_narrow_valley() {
        // (x-3)² + 100(y+1)²: badly scaled, so a plain gradient descent would crawl.
        let bottom = minimise(vec![0.0, 0.0], LIMITS, |at, gradient| {
            gradient.copy_from_slice(&[2.0 * (at[0] - 3.0), 200.0 * (at[1] + 1.0)]);
            (at[0] - 3.0).powi(2) + 100.0 * (at[1] + 1.0).powi(2)
        });
        assert!((bottom[0] - 3.0).abs() < 1e-6 && (bottom[1] + 1.0).abs() < 1e-6, "{bottom:?}");
    }

    #[test]
    fn stays_where_nothing_can_be_gained() {
        let start = vec![2.0, -5.0];
        let end = minimise(start.clone(), LIMITS, |_, gradient| {
            gradient.fill(0.0);
            7.0
        });
        assert_eq!(end, start);
    }

    #[test]
    fn gives_up_on_a_function_that_lies_about_its_slope() {
        let end = minimise(vec![1.0], LIMITS, |at, gradient| {
            gradient[0] = -1.0;
            at[0]
        });
        assert_eq!(end, vec![1.0]);
    }
}
