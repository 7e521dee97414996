//! The runs of a campaign on disk: `runs/00017/` with `state.json`, which is written last.

use std::fs;
use std::path::{Path, PathBuf};

use reterra_io::{IoError, replace};
use serde::{Deserialize, Serialize};

use crate::WorkflowError;

/// Folder of the runs.
const RUNS: &str = "runs";
/// File of a run's state.
const STATE: &str = "state.json";

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", deny_unknown_fields)]
pub enum RunState {
    /// It gave outputs.
    Complete {
        /// Physical parameters.
        parameters: Vec<f64>,
        /// The observed outputs.
        outputs: Vec<f64>,
    },
    /// It failed.
    Failed {
        /// Physical parameters.
        parameters: Vec<f64>,
        /// Why.
        reason: String,
    },
}

impl RunState {
    /// Whether the run failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self, RunState::Failed { .. })
    }

    /// Physical parameters of the run.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        match self {
            RunState::Complete { parameters, .. } | RunState::Failed { parameters, .. } => parameters,
        }
    }
}

/// The directories of a campaign's runs.
#[derive(Clone, Debug)]
pub struct Store {
    runs: PathBuf,
}

impl Store {
    /// The runs of the campaign in this directory.
    #[must_use]
    pub fn new(campaign: &Path) -> Store {
        Store { runs: campaign.join(RUNS) }
    }

    /// The directory of a run, counted from 0.
    #[must_use]
    pub fn directory(&self, number: usize) -> PathBuf {
        self.runs.join(format!("{number:05}"))
    }

    /// What became of a run; none where it wasn't made, or was stopped on its way.
    ///
    /// # Errors
    /// A state that can't be read.
    pub fn state(&self, number: usize) -> Result<Option<RunState>, WorkflowError> {
        let path = self.directory(number).join(STATE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(IoError::File { path, action: "read", source }.into()),
        };
        let state = serde_json::from_str(&text).map_err(WorkflowError::io("understand", path))?;
        Ok(Some(state))
    }

    /// An empty directory for a run: what one that was stopped left there is deleted.
    ///
    /// # Errors
    /// A directory that can't be deleted or made.
    pub fn begin(&self, number: usize) -> Result<PathBuf, WorkflowError> {
        let directory = self.directory(number);
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(WorkflowError::io("delete", &directory))?;
        }
        fs::create_dir_all(&directory).map_err(WorkflowError::io("create", &directory))?;
        Ok(directory)
    }

    /// Makes a run count.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn finish(&self, number: usize, state: &RunState) -> Result<(), WorkflowError> {
        let path = self.directory(number).join(STATE);
        let text = serde_json::to_string_pretty(state).map_err(WorkflowError::io("write", &path))?;
        Ok(replace(&path, format!("{text}\n").as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_state_is_made_again_from_nothing_and_numbers_keep_their_bits() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        assert_eq!(store.state(17).unwrap(), None);
        let directory = store.begin(17).unwrap();
        assert!(directory.ends_with("runs/00017"));
        fs::write(directory.join("left.txt"), "by a run that was killed").unwrap();
        assert_eq!(store.state(17).unwrap(), None);
        assert_eq!(fs::read_dir(store.begin(17).unwrap()).unwrap().count(), 0);
        let numbers = vec![0.1 + 0.2, -0.0, 1e-300, f64::MIN_POSITIVE / 8.0];
        let state = RunState::Complete { parameters: numbers.clone(), outputs: numbers.clone() };
        store.finish(17, &state).unwrap();
        let found = store.state(17).unwrap().unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(found.parameters()), bits(&numbers));
        fs::write(directory.join(STATE), "{}").unwrap();
        assert!(store.state(17).unwrap_err().to_string().contains("00017"));
    }
}
