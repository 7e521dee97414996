//! An ensemble: members in rows, state in columns, and its summaries column by column.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use reterra_statistics::scores::quantile;

use crate::FieldError;

/// An ensemble `E[N × n]` of N members of a state of n values.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    members: Array2<f64>,
}

impl Ensemble {
    /// An ensemble of these rows.
    ///
    /// # Errors
    /// Less than two members have no spread.
    pub fn new(members: Array2<f64>) -> Result<Ensemble, FieldError> {
        match members.nrows() {
            n @ (0 | 1) => Err(FieldError::TooFewMembers { members: n }),
            _ => Ok(Ensemble { members }),
        }
    }

    /// The rows.
    #[must_use]
    pub fn members(&self) -> &Array2<f64> {
        &self.members
    }

    /// The mean of every column.
    #[must_use]
    pub fn mean(&self) -> Array1<f64> {
        self.members.sum_axis(Axis(0)) / self.members.nrows() as f64
    }

    /// The sample standard deviation (N - 1) of every column.
    #[must_use]
    pub fn sd(&self) -> Array1<f64> {
        let anomalies = &self.members - &self.mean();
        let squares = (&anomalies * &anomalies).sum_axis(Axis(0));
        (squares / (self.members.nrows() as f64 - 1.0)).sqrt()
    }

    /// The quantile of probability `p` of every column, linear between order statistics
    /// ([`reterra_statistics::scores::quantile`]).
    #[must_use]
    pub fn quantile(&self, p: f64) -> Array1<f64> {
        let of_column = |column: ArrayView1<f64>| {
            let mut values = column.to_vec();
            values.sort_by(f64::total_cmp);
            quantile(&values, p)
        };
        self.members.axis_iter(Axis(1)).map(of_column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn summaries_go_by_column() {
        let ensemble = Ensemble::new(array![[1.0, -3.0], [4.0, -3.0], [2.0, -3.0], [9.0, -3.0]]).unwrap();
        assert_relative_eq!(ensemble.mean().to_vec()[..], [4.0, -3.0]);
        assert_relative_eq!(ensemble.sd().to_vec()[..], [(38.0_f64 / 3.0).sqrt(), 0.0]);
        assert_relative_eq!(ensemble.quantile(0.5).to_vec()[..], [3.0, -3.0]);
        assert_relative_eq!(ensemble.quantile(1.0).to_vec()[..], [9.0, -3.0]);
    }

    #[test]
    fn one_member_is_no_ensemble() {
        let error = Ensemble::new(array![[1.0, 2.0]]).unwrap_err();
        assert_eq!(error, FieldError::TooFewMembers { members: 1 });
    }
}
