//! What a campaign found, as files: `calibration.json`, `posterior.json`, `posterior.csv`.

use std::fmt::Write as _;
use std::path::Path;

use ndarray::Array2;
use reterra_assimilation::calibration::{Claim, Step};
use reterra_assimilation::ces::{Checks, HeldOut, Posterior};
use reterra_io::replace;
use reterra_statistics::Prior;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::WorkflowError;

/// File of a calibration's result.
pub(super) const CALIBRATION: &str = "calibration.json";
/// File of a posterior's summary.
pub(super) const SUMMARY: &str = "posterior.json";
/// File of its draws.
pub(super) const DRAWS: &str = "posterior.csv";
/// Probabilities of the quantiles that are told.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// What a calibration found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationResult {
    /// What the ensemble stands for.
    pub claim: Claim,
    /// Runs that were made, and how many of them failed.
    pub runs: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Parameters, in physical units.
    pub parameters: Vec<Estimate>,
    /// Physical parameters of the ensemble, a member a row.
    pub ensemble: Vec<Vec<f64>>,
    /// Misfit and more, step by step.
    pub steps: Vec<Step>,
}

/// Moments of a parameter, in physical units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Its name.
    pub name: String,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Mean of the prior.
    pub prior_mean: f64,
    /// Standard deviation of the prior.
    pub prior_sd: f64,
}

/// What sampling found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleResult {
    /// Runs that were made.
    pub runs: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Draws in all.
    pub draws: usize,
    /// Chains.
    pub chains: usize,
    /// Parameters, in physical units.
    pub parameters: Vec<SampledParameter>,
    /// What is known of the emulators without further runs.
    pub checks: Checks,
    /// What runs at draws of the posterior said, round by round.
    pub held_out: Vec<HeldOut>,
}

/// A parameter's marginal posterior, in physical units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampledParameter {
    /// Moments.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Probabilities with their quantiles.
    pub quantiles: Vec<(f64, f64)>,
    /// Rank-normalised split R̂.
    pub rhat: f64,
    /// Effective sample size of the bulk.
    pub bulk_ess: f64,
    /// Effective sample size of the tails.
    pub tail_ess: f64,
}

impl CalibrationResult {
    pub(super) fn new(
        settings: &Settings,
        (claim, ensemble): (Claim, Array2<f64>),
        steps: &[Step],
        (runs, failed): (usize, usize),
    ) -> Self {
        let physical = physical(&settings.problem.priors, &ensemble);
        let parameters = estimates(&settings.problem.priors, &physical);
        let rows = physical.rows().into_iter().map(|row| row.to_vec());
        Self { claim, runs, failed, parameters, ensemble: rows.collect(), steps: steps.to_vec() }
    }
}

impl SampleResult {
    pub(super) fn new(settings: &Settings, posterior: &Posterior, failed: usize) -> Self {
        let priors = &settings.problem.priors;
        let draws = physical(priors, &posterior.draws);
        let parameter = |(k, estimate): (usize, Estimate)| {
            let mut values = draws.column(k).to_vec();
            values.sort_by(f64::total_cmp);
            let quantiles = QUANTILES.iter().map(|p| (*p, quantile(&values, *p))).collect();
            let c = posterior.convergence[k];
            SampledParameter { estimate, quantiles, rhat: c.rhat, bulk_ess: c.bulk_ess, tail_ess: c.tail_ess }
        };
        Self {
            runs: posterior.runs + failed,
            failed,
            draws: draws.nrows(),
            chains: posterior.sample.chains.len(),
            parameters: estimates(priors, &draws).into_iter().enumerate().map(parameter).collect(),
            checks: posterior.checks.clone(),
            held_out: posterior.held_out.clone(),
        }
    }
}

/// Unconstrained parameters (rows) to physical ones.
pub(super) fn physical(priors: &[Prior], u: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(u.dim(), |(i, k)| priors[k].physical(u[[i, k]]))
}

fn estimates(priors: &[Prior], rows: &Array2<f64>) -> Vec<Estimate> {
    let n = rows.nrows() as f64;
    let one = |(prior, column): (&Prior, ndarray::ArrayView1<'_, f64>)| {
        let mean = column.sum() / n;
        let square: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
        Estimate {
            name: prior.name().to_owned(),
            mean,
            sd: (square / (n - 1.0).max(1.0)).sqrt(),
            prior_mean: prior.mean(),
            prior_sd: prior.sd(),
        }
    };
    priors.iter().zip(rows.columns()).map(one).collect()
}

/// Quantile of sorted values, linear between them.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len().max(1) - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (place - place.floor()) * (sorted[high] - sorted[low])
}

/// Draws as CSV: chain and draw from 0, then physical parameters, then an inferred discrepancy.
pub(super) fn write_draws(settings: &Settings, posterior: &Posterior) -> Result<(), WorkflowError> {
    let mut names = vec!["chain".to_owned(), "draw".to_owned()];
    names.extend(settings.problem.names());
    if !posterior.discrepancy.is_empty() {
        names.push("model_discrepancy".to_owned());
    }
    let mut csv = names.join(",") + "\n";
    let draws = physical(&settings.problem.priors, &posterior.draws);
    let length = posterior.sample.chains.first().map_or(1, Array2::nrows).max(1);
    for (i, row) in draws.rows().into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(csv, "{},{}", i / length, i % length);
        for value in row.iter().chain(posterior.discrepancy.get(i)) {
            let _ = write!(csv, ",{value}");
        }
        csv.push('\n');
    }
    Ok(replace(&settings.directory.join(DRAWS), csv.as_bytes())?)
}

/// Writes a result as JSON.
pub(super) fn write<T: Serialize>(directory: &Path, file: &str, result: &T) -> Result<(), WorkflowError> {
    let path = directory.join(file);
    let text = serde_json::to_string_pretty(result).map_err(WorkflowError::io("write", &path))?;
    Ok(replace(&path, format!("{text}\n").as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        let sorted = [0.0, 1.0, 4.0];
        assert!(
            (quantile(&sorted, 0.25) - 0.5).abs() < 1e-15 && (quantile(&sorted, 0.75) - 2.5).abs() < 1e-15
        );
        assert!((quantile(&[3.0], 0.9) - 3.0).abs() < 1e-15);
    }
}
