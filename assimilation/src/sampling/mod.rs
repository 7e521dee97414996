//! Samples of a posterior by Markov chains, and what tells whether they are any good.
//!
//! A target is a likelihood under a standard normal prior: parameters `u` are whitened to `z = (u - mean) / sd` before
//! sampling ([`Target`]). Chains run side by side from streams of their own, so a sample is the same on any number of
//! threads. [`diagnostics`] gates them: a sample that fails is an error, not a posterior.

pub mod diagnostics;
mod elliptical;
mod metropolis;
mod nuts;
mod pcn;
mod surrogate;
mod tempering;
#[cfg(test)]
mod tests;

use ndarray::Array2;
use rayon::prelude::*;
use reterra_statistics::{Stage, Stream, StreamKey};
use serde::{Deserialize, Serialize};

use crate::AssimilationError;

pub use diagnostics::{Convergence, Gate};

/// A likelihood under the prior N(0, I) of d whitened parameters.
pub trait Target: Sync {
    /// Number of parameters, d.
    fn dimension(&self) -> usize;

    /// Logarithm of the likelihood, up to a constant; -∞ where it is zero. NaN counts as -∞.
    fn log_likelihood(&self, z: &[f64]) -> f64;
}

/// A target with derivatives.
pub trait SmoothTarget: Target {
    /// As [`Target::log_likelihood`], with its derivatives (d).
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64;
}

/// How chains move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Random walk with an adapted covariance (Haario et al. 2001, doi:10.2307/3318737).
    Metropolis,
    /// Preconditioned Crank-Nicolson (Cotter et al. 2013, doi:10.1214/13-STS421): its acceptance doesn't fall with d.
    CrankNicolson,
    /// Elliptical slice (Murray et al. 2010, <https://proceedings.mlr.press/v9/murray10a.html>): nothing to tune.
    Elliptical,
    /// Elliptical slices at several temperatures that exchange their states, for posteriors of several modes (Syed et
    /// al. 2022, doi:10.1111/rssb.12464).
    Tempering {
        /// Number of temperatures, from the prior to the posterior.
        temperatures: usize,
    },
}

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Length {
    /// Chains.
    pub chains: usize,
    /// Steps at the start of a chain that adapt it and are thrown away.
    pub warm_up: usize,
    /// Draws kept of each chain.
    pub draws: usize,
    /// Steps for each draw.
    pub thin: usize,
}

impl Default for Length {
    fn default() -> Self {
        Self { chains: 4, warm_up: 1000, draws: 1000, thin: 1 }
    }
}

/// Draws of several chains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Draws × d of each chain.
    pub chains: Vec<Array2<f64>>,
    /// Share of proposals accepted by each chain; of exchanges with tempering, 1 with slices.
    pub acceptance: Vec<f64>,
    /// Trajectories that diverged, of each chain; only NUTS has any.
    pub divergences: Vec<usize>,
}

impl Sample {
    /// All draws, chain after chain.
    #[must_use]
    pub fn all(&self) -> Array2<f64> {
        let views: Vec<_> = self.chains.iter().map(|chain| chain.view()).collect();
        // Chains have one width.
        ndarray::concatenate(ndarray::Axis(0), &views).unwrap_or_default()
    }
}

/// What one chain leaves.
struct Chain {
    draws: Array2<f64>,
    acceptance: f64,
    divergences: usize,
}

/// Samples a target with a method that needs no derivatives. Chains start at draws of the prior where `starts` is empty,
/// else at its rows in turn.
///
/// # Errors
/// `Option` for a length or a method of zero size, `Shape` for starts of another width, and `Start` where no draw of the
/// prior has a likelihood.
pub fn sample(
    target: &dyn Target,
    method: Method,
    (length, seed): (Length, u64),
    starts: &Array2<f64>,
) -> Result<Sample, AssimilationError> {
    if let Method::Tempering { temperatures } = method {
        positive("temperatures", temperatures)?;
    }
    run(target, (length, seed), starts, |start, stream| match method {
        Method::Metropolis => metropolis::chain(target, start, length, stream),
        Method::CrankNicolson => pcn::chain(target, start, length, stream),
        Method::Elliptical => elliptical::chain(target, start, length, stream),
        Method::Tempering { temperatures } => tempering::chain(target, start, (length, temperatures), stream),
    })
}

/// Samples a smooth target by the no-U-turn sampler: multinomial trajectories, step size by dual averaging, dense metric
/// with shrunk correlations (Hoffman and Gelman 2014, <https://jmlr.org/papers/v15/hoffman14a.html>; Betancourt 2017, arXiv:1701.02434).
///
/// # Errors
/// As [`sample`].
pub fn sample_nuts(
    target: &dyn SmoothTarget,
    (length, seed): (Length, u64),
    starts: &Array2<f64>,
) -> Result<Sample, AssimilationError> {
    run(target, (length, seed), starts, |start, stream| nuts::chain(target, start, length, stream))
}

