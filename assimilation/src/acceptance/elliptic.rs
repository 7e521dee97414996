//! An elliptic equation seen at two places (Garbuno-Inigo et al. 2020, doi:10.1137/19M1251655, section 4.3).

use reterra_statistics::{Bounds, Prior, normal};
use serde::Deserialize;

use super::{Known, Moments};
use crate::calibration::Problem;
use crate::model::{ForwardMap, MemberFailure};
use crate::{AssimilationError, Noise};

/// `p(x) = θ₂ x + exp(-θ₁) (-x² + x) / 2` at 0.25 and 0.75, `Γ = 0.01 I`, prior `N((0, 100), I)`; posterior by quadrature.
#[derive(Clone, Debug, Deserialize)]
pub struct Elliptic {
    /// The observations.
    pub y: [f64; 2],
    /// Posterior mean of `(θ₁, θ₂)`.
    pub mean: [f64; 2],
    /// Posterior covariance.
    pub cov: [[f64; 2]; 2],
}

/// The same with `θ₁ ~ N(0, 1)` and `θ₂` uniform from 90 to 110; `u₂` is the normal score of `θ₂`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Bounded(Elliptic);

/// Where `θ₂` lies.
const RANGE: (f64, f64) = (90.0, 110.0);

fn solution([a, b]: [f64; 2]) -> Vec<f64> {
    [0.25, 0.75].map(|x| b * x + (-a).exp() * 0.5 * (x - x * x)).to_vec()
}

impl Elliptic {
    fn problem_under(&self, second: Prior) -> Result<Problem, AssimilationError> {
        let priors = vec![Prior::new("theta1", 0.0, 1.0, Bounds::None)?, second];
        Problem::new(priors, self.y.to_vec(), Noise::Diagonal(vec![0.01; 2]))
    }

    fn moments(&self) -> Moments {
        Moments { mean: self.mean, covariance: self.cov }
    }
}

impl ForwardMap for Elliptic {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(solution(self.coordinates(u)))
    }
}

impl Known for Elliptic {
    fn name(&self) -> &'static str {
        "elliptic-normal"
    }

    fn problem(&self) -> Result<Problem, AssimilationError> {
        self.problem_under(Prior::new("theta2", 100.0, 1.0, Bounds::None)?)
    }

    fn exact(&self) -> Moments {
        self.moments()
    }
}

impl ForwardMap for Bounded {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(solution(self.coordinates(u)))
    }
}

impl Known for Bounded {
    fn name(&self) -> &'static str {
        "elliptic-bounded"
    }

    fn problem(&self) -> Result<Problem, AssimilationError> {
        self.0.problem_under(Prior::new("score of theta2", 0.0, 1.0, Bounds::None)?)
    }

    fn coordinates(&self, u: &[f64]) -> [f64; 2] {
        [u[0], RANGE.0 + (RANGE.1 - RANGE.0) * normal::cumulative(u[1])]
    }

    fn exact(&self) -> Moments {
        self.0.moments()
    }
}
