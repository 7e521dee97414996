//! The no-U-turn sampler.
//!
//! Momenta are those of `w = L⁻¹ z`, where `L Lᵀ` is the covariance that warm-up found: there they are standard normal,
//! and parameters that the data tie together are as easy as others.

use ndarray::{Array2, ArrayView1};
use reterra_statistics::Stream;

use super::{Chain, Length, SmoothTarget, half_square, normals, walk};
use crate::linear_algebra::cholesky;
use crate::transform::column_means;

/// Acceptance that the step size is adapted to.
const ACCEPTANCE: f64 = 0.8;
/// Doublings of a trajectory.
const DEPTH: usize = 10;
/// Error of the energy that counts as a divergence.
const DIVERGENCE: f64 = 1000.0;

pub(super) fn chain(target: &dyn SmoothTarget, z: Vec<f64>, length: Length, stream: &mut Stream) -> Chain {
    corrected(target, z, length, (stream, |_: &[f64], _: &mut Stream| None))
}

/// A chain whose every step `correct` may refuse, for reasons beyond the target; none where it has no opinion.
pub(super) fn corrected(
    target: &dyn SmoothTarget,
    z: Vec<f64>,
    length: Length,
    (stream, mut correct): (&mut Stream, impl FnMut(&[f64], &mut Stream) -> Option<bool>),
) -> Chain {
    let d = z.len();
    let mut sampler = Sampler { target, factor: Array2::eye(d), step: 0.1, diverged: 0 };
    let mut point = sampler.point(z, vec![0.0; d]);
    sampler.step = sampler.reasonable(&point, stream);
    let mut averaging = Averaging::new(sampler.step);
    let mut windows = Windows::new(length.warm_up, d);
    let mut chain = walk(length, d, |step, warming| {
        let (next, accepted) = sampler.transition(&point, stream);
        let taken = correct(&next.z, stream);
        if taken != Some(false) {
            point = next;
        }
        if warming {
            sampler.step = averaging.next(accepted);
            if let Some(factor) = windows.see(step, &point.z) {
                sampler.factor = factor;
                sampler.step = sampler.reasonable(&point, stream);
                averaging = Averaging::new(sampler.step);
            }
            if step + 1 == length.warm_up {
                sampler.step = averaging.mean();
                sampler.diverged = 0;
            }
        }
        (point.z.clone(), taken.map_or(accepted, |taken| f64::from(u8::from(taken))))
    });
    chain.divergences = sampler.diverged;
    chain
}

/// A place in phase space.
#[derive(Clone, Debug)]
struct Point {
    z: Vec<f64>,
    momentum: Vec<f64>,
    /// Logarithm of the posterior density, and its derivatives.
    log_density: f64,
    gradient: Vec<f64>,
}

struct Sampler<'a> {
    target: &'a dyn SmoothTarget,
    /// Lower factor of the parameters' covariance.
    factor: Array2<f64>,
    step: f64,
    diverged: usize,
}

/// A part of a trajectory.
struct Tree {
    first: Point,
    last: Point,
    /// A state drawn from it by weight.
    drawn: Point,
    log_weight: f64,
    /// Sum of momenta.
    rho: Vec<f64>,
    turned: bool,
    acceptance: f64,
    states: f64,
}

