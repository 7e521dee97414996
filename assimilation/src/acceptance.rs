//! Inversion measured on problems with exactly known posteriors, for validation reports.
//!
//! The problems are read from a JSON file with the keys `linear` and `sinusoid`.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use reterra_statistics::{Bounds, Prior};
use serde::{Deserialize, Serialize};

use crate::model::{ForwardMap, MemberFailure};
use crate::transform::column_means;
use crate::{AssimilationError, Etki, EtkiOptions, Noise, invert, prior_ensemble};

/// `G = θ₁ + c θ₂`, `Γ = 0.1 I`, prior `N(0, I)`; posterior in closed form.
#[derive(Clone, Debug, Deserialize)]
pub struct Linear {
    /// The coefficients, one per observation.
    pub c: Vec<f64>,
    /// The observations.
    pub y: Vec<f64>,
    /// Exact posterior mean.
    pub post_mean: [f64; 2],
    /// Exact posterior covariance.
    pub post_cov: [[f64; 2]; 2],
}

/// Amplitude `A` and shift `v` of a sinusoid from its range and mean: `G = (2 A, v)`, `Γ = 0.2 I`, prior
/// of `A` lognormal with mean 4 and sd 2, of `v` `N(0, 5²)`; posterior of `u = (ln A, v)` by quadrature.
#[derive(Clone, Debug, Deserialize)]
pub struct Sinusoid {
    /// The observations.
    pub y: [f64; 2],
    /// Exact posterior mean of `u`.
    pub u_mean: [f64; 2],
    /// Exact posterior standard deviations of `u`; the two are independent.
    pub u_sd: [f64; 2],
}

/// The problems of one file.
#[derive(Clone, Debug, Deserialize)]
pub struct Problems {
    /// A linear problem.
    pub linear: Linear,
    /// A nonlinear problem.
    pub sinusoid: Sinusoid,
}

/// What inversion reaches on one problem.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EtkiRecord {
    /// The problem's key.
    pub problem: String,
    /// Members.
    pub members: usize,
    /// Seeds.
    pub seeds: u32,
    /// Error of the ensemble mean in posterior standard deviations, largest component, mean over seeds.
    pub mean_error: f64,
    /// The same, largest over seeds.
    pub worst_mean_error: f64,
    /// Error of the ensemble mean averaged over seeds, largest component.
    pub error_of_average: f64,
    /// `tr(C⁻¹ C_ensemble) / p`, mean over seeds.
    pub covariance_ratio: f64,
    /// The ratio's least and largest value over seeds.
    pub covariance_ratio_range: (f64, f64),
    /// Iterations, mean over seeds.
    pub iterations: f64,
}

/// Inverts the linear and the sinusoid problem of the file at `path` for seeds 0 to `seeds - 1`.
///
/// # Errors
/// `Read` or `Parse` for the file, and those of the inversion.
pub fn etki_records(
    path: &Path,
    members: usize,
    seeds: u32,
    options: EtkiOptions,
) -> Result<Vec<EtkiRecord>, AssimilationError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| AssimilationError::Read { path: path.to_owned(), source })?;
    let problems: Problems = serde_json::from_str(&text)
        .map_err(|source| AssimilationError::Parse { path: path.to_owned(), source })?;
    Ok(vec![
        problems.linear.record(members, seeds, options)?,
        problems.sinusoid.record(members, seeds, options)?,
    ])
}

impl Linear {
    /// Predictions (N × m) for an ensemble of parameters (N × 2).
    #[must_use]
    pub fn predict_all(&self, u: ArrayView2<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn((u.nrows(), self.c.len()), |(i, k)| u[[i, 0]] + self.c[k] * u[[i, 1]])
    }

    /// What inversion reaches here.
    ///
    /// # Errors
    /// Those of the inversion.
    pub fn record(
        &self,
        members: usize,
        seeds: u32,
        options: EtkiOptions,
    ) -> Result<EtkiRecord, AssimilationError> {
        let standard = |name| Prior::new(name, 0.0, 1.0, Bounds::None);
        let problem = Inversion {
            map: self,
            priors: vec![standard("theta1")?, standard("theta2")?],
            y: &self.y,
            variance: 0.1,
            mean: self.post_mean,
            covariance: self.post_cov,
        };
        problem.record("linear", members, seeds, options)
    }
}

impl ForwardMap for Linear {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(self.c.iter().map(|c| u[0] + c * u[1]).collect())
    }
}

impl Sinusoid {
    /// What inversion reaches here.
    ///
    /// # Errors
    /// Those of the inversion.
    pub fn record(
        &self,
        members: usize,
        seeds: u32,
        options: EtkiOptions,
    ) -> Result<EtkiRecord, AssimilationError> {
        let [amplitude, shift] = self.u_sd.map(|sd| sd * sd);
        let problem = Inversion {
            map: self,
            priors: vec![
                Prior::new("amplitude", 4.0, 2.0, Bounds::Below(0.0))?,
                Prior::new("shift", 0.0, 5.0, Bounds::None)?,
            ],
            y: &self.y,
            variance: 0.2,
            mean: self.u_mean,
            covariance: [[amplitude, 0.0], [0.0, shift]],
        };
        problem.record("sinusoid", members, seeds, options)
    }
}

