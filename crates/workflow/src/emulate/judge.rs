//! Predictions for rows of a table, and their scores.

use std::collections::HashSet;
use std::path::Path;

use ndarray::{ArrayView2, Axis};
use reterra_emulators::{Emulator, Prediction, Scores};
use reterra_io::NumberTable;
use serde::Serialize;

use super::columns::matrix;
use super::store::{Emulators, OutputEmulator, row_keys};
use crate::WorkflowError;

/// Scores of emulators on rows that they weren't fitted to.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Rows scored.
    pub rows: usize,
    /// Rows not scored, since the fit has seen their inputs.
    pub seen: usize,
    /// Scores by output, in the units of the table.
    pub outputs: Vec<(String, Scores)>,
}

/// Predictions for a table.
#[derive(Clone, Debug)]
pub struct Predicted {
    /// What the table calls its records: a NetCDF file's dimension.
    pub record: String,
    /// Means and variances of each output, for each record.
    pub outputs: Vec<Prediction>,
}

/// Predicts each output for each row of a table; columns that are no inputs aren't read.
///
/// # Errors
/// A table, column or cell that can't be used.
pub fn predict(emulators: &Emulators, path: &Path) -> Result<Predicted, WorkflowError> {
    let table = NumberTable::read(path)?;
    let x = matrix(&table, &emulators.inputs)?;
    let outputs = emulators.outputs.iter().map(|output| ask(output, x.view(), path));
    let outputs = outputs.collect::<Result<_, WorkflowError>>()?;
    Ok(Predicted { record: table.record().to_owned(), outputs })
}

/// Scores the emulators of `file` on the rows of a table that they haven't seen.
///
/// # Errors
/// As [`predict`], and `NoNewRows` where they have seen all.
pub fn judge(file: &Path, path: &Path) -> Result<Judged, WorkflowError> {
    let emulators = Emulators::read(file)?;
    let table = NumberTable::read(path)?;
    let x = matrix(&table, &emulators.inputs)?;
    let seen: HashSet<&String> = emulators.seen.iter().collect();
    let keys = row_keys(x.view());
    let fresh: Vec<usize> = (0..keys.len()).filter(|&row| !seen.contains(&keys[row])).collect();
    if fresh.is_empty() {
        return Err(WorkflowError::NoNewRows {
            table: path.to_owned(),
            file: file.to_owned(),
            rows: keys.len(),
        });
    }
    let x = x.select(Axis(0), &fresh);
    let score = |output: &OutputEmulator| {
        let y = table.numbers(&output.name)?;
        let y: Vec<f64> = fresh.iter().map(|&row| y[row]).collect();
        Ok((output.name.clone(), Scores::of(&y, &ask(output, x.view(), path)?)))
    };
    let outputs: Result<Vec<(String, Scores)>, WorkflowError> = emulators.outputs.iter().map(score).collect();
    Ok(Judged { rows: fresh.len(), seen: keys.len() - fresh.len(), outputs: outputs? })
}

fn ask(output: &OutputEmulator, x: ArrayView2<'_, f64>, path: &Path) -> Result<Prediction, WorkflowError> {
    output.emulator.distribution(x).map_err(|source| {
        let outputs = format!("`{}`", output.name);
        WorkflowError::Emulator { file: path.to_owned(), outputs, source }
    })
}
