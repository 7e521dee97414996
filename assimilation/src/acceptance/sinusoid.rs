//! Amplitude and shift of a sinusoid.

use reterra_statistics::{Bounds, Prior};
use serde::Deserialize;

use super::{Known, Moments};
use crate::calibration::Problem;
use crate::model::{ForwardMap, MemberFailure};
use crate::{AssimilationError, Noise};

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

impl ForwardMap for Sinusoid {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(vec![2.0 * u[0].exp(), u[1]])
    }
}

impl Known for Sinusoid {
    fn name(&self) -> &'static str {
        "sinusoid"
    }

    fn problem(&self) -> Result<Problem, AssimilationError> {
        let priors = vec![
            Prior::new("amplitude", 4.0, 2.0, Bounds::Below(0.0))?,
            Prior::new("shift", 0.0, 5.0, Bounds::None)?,
        ];
        Problem::new(priors, self.y.to_vec(), Noise::Diagonal(vec![0.2; 2]))
    }

    fn exact(&self) -> Moments {
        let [amplitude, shift] = self.u_sd.map(|sd| sd * sd);
        Moments { mean: self.u_mean, covariance: [[amplitude, 0.0], [0.0, shift]] }
    }
}
