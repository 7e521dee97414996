//! A sample beside an exact posterior.

use ndarray::{Array1, Array2};
use serde::Serialize;

use super::Known;
use crate::transform::{column_means, column_sds};

/// How one sample differs from the posterior.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Errors of the mean, in posterior standard deviations.
    pub errors: [f64; 2],
    /// Standard deviations over the posterior's.
    pub sd_ratios: [f64; 2],
    /// `tr(C⁻¹ C_sample) / 2`.
    pub covariance_ratio: f64,
    /// Iterations.
    pub iterations: usize,
    /// Runs of the model.
    pub runs: usize,
}

/// Compares a sample of unconstrained parameters (rows) with the posterior; leaves iterations and runs at 0.
#[must_use]
pub fn compare(known: &dyn Known, sample: &Array2<f64>) -> Outcome {
    let mut seen = Array2::zeros((sample.nrows(), 2));
    for (mut row, u) in seen.rows_mut().into_iter().zip(sample.rows()) {
        row.assign(&Array1::from(known.coordinates(&u.to_vec()).to_vec()));
    }
    let exact = known.exact();
    let [[a, b], [_, d]] = exact.covariance;
    let sd = [a.sqrt(), d.sqrt()];
    let mean = column_means(seen.view());
    let anomalies = &seen - &mean;
    let c = anomalies.t().dot(&anomalies) / (seen.nrows() as f64 - 1.0);
    let trace = (d * c[[0, 0]] - 2.0 * b * c[[0, 1]] + a * c[[1, 1]]) / (a * d - b * b);
    Outcome {
        errors: [0, 1].map(|k| (mean[k] - exact.mean[k]) / sd[k]),
        sd_ratios: [0, 1].map(|k| c[[k, k]].sqrt() / sd[k]),
        covariance_ratio: 0.5 * trace,
        ..Outcome::default()
    }
}

/// What a method reaches on one problem, over seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    /// The problem's key.
    pub problem: String,
    /// Members.
    pub members: usize,
    /// Seeds.
    pub seeds: u32,
    /// Error of the mean in posterior standard deviations, larger component, mean over seeds.
    pub mean_error: f64,
    /// The same, largest over seeds.
    pub worst_mean_error: f64,
    /// Error of the mean averaged over seeds, larger component.
    pub error_of_average: f64,
    /// `tr(C⁻¹ C_sample) / p`, mean over seeds.
    pub covariance_ratio: f64,
    /// The ratio's least and largest value over seeds.
    pub covariance_ratio_range: (f64, f64),
    /// Standard deviations over the posterior's, means over seeds.
    pub sd_ratios: [f64; 2],
    /// Iterations, mean over seeds.
    pub iterations: f64,
    /// Runs of the model, mean over seeds.
    pub runs: f64,
}

impl Reached {
    /// Means and extremes of outcomes, one for each seed.
    #[must_use]
    pub fn new(problem: &str, members: usize, outcomes: &[Outcome]) -> Self {
        let count = outcomes.len().max(1) as f64;
        let average = |value: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(value).sum::<f64>() / count;
        let largest = |o: &Outcome| o.errors[0].abs().max(o.errors[1].abs());
        let ratios = outcomes.iter().map(|o| o.covariance_ratio);
        Self {
            problem: problem.to_owned(),
            members,
            seeds: outcomes.len() as u32,
            mean_error: average(&largest),
            worst_mean_error: outcomes.iter().map(largest).fold(0.0, f64::max),
            error_of_average: average(&|o| o.errors[0]).abs().max(average(&|o| o.errors[1]).abs()),
            covariance_ratio: average(&|o| o.covariance_ratio),
            covariance_ratio_range: (
                ratios.clone().fold(f64::INFINITY, f64::min),
                ratios.fold(f64::NEG_INFINITY, f64::max),
            ),
            sd_ratios: [0, 1].map(|k| average(&|o| o.sd_ratios[k])),
            iterations: average(&|o| o.iterations as f64),
            runs: average(&|o| o.runs as f64),
        }
    }
}

/// Draws of unconstrained parameters beside a reference: largest error of a mean in reference standard deviations, and
/// ratios of standard deviations.
#[must_use]
pub fn beside(draws: &Array2<f64>, reference: &Array2<f64>) -> (f64, Vec<f64>) {
    let sd = column_sds(reference.view());
    let gap = (column_means(draws.view()) - column_means(reference.view())) / &sd;
    let ratios = column_sds(draws.view()) / &sd;
    (gap.iter().map(|gap| gap.abs()).fold(0.0, f64::max), ratios.to_vec())
}
