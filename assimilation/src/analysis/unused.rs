//! Observations that tell an analysis nothing, counted so that nobody takes them for used ones.

use crate::analysis::{Departures, Observed};

/// Observations that told an analysis nothing. What is left of it is as it would be without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// They have weight for no column: outside of the domain.
    pub unreached: usize,
    /// All members predict the same of them.
    pub without_spread: usize,
}

/// Sum of squares of predicted anomalies, in units of the observation error, below which an observation says nothing.
pub(crate) const NO_SPREAD: f64 = 1e-9;

impl Observed<'_> {
    /// How many observations all members predict alike: no covariance, so no update by them.
    #[must_use]
    pub fn without_spread(&self) -> usize {
        let size = self.he.nrows() as f64;
        let squares = self.he.columns().into_iter().map(|column| {
            let mean = column.sum() / size;
            column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()
        });
        squares.zip(self.r).filter(|(squares, r)| *squares < NO_SPREAD * **r).count()
    }
}

impl Departures {
    /// As [`Observed::without_spread`].
    #[must_use]
    pub fn without_spread(&self) -> usize {
        let size = (self.s.nrows() - 1) as f64;
        self.s.columns().into_iter().filter(|column| column.dot(column) * size < NO_SPREAD).count()
    }
}
