//! Particle filter with systematic resampling and jitter of duplicates
//! (Gordon et al. 1993, doi:10.1049/ip-f-2.1993.0015; Doucet et al. 2001, doi:10.1007/978-1-4757-3437-9, section 12.2).
//!
//! Globally, weights live from cycle to cycle ([`ParticleFilter::weigh`], [`ParticleFilter::resample`]). As a transform
//! filter every analysis resamples; local domains then share one uniform number and one jitter, so that neighbours
//! choose alike (Farchi and Bocquet 2018, doi:10.5194/npg-25-765-2018, section 4).

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};
use reterra_statistics::{Stage, StreamKey};

use super::gain::Gain;
use crate::AssimilationError;
use crate::analysis::{Departures, Observed, Transform, TransformFilter};
use crate::linear_algebra::{require_finite, require_finite_row, symmetric_root};

/// The filter's options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParticleFilter {
    /// Bandwidth of the jitter over Scott's `N^(-1/(n + 4))`; 0 copies particles as they are.
    pub regularisation: f64,
    /// Particles are resampled where their effective number is at or below this share of N.
    pub resample_below: f64,
    /// Dimensions of the space in which bandwidth is measured; `None` takes the state's.
    pub dimensions: Option<usize>,
}

/// A weight above this, less one, is the only one.
const DEGENERATE: f64 = 1e-10;

impl ParticleFilter {
    /// Bayes' rule: weights (N, sum 1) after the observations.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, `NoEnsemble`.
    pub fn weigh(&self, weights: &mut [f64], seen: &Observed<'_>) -> Result<(), AssimilationError> {
        require_weights(weights, seen.he.nrows())?;
        let all = Departures::new(seen)?;
        let w = likelihood_weights(all.of_members().view(), weights);
        weights.iter_mut().zip(w).for_each(|(old, new)| *old = new);
        Ok(())
    }

    /// Resamples the particles (N × n) where their weights ask for it, and makes these equal.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, and those of the eigenvalue solver, for the jitter's covariance.
    pub fn resample(
        &self,
        mut e: ArrayViewMut2<'_, f64>,
        weights: &mut [f64],
        key: StreamKey,
    ) -> Result<(), AssimilationError> {
        let (n, dimension) = e.dim();
        require_weights(weights, n)?;
        require_finite(e.view(), "state of a member")?;
        if effective_size(weights) > self.resample_below * n as f64 {
            return Ok(());
        }
        let index = systematic(weights, key);
        let root = weighted_root(e.view(), weights)? * self.bandwidth(n, dimension);
        let chosen = e.select(Axis(0), &index);
        e.assign(&chosen);
        for (member, mut row) in e.rows_mut().into_iter().enumerate() {
            if is_duplicate(&index, member) {
                row += &normals(key, member, dimension).dot(&root);
            }
        }
        weights.fill(1.0 / n as f64);
        Ok(())
    }

    fn bandwidth(&self, members: usize, dimension: usize) -> f64 {
        let dimension = self.dimensions.unwrap_or(dimension) as f64;
        self.regularisation * (members as f64).powf(-1.0 / (dimension + 4.0))
    }
}

impl TransformFilter for ParticleFilter {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        let n = seen.s.nrows();
        let weights = likelihood_weights(seen.of_members().view(), &vec![1.0 / n as f64; n]).to_vec();
        let index = systematic(&weights, seen.key);
        let information = Gain::new(seen)?;
        let mut t = Array2::zeros((n, n));
        let kernel = kernel_weights(&weights);
        let spread = kernel.mapv(f64::sqrt) * (unbiased(&kernel).sqrt() * self.bandwidth(n, seen.d.len()));
        for (member, &from) in index.iter().enumerate() {
            t[[member, from]] = 1.0;
            if is_duplicate(&index, member) {
                // Jitter from the weighted anomalies, `A - 1 wᵀ A`.
                let xi = normals(seen.key, member, n) * &spread;
                let mut row = t.row_mut(member);
                row += &xi;
                row.scaled_add(-xi.sum(), &kernel);
            }
        }
        let w = crate::transform::column_means(t.view());
        Ok(Transform { t: t - &w, w, chi2: information.chi2, dfs: information.dfs })
    }
}

fn require_weights(weights: &[f64], members: usize) -> Result<(), AssimilationError> {
    if weights.len() != members {
        let what = "weights of the particles";
        return Err(AssimilationError::Shape { what, expected: members, got: weights.len() });
    }
    require_finite_row(weights, "weight of a particle")
}

/// Weights times the likelihood of normal departures (N × m), with sum 1; in logarithms, so that none is lost.
pub(crate) fn likelihood_weights(departures: ArrayView2<'_, f64>, prior: &[f64]) -> Array1<f64> {
    let log: Vec<f64> =
        departures.rows().into_iter().zip(prior).map(|(d, w)| w.ln() - 0.5 * d.dot(&d)).collect();
    let largest = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Array1<f64> = log.iter().map(|x| (x - largest).exp()).collect();
    weights /= weights.sum();
    weights
}

/// `1 / Σ w²`.
#[must_use]
pub fn effective_size(weights: &[f64]) -> f64 {
    1.0 / weights.iter().map(|w| w * w).sum::<f64>()
}

/// The particle that each place gets, ascending: one uniform number, then steps of 1/N through the cumulated weights.
fn systematic(weights: &[f64], key: StreamKey) -> Vec<usize> {
    let n = weights.len();
    let u = StreamKey { stage: Stage::Resample, member: 0, column: 0, ..key }.stream().uniform();
    let (mut from, mut cumulated) = (0, weights.first().copied().unwrap_or(0.0));
    let mut index = Vec::with_capacity(n);
    for place in 0..n {
        while cumulated < (place as f64 + u) / n as f64 && from + 1 < n {
            from += 1;
            cumulated += weights[from];
        }
        index.push(from);
    }
    index
}

fn is_duplicate(ascending: &[usize], k: usize) -> bool {
    let same = |j: Option<usize>| j.and_then(|j| ascending.get(j)) == Some(&ascending[k]);
    same(k.checked_sub(1)) || same(Some(k + 1))
}

/// The weights with which the jitter's covariance is made: equal ones where one particle has all weight.
fn kernel_weights(weights: &[f64]) -> Array1<f64> {
    let degenerate = weights.iter().any(|w| 1.0 - w < DEGENERATE);
    if degenerate {
        Array1::from_elem(weights.len(), 1.0 / weights.len() as f64)
    } else {
        Array1::from(weights.to_vec())
    }
}

/// The factor that makes a weighted covariance unbiased.
fn unbiased(weights: &Array1<f64>) -> f64 {
    1.0 / (1.0 - weights.dot(weights))
}

/// Symmetric root of the particles' weighted covariance.
fn weighted_root(e: ArrayView2<'_, f64>, weights: &[f64]) -> Result<Array2<f64>, AssimilationError> {
    let w = kernel_weights(weights);
    let anomalies = &e - &w.dot(&e);
    let weighted = &anomalies * &w.view().insert_axis(Axis(1));
    let covariance = anomalies.t().dot(&weighted) * unbiased(&w);
    symmetric_root(covariance.view(), "the particles' covariance")
}

fn normals(key: StreamKey, member: usize, count: usize) -> Array1<f64> {
    let mut stream = StreamKey { stage: Stage::Resample, member: member as u32 + 1, ..key }.stream();
    (0..count).map(|_| stream.normal()).collect()
}
