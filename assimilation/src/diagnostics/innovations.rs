//! Innovations: whether their mean is zero, and their size what prior and observation error say.

use reterra_statistics::tail::normal_two_sided;
use serde::{Deserialize, Serialize};

use super::Clustered;

/// Observation minus prior mean, d, and its square over the variance it should have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Innovations {
    departure: Clustered,
    square: Clustered,
    normalised: Clustered,
}

impl Innovations {
    /// Those of one analysis: innovation, prior variance and error variance of each.
    #[must_use]
    pub fn of(seen: &[(f64, f64, f64)]) -> Self {
        Self {
            departure: Clustered::of(seen.iter().map(|(d, _, _)| *d)),
            square: Clustered::of(seen.iter().map(|(d, _, _)| d * d)),
            normalised: Clustered::of(seen.iter().map(|(d, spread, error)| d * d / (spread + error))),
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.departure.merge(&other.departure);
        self.square.merge(&other.square);
        self.normalised.merge(&other.normalised);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.departure.count()
    }

    /// Mean with its standard error, in the observation's unit.
    #[must_use]
    pub fn mean(&self) -> (Option<f64>, Option<f64>) {
        (self.departure.mean(), self.departure.standard_error())
    }

    /// Standard deviation about the mean, in the observation's unit.
    #[must_use]
    pub fn sd(&self) -> Option<f64> {
        let mean = self.departure.mean()?;
        Some((self.square.mean()? - mean * mean).max(0.0).sqrt())
    }

    /// Mean of `d² / (s² + r)` with its standard error: 1 where spread and error are what they say, more where they
    /// are too small.
    #[must_use]
    pub fn chi2(&self) -> (Option<f64>, Option<f64>) {
        (self.normalised.mean(), self.normalised.standard_error())
    }

    /// Probability of a mean farther from 1 than [`Innovations::chi2`] has, where spread and error are right.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        let (mean, error) = self.chi2();
        Some(normal_two_sided((mean? - 1.0) / error?))
    }
}
