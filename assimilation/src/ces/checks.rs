//! Whether emulators may be believed where the posterior is.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use reterra_statistics::normal;
use serde::{Deserialize, Serialize};

use super::{Emulation, Encoder, Likelihood, Limits};
use crate::AssimilationError;
use crate::linear_algebra::eigh;
use crate::transform::column_means;

/// Probability of the intervals whose coverage is counted.
const INTERVAL: f64 = 0.9;
/// Distance beyond the design, in posterior standard deviations, up to which a draw still counts as within.
const MARGIN: f64 = 0.5;

/// What is known without further runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// Share of draws outside the design: beyond its range along any principal axis of the posterior by more than half a
    /// standard deviation.
    pub outside: f64,
    /// Mean over draws and components of the emulator's share in the likelihood's variance, `s² / (1 + s² + δ²)`.
    pub ignorance: f64,
    /// Root mean square of leave-one-out scores of each component; 1 where variances are right.
    pub scores: Vec<f64>,
    /// Share of leave-one-out scores within the 90 % interval.
    pub score_coverage: f64,
    /// Share of the outputs' variance explained of runs left out one by one.
    pub skill: f64,
}

/// What runs at draws of the posterior say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Runs with an output.
    pub runs: usize,
    /// Share of their components within the emulators' 90 % intervals.
    pub coverage: f64,
    /// Root mean square of their errors, in observation errors.
    pub rmse: f64,
}

impl Checks {
    /// Checks emulators at draws (rows as the likelihood takes them).
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn new(likelihood: &Likelihood<'_>, draws: ArrayView2<'_, f64>) -> Result<Self, AssimilationError> {
        let emulation = likelihood.emulation();
        let (places, _) = draws.split_at(Axis(1), emulation.parameters());
        let (_, mut share) = emulation.predict(places)?;
        for (mut share, z) in share.rows_mut().into_iter().zip(draws.rows()) {
            let errors = 1.0 + likelihood.discrepancy(&z.to_vec()).0;
            share.mapv_inplace(|s| s / (errors + s));
        }
        let scores = emulation.scores();
        let within = normal::quantile(0.5 + 0.5 * INTERVAL);
        let all: Vec<f64> = scores.iter().flatten().copied().collect();
        let count = all.len().max(1) as f64;
        let rms = |z: &Vec<f64>| (z.iter().map(|z| z * z).sum::<f64>() / z.len().max(1) as f64).sqrt();
        Ok(Self {
            outside: outside(emulation.design(), places)?,
            ignorance: share.mean().unwrap_or(0.0),
            scores: scores.iter().map(rms).collect(),
            score_coverage: all.iter().filter(|z| z.abs() <= within).count() as f64 / count,
            skill: emulation.skill(),
        })
    }
}

/// What emulators expect of runs that aren't made yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Forecast {
    encoder: Encoder,
    /// Of the components, runs × K.
    mean: Array2<f64>,
    /// Noise of runs included.
    variance: Array2<f64>,
}

impl Forecast {
    /// For whitened parameters (rows).
    pub fn new(emulation: &Emulation, z: ArrayView2<'_, f64>) -> Result<Self, AssimilationError> {
        let (mean, variance) = emulation.predict(z)?;
        Ok(Self {
            encoder: emulation.encoder.clone(),
            mean,
            variance: variance + &Array1::from(emulation.noise()),
        })
    }

    /// Compares it with the outputs (rows) of the runs at `rows`.
    pub fn against(&self, rows: &[usize], outputs: ArrayView2<'_, f64>, limits: &Limits) -> HeldOut {
        let gaps = self.encoder.encode(outputs) - &self.mean.select(Axis(0), rows);
        let variance = self.variance.select(Axis(0), rows);
        let width = normal::quantile(0.5 + 0.5 * INTERVAL);
        let pairs = gaps.iter().zip(&variance);
        let inside = pairs.filter(|(gap, v)| gap.abs() <= width * v.sqrt() + limits.negligible);
        let count = gaps.len().max(1) as f64;
        HeldOut {
            runs: rows.len(),
            coverage: inside.count() as f64 / count,
            rmse: (gaps.iter().map(|gap| gap * gap).sum::<f64>() / count).sqrt(),
        }
    }
}

/// Share of draws beyond the design's range along any principal axis of the draws.
fn outside(design: ArrayView2<'_, f64>, draws: ArrayView2<'_, f64>) -> Result<f64, AssimilationError> {
    let mean = column_means(draws);
    let a = &draws - &mean;
    let covariance = a.t().dot(&a) / (draws.nrows().max(2) - 1) as f64;
    let (values, axes) = eigh(covariance.view(), "the covariance of the posterior")?;
    let (along, designed): (Array2<f64>, Array2<f64>) = (a.dot(&axes), (&design - &mean).dot(&axes));
    let range = |k: usize| {
        let margin = MARGIN * values[k].max(0.0).sqrt();
        let column = designed.column(k);
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low - margin, high + margin)
    };
    let ranges: Vec<(f64, f64)> = (0..values.len()).map(range).collect();
    let beyond = along
        .rows()
        .into_iter()
        .filter(|row| row.iter().zip(&ranges).any(|(x, (low, high))| x < low || x > high));
    Ok(beyond.count() as f64 / draws.nrows().max(1) as f64)
}
