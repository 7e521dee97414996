//! What every emulator can do, and what can go wrong.

use ndarray::{ArrayView1, ArrayView2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A fitted map from inputs to one output, that knows how far off it may be.
pub trait Emulator: Send + Sync {
    /// Number of inputs d.
    fn inputs(&self) -> usize;

    /// Predicts one output for each row of `x` (n × d), in the units of the outputs it was fitted to.
    ///
    /// # Errors
    /// `Inputs` where `x` has another number of columns.
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError>;

    /// Mean and variance of an output for each row of `x` (n × d), the noise of outputs included.
    ///
    /// # Errors
    /// As [`Self::predict`].
    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError>;

    /// Derivatives of mean and variance at one place (d); none where the emulator has none, as trees.
    ///
    /// # Errors
    /// As [`Self::predict`].
    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError>;

    /// What emulators say of each row that they weren't fitted to, with the same settings.
    fn left_out(&self) -> LeaveOneOut;
}

/// Derivatives of a prediction by the inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Of the mean, d.
    pub mean: Vec<f64>,
    /// Of the variance, d.
    pub variance: Vec<f64>,
}

/// Each output, predicted without it: without its row by a Gaussian process, without its fold by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// Mean, n.
    pub mean: Vec<f64>,
    /// Variance of the output itself, its noise included, n.
    pub variance: Vec<f64>,
    /// `(y - mean) / sd`, n: standard normal where the emulator is right.
    pub z: Vec<f64>,
}

/// Means with their variances, one of each for every row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// Means, in units of the output.
    pub mean: Vec<f64>,
    /// Variances, in squared units of the output.
    pub variance: Vec<f64>,
}

/// An emulator as JSON text.
pub(crate) fn stored<T: Serialize>(emulator: &T) -> Result<String, EmulatorError> {
    serde_json::to_string(emulator).map_err(|error| EmulatorError::Stored { reason: error.to_string() })
}

/// An emulator from its JSON text.
pub(crate) fn restored<T: DeserializeOwned>(text: &str) -> Result<T, EmulatorError> {
    serde_json::from_str(text).map_err(|error| EmulatorError::Stored { reason: error.to_string() })
}

/// Refuses rows without outputs, outputs without rows, and outputs that aren't finite.
pub(crate) fn check_outputs(x: ArrayView2<'_, f64>, y: &[f64]) -> Result<(), EmulatorError> {
    if y.is_empty() || x.nrows() != y.len() {
        return Err(EmulatorError::Rows { rows: x.nrows(), outputs: y.len() });
    }
    y.iter().position(|y| !y.is_finite()).map_or(Ok(()), |row| Err(EmulatorError::Output { row }))
}

/// An error of fitting or prediction.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Another number of inputs than the emulator was fitted to.
    #[error("expected {expected} inputs a row, got {got}; give the columns the emulator was fitted to")]
    Inputs {
        /// Columns wanted.
        expected: usize,
        /// Columns met.
        got: usize,
    },
    /// Inputs and outputs differ in length, or there are none.
    #[error("{rows} rows of inputs and {outputs} outputs; both must be equal and not zero")]
    Rows {
        /// Rows of inputs.
        rows: usize,
        /// Outputs.
        outputs: usize,
    },
    /// An output is not finite; inputs alone may be missing.
    #[error("output {row} is not finite; leave its row out")]
    Output {
        /// Its row.
        row: usize,
    },
    /// An input is infinite.
    #[error("input {column} of row {row} is infinite; use NaN for a missing input")]
    Infinite {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
    /// An input is missing or infinite, and the method has no use for such.
    #[error(
        "input {column} of row {row} is not finite; leave its row out, or use an emulator that takes missing inputs"
    )]
    Missing {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
    /// A variance of noise is not one.
    #[error("the noise variance {value} of row {row} is not one; give finite values of 0 and above")]
    Noise {
        /// Row.
        row: usize,
        /// What was given.
        value: f64,
    },
    /// Too few rows for what is to be estimated.
    #[error("{rows} rows are too few; give at least {needed}, or a simpler mean")]
    TooFew {
        /// Rows given.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No input varies.
    #[error("none of the {inputs} inputs varies; there is nothing to learn from")]
    NoVariation {
        /// Columns.
        inputs: usize,
    },
    /// The fit found nothing; with boosting mostly for an option outside its range.
    #[error("fitting {method} failed: {reason}")]
    Fit {
        /// What was fitted.
        method: &'static str,
        /// Why, in the library's words where it is one's.
        reason: String,
    },
    /// Text that is not a stored emulator.
    #[error("this is not a stored emulator: {reason}")]
    Stored {
        /// What is wrong with it.
        reason: String,
    },
    /// An output without a logarithm.
    #[error("output {row} is {value} and has no logarithm; fit on the plain scale")]
    Scale {
        /// Its row.
        row: usize,
        /// What was given.
        value: f64,
    },
    /// More folds than groups, less than two, or folds that don't leave each group out.
    #[error("{folds} folds of {groups} groups; choose 2 to {groups} folds that leave each out once")]
    Folds {
        /// Folds wanted.
        folds: usize,
        /// Distinct groups.
        groups: usize,
    },
}
