//! What is believed of an inflation factor, and what one observation teaches of it: the scalar part of [`super::varying`].
//!
//! The factor λ multiplies the variance of a column of the state. Where an observation's prediction correlates with that
//! column by γ (times the localisation), the squared departure `D²` of the observation from the prediction's mean has the
//! expectation `θ²(λ) = (1 + γ (√λ - 1))² σ² + r`, σ² the prediction's variance and r the observation's error variance
//! (Anderson 2009, doi:10.1111/j.1600-0870.2008.00361.x, eq. 11). The likelihood is taken as linear about the present
//! factor, so that the posterior's mode is the root of a quadratic.

use serde::{Deserialize, Serialize};

/// The distribution of a factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Normal (Anderson 2009).
    Normal,
    /// Inverse gamma, which knows no factor below zero and a long tail above
    /// (Gharamti 2018, doi:10.1175/MWR-D-17-0187.1). That paper's term for the sampling error of the mean is left out.
    #[default]
    InverseGamma,
}

/// A factor on the variance with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// The most likely factor.
    pub factor: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// What an observation tells of the factor of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Squared departure from the prediction's mean.
    pub departure2: f64,
    /// The prediction's variance before inflation.
    pub variance: f64,
    /// Error variance of the observation.
    pub error: f64,
    /// Correlation of the prediction with the column, without sign, times the localisation.
    pub correlation: f64,
}

impl Evidence {
    fn amplitude(&self, factor: f64) -> f64 {
        1.0 + self.correlation * (factor.sqrt() - 1.0)
    }

    /// Expected squared departure.
    fn expected(&self, factor: f64) -> f64 {
        self.amplitude(factor).powi(2) * self.variance + self.error
    }

    fn log_likelihood(&self, factor: f64) -> f64 {
        let expected = self.expected(factor);
        -0.5 * (expected.ln() + self.departure2 / expected)
    }

    /// Derivative of the log-likelihood.
    fn slope(&self, factor: f64) -> f64 {
        let expected = self.expected(factor);
        let growth = self.amplitude(factor) * self.correlation * self.variance / factor.sqrt();
        0.5 * (self.departure2 / expected - 1.0) / expected * growth
    }
}

impl Belief {
    /// The belief after an observation; it never becomes less certain.
    #[must_use]
    pub fn learn(self, distribution: Distribution, seen: &Evidence) -> Self {
        match distribution {
            Distribution::Normal => self.learn_normal(seen),
            Distribution::InverseGamma => self.learn_inverse_gamma(seen),
        }
    }

    /// What is left of the belief after a cycle: the factor on its way to 1.
    #[must_use]
    pub fn damped(self, kept: f64) -> Self {
        Self { factor: 1.0 + kept * (self.factor - 1.0), ..self }
    }

    fn learn_normal(self, seen: &Evidence) -> Self {
        let variance = self.sd * self.sd;
        let g = seen.slope(self.factor);
        let step = 2.0 * g * variance / (1.0 + (1.0 + 4.0 * g * g * variance).sqrt());
        let found = self.factor + step;
        if found <= 0.0 {
            return self;
        }
        let log_density = |x: f64| seen.log_likelihood(x) - 0.5 * (x - self.factor).powi(2) / variance;
        let fall = log_density(found) - log_density(found + self.sd);
        self.surer(found, variance / (2.0 * fall))
    }

    fn learn_inverse_gamma(self, seen: &Evidence) -> Self {
        let (mode, g) = (self.factor, seen.slope(self.factor));
        let shape = shape(mode, self.sd * self.sd);
        let rate = mode * (shape + 1.0);
        // The root of the quadratic that lies to the side to which the likelihood rises.
        let b = rate - 2.0 * g * mode * mode;
        let discriminant = rate * (rate + 4.0 * g * mode * mode * (g * mode - 1.0));
        let found = mode + 2.0 * g * mode.powi(3) / (b + discriminant.sqrt());
        let log_density = |x: f64| seen.log_likelihood(x) - (shape + 1.0) * x.ln() - rate / x;
        let beyond = found + self.sd;
        let fall = log_density(found) - log_density(beyond);
        // The inverse gamma distribution with this mode that falls as much to the same place.
        let rate = fall / ((beyond / found).ln() / found - 1.0 / found + 1.0 / beyond);
        self.surer(found, inverse_gamma_variance(rate / found - 1.0, rate))
    }

    fn surer(self, factor: f64, variance: f64) -> Self {
        let sd = variance.sqrt();
        // No number, and none that is smaller, where the density doesn't fall.
        Self { factor, sd: if sd < self.sd { sd } else { self.sd } }
    }
}

