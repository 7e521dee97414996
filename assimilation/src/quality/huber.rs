//! Outliers count less the farther they are, by Huber's norm: quadratic near the prior, linear beyond.
//!
//! Huber 1964 (doi:10.1214/aoms/1177703732); in operational assimilation Tavolato and Isaksen 2015
//! (doi:10.1002/qj.2440), who measure departures from the analysis in errors of the observation. A filter has the
//! prior only, so departures are measured here in standard deviations of the innovation, `z = d / sqrt(s² + r)`, and
//! the error variance grows to `r' = |z| / c (s² + r) - s²` where `|z| > c`. The innovation's weight then falls as
//! `c / |z|`: the observation pulls as if it lay at `z = ±c`, which is Huber's influence function.

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;
use crate::AssimilationError;
use crate::localisation::require_positive;

/// Inflates errors of outliers; refuses none. Of good Gaussian observations it touches a share `2 Φ(-c)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Huber {
    /// Where the norm turns from quadratic to linear, c, in standard deviations of the innovation. At 1.345 an estimate
    /// is 95 % as efficient as the mean where errors are Gaussian.
    pub transition: f64,
}

impl Huber {
    pub(super) fn validate(self) -> Result<(), AssimilationError> {
        require_positive("transition of the Huber norm", self.transition)
    }

    pub(super) fn apply(self, sifting: &mut Sifting<'_>) {
        for j in sifting.open() {
            let variance = sifting.variance(j);
            let excess = sifting.innovation(j).abs() / (self.transition * variance.sqrt());
            if excess > 1.0 {
                sifting.outcome.variances[j] = excess * variance - sifting.spreads[j];
                sifting.outcome.flags[j] = Flag::DownWeighted;
            }
        }
    }
}
