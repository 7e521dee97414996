//! Multiple data assimilation: the same observations several times with inflated errors, so that a nonlinear model is
//! met by small steps (Emerick and Reynolds 2013, doi:10.1016/j.cageo.2012.03.011).
//!
//! With the stochastic EnKF this is ES-MDA, with the ETKF the deterministic form; over a sliding window it is the
//! second smoother of Bocquet and Sakov (2014), doi:10.1002/qj.2236.

use ndarray::Array2;
use reterra_statistics::StreamKey;

use super::{Window, departures};
use crate::AssimilationError;
use crate::analysis::{Transform, TransformFilter};
use crate::transform::apply;

/// A transform filter with the factors on the error variances.
#[derive(Clone, Debug, PartialEq)]
pub struct Mda<F> {
    /// The filter of each step.
    pub filter: F,
    /// Factors αᵢ; their inverses must add up to 1.
    factors: Vec<f64>,
}

/// Rounding that the inverses' sum may have.
const ROUNDING: f64 = 1e-9;

impl<F: TransformFilter> Mda<F> {
    /// `steps` equal factors.
    #[must_use]
    pub fn equal(filter: F, steps: usize) -> Self {
        Self { filter, factors: vec![steps as f64; steps] }
    }

    /// Given factors.
    ///
    /// # Errors
    /// `Option` where the sum of the inverses isn't 1: the observations would count more or less than once.
    pub fn new(filter: F, factors: Vec<f64>) -> Result<Self, AssimilationError> {
        let sum: f64 = factors.iter().map(|a| 1.0 / a).sum();
        if (sum - 1.0).abs() > ROUNDING || factors.iter().any(|a| *a <= 0.0) {
            let (option, range) = ("sum of the inverse MDA factors", "[1, 1]");
            return Err(AssimilationError::Option { option, value: sum, range });
        }
        Ok(Self { filter, factors })
    }

    /// Updates the ensemble `e` (N × n) by observations `y` with variances `r`; returns the last step's transform.
    ///
    /// # Errors
    /// Those of the window and the filter; `Option` for no steps, which would leave the observations out.
    pub fn update(
        &self,
        e: &mut Array2<f64>,
        (y, r): (&[f64], &[f64]),
        key: StreamKey,
        window: &mut dyn Window,
    ) -> Result<Option<Transform>, AssimilationError> {
        if self.factors.is_empty() {
            let (option, range) = ("steps of MDA", "[1, infinity)");
            return Err(AssimilationError::Option { option, value: 0.0, range });
        }
        let mut last = None;
        for (step, factor) in (0..).zip(&self.factors) {
            let inflated: Vec<f64> = r.iter().map(|r| r * factor).collect();
            let key = StreamKey { member: step, ..key };
            let found = self.filter.transform(&departures(window, e.view(), (y, &inflated), key)?)?;
            apply(&found.w, &found.t, 1.0, e.view_mut());
            last = Some(found);
        }
        Ok(last)
    }
}
