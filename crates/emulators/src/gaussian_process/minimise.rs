//! Bounded minimisation of a smooth function: L-BFGS on the variables that are free to move, steps projected into the
//! box (Nocedal and Wright 2006, doi:10.1007/978-0-387-40065-5, algorithms 7.4 and 3.1).
//!
//! Points where the function can't be evaluated, such as a covariance that isn't positive definite, count as too far.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 10;
/// Share of the decrease that the gradient promises and a step has to bring.
const SUFFICIENT: f64 = 1e-4;
/// Halvings of a step before the search is given up.
const HALVINGS: usize = 25;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Most iterations.
    pub iterations: usize,
    /// Decrease of an iteration that counts as none.
    pub decrease: f64,
}

/// A function's value with its gradient; none where it has none.
pub(super) type Evaluated = Option<(f64, Vec<f64>)>;

/// Where a search ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Minimum {
    /// The place.
    pub x: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Evaluations used.
    pub evaluations: usize,
}

/// Minimises `f` from `start` within `bounds`; none where `f` can't be evaluated at the start.
pub(super) fn minimise(
    mut f: impl FnMut(&[f64]) -> Evaluated,
    start: &[f64],
    bounds: &[(f64, f64)],
    limits: Limits,
) -> Option<Minimum> {
    let mut x = clamped(start.iter().copied(), bounds);
    let (mut value, mut gradient) = f(&x)?;
    let mut evaluations = 1;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..limits.iterations {
        let free = free(&x, &gradient, bounds);
        let direction = direction(&gradient, &free, &pairs);
        let mut found = None;
        let mut step = if pairs.is_empty() { 1.0_f64.min(1.0 / norm(&direction)) } else { 1.0 };
        for _ in 0..HALVINGS {
            let next = clamped(x.iter().zip(&direction).map(|(x, d)| x + step * d), bounds);
            let promised: f64 = next.iter().zip(&x).zip(&gradient).map(|((b, a), g)| (b - a) * g).sum();
            evaluations += 1;
            if let Some((reached, slope)) = f(&next)
                && reached <= value + SUFFICIENT * promised
            {
                found = Some((next, reached, slope));
                break;
            }
            step *= 0.4;
        }
        let Some((next, reached, slope)) = found else {
            // Curvature that misled is forgotten once; steepest descent that finds nothing is the end.
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        remember(&mut pairs, difference(&next, &x), difference(&slope, &gradient));
        let decrease = value - reached;
        (x, value, gradient) = (next, reached, slope);
        if decrease < limits.decrease {
            break;
        }
    }
    Some(Minimum { x, value, evaluations })
}

/// Which variables may move: not those at a bound that the gradient pushes against.
fn free(x: &[f64], gradient: &[f64], bounds: &[(f64, f64)]) -> Vec<bool> {
    let may = |((x, g), (low, high)): ((&f64, &f64), &(f64, f64))| {
        !((x <= low && *g > 0.0) || (x >= high && *g < 0.0))
    };
    x.iter().zip(gradient).zip(bounds).map(may).collect()
}

/// The two-loop recursion over the free variables.
fn direction(gradient: &[f64], free: &[bool], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().zip(free).map(|(g, free)| if *free { -g } else { 0.0 }).collect();
    let mut kept = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let factor = dot(s, &q) / dot(s, y);
        add(&mut q, -factor, y);
        kept.push(factor);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        for q in &mut q {
            *q *= scale;
        }
    }
    for ((s, y), factor) in pairs.iter().zip(kept.into_iter().rev()) {
        let correction = factor - dot(y, &q) / dot(s, y);
        add(&mut q, correction, s);
    }
    q.iter_mut().zip(free).filter(|(_, free)| !**free).for_each(|(q, _)| *q = 0.0);
    if dot(&q, gradient) < 0.0 {
        return q;
    }
    gradient.iter().zip(free).map(|(g, free)| if *free { -g } else { 0.0 }).collect()
}

/// Keeps a pair with positive curvature.
fn remember(pairs: &mut VecDeque<(Vec<f64>, Vec<f64>)>, s: Vec<f64>, y: Vec<f64>) {
    if dot(&s, &y) <= 1e-10 * norm(&s) * norm(&y) {
        return;
    }
    if pairs.len() == MEMORY {
        pairs.pop_front();
    }
    pairs.push_back((s, y));
}

fn clamped(x: impl Iterator<Item = f64>, bounds: &[(f64, f64)]) -> Vec<f64> {
    x.zip(bounds).map(|(x, (low, high))| x.clamp(*low, *high)).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const LIMITS: Limits = Limits { iterations: 200, decrease: 1e-14 };

    #[expect(clippy::unnecessary_wraps, reason = "functions to minimise may lack a value")]
    /// Rosenbrock's valley, in which steepest descent creeps.
    fn valley(x: &[f64]) -> Evaluated {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        Some((a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b]))
    }

    #[test]
    fn the_valley_is_followed_to_its_end() {
        let free = [(-5.0, 5.0); 2];
        let found = minimise(valley, &[-1.2, 1.0], &free, LIMITS).unwrap();
        assert_abs_diff_eq!(found.x[0], 1.0, epsilon = 1e-5);
        assert_abs_diff_eq!(found.x[1], 1.0, epsilon = 1e-5);
        assert!(found.evaluations < 100, "{}", found.evaluations);
    }

    #[test]
    fn bounds_hold_and_the_rest_is_minimised_along_them() {
        let found = minimise(valley, &[-1.2, 1.0], &[(-5.0, 0.5), (-5.0, 5.0)], LIMITS).unwrap();
        assert_abs_diff_eq!(found.x[0], 0.5);
        assert_abs_diff_eq!(found.x[1], 0.25, epsilon = 1e-5);
    }

    #[test]
    fn places_without_a_value_are_avoided() {
        // √x has no value below 0, and its minimum with the pull to the left lies at 1.
        let f = |x: &[f64]| (x[0] >= 0.0).then(|| (x[0] - 2.0 * x[0].sqrt(), vec![1.0 - 1.0 / x[0].sqrt()]));
        let found = minimise(f, &[9.0], &[(-100.0, 100.0)], LIMITS).unwrap();
        assert_abs_diff_eq!(found.x[0], 1.0, epsilon = 1e-5);
        assert!(minimise(f, &[-1.0], &[(-100.0, 100.0)], LIMITS).is_none());
    }
}
