//! 3D-Var with a background covariance that doesn't change: the minimum of
//! `(x - xb)ᵀ B⁻¹ (x - xb) + (y - H x)ᵀ R⁻¹ (y - H x)` (Lorenc 1986, doi:10.1002/qj.49711247414).
//!
//! The operator is linear, so the minimum is one product with the gain `B Hᵀ (H B Hᵀ + R)⁻¹`, made once. With the
//! climatological mean as background and its covariance as `B` this is optimal interpolation.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::AssimilationError;
use crate::linear_algebra::{cholesky, require_finite, require_finite_row, solve_each};
use crate::noise::standard_deviations;

/// A 3D-Var analysis, ready for any background and observations.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreeDVar {
    operator: Array2<f64>,
    /// Transposed gain, m × n.
    gain: Array2<f64>,
}

impl ThreeDVar {
    /// The analysis for background covariance `b` (n × n), observation operator `operator` (m × n) and the m error
    /// variances `r`.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive` for an error variance, or where `H B Hᵀ + R` has no Cholesky factor.
    pub fn new(b: ArrayView2<'_, f64>, operator: Array2<f64>, r: &[f64]) -> Result<Self, AssimilationError> {
        let (m, n) = operator.dim();
        let lengths = [
            ("rows of the background covariance", n, b.nrows()),
            ("columns of the background covariance", n, b.ncols()),
            ("observation error variances", m, r.len()),
        ];
        for (what, expected, got) in lengths {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        standard_deviations(r)?;
        require_finite(b, "background covariance")?;
        require_finite(operator.view(), "observation operator")?;
        let crossed = operator.dot(&b);
        let innovation = crossed.dot(&operator.t()) + Array2::from_diag(&Array1::from(r.to_vec()));
        let l = cholesky(innovation.view(), "the innovation covariance")?;
        let mut gain = crossed;
        solve_each(l.view(), gain.columns_mut());
        Ok(Self { operator, gain })
    }

    /// How many observations change nothing, because no column that varies is observed by them.
    #[must_use]
    pub fn unreached(&self) -> usize {
        self.gain.rows().into_iter().filter(|row| row.iter().all(|x| *x == 0.0)).count()
    }

    /// The analysis of background `x` (n) and observations `y` (m).
    ///
    /// # Errors
    /// `Shape`, `NotFinite`.
    pub fn analyse(&self, x: ArrayView1<'_, f64>, y: &[f64]) -> Result<Array1<f64>, AssimilationError> {
        let (m, n) = self.operator.dim();
        for (what, expected, got) in [("observations", m, y.len()), ("the background", n, x.len())] {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        require_finite_row(y, "observation")?;
        require_finite_row(&x.to_vec(), "background")?;
        let innovation = &ndarray::aview1(y) - &self.operator.dot(&x);
        Ok(&x + &innovation.dot(&self.gain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    /// The gradient of the cost function vanishes at the analysis.
    #[test]
    fn the_analysis_is_the_minimum_of_the_cost_function() {
        let b = array![[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 1.0]];
        let h = array![[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]];
        let (r, y, xb) = ([0.5, 2.0], [3.0, -1.0], array![0.5, 1.0, -2.0]);
        let x = ThreeDVar::new(b.view(), h.clone(), &r).unwrap().analyse(xb.view(), &y).unwrap();
        let pull = (array![y[0], y[1]] - h.dot(&x)) / array![r[0], r[1]];
        let balanced = b.dot(&h.t().dot(&pull));
        (0..3).for_each(|i| assert_abs_diff_eq!(x[i] - xb[i], balanced[i], epsilon = 1e-13));
    }

    #[test]
    fn a_background_of_the_wrong_length_is_named() {
        let error = ThreeDVar::new(Array2::eye(3).view(), Array2::eye(2), &[1.0; 2]).unwrap_err();
        assert!(error.to_string().starts_with("rows of the background covariance"), "{error}");
    }
}
