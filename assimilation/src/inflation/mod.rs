//! Multiplicative inflation of the prior ensemble, fixed or learnt from innovations.
//!
//! The adaptive scheme estimates one covariance factor per column by a scalar Kalman filter on innovation
//! statistics: Miyoshi 2011, doi:10.1175/2010MWR3570.1, after Anderson 2009,
//! doi:10.1111/j.1600-0870.2008.00361.x, and Li et al. 2009, doi:10.1002/qj.371. Inflation is tied to
//! observations: a cycle without them inflates nothing and lets an adaptive factor decay towards 1.
//! For inflation of the posterior, relaxation among it, see [`posterior`]; for factors that vary in space, [`varying`].

pub mod belief;
pub mod posterior;
pub mod varying;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::etkf::checked_rows;
use crate::noise::standard_deviations;
use crate::transform::{column_means, column_sds};

/// How prior anomalies are inflated before an analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Inflation {
    /// Not at all.
    #[default]
    None,
    /// By a fixed factor on the anomalies (its square on the covariance).
    Fixed(f64),
    /// By a factor learnt from innovations, one value per column.
    Adaptive(Adaptive),
}

impl Inflation {
    /// The factor for the anomalies of this cycle; an adaptive one learns first from the innovations of
    /// the given members. Give it to [`crate::analyse_subset`] with the same arguments.
    ///
    /// # Errors
    /// Those of [`crate::analyse_subset`].
    pub fn factor(
        &mut self,
        he: ArrayView2<'_, f64>,
        y: &[f64],
        r: &[f64],
        members: &[usize],
    ) -> Result<f64, AssimilationError> {
        match self {
            Self::None => Ok(1.0),
            Self::Fixed(_) if y.is_empty() => Ok(1.0),
            Self::Fixed(factor) => Ok(*factor),
            Self::Adaptive(adaptive) if y.is_empty() => {
                adaptive.decay();
                Ok(1.0)
            }
            Self::Adaptive(adaptive) => {
                adaptive.learn(InnovationStatistics::new(he, y, r, members)?);
                Ok(adaptive.covariance_factor.sqrt())
            }
        }
    }
}

/// An inflation factor with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// Present factor on the covariance.
    pub covariance_factor: f64,
    /// Standard deviation of the factor before each estimate: larger adapts faster and is noisier.
    pub prior_sd: f64,
    /// Least covariance factor.
    pub min: f64,
    /// Largest covariance factor.
    pub max: f64,
    /// What is kept of the excess over 1 in a cycle without observations.
    pub decay: f64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { covariance_factor: 1.0, prior_sd: 0.1, min: 1.0, max: 4.0, decay: 0.9 }
    }
}

impl Adaptive {
    /// Blends the factor with the one the innovations ask for, by their variances, within the bounds.
    pub fn learn(&mut self, seen: InnovationStatistics) {
        // A collapsed ensemble tells nothing about its inflation.
        if seen.count == 0 || seen.spread <= f64::EPSILON * seen.count as f64 {
            return;
        }
        let count = seen.count as f64;
        let asked = (seen.innovation - count) / seen.spread;
        let expected = (self.covariance_factor * seen.spread + count) / seen.spread;
        let observed_variance = 2.0 / count * expected * expected;
        let prior_variance = self.prior_sd * self.prior_sd;
        let gain = prior_variance / (prior_variance + observed_variance);
        let blended = self.covariance_factor + gain * (asked - self.covariance_factor);
        self.covariance_factor = blended.max(self.min).min(self.max);
    }

    fn decay(&mut self) {
        self.covariance_factor = 1.0 + self.decay * (self.covariance_factor - 1.0);
    }
}

/// Sums over the observations of one analysis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnovationStatistics {
    /// Number of observations m.
    pub count: usize,
    /// `dᵀ R⁻¹ d`, whose expectation is `tr(R⁻¹ H P Hᵀ) + m` where the spread is right.
    pub innovation: f64,
    /// `tr(R⁻¹ H P Hᵀ)` of the prior without inflation.
    pub spread: f64,
}

impl InnovationStatistics {
    /// The sums for predictions `he` (N × m) of the given members.
    ///
    /// # Errors
    /// Those of [`crate::analyse_subset`].
    pub fn new(
        he: ArrayView2<'_, f64>,
        y: &[f64],
        r: &[f64],
        members: &[usize],
    ) -> Result<Self, AssimilationError> {
        let prior = checked_rows(he, y, r, members)?;
        let (mean, spread) = (column_means(prior.view()), column_sds(prior.view()));
        let sd = standard_deviations(r)?;
        let square_sum =
            |x: &mut dyn Iterator<Item = f64>| x.zip(&sd).map(|(x, sd)| (x / sd) * (x / sd)).sum();
        Ok(Self {
            count: y.len(),
            innovation: square_sum(&mut y.iter().zip(&mean).map(|(y, h)| y - h)),
            spread: square_sum(&mut spread.iter().copied()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use reterra_statistics::{Stage, StreamKey};

    /// Truth drawn with `excess` times the variance the ensemble has; where does the factor settle?
    fn settled(excess: f64) -> f64 {
        let (n, m) = (20, 40);
        let mut inflation = Inflation::Adaptive(Adaptive { prior_sd: 0.1, ..Adaptive::default() });
        let (mut sum, mut count) = (0.0, 0.0);
        for cycle in 0..400 {
            let mut stream = StreamKey { seed: 1, stage: Stage::Test, cycle, member: 0, column: 0 }.stream();
            let he = Array2::from_shape_fn((n, m), |_| stream.normal());
            let y: Vec<f64> =
                (0..m).map(|_| excess.sqrt() * stream.normal() + 0.5 * stream.normal()).collect();
            let members: Vec<usize> = (0..n).collect();
            let factor = inflation.factor(he.view(), &y, &vec![0.25; m], &members).unwrap();
            if cycle >= 100 {
                sum += factor * factor;
                count += 1.0;
            }
        }
        sum / count
    }

    #[test]
    fn the_factor_settles_where_the_spread_explains_the_innovations() {
        // The sampled mean of 20 members adds a twentieth of the ensemble's variance to the innovation.
        for excess in [1.5, 2.5] {
            let factor = settled(excess);
            assert!((factor / (excess + 0.05) - 1.0).abs() < 0.05, "{excess}: {factor}");
        }
    }

    #[test]
    fn the_factor_is_bounded() {
        assert!((settled(0.2) - 1.0).abs() < 1e-12);
        assert!((settled(50.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_cycle_without_observations_inflates_nothing_and_forgets() {
        let mut inflation = Inflation::Adaptive(Adaptive { covariance_factor: 2.0, ..Adaptive::default() });
        let he = Array2::zeros((5, 0));
        let factor = inflation.factor(he.view(), &[], &[], &[0, 1, 2]).unwrap();
        assert!((factor - 1.0).abs() < 1e-15);
        assert!(matches!(inflation, Inflation::Adaptive(a) if (a.covariance_factor - 1.9).abs() < 1e-15));
    }
}
