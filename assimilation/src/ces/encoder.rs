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

    /// Square of what the components leave of one vector of m outputs.
    #[must_use]
    pub fn rest(&self, outputs: &[f64]) -> f64 {
        let white = Array1::from(self.whitening.vector(outputs)) - &self.centre;
        let encoded = white.dot(&self.directions);
        (white.dot(&white) - encoded.dot(&encoded)).max(0.0)
    }
}
