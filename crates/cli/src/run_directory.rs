//! Which run directory is meant.

use std::path::{Path, PathBuf};

use crate::Failure;

/// The file that makes a directory a run.
const RECORD: &str = "run.json";

/// The directory named; otherwise this one, otherwise the only run in `out/`.
pub fn find(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(directory) = named {
        return Ok(directory.to_owned());
    }
    if Path::new(RECORD).exists() {
        return Ok(PathBuf::from("."));
    }
    let entries = std::fs::read_dir("out").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.join(RECORD).exists()).collect();
    found.sort();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(Failure::WhichRun { found }),
    }
}
