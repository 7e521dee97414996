//! An inverse problem: priors, observations and the covariance of their errors.

use ndarray::{Array1, Array2};
use reterra_statistics::Prior;
use serde::{Deserialize, Serialize};

use crate::linear_algebra::require_finite_row;
use crate::{AssimilationError, Noise, prior_ensemble};

/// What is to be learnt, and from what. A calibration that is started from it owns the prior: nothing else of it has to
/// be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Priors of the p parameters: independent normals of the unconstrained `u`.
    pub priors: Vec<Prior>,
    /// The m observations.
    pub y: Vec<f64>,
    /// Covariance of their errors.
    pub noise: Noise,
}

impl Problem {
    /// A problem that was checked.
    ///
    /// # Errors
    /// `NotFinite` for an observation, `Shape` and `NotPositive` for the errors, `Option` without parameters.
    pub fn new(priors: Vec<Prior>, y: Vec<f64>, noise: Noise) -> Result<Self, AssimilationError> {
        if priors.is_empty() {
            let (option, range) = ("parameters to calibrate", "1 and above");
            return Err(AssimilationError::Option { option, value: 0.0, range });
        }
        require_finite_row(&y, "observation")?;
        noise.whitening(y.len())?;
        Ok(Self { priors, y, noise })
    }

    /// Number of parameters, p.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.priors.len()
    }

    /// Names of the parameters.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.priors.iter().map(|prior| prior.name().to_owned()).collect()
    }

    /// Prior ensemble with exact moments (N × p); see [`prior_ensemble`].
    ///
    /// # Errors
    /// `TooFewMembers` below two.
    pub fn ensemble(&self, members: usize, seed: u64, group: u32) -> Result<Array2<f64>, AssimilationError> {
        prior_ensemble(&self.priors, members, seed, group)
    }

    /// The normal distribution of `u`.
    pub(crate) fn prior(&self) -> NormalPrior {
        NormalPrior {
            mean: self.priors.iter().map(Prior::u_mean).collect(),
            sd: self.priors.iter().map(Prior::u_sd).collect(),
        }
    }
}

/// Independent normals of the unconstrained parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NormalPrior {
    /// Means, p.
    pub mean: Vec<f64>,
    /// Standard deviations, p.
    pub sd: Vec<f64>,
}

impl NormalPrior {
    /// Parameters (N × p) as departures from the prior mean in units of its standard deviation.
    pub fn whiten(&self, u: &Array2<f64>) -> Array2<f64> {
        (u - &self.means()) / &Array1::from(self.sd.clone())
    }

    /// The inverse of [`Self::whiten`].
    pub fn unwhiten(&self, z: &Array2<f64>) -> Array2<f64> {
        z * &Array1::from(self.sd.clone()) + &self.means()
    }

    fn means(&self) -> Array1<f64> {
        Array1::from(self.mean.clone())
    }
}
