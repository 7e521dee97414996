//! Inversion measured on problems whose posteriors are known, for validation reports.
//!
//! The problems are read from a JSON file with a key for each of them. Those of two parameters with an exact posterior are
//! [`Known`]; any sample that claims to be a posterior is [compared](compare) with it.

mod elliptic;
mod linear;
mod lorenz63;
mod refusals;
mod score;
mod sinusoid;
#[cfg(test)]
mod tests;

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::calibration::{Calibrator, Claim, Method, Problem, Schedule, run};
use crate::ces::{CesOptions, calibrate_emulate_sample};
use crate::{AssimilationError, EtkiOptions, ForwardMap};

pub use elliptic::{Bounded, Elliptic};
pub use linear::Linear;
pub use lorenz63::Lorenz63Statistics;
pub use refusals::{Collapsed, PureNoise, of_collapsed_design, of_noise};
pub use score::{Outcome, Reached, beside, compare};
pub use sinusoid::Sinusoid;

/// Mean (2) and covariance (2 × 2) of a posterior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Mean.
    pub mean: [f64; 2],
    /// Covariance.
    pub covariance: [[f64; 2]; 2],
}

/// A problem of two parameters whose posterior is known.
pub trait Known: ForwardMap {
    /// The problem's key.
    fn name(&self) -> &'static str;

    /// Priors, observations and errors.
    ///
    /// # Errors
    /// Those of priors and errors.
    fn problem(&self) -> Result<Problem, AssimilationError>;

    /// The coordinates in which the posterior is known, of unconstrained parameters.
    fn coordinates(&self, u: &[f64]) -> [f64; 2] {
        [u[0], u[1]]
    }

    /// The posterior.
    fn exact(&self) -> Moments;
}

/// The problems of one file.
#[derive(Clone, Debug, Deserialize)]
pub struct Problems {
    /// A linear problem.
    pub linear: Linear,
    /// An elliptic equation under a normal prior.
    pub elliptic_gaussian_prior: Elliptic,
    /// The same under a prior with bounds.
    pub elliptic_bounded_prior: Bounded,
    /// A sinusoid.
    pub sinusoid: Sinusoid,
    /// A chaotic model; its posterior has to be sampled.
    pub lorenz63_statistics: Lorenz63Statistics,
}

impl Problems {
    /// Reads the file.
    ///
    /// # Errors
    /// `Read` or `Parse`.
    pub fn read(path: &Path) -> Result<Self, AssimilationError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| AssimilationError::Read { path: path.to_owned(), source })?;
        serde_json::from_str(&text)
            .map_err(|source| AssimilationError::Parse { path: path.to_owned(), source })
    }

    /// Those with an exact posterior.
    #[must_use]
    pub fn known(&self) -> [&dyn Known; 4] {
        [&self.linear, &self.elliptic_gaussian_prior, &self.elliptic_bounded_prior, &self.sinusoid]
    }
}

/// What a method reaches on a problem with `members`, for seeds 0 to `seeds - 1`; none where it claims no posterior.
///
/// # Errors
/// Those of the calibration.
pub fn reached(
    known: &dyn Known,
    method: &Method,
    (members, seeds): (usize, u32),
) -> Result<Option<Reached>, AssimilationError> {
    let problem = known.problem()?;
    let solve = |seed: u32| {
        let mut process = method.start(&problem, (members, u64::from(seed)))?;
        let steps = run(known, &mut process)?;
        let claimed = process.claim() == Claim::Posterior;
        let runs = steps.len() * process.ask().nrows();
        let outcome = Outcome { iterations: steps.len(), runs, ..compare(known, &process.sample()) };
        Ok(claimed.then_some(outcome))
    };
    let outcomes: Option<Vec<Outcome>> =
        (0..seeds).into_par_iter().map(solve).collect::<Result<_, AssimilationError>>()?;
    Ok(outcomes.map(|outcomes| Reached::new(known.name(), members, &outcomes)))
}

/// What calibrate-emulate-sample reaches on a problem for seeds 0 to `seeds - 1`, and what refused the other seeds a
/// posterior.
///
/// # Errors
/// Those of the problem.
pub fn reached_by_sampling(
    known: &dyn Known,
    options: &CesOptions,
    seeds: u32,
) -> Result<(Reached, Vec<String>), AssimilationError> {
    let problem = known.problem()?;
    let solve = |seed: u32| {
        let options = CesOptions { seed: u64::from(seed), ..options.clone() };
        let found = calibrate_emulate_sample(known, problem.clone(), options).map_err(|e| e.to_string())?;
        Ok(Outcome { runs: found.runs, ..compare(known, &found.draws) })
    };
    let all: Vec<Result<Outcome, String>> = (0..seeds).into_par_iter().map(solve).collect();
    let outcomes: Vec<Outcome> = all.iter().filter_map(|found| found.as_ref().ok()).copied().collect();
    let refused = all.into_iter().filter_map(Result::err).collect();
    Ok((Reached::new(known.name(), options.members, &outcomes), refused))
}

/// Inverts the linear and the sinusoid problem of the file at `path` by ETKI for seeds 0 to `seeds - 1`.
///
/// # Errors
/// `Read` or `Parse` for the file, and those of the inversion.
pub fn etki_records(
    path: &Path,
    members: usize,
    seeds: u32,
    options: EtkiOptions,
) -> Result<Vec<Reached>, AssimilationError> {
    let problems = Problems::read(path)?;
    let known: [&dyn Known; 2] = [&problems.linear, &problems.sinusoid];
    let method = Method::Etki(options, Schedule::default());
    let all = known.map(|known| reached(known, &method, (members, seeds)));
    all.into_iter().filter_map(Result::transpose).collect()
}