impl Sampler<'_> {
    fn point(&self, z: Vec<f64>, momentum: Vec<f64>) -> Point {
        let mut gradient = vec![0.0; z.len()];
        let likelihood = self.target.with_gradient(&z, &mut gradient);
        gradient.iter_mut().zip(&z).for_each(|(g, z)| *g -= z);
        let value = likelihood - half_square(&z);
        let log_density = if value.is_nan() { f64::NEG_INFINITY } else { value };
        Point { z, momentum, log_density, gradient }
    }

    fn energy(at: &Point) -> f64 {
        half_square(&at.momentum) - at.log_density
    }

    fn leapfrog(&self, from: &Point, step: f64) -> Point {
        let kick = |p: &[f64], g: &[f64]| {
            let g = self.factor.t().dot(&ArrayView1::from(g));
            p.iter().zip(&g).map(|(p, g)| p + 0.5 * step * g).collect::<Vec<f64>>()
        };
        let half = kick(&from.momentum, &from.gradient);
        let moved = self.factor.dot(&ArrayView1::from(&half));
        let drift = from.z.iter().zip(&moved).map(|(z, v)| z + step * v);
        let mut to = self.point(drift.collect(), Vec::new());
        to.momentum = kick(&half, &to.gradient);
        to
    }

    fn with_momentum(at: &Point, stream: &mut Stream) -> Point {
        Point { momentum: normals(at.z.len(), stream), ..at.clone() }
    }

    /// A step size at which one step is accepted about every second time.
    fn reasonable(&self, at: &Point, stream: &mut Stream) -> f64 {
        let start = Self::with_momentum(at, stream);
        let energy = Self::energy(&start);
        let gain = |step: f64| energy - Self::energy(&self.leapfrog(&start, step));
        let mut step = self.step;
        let up = gain(step) > 0.5_f64.ln();
        for _ in 0..50 {
            let next = if up { 2.0 * step } else { 0.5 * step };
            let passed = gain(next) > 0.5_f64.ln();
            step = next;
            if passed != up {
                break;
            }
        }
        step
    }

    fn transition(&mut self, at: &Point, stream: &mut Stream) -> (Point, f64) {
        let start = Self::with_momentum(at, stream);
        let energy = Self::energy(&start);
        let mut tree = Self::leaf(start, energy);
        tree.log_weight = 0.0;
        let (mut acceptance, mut states) = (0.0, 0.0);
        for depth in 0..DEPTH {
            let forward = stream.uniform() < 0.5;
            let from = if forward { tree.last.clone() } else { tree.first.clone() };
            let step = if forward { self.step } else { -self.step };
            let grown = self.grow(&from, (depth, step, energy), stream);
            acceptance += grown.acceptance;
            states += grown.states;
            if grown.turned {
                break;
            }
            // The new half is preferred, which keeps the right distribution and moves further.
            let take = stream.uniform().ln() < grown.log_weight - tree.log_weight;
            let drawn = if take { grown.drawn.clone() } else { tree.drawn.clone() };
            tree = Self::join(tree, grown, forward);
            tree.drawn = drawn;
            if tree.turned {
                break;
            }
        }
        (tree.drawn, acceptance / f64::max(states, 1.0))
    }

    fn leaf(point: Point, energy: f64) -> Tree {
        let log_weight = energy - Self::energy(&point);
        let log_weight = if log_weight.is_nan() { f64::NEG_INFINITY } else { log_weight };
        Tree {
            rho: point.momentum.clone(),
            first: point.clone(),
            last: point.clone(),
            drawn: point,
            log_weight,
            turned: log_weight < -DIVERGENCE,
            acceptance: log_weight.exp().min(1.0),
            states: 1.0,
        }
    }

    /// `2^depth` steps on from a point.
    fn grow(&mut self, from: &Point, (depth, step, energy): (usize, f64, f64), stream: &mut Stream) -> Tree {
        if depth == 0 {
            let leaf = Self::leaf(self.leapfrog(from, step), energy);
            self.diverged += usize::from(leaf.turned);
            return leaf;
        }
        let near = self.grow(from, (depth - 1, step, energy), stream);
        if near.turned {
            return near;
        }
        let on = if step > 0.0 { near.last.clone() } else { near.first.clone() };
        let far = self.grow(&on, (depth - 1, step, energy), stream);
        let (acceptance, states) = (near.acceptance + far.acceptance, near.states + far.states);
        let total = log_sum(near.log_weight, far.log_weight);
        let take = stream.uniform().ln() < far.log_weight - total;
        let drawn = if take { far.drawn.clone() } else { near.drawn.clone() };
        let broken = far.turned;
        let mut whole = Self::join(near, far, step > 0.0);
        whole.drawn = drawn;
        whole.turned |= broken;
        (whole.acceptance, whole.states) = (acceptance, states);
        whole
    }

    /// One trajectory of two parts; the second lies after the first, or before it.
    fn join(one: Tree, other: Tree, forward: bool) -> Tree {
        let log_weight = log_sum(one.log_weight, other.log_weight);
        let (before, after) = if forward { (one, other) } else { (other, one) };
        let rho: Vec<f64> = before.rho.iter().zip(&after.rho).map(|(a, b)| a + b).collect();
        let with = |rho: &[f64], p: &[f64]| rho.iter().zip(p).map(|(a, b)| a + b).collect::<Vec<f64>>();
        // The whole, and each part with the first step of the other (Betancourt's additional checks).
        let turned = turns(&rho, &before.first, &after.last)
            || turns(&with(&before.rho, &after.first.momentum), &before.first, &after.first)
            || turns(&with(&after.rho, &before.last.momentum), &before.last, &after.last);
        Tree {
            first: before.first,
            last: after.last,
            drawn: before.drawn,
            log_weight,
            rho,
            turned,
            acceptance: 0.0,
            states: 0.0,
        }
    }
}

