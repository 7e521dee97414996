//! How often observations fall inside their bands.

use serde::{Deserialize, Serialize};

/// Counts of observations inside a band.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    n: u64,
    inside: u64,
}

impl Coverage {
    /// Adds an observation and its band, ends included. An observation or band with NaN counts as outside.
    pub fn push(&mut self, obs: f64, lo: f64, hi: f64) {
        self.n += 1;
        self.inside += u64::from(lo <= obs && obs <= hi);
    }

    /// Adds another accumulator's counts.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.inside += other.inside;
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The fraction inside; none without observations.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        (self.n > 0).then(|| self.inside as f64 / self.n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_count_as_inside_and_nan_as_outside() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.fraction(), None);
        for (obs, lo, hi) in [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (1.1, 0.0, 1.0), (0.5, f64::NAN, 1.0)] {
            coverage.push(obs, lo, hi);
        }
        let half = coverage.clone();
        coverage.merge(&half);
        assert_eq!((coverage.n(), coverage.fraction()), (8, Some(0.5)));
    }
}
