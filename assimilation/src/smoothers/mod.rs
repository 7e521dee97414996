//! Smoothers, one file each. [`Enks`] moves stored states and needs no other run of the model; the others run it over a
//! window of time again and again.

pub mod enks;
pub mod ienks;
pub mod mda;

pub use enks::Enks;
pub use ienks::Ienks;
pub use mda::Mda;

use ndarray::{Array2, ArrayView2};
use reterra_statistics::StreamKey;

use crate::AssimilationError;
use crate::analysis::{Departures, Observed};
use crate::linear_algebra::require_finite;

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

/// What an ensemble (N × n) predicts for observations `y` with variances `r`, checked against its members before and
/// after.
pub(crate) fn departures(
    window: &mut dyn Window,
    start: ArrayView2<'_, f64>,
    (y, r): (&[f64], &[f64]),
    key: StreamKey,
) -> Result<Departures, AssimilationError> {
    if start.nrows() < 2 {
        return Err(AssimilationError::NoEnsemble { members: start.nrows() });
    }
    require_finite(start, "state of a member at the start of the window")?;
    let he = window.predict(start)?;
    let seen = Observed { he: he.view(), y, r, key };
    seen.check(start.nrows())?;
    Departures::new(&seen)
}

#[cfg(test)]
mod tests;