fn turns(rho: &[f64], first: &Point, last: &Point) -> bool {
    let along = |point: &Point| rho.iter().zip(&point.momentum).map(|(rho, p)| rho * p).sum::<f64>();
    along(first) <= 0.0 || along(last) <= 0.0
}

fn log_sum(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    if most == f64::NEG_INFINITY { most } else { most + ((a - most).exp() + (b - most).exp()).ln() }
}

/// Dual averaging of the step size (Hoffman and Gelman 2014, section 3.2).
struct Averaging {
    mu: f64,
    error: f64,
    log_mean: f64,
    count: f64,
}

impl Averaging {
    fn new(step: f64) -> Self {
        Self { mu: (10.0 * step).ln(), error: 0.0, log_mean: 0.0, count: 0.0 }
    }

    fn next(&mut self, accepted: f64) -> f64 {
        self.count += 1.0;
        let eta = 1.0 / (self.count + 10.0);
        self.error = (1.0 - eta) * self.error + eta * (ACCEPTANCE - accepted);
        let log_step = self.mu - self.count.sqrt() / 0.05 * self.error;
        let weight = self.count.powf(-0.75);
        self.log_mean = weight * log_step + (1.0 - weight) * self.log_mean;
        log_step.exp()
    }

    fn mean(&self) -> f64 {
        self.log_mean.exp()
    }
}

/// Windows of the warm-up after each of which the metric is set, each twice as long as the one before (Stan's).
struct Windows {
    /// Last steps of the windows.
    ends: Vec<usize>,
    first: usize,
    /// States of the window so far, one after another.
    seen: Vec<f64>,
    d: usize,
}

impl Windows {
    fn new(warm_up: usize, d: usize) -> Self {
        let (first, last) = (warm_up * 15 / 200, warm_up - warm_up / 10);
        let mut ends = Vec::new();
        let (mut end, mut width) = (first, (warm_up / 40).max(10));
        while end + width <= last {
            // A window that leaves too little for a next one takes it all.
            end = if end + 3 * width > last { last } else { end + width };
            ends.push(end);
            width *= 2;
        }
        Self { ends, first, seen: Vec::new(), d }
    }

    /// Takes a state; the factor of the covariance at the end of a window.
    fn see(&mut self, step: usize, z: &[f64]) -> Option<Array2<f64>> {
        if step < self.first || self.ends.last().is_none_or(|last| step > *last) {
            return None;
        }
        self.seen.extend(z);
        if !self.ends.contains(&step) {
            return None;
        }
        let seen = std::mem::take(&mut self.seen);
        let states = Array2::from_shape_vec((seen.len() / self.d, self.d), seen).ok()?;
        cholesky(shrunk(&states).view(), "states of the warm-up").ok()
    }
}

/// Covariance of states (rows): variances shrunk towards a thousandth (Stan's), correlations towards none, so that few
/// states have a covariance of full rank.
fn shrunk(states: &Array2<f64>) -> Array2<f64> {
    let (n, d) = (states.nrows() as f64, states.ncols() as f64);
    let a = states - &column_means(states.view());
    let mut covariance = a.t().dot(&a) * (n / (n + 5.0) / (n - 1.0).max(1.0));
    let diagonal = covariance.diag().mapv(|v| v + 1e-3 * 5.0 / (n + 5.0));
    covariance *= n / (n + d);
    covariance.diag_mut().assign(&diagonal);
    covariance
}
