//! A linear problem.

use ndarray::{Array2, ArrayView2};
use reterra_statistics::{Bounds, Prior};
use serde::Deserialize;

use super::{Known, Moments};
use crate::calibration::Problem;
use crate::model::{ForwardMap, MemberFailure};
use crate::{AssimilationError, Noise};

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

impl Linear {
    /// Predictions (N × m) for an ensemble of parameters (N × 2).
    #[must_use]
    pub fn predict_all(&self, u: ArrayView2<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn((u.nrows(), self.c.len()), |(i, k)| u[[i, 0]] + self.c[k] * u[[i, 1]])
    }
}

impl ForwardMap for Linear {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(self.c.iter().map(|c| u[0] + c * u[1]).collect())
    }
}

impl Known for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn problem(&self) -> Result<Problem, AssimilationError> {
        let standard = |name| Prior::new(name, 0.0, 1.0, Bounds::None);
        let priors = vec![standard("theta1")?, standard("theta2")?];
        Problem::new(priors, self.y.clone(), Noise::Diagonal(vec![0.1; self.y.len()]))
    }

    fn exact(&self) -> Moments {
        Moments { mean: self.post_mean, covariance: self.post_cov }
    }
}