impl ForwardMap for Sinusoid {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(vec![2.0 * u[0].exp(), u[1]])
    }
}

/// A problem of two parameters with its exact posterior.
struct Inversion<'a, M> {
    map: &'a M,
    priors: Vec<Prior>,
    y: &'a [f64],
    variance: f64,
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

/// One seed's result: errors of the mean in standard deviations, covariance ratio, iterations.
type Outcome = ([f64; 2], f64, usize);

impl<M: ForwardMap> Inversion<'_, M> {
    fn record(
        &self,
        problem: &str,
        members: usize,
        seeds: u32,
        options: EtkiOptions,
    ) -> Result<EtkiRecord, AssimilationError> {
        let outcomes: Vec<Outcome> = (0..seeds)
            .into_par_iter()
            .map(|seed| self.solve(members, seed, options))
            .collect::<Result<_, _>>()?;
        let count = outcomes.len().max(1) as f64;
        let average = |value: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(value).sum::<f64>() / count;
        let largest = |o: &Outcome| o.0[0].abs().max(o.0[1].abs());
        let ratios = outcomes.iter().map(|o| o.1);
        Ok(EtkiRecord {
            problem: problem.to_owned(),
            members,
            seeds,
            mean_error: average(&largest),
            worst_mean_error: outcomes.iter().map(largest).fold(0.0, f64::max),
            error_of_average: average(&|o| o.0[0]).abs().max(average(&|o| o.0[1]).abs()),
            covariance_ratio: average(&|o| o.1),
            covariance_ratio_range: (
                ratios.clone().fold(f64::INFINITY, f64::min),
                ratios.fold(f64::NEG_INFINITY, f64::max),
            ),
            iterations: average(&|o| o.2 as f64),
        })
    }

    fn solve(&self, members: usize, seed: u32, options: EtkiOptions) -> Result<Outcome, AssimilationError> {
        let prior = prior_ensemble(&self.priors, members, u64::from(seed), 0)?;
        let noise = Noise::Diagonal(vec![self.variance; self.y.len()]);
        let options = EtkiOptions { seed: u64::from(seed), ..options };
        let mut etki = Etki::new(prior, self.y, &noise, options)?;
        let steps = invert(self.map, &mut etki)?;
        let mean = column_means(etki.ensemble());
        let [[a, b], [_, d]] = self.covariance;
        let errors = [(mean[0] - self.mean[0]) / a.sqrt(), (mean[1] - self.mean[1]) / d.sqrt()];
        let anomalies = &etki.ensemble() - &mean;
        let square =
            |x: &Array1<f64>| (d * x[0] * x[0] - 2.0 * b * x[0] * x[1] + a * x[1] * x[1]) / (a * d - b * b);
        let trace: f64 = anomalies.rows().into_iter().map(|x| square(&x.to_owned())).sum();
        Ok((errors, trace / ((members - 1) * 2) as f64, steps.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sinusoid_posterior_is_met_over_a_hundred_seeds() {
        // Posterior by quadrature of the density (uniform grid, 12 digits).
        let problem = Sinusoid {
            y: [6.01, 7.11],
            u_mean: [1.0965622621817614, 7.053571428571435],
            u_sd: [0.07408510106431385, 0.44543540318735253],
        };
        let record = problem.record(50, 100, EtkiOptions::default()).unwrap();
        println!("{record:?}");
        assert!(record.mean_error <= 0.1, "{record:?}");
        assert!((0.95..=1.12).contains(&record.covariance_ratio), "{record:?}");
        let finer = EtkiOptions { step_scale: 0.25, max_iterations: 200, ..EtkiOptions::default() };
        let finer = problem.record(50, 100, finer).unwrap();
        println!("{finer:?}");
        assert!(finer.mean_error < record.mean_error, "{finer:?}");
    }

    #[test]
    fn the_shared_problems_are_solved_where_they_are_at_hand() {
        let data = std::env::var_os("RETERRA_TEST_DATA").map_or_else(
            || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).to_owned(),
            std::path::PathBuf::from,
        );
        let path = data.join("../acceptance/inverse_problems.json");
        if !path.exists() {
            println!("skipped: {} is not there", path.display());
            return;
        }
        let records = etki_records(&path, 50, 100, EtkiOptions::default()).unwrap();
        println!("{records:#?}");
        let (linear, sinusoid) = (&records[0], &records[1]);
        assert!(linear.worst_mean_error < 1e-9, "{linear:?}");
        assert!((linear.covariance_ratio - 1.0).abs() < 1e-9, "{linear:?}");
        assert!(sinusoid.mean_error <= 0.1, "{sinusoid:?}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = etki_records(Path::new("no/such.json"), 50, 1, EtkiOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("cannot read no/such.json"), "{error}");
    }
}
