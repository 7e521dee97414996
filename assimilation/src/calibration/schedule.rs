//! How much of the information a step takes.

use serde::{Deserialize, Serialize};

use crate::AssimilationError;

/// Who sets the steps Δt of a tempered likelihood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// The data-misfit controller (Iglesias and Yang 2021, doi:10.1088/1361-6420/abd29b).
    #[default]
    DataMisfit,
    /// These steps, whose sum is the target; equal ones are multiple data assimilation with equal factors (Emerick and
    /// Reynolds 2013, doi:10.1016/j.cageo.2012.03.011).
    Fixed(Vec<f64>),
}

/// Rounding that the sum of fixed steps may have.
const ROUNDING: f64 = 1e-9;

impl Schedule {
    /// So many equal steps to `target`.
    #[must_use]
    pub fn equal(steps: usize, target: f64) -> Self {
        Self::Fixed(vec![target / steps as f64; steps])
    }

    /// Refuses fixed steps that would use the data more or less than was asked.
    pub(super) fn check(&self, target: f64) -> Result<(), AssimilationError> {
        let Self::Fixed(steps) = self else { return Ok(()) };
        let sum: f64 = steps.iter().sum();
        if (sum - target).abs() > ROUNDING || steps.iter().any(|dt| *dt <= 0.0) {
            let (option, range) = ("sum of the fixed steps", "positive steps that add up to target_t");
            return Err(AssimilationError::Option { option, value: sum, range });
        }
        Ok(())
    }
}

/// The controller's Δt for misfits `Φ = |Γ^(-1/2) (y - G)|² / 2` of m observations:
/// `max(m / (2 mean Φ), sqrt(m / (2 var Φ)))`.
pub(super) fn data_misfit_step(misfits: &[f64], m: usize) -> f64 {
    let average = mean(misfits);
    let variance =
        misfits.iter().map(|phi| (phi - average) * (phi - average)).sum::<f64>() / misfits.len() as f64;
    let m = m as f64;
    let dt = (m / (2.0 * average)).max((m / (2.0 * variance)).sqrt());
    // No observation or a perfect fit: nothing limits the step.
    if dt.is_finite() { dt } else { 1.0 }
}

pub(super) fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}
