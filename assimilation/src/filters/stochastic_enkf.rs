//! Stochastic ensemble Kalman filter: each member takes its own perturbed observations
//! (Burgers et al. 1998, doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2).

use ndarray::{Array2, Axis};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::gain::Gain;
use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};
use crate::transform::column_means;

/// `T = I - (S + D) (Sᵀ S + I)⁻¹ Sᵀ` with standard normal perturbations `D √(N - 1)` without mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StochasticEnkf;

impl TransformFilter for StochasticEnkf {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        let gain = Gain::new(seen)?;
        let n = seen.s.nrows();
        let departures = &seen.s + &(perturbations(seen) / ((n - 1) as f64).sqrt());
        let t = Array2::eye(n) - departures.dot(&gain.g.t());
        Ok(Transform { w: gain.w, t, chi2: gain.chi2, dfs: gain.dfs })
    }
}

/// Standard normal perturbations, N × m, whose columns have no mean; an observation has the same in every domain.
/// Taking the mean off leaves each of them a variance of `(N - 1) / N`, which is made up for.
pub(crate) fn perturbations(seen: &Departures) -> Array2<f64> {
    let mut d = Array2::zeros(seen.s.dim());
    for (mut column, &id) in d.axis_iter_mut(Axis(1)).zip(&seen.ids) {
        let mut stream = StreamKey { stage: Stage::Filter, column: id as u32, ..seen.key }.stream();
        column.mapv_inplace(|_| stream.normal());
    }
    let mean = column_means(d.view());
    let n = seen.s.nrows() as f64;
    (d - &mean) * (n / (n - 1.0)).sqrt()
}
