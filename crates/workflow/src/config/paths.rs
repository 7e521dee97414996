//! Where relative input paths of a workflow file point to.

use std::path::{Path, PathBuf};

use super::InputPath;
use super::decode::Source;
use crate::WorkflowError;

/// The directories that relative paths are tried against, in this order: `--data DIR`, the directory of the
/// workflow file, and that directory's parent. The first that holds the path wins.
pub(crate) struct Bases {
    directories: Vec<PathBuf>,
}

impl Bases {
    pub fn new(workflow_file: &Path, data: Option<&Path>) -> Bases {
        let own = workflow_file.parent().map_or_else(PathBuf::new, Path::to_owned);
        let own = if own.as_os_str().is_empty() { PathBuf::from(".") } else { own };
        let mut directories: Vec<PathBuf> = data.map(Path::to_owned).into_iter().collect();
        directories.push(own.clone());
        directories.push(own.join(".."));
        Bases { directories }
    }

    /// Finds the path that `key` gives. [`WorkflowError::MissingInput`] lists where it was looked for.
    pub fn resolve(&self, source: &Source, key: &str, written: &str) -> Result<InputPath, WorkflowError> {
        let tried: Vec<PathBuf> = self.directories.iter().map(|base| base.join(written)).collect();
        let found = tried.iter().find(|candidate| candidate.exists());
        let path = found.cloned().ok_or_else(|| WorkflowError::MissingInput {
            file: source.file.to_owned(),
            line: source.line_of(key),
            key: key.to_owned(),
            written: written.to_owned(),
            tried,
        })?;
        Ok(InputPath { written: written.to_owned(), path })
    }
}
