//! `stage.json`: what a done stage was made from and what it made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::WorkflowError;

/// Name of the manifest in a stage's directory.
pub const MANIFEST: &str = "stage.json";

/// What a stage's key was made of, and the key. Kept apart so that a stale stage can say what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// SHA-256 over all the other members, hexadecimal.
    pub key: String,
    /// `<crate version>+<hash of the sources>`.
    pub code: String,
    /// SHA-256 of each part of the configuration, by name.
    pub config: BTreeMap<String, String>,
    /// SHA-256 of each input file, by label.
    pub inputs: BTreeMap<String, String>,
    /// Key of each stage before it, by name.
    pub upstream: BTreeMap<String, String>,
}

/// The record of a done stage. Holds nothing that depends on time or machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The stage.
    pub stage: String,
    /// What it was made from.
    #[serde(flatten)]
    pub key: Key,
    /// SHA-256 of every output, by its path relative to the stage's directory.
    pub outputs: BTreeMap<String, String>,
    /// The stage's own lines.
    pub notes: Vec<String>,
}

impl Manifest {
    /// Reads a stage's manifest; `None` where the stage isn't done.
    ///
    /// # Errors
    /// [`WorkflowError::Io`] for a file that can't be read or isn't a manifest.
    pub fn read(stage_directory: &Path) -> Result<Option<Manifest>, WorkflowError> {
        let path: PathBuf = stage_directory.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(WorkflowError::io("read", &path))?,
        };
        serde_json::from_str(&text).map(Some).map_err(WorkflowError::io("read the stage manifest", &path))
    }
}
