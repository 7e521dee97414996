//! Campaigns that must not end in a posterior.

use reterra_statistics::{Bounds, Prior, Stage, StreamKey};

use super::Known;
use crate::calibration::Problem;
use crate::ces::{CesOptions, Posterior, Runs, calibrate_emulate_sample, posterior_of_runs};
use crate::model::{ForwardMap, MemberFailure, evaluate_members};
use crate::{AssimilationError, Noise};

/// How a design has collapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collapsed {
    /// All runs within a thousandth of the prior, one prior standard deviation from its mean.
    Point,
    /// All runs within a twentieth of the prior, at the same place.
    Corner,
    /// All runs on a line: one parameter never varies.
    Line,
}

/// A posterior from 60 runs of a collapsed design.
///
/// # Errors
/// `Refused`, always, unless something is wrong.
pub fn of_collapsed_design(
    known: &dyn Known,
    design: Collapsed,
    options: &CesOptions,
) -> Result<Posterior, AssimilationError> {
    let problem = known.problem()?;
    let mut u = problem.ensemble(60, options.seed, 0)?;
    for (mut column, prior) in u.columns_mut().into_iter().zip(&problem.priors) {
        let centre = prior.u_mean() + prior.u_sd();
        let width = match design {
            Collapsed::Point => 1e-3,
            Collapsed::Corner => 0.05,
            Collapsed::Line => 1.0,
        };
        column.mapv_inplace(|u| centre + width * (u - prior.u_mean()));
    }
    if design == Collapsed::Line {
        u.column_mut(1).fill(problem.priors[1].u_mean());
    }
    let mut runs = Runs::default();
    runs.add(u.view(), &evaluate_members(known, u.view()))?;
    posterior_of_runs(&problem, &runs, options)
}

/// Outputs that have nothing to do with the parameters.
#[derive(Clone, Copy, Debug)]
pub struct PureNoise {
    /// Number of outputs.
    pub outputs: usize,
    /// Seed.
    pub seed: u64,
}

impl ForwardMap for PureNoise {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        let bits =
            u.iter().fold(self.seed, |hash, u| (hash ^ u.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let key = StreamKey { seed: bits, stage: Stage::Observation, cycle: 0, member: 0, column: 0 };
        let mut stream = key.stream();
        Ok((0..self.outputs).map(|_| stream.normal()).collect())
    }
}

/// A whole campaign on outputs that are pure noise, with observation errors of the same size.
///
/// # Errors
/// `Refused`, always, unless something is wrong.
pub fn of_noise(outputs: usize, options: CesOptions) -> Result<Posterior, AssimilationError> {
    let model = PureNoise { outputs, seed: options.seed };
    let priors = ["a", "b", "c"].map(|name| Prior::new(name, 0.0, 1.0, Bounds::None));
    let priors = priors.into_iter().collect::<Result<Vec<_>, _>>()?;
    let y = vec![0.0; outputs];
    calibrate_emulate_sample(&model, Problem::new(priors, y, Noise::Diagonal(vec![1.0; outputs]))?, options)
}
