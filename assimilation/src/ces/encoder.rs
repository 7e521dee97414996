//! Outputs in units of their errors, turned to principal components.
//!
//! Whitened errors are independent with unit variance, and stay so when turned: each component can be emulated and
//! compared with the data by itself.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::EmulatorOptions;
use crate::AssimilationError;
use crate::linear_algebra::eigh;
use crate::noise::{Noise, Whitening};
use crate::transform::column_means;

/// A map from m outputs to K components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    whitening: Whitening,
    /// Mean of the whitened outputs.
    centre: Array1<f64>,
    /// Directions, m × K, orthonormal.
    directions: Array2<f64>,
    /// Variance of all outputs over the design, in observation error variances.
    pub variance: f64,
    /// Share of it in the components kept.
    pub explained: f64,
}

impl Encoder {
    /// Components of `outputs` (n × m) by falling variance: as many as leave no more than `left_out` of it, but no more
    /// than `components`.
    ///
    /// # Errors
    /// Those of the noise, `NoConvergence` of the eigenvalues.
    pub fn new(
        outputs: ArrayView2<'_, f64>,
        noise: &Noise,
        options: &EmulatorOptions,
    ) -> Result<Self, AssimilationError> {
        let (n, m) = outputs.dim();
        let whitening = noise.whitening(m)?;
        let white = whitening.rows(outputs);
        let centre = column_means(white.view());
        let a = (&white - &centre) / ((n.max(2) - 1) as f64).sqrt();
        // The smaller of the two products has the same eigenvalues.
        let (values, vectors) = if m <= n {
            eigh(a.t().dot(&a).view(), "the covariance of outputs")?
        } else {
            let (values, u) = eigh(a.dot(&a.t()).view(), "the products of outputs")?;
            let scale = values.mapv(|l| if l > 0.0 { l.sqrt().recip() } else { 0.0 });
            (values, a.t().dot(&u) * &scale)
        };
        // Eigenvalues rise.
        let order: Vec<usize> = (0..values.len()).rev().collect();
        let total: f64 = values.iter().map(|l| l.max(0.0)).sum();
        let mut kept = 0;
        let mut left = total;
        while kept < order.len().min(options.components) && left > options.left_out {
            left -= values[order[kept]].max(0.0);
            kept += 1;
        }
        let directions = vectors.select(Axis(1), &order[..kept]);
        let explained = if total > 0.0 { 1.0 - left.max(0.0) / total } else { 1.0 };
        Ok(Self { whitening, centre, directions, variance: total, explained })
    }

    /// Number of components, K.
    #[must_use]
    pub fn components(&self) -> usize {
        self.directions.ncols()
    }

    /// Number of outputs, m.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.centre.len()
    }

    /// Components (n × K) of outputs (n × m).
    #[must_use]
    pub fn encode(&self, outputs: ArrayView2<'_, f64>) -> Array2<f64> {
        (self.whitening.rows(outputs) - &self.centre).dot(&self.directions)
    }

    /// Means and variances of the m outputs, in their own units, for those of the components (n × K); what the components
    /// leave out stays at its mean over the design.
    #[must_use]
    pub fn decode(&self, mean: &Array2<f64>, variance: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
        let mut basis = self.directions.clone();
        for mut column in basis.columns_mut() {
            let own = self.whitening.back(&column.to_vec());
            column.assign(&Array1::from(own));
        }
        let centre = Array1::from(self.whitening.back(&self.centre.to_vec()));
        (mean.dot(&basis.t()) + &centre, variance.dot(&basis.mapv(|x| x * x).t()))
    }

    /// Square of what the components leave of one vector of m outputs.
    #[must_use]
    pub fn rest(&self, outputs: &[f64]) -> f64 {
        let white = Array1::from(self.whitening.vector(outputs)) - &self.centre;
        let encoded = white.dot(&self.directions);
        (white.dot(&white) - encoded.dot(&encoded)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn all_components_decode_to_the_outputs_and_their_variances_to_those_of_a_rotation() {
        let outputs = array![[1.0, 2.0], [4.0, 1.0], [2.0, 5.0], [0.0, 3.0]];
        let noise = Noise::Full(array![[2.0, 0.5], [0.5, 0.3]]);
        let encoder = Encoder::new(outputs.view(), &noise, &EmulatorOptions::default()).unwrap();
        let encoded = encoder.encode(outputs.view());
        let (mean, variance) = encoder.decode(&encoded, &Array2::ones(encoded.dim()));
        for (found, expected) in mean.iter().zip(&outputs) {
            assert_abs_diff_eq!(*found, *expected, epsilon = 1e-12);
        }
        // Unit variances of whitened components are the observation errors themselves.
        for row in variance.rows() {
            assert_abs_diff_eq!(row[0], 2.0, epsilon = 1e-12);
            assert_abs_diff_eq!(row[1], 0.3, epsilon = 1e-12);
        }
    }
}
