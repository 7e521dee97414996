//! Smoothers that run the model over a window of time again and again. The lagged ensemble Kalman smoother, which
//! doesn't, is [`crate::FixedLag`] with the analysis of any transform filter.

pub mod ienks;
pub mod mda;

pub use ienks::Ienks;
pub use mda::Mda;

use ndarray::{Array2, ArrayView2};

use crate::AssimilationError;

/// Runs an ensemble (N × n) from the start of the window to its end and predicts the observations there (N × m).
pub trait Window {
    /// The prediction.
    ///
    /// # Errors
    /// Those of the model.
    fn predict(&mut self, start: ArrayView2<'_, f64>) -> Result<Array2<f64>, AssimilationError>;
}

impl<F: FnMut(ArrayView2<'_, f64>) -> Result<Array2<f64>, AssimilationError>> Window for F {
    fn predict(&mut self, start: ArrayView2<'_, f64>) -> Result<Array2<f64>, AssimilationError> {
        self(start)
    }
}

#[cfg(test)]
mod tests;
