//! Observation error covariance `Γ` and its whitening.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::linear_algebra::{cholesky, solve_lower};

/// The covariance `Γ` (m × m) of the observation error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Noise {
    /// Independent errors: the m variances.
    Diagonal(Vec<f64>),
    /// Correlated errors: the whole symmetric positive definite matrix.
    Full(Array2<f64>),
}

impl Noise {
    /// Errors whose variances are `factor` times as large.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Diagonal(variances) => Self::Diagonal(variances.iter().map(|v| v * factor).collect()),
            Self::Full(matrix) => Self::Full(matrix * factor),
        }
    }

    /// The whitening of this noise for m observations.
    ///
    /// # Errors
    /// `Shape` where the size is not m, `NotPositive` where a variance or pivot is not positive.
    pub fn whitening(&self, m: usize) -> Result<Whitening, AssimilationError> {
        let size = match self {
            Self::Diagonal(variances) => variances.len(),
            Self::Full(matrix) => matrix.nrows(),
        };
        if size != m {
            return Err(AssimilationError::Shape {
                what: "observation error covariance",
                expected: m,
                got: size,
            });
        }
        match self {
            Self::Diagonal(variances) => Ok(Whitening::Scale(standard_deviations(variances)?)),
            Self::Full(matrix) => {
                Ok(Whitening::Factor(cholesky(matrix.view(), "observation error covariance")?))
            }
        }
    }
}

/// The map to observations with independent errors of unit variance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Whitening {
    /// Division by the standard deviations.
    Scale(Vec<f64>),
    /// Solution with the lower Cholesky factor of `Γ`.
    Factor(Array2<f64>),
}

impl Whitening {
    /// Whitens one vector of m observations.
    #[must_use]
    pub fn vector(&self, y: &[f64]) -> Vec<f64> {
        match self {
            Self::Scale(sd) => y.iter().zip(sd).map(|(y, sd)| y / sd).collect(),
            Self::Factor(l) => {
                let mut y = y.to_vec();
                solve_lower(l.view(), &mut y);
                y
            }
        }
    }

    /// The inverse of [`Self::vector`].
    #[must_use]
    pub fn back(&self, z: &[f64]) -> Vec<f64> {
        match self {
            Self::Scale(sd) => z.iter().zip(sd).map(|(z, sd)| z * sd).collect(),
            Self::Factor(l) => l.dot(&ndarray::aview1(z)).to_vec(),
        }
    }

    /// Whitens each row of an N × m array.
    #[must_use]
    pub fn rows(&self, y: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut white = y.to_owned();
        for mut row in white.rows_mut() {
            let values = self.vector(&row.to_vec());
            row.iter_mut().zip(values).for_each(|(x, value)| *x = value);
        }
        white
    }
}

/// Square roots of variances, all positive and finite.
pub(crate) fn standard_deviations(variances: &[f64]) -> Result<Vec<f64>, AssimilationError> {
    let root = |(index, &value): (usize, &f64)| {
        if value > 0.0 && value.is_finite() {
            Ok(value.sqrt())
        } else {
            Err(AssimilationError::NotPositive { what: "observation error variance", index, value })
        }
    };
    variances.iter().enumerate().map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, array};

    #[test]
    fn a_full_matrix_that_is_diagonal_whitens_as_its_diagonal() {
        let y = [3.0, -4.0];
        let diagonal = Noise::Diagonal(vec![4.0, 0.25]).whitening(2).unwrap();
        let full = Noise::Full(Array2::from_diag(&array![4.0, 0.25])).whitening(2).unwrap();
        assert_eq!(diagonal.vector(&y), full.vector(&y));
    }

    #[test]
    fn whitening_has_its_inverse() {
        let full = Noise::Full(array![[2.0, 1.0], [1.0, 3.0]]);
        for noise in [Noise::Diagonal(vec![4.0, 0.25]), full] {
            let whitening = noise.whitening(2).unwrap();
            let back = whitening.back(&whitening.vector(&[3.0, -4.0]));
            assert_abs_diff_eq!(back[0], 3.0, epsilon = 1e-14);
            assert_abs_diff_eq!(back[1], -4.0, epsilon = 1e-14);
        }
    }

    #[test]
    fn whitened_norm_is_the_mahalanobis_distance() {
        let noise = Noise::Full(array![[2.0, 1.0], [1.0, 3.0]]);
        let z = noise.whitening(2).unwrap().vector(&[1.0, 2.0]);
        // (1, 2) Γ⁻¹ (1, 2)ᵀ with Γ⁻¹ = [[3, -1], [-1, 2]] / 5.
        assert_abs_diff_eq!(z[0] * z[0] + z[1] * z[1], 7.0 / 5.0, epsilon = 1e-14);
    }

    #[test]
    fn a_variance_of_zero_is_refused() {
        let error = Noise::Diagonal(vec![1.0, 0.0]).whitening(2).unwrap_err();
        assert!(matches!(error, AssimilationError::NotPositive { index: 1, .. }));
    }
}
