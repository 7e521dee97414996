//! A map to coordinates and back.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// `z = (x - shift) F`, and back `x ≈ shift + z B`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Affine {
    /// p.
    pub shift: Array1<f64>,
    /// F, p × k.
    pub forward: Array2<f64>,
    /// B, k × p.
    pub back: Array2<f64>,
    /// Variance of the data that isn't found again, p.
    pub lost: Array1<f64>,
}

impl Affine {
    /// A map with what it loses of data (n × p).
    pub fn new(
        shift: Array1<f64>,
        forward: Array2<f64>,
        back: Array2<f64>,
        values: ArrayView2<'_, f64>,
    ) -> Self {
        let mut found = Self { lost: Array1::zeros(shift.len()), shift, forward, back };
        let gap = &values - &found.decode(found.encode(values).view());
        found.lost = gap.mapv(|gap| gap * gap).sum_axis(Axis(0)) / values.nrows() as f64;
        found
    }

    pub fn encode(&self, values: ArrayView2<'_, f64>) -> Array2<f64> {
        (&values - &self.shift).dot(&self.forward)
    }

    pub fn decode(&self, coordinates: ArrayView2<'_, f64>) -> Array2<f64> {
        coordinates.dot(&self.back) + &self.shift
    }
}
