//! What every emulator can do, and what can go wrong.

use ndarray::ArrayView2;

/// A fitted map from inputs to one output.
pub trait Emulator {
    /// Number of inputs d.
    fn inputs(&self) -> usize;

    /// Predicts one output for each row of `x` (n × d), in the units of the outputs it was fitted to.
    ///
    /// # Errors
    /// `Inputs` where `x` has another number of columns.
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError>;
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
    /// No input varies.
    #[error("none of the {inputs} inputs varies; there is nothing to learn from")]
    NoVariation {
        /// Columns.
        inputs: usize,
    },
    /// The library refused to fit, mostly for an option outside its range.
    #[error("boosting failed: {reason}")]
    Fit {
        /// Its message.
        reason: String,
    },
    /// Text that is not a stored emulator.
    #[error("this is not a stored emulator: {reason}")]
    Stored {
        /// What is wrong with it.
        reason: String,
    },
    /// More folds than groups, or less than two.
    #[error("{folds} folds of {groups} groups; choose 2 to {groups} folds")]
    Folds {
        /// Folds wanted.
        folds: usize,
        /// Distinct groups.
        groups: usize,
    },
}
