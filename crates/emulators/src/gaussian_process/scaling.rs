//! Inputs and outputs of about unit size, so that one set of bounds and priors serves all problems.

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// `scaled = (value - shift) / scale` for each input, and for the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scaling {
    shift: Vec<f64>,
    scale: Vec<f64>,
    /// Mean of the outputs.
    pub mean: f64,
    /// Their standard deviation; 1 where they are all the same.
    pub sd: f64,
}

impl Scaling {
    /// Inputs to 0 … 1, outputs to mean 0 and standard deviation 1. An input that never varies stays where it is.
    pub fn of(x: ArrayView2<'_, f64>, y: &[f64]) -> Self {
        let least = |column: ArrayView1<'_, f64>| column.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |column: ArrayView1<'_, f64>| column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shift: Vec<f64> = x.columns().into_iter().map(least).collect();
        let range = x.columns().into_iter().zip(&shift).map(|(column, least)| most(column) - least);
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        let variance = y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n;
        Self { scale: range.map(positive).collect(), shift, mean, sd: positive(variance.sqrt()) }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.shift.len()
    }

    /// One row of inputs.
    pub fn row(&self, x: ArrayView1<'_, f64>) -> Vec<f64> {
        x.iter()
            .zip(self.shift.iter().zip(&self.scale))
            .map(|(x, (shift, scale))| (x - shift) / scale)
            .collect()
    }

    /// All rows.
    pub fn inputs_of(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut z = x.to_owned();
        for (mut column, (shift, scale)) in
            z.columns_mut().into_iter().zip(self.shift.iter().zip(&self.scale))
        {
            column.mapv_inplace(|x| (x - shift) / scale);
        }
        z
    }

    /// Scale of one input.
    pub fn scale(&self, input: usize) -> f64 {
        self.scale[input]
    }
}

fn positive(scale: f64) -> f64 {
    if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
}