/// Variance of the inverse gamma distribution; infinite where it has none.
fn inverse_gamma_variance(shape: f64, rate: f64) -> f64 {
    if shape > 2.0 { rate * rate / ((shape - 1.0).powi(2) * (shape - 2.0)) } else { f64::INFINITY }
}

/// Shape of the inverse gamma distribution with a mode and a variance: the root above 2 of
/// `(α - 1)² (α - 2) = m² / v (α + 1)²`, from above, where Newton's steps cannot overshoot.
fn shape(mode: f64, variance: f64) -> f64 {
    let q = mode * mode / variance;
    let mut a = q + 8.0 + 4.0 * q.sqrt();
    for _ in 0..NEWTON {
        let value = (a - 1.0).powi(2) * (a - 2.0) - q * (a + 1.0).powi(2);
        let slope = (a - 1.0) * (3.0 * a - 5.0) - 2.0 * q * (a + 1.0);
        let step = value / slope;
        a -= step;
        if step.abs() <= 1e-12 * a {
            break;
        }
    }
    a
}

/// Newton's steps at most; six are usual.
const NEWTON: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_inverse_gamma_distribution_has_the_mode_and_the_variance_it_was_made_from() {
        for (mode, sd) in [(1.0, 0.6), (1.0, 0.05), (0.3, 2.0), (5.0, 0.1), (1.0, 30.0)] {
            let found = shape(mode, sd * sd);
            assert!(found > 2.0);
            let variance = inverse_gamma_variance(found, mode * (found + 1.0));
            assert_relative_eq!(variance, sd * sd, max_relative = 1e-9);
        }
    }

    /// Mean and variance of the exact posterior on a fine grid.
    fn exact(prior: Belief, distribution: Distribution, seen: &Evidence) -> (f64, f64) {
        let shape = shape(prior.factor, prior.sd * prior.sd);
        let log_prior = |x: f64| match distribution {
            Distribution::Normal => -0.5 * ((x - prior.factor) / prior.sd).powi(2),
            Distribution::InverseGamma => -(shape + 1.0) * (x.ln() + prior.factor / x),
        };
        let at = |i: i32| 0.001 * f64::from(i);
        let mode = (1..20_000).max_by(|&i, &j| {
            let value = |i| seen.log_likelihood(at(i)) + log_prior(at(i));
            value(i).total_cmp(&value(j))
        });
        let weight = |i: i32| (seen.log_likelihood(at(i)) + log_prior(at(i))).exp();
        let total: f64 = (1..20_000).map(weight).sum();
        let mean = (1..20_000).map(|i| weight(i) * at(i)).sum::<f64>() / total;
        let variance = (1..20_000).map(|i| weight(i) * (at(i) - mean).powi(2)).sum::<f64>() / total;
        (at(mode.unwrap()), variance.sqrt())
    }

    /// A belief that is sure enough for the likelihood to be linear within it has the mode of Bayes' rule; its standard
    /// deviation is that of Bayes' rule to some percent.
    #[test]
    fn a_sure_belief_learns_what_bayes_rule_says() {
        for distribution in [Distribution::Normal, Distribution::InverseGamma] {
            for departure2 in [0.0, 1.0, 4.0, 9.0] {
                for correlation in [0.2, 1.0] {
                    let seen = Evidence { departure2, variance: 1.0, error: 0.5, correlation };
                    let prior = Belief { factor: 1.5, sd: 0.1 };
                    let found = prior.learn(distribution, &seen);
                    let (mode, sd) = exact(prior, distribution, &seen);
                    assert!(
                        (found.factor - mode).abs() < 2e-3,
                        "{distribution:?} {seen:?}: {found:?}, {mode}"
                    );
                    assert!((found.sd - sd).abs() < 0.01, "{distribution:?} {seen:?}: {found:?}, {sd}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_learnt_without_correlation_and_no_departure_breaks_it() {
        for distribution in [Distribution::Normal, Distribution::InverseGamma] {
            let prior = Belief { factor: 1.5, sd: 0.6 };
            let seen = Evidence { departure2: 4.0, variance: 1.0, error: 0.5, correlation: 0.0 };
            assert_relative_eq!(prior.learn(distribution, &seen).factor, 1.5);
            for departure2 in [0.0, 1e-30, 1e4, 1e12] {
                for error in [1e-12, 1.0, 1e12] {
                    let seen = Evidence { departure2, variance: 1.0, error, correlation: 1.0 };
                    let found = prior.learn(distribution, &seen);
                    assert!(found.factor > 0.0 && found.factor.is_finite(), "{seen:?}: {found:?}");
                    assert!(found.sd > 0.0 && found.sd <= 0.6, "{seen:?}: {found:?}");
                }
            }
        }
    }
}
