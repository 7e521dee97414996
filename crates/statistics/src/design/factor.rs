//! An uncertain parameter of a design.

use crate::prior::{Bounds, Prior};

/// A parameter's name and distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    name: String,
    distribution: Distribution,
}

#[derive(Clone, Debug, PartialEq)]
enum Distribution {
    Uniform(f64, f64),
    Prior(Prior),
}

/// Why a factor cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FactorError {
    /// The bounds are not two finite numbers in order.
    #[error(
        "factor `{name}`: from {lower} to {upper} is no range; give two finite numbers, the lower one first"
    )]
    NoRange {
        /// The factor.
        name: String,
        /// Its lower bound as given.
        lower: f64,
        /// Its upper bound as given.
        upper: f64,
    },
}

impl Factor {
    /// A parameter that is equally likely everywhere between two bounds.
    ///
    /// # Errors
    /// [`FactorError::NoRange`].
    pub fn uniform(name: &str, lower: f64, upper: f64) -> Result<Self, FactorError> {
        let name = name.to_owned();
        if !(lower.is_finite() && upper.is_finite() && lower < upper) {
            return Err(FactorError::NoRange { name, lower, upper });
        }
        Ok(Self { name, distribution: Distribution::Uniform(lower, upper) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value of a probability.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        match &self.distribution {
            Distribution::Uniform(lower, upper) => lower + (upper - lower) * p,
            Distribution::Prior(prior) => prior.quantile(p),
        }
    }

    /// The bounds that no value passes.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        match &self.distribution {
            Distribution::Uniform(lower, upper) => Bounds::Both(*lower, *upper),
            Distribution::Prior(prior) => prior.bounds(),
        }
    }
}

impl From<Prior> for Factor {
    fn from(prior: Prior) -> Self {
        Self { name: prior.name().to_owned(), distribution: Distribution::Prior(prior) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_range_or_the_prior() {
        let flat = Factor::uniform("flnr", 0.1, 0.3).unwrap();
        assert!((flat.quantile(0.25) - 0.15).abs() < 1e-15);
        let prior = Prior::new("q10", 1.8, 0.3, Bounds::Both(1.0, 4.5)).unwrap();
        let factor = Factor::from(prior.clone());
        assert_eq!(factor.quantile(0.05).to_bits(), prior.quantile(0.05).to_bits());
        assert_eq!((factor.name(), factor.bounds()), ("q10", prior.bounds()));
    }

    #[test]
    fn a_range_that_is_none_is_refused_by_name() {
        for (lower, upper) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            let error = Factor::uniform("slatop", lower, upper).unwrap_err().to_string();
            assert!(error.contains("`slatop`"), "{error}");
        }
    }
}
