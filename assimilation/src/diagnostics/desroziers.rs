//! Errors as departures show them: Desroziers, Berre, Chapnik and Poli 2005, doi:10.1256/qj.05.108.
//!
//! With `d_b` the observation minus the prior mean and `d_a` minus the posterior mean, `E[d_a d_b]` is the variance of
//! the observation's error and `E[(d_b - d_a) d_b]` that of the prior in observation space, where the analysis weighed
//! both rightly. Where it did not they are a first step towards them, and repeating the analysis with them converges.

use serde::{Deserialize, Serialize};

use super::Clustered;

/// Products of departures with the variances that the analysis assumed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desroziers {
    error: Clustered,
    assumed_error: Clustered,
    background: Clustered,
    assumed_background: Clustered,
}

/// Departures of one assimilated observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Departure {
    /// Observation minus prior mean.
    pub prior: f64,
    /// Observation minus posterior mean.
    pub posterior: f64,
    /// Variance of the prior that the analysis used.
    pub spread: f64,
    /// Error variance that the analysis used.
    pub error: f64,
}

/// An estimated variance beside the assumed one, in squared units of the observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What departures show.
    pub found: f64,
    /// Its standard error; none with less than two analyses.
    pub standard_error: Option<f64>,
    /// Mean of what was assumed.
    pub assumed: f64,
}

impl Estimate {
    /// Found over assumed: above 1 where the assumed variance is too small.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.found / self.assumed
    }

    /// Two standard errors about the ratio.
    #[must_use]
    pub fn interval(&self) -> Option<[f64; 2]> {
        let half = 2.0 * self.standard_error? / self.assumed;
        Some([self.ratio() - half, self.ratio() + half])
    }
}

impl Desroziers {
    /// Departures of one analysis.
    #[must_use]
    pub fn of(seen: &[Departure]) -> Self {
        let over = |of: fn(&Departure) -> f64| Clustered::of(seen.iter().map(of));
        Self {
            error: over(|d| d.posterior * d.prior),
            assumed_error: over(|d| d.error),
            background: over(|d| (d.prior - d.posterior) * d.prior),
            assumed_background: over(|d| d.spread),
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.error.merge(&other.error);
        self.assumed_error.merge(&other.assumed_error);
        self.background.merge(&other.background);
        self.assumed_background.merge(&other.assumed_background);
    }

    /// Variance of the observation error; none without observations.
    #[must_use]
    pub fn error(&self) -> Option<Estimate> {
        estimate(&self.error, &self.assumed_error)
    }

    /// Variance of the prior in observation space; none without observations.
    #[must_use]
    pub fn background(&self) -> Option<Estimate> {
        estimate(&self.background, &self.assumed_background)
    }
}

fn estimate(found: &Clustered, assumed: &Clustered) -> Option<Estimate> {
    Some(Estimate { found: found.mean()?, standard_error: found.standard_error(), assumed: assumed.mean()? })
}