/// Samples a target by the no-U-turn sampler on a cheap likeness of it: each trajectory runs on the likeness and ends in one
/// evaluation of the target, which accepts it or not, so that the target is what is sampled (surrogate transitions: Liu
/// 2001, doi:10.1007/978-0-387-76371-2, section 9.4.3; Christen and Fox 2005, doi:10.1198/106186005X76983). The better the
/// likeness, the more are accepted; their share is the sample's `acceptance`.
///
/// # Errors
/// As [`sample`], and `Shape` where the two have different dimensions.
pub fn sample_by_surrogate(
    target: &dyn Target,
    likeness: &dyn SmoothTarget,
    (length, seed): (Length, u64),
    starts: &Array2<f64>,
) -> Result<Sample, AssimilationError> {
    let (expected, got) = (target.dimension(), likeness.dimension());
    if expected != got {
        return Err(AssimilationError::Shape { what: "parameters of the likeness", expected, got });
    }
    run(target, (length, seed), starts, |start, stream| {
        surrogate::chain((target, likeness), start, length, stream)
    })
}

/// Draws of the prior that a chain tries before it gives up.
const TRIES: usize = 1000;

fn run(
    target: &dyn Target,
    (length, seed): (Length, u64),
    starts: &Array2<f64>,
    chain: impl Fn(Vec<f64>, &mut Stream) -> Chain + Sync,
) -> Result<Sample, AssimilationError> {
    for (what, count) in [("chains", length.chains), ("draws", length.draws), ("thin", length.thin)] {
        positive(what, count)?;
    }
    let d = target.dimension();
    if starts.nrows() > 0 && starts.ncols() != d {
        let what = "parameters of the chains' starts";
        return Err(AssimilationError::Shape { what, expected: d, got: starts.ncols() });
    }
    let one = |k: usize| {
        let key = StreamKey { seed, stage: Stage::Sample, cycle: 0, member: k as u32, column: 0 };
        let mut stream = key.stream();
        let start = start(target, (k, starts), &mut stream)?;
        Ok(chain(start, &mut stream))
    };
    let chains: Vec<Chain> =
        (0..length.chains).into_par_iter().map(one).collect::<Result<_, AssimilationError>>()?;
    Ok(Sample {
        acceptance: chains.iter().map(|chain| chain.acceptance).collect(),
        divergences: chains.iter().map(|chain| chain.divergences).collect(),
        chains: chains.into_iter().map(|chain| chain.draws).collect(),
    })
}

fn start(
    target: &dyn Target,
    (k, starts): (usize, &Array2<f64>),
    stream: &mut Stream,
) -> Result<Vec<f64>, AssimilationError> {
    let given = (starts.nrows() > 0).then(|| starts.row(k % starts.nrows()).to_vec());
    let drawn = (0..TRIES).map(|_| (0..target.dimension()).map(|_| stream.normal()).collect::<Vec<f64>>());
    let mut tried = given.into_iter().chain(drawn);
    tried
        .find(|z| log_likelihood(target, z).is_finite())
        .ok_or(AssimilationError::Start { chain: k, tries: TRIES })
}

fn positive(option: &'static str, count: usize) -> Result<(), AssimilationError> {
    if count == 0 {
        return Err(AssimilationError::Option { option, value: 0.0, range: "1 and above" });
    }
    Ok(())
}

/// The likelihood with NaN as -∞.
fn log_likelihood(target: &dyn Target, z: &[f64]) -> f64 {
    let value = target.log_likelihood(z);
    if value.is_nan() { f64::NEG_INFINITY } else { value }
}

/// Steps a chain through its warm-up and its draws. `step` is told whether it is still warming up; it returns whether a
/// proposal was accepted, or the share of several.
fn walk(length: Length, d: usize, mut step: impl FnMut(usize, bool) -> (Vec<f64>, f64)) -> Chain {
    for k in 0..length.warm_up {
        step(k, true);
    }
    let mut draws = Array2::zeros((length.draws, d));
    let mut accepted = 0.0;
    for k in 0..length.draws * length.thin {
        let (z, share) = step(length.warm_up + k, false);
        accepted += share;
        draws.row_mut(k / length.thin).iter_mut().zip(z).for_each(|(draw, z)| *draw = z);
    }
    Chain { draws, acceptance: accepted / (length.draws * length.thin) as f64, divergences: 0 }
}

fn normals(d: usize, stream: &mut Stream) -> Vec<f64> {
    (0..d).map(|_| stream.normal()).collect()
}

fn half_square(z: &[f64]) -> f64 {
    0.5 * z.iter().map(|z| z * z).sum::<f64>()
}
