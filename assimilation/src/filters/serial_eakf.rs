//! Ensemble adjustment Kalman filter, one observation after the other, with covariance localisation
//! (Anderson 2001, doi:10.1175/1520-0493(2001)129<2884:AEAKFF>2.0.CO;2; Anderson 2003,
//! doi:10.1175/1520-0493(2003)131<0634:ALLSFF>2.0.CO;2).

use ndarray::ArrayViewMut2;

use super::serial::take_in_turn;
use crate::AssimilationError;
use crate::analysis::{Filter, Information, Localisation, Observed};

/// Each observation moves the observed ensemble to the Kalman mean and variance; the state follows by regression.
/// The order of observations is random.
#[derive(Clone, Copy, Debug, Default)]
pub struct SerialEakf;

impl Filter for SerialEakf {
    fn analyse(
        &self,
        e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        localisation: Localisation<'_>,
    ) -> Result<Information, AssimilationError> {
        take_in_turn(e, seen, localisation, increments)
    }
}

/// Moves of the members' predictions `z` of an observation with departure `d` of the mean, in units of its error's
/// standard deviation.
fn increments(anomalies: &[f64], d: f64, out: &mut [f64]) {
    let size = (anomalies.len() - 1) as f64;
    let variance = anomalies.iter().map(|x| x * x).sum::<f64>() / size;
    let gain = variance / (1.0 + variance);
    let shrink = 1.0 / (1.0 + variance).sqrt() - 1.0;
    for (out, x) in out.iter_mut().zip(anomalies) {
        *out = gain * d + shrink * x;
    }
}
