//! In which state a stage of a run directory is.

use std::path::Path;

use reterra_io::sha256_file;
use serde::Serialize;

use super::key::differences;
use super::{Key, Manifest, checkpoint_directory};
use crate::WorkflowError;

/// The state of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StageState {
    /// Made from what the workflow says now, every output intact.
    Done,
    /// Not run, or stopped before its first checkpoint.
    Absent,
    /// Stopped; a checkpoint of the present key is there.
    Started,
    /// Made from something else.
    Stale {
        /// What changed.
        changed: Vec<String>,
    },
    /// Done once, but an output is missing or isn't what was written.
    Damaged {
        /// What is wrong with which file.
        problems: Vec<String>,
    },
}

impl StageState {
    /// Looks at a stage's directory.
    pub(super) fn of(directory: &Path, present: &Key) -> Result<StageState, WorkflowError> {
        let manifest = match Manifest::read(directory) {
            Err(e) => return Ok(StageState::Damaged { problems: vec![e.to_string()] }),
            Ok(manifest) => manifest,
        };
        let Some(manifest) = manifest else {
            let started = checkpoint_directory(directory, &present.key).is_dir();
            return Ok(if started { StageState::Started } else { StageState::Absent });
        };
        if manifest.key.key != present.key {
            return Ok(StageState::Stale { changed: differences(&manifest.key, present) });
        }
        let problems = damage(directory, &manifest)?;
        Ok(if problems.is_empty() { StageState::Done } else { StageState::Damaged { problems } })
    }

    /// One word for tables.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            StageState::Done => "done",
            StageState::Absent => "to do",
            StageState::Started => "started",
            StageState::Stale { .. } => "stale",
            StageState::Damaged { .. } => "damaged",
        }
    }

    /// What changed or is damaged.
    #[must_use]
    pub fn details(&self) -> &[String] {
        match self {
            StageState::Stale { changed } => changed,
            StageState::Damaged { problems } => problems,
            _ => &[],
        }
    }
}

fn damage(directory: &Path, manifest: &Manifest) -> Result<Vec<String>, WorkflowError> {
    let mut problems = Vec::new();
    for (name, expected) in &manifest.outputs {
        let path = directory.join(name);
        if !path.is_file() {
            problems.push(format!("{} is missing", path.display()));
            continue;
        }
        let found = sha256_file(&path)?;
        if found != *expected {
            problems.push(format!("{} is corrupt: its checksum isn't the one written", path.display()));
        }
    }
    Ok(problems)
}
