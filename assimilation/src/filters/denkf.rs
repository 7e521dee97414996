//! Deterministic ensemble Kalman filter: the anomalies take half the gain of the mean
//! (Sakov and Oke 2008, doi:10.1111/j.1600-0870.2007.00299.x).

use ndarray::Array2;

use super::gain::Gain;
use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};

/// `T = I - S (Sᵀ S + I)⁻¹ Sᵀ / 2`; its covariance exceeds the Kalman filter's by `K H P Hᵀ Kᵀ / 4`.
#[derive(Clone, Copy, Debug, Default)]
pub struct DEnkf;

impl TransformFilter for DEnkf {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        let gain = Gain::new(seen)?;
        let t = Array2::eye(seen.s.nrows()) - gain.g.dot(&seen.s.t()) * 0.5;
        Ok(Transform { w: gain.w, t, chi2: gain.chi2, dfs: gain.dfs })
    }
}
