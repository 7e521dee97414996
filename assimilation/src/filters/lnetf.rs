//! Nonlinear ensemble transform filter: exact first two moments of the particle filter's posterior
//! (Tödter and Ahrens 2015, doi:10.1175/MWR-D-14-00108.1). In local domains it is the LNETF.

use ndarray::Array2;

use super::particle::likelihood_weights;
use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};
use crate::linear_algebra::symmetric_root;

/// `w` are the members' likelihoods, `T = √N (diag(w) - w wᵀ)^(1/2)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lnetf {
    /// Factor on the observation error's standard deviation; above 1 it keeps more members alive.
    pub error_scale: f64,
}

impl Default for Lnetf {
    fn default() -> Self {
        Self { error_scale: 1.0 }
    }
}

impl TransformFilter for Lnetf {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        if !(self.error_scale > 0.0 && self.error_scale.is_finite()) {
            let (option, range) = ("error scale of the LNETF", "(0, infinity)");
            return Err(AssimilationError::Option { option, value: self.error_scale, range });
        }
        let n = seen.s.nrows();
        let departures = seen.of_members() / self.error_scale;
        let w = likelihood_weights(departures.view(), &vec![1.0 / n as f64; n]);
        let outer = w.view().insert_axis(ndarray::Axis(1)).dot(&w.view().insert_axis(ndarray::Axis(0)));
        let spread = Array2::from_diag(&w) - outer;
        let t = symmetric_root(spread.view(), "the weights' covariance")? * (n as f64).sqrt();
        let information = super::gain::Gain::new(seen)?;
        Ok(Transform { w, t, chi2: information.chi2, dfs: information.dfs })
    }
}
