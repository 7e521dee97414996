//! The file of fitted emulators.

use std::path::Path;

use ndarray::ArrayView2;
use reterra_emulators::{Emulator, Fitted};
use reterra_io::{IoError, replace, sha256_bytes};
use serde::{Deserialize, Serialize};

use crate::WorkflowError;

/// Hexadecimal digits that tell rows apart, 64 bits.
const KEY_DIGITS: usize = 16;

/// Emulators of a table's outputs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emulators {
    /// Names of inputs, in the order of the emulators' columns; numbers have the units of the table.
    pub inputs: Vec<String>,
    /// The column whose values were left out together.
    pub blocks: Option<String>,
    /// Seed of the fit.
    pub seed: u64,
    /// Keys of the inputs of rows that were fitted to, in the table's order.
    pub(super) seen: Vec<String>,
    /// One emulator for each output.
    pub outputs: Vec<OutputEmulator>,
}

/// The emulator of an output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputEmulator {
    /// Name of the output's column.
    pub name: String,
    /// Its emulator.
    pub emulator: Fitted,
}

/// Keys of rows of inputs: equal for the same bits.
pub(super) fn row_keys(x: ArrayView2<'_, f64>) -> Vec<String> {
    let key = |row: ndarray::ArrayView1<'_, f64>| {
        // Adding zero makes -0 and 0 one.
        let bytes: Vec<u8> = row.iter().flat_map(|value| (value + 0.0).to_le_bytes()).collect();
        let mut key = sha256_bytes(&bytes);
        key.truncate(KEY_DIGITS);
        key
    };
    x.rows().into_iter().map(key).collect()
}

impl Emulators {
    /// Writes the file whole or not at all, after making sure that it can be read again.
    ///
    /// # Errors
    /// A file that can't be written, and `NoEmulators` where an emulator holds numbers that JSON can't.
    pub fn write(&self, file: &Path) -> Result<(), WorkflowError> {
        let text = serde_json::to_string(self).map_err(|e| unusable(file, &e.to_string()))?;
        Self::parse(&text, file)?;
        Ok(replace(file, format!("{text}\n").as_bytes())?)
    }

    /// Reads what [`Self::write`] wrote; predictions have the same bits.
    ///
    /// # Errors
    /// A file that can't be read, and `NoEmulators` where it holds something else.
    pub fn read(file: &Path) -> Result<Self, WorkflowError> {
        let text = std::fs::read_to_string(file).map_err(|source| {
            WorkflowError::from(IoError::File { path: file.to_owned(), action: "read", source })
        })?;
        Self::parse(&text, file)
    }

    fn parse(text: &str, file: &Path) -> Result<Self, WorkflowError> {
        let mut found: Self = serde_json::from_str(text).map_err(|e| unusable(file, &e.to_string()))?;
        for output in &mut found.outputs {
            // Its own reader refuses what parses but can't predict.
            let checked = output.emulator.to_json().and_then(|json| Fitted::from_json(&json));
            output.emulator = checked.map_err(|e| unusable(file, &e.to_string()))?;
            if output.emulator.inputs() != found.inputs.len() {
                let reason = format!("`{}` has another number of inputs than are named", output.name);
                return Err(unusable(file, &reason));
            }
        }
        Ok(found)
    }
}

fn unusable(file: &Path, reason: &str) -> WorkflowError {
    WorkflowError::NoEmulators { file: file.to_owned(), reason: reason.to_owned() }
}
