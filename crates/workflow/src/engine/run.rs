//! A run: a workflow, and the directory that remembers it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use reterra_io::replace;
use serde::{Deserialize, Serialize};

use super::lock::LOCK;
use crate::WorkflowError;
use crate::config::{Document, Kind, Overrides, Workflow};

/// The copy of the workflow file in the run directory.
const WORKFLOW: &str = "workflow.toml";
/// The record of how the run was started.
const RECORD: &str = "run.json";

/// What the command line says about a run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The workflow file.
    pub file: PathBuf,
    /// `--data DIR`.
    pub data: Option<PathBuf>,
    /// `--out DIR`.
    pub out: Option<PathBuf>,
    /// `--seed S`.
    pub seed: Option<u64>,
}

/// `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    reterra: String,
    workflow: PathBuf,
    data: Option<PathBuf>,
    seed: Option<u64>,
}

/// A validated workflow with its run directory. Making one writes nothing.
#[derive(Clone, Debug)]
pub struct Run<W = Workflow> {
    directory: PathBuf,
    record: Record,
    text: String,
    workflow: W,
}

/// The kind of workflow that a run directory holds.
///
/// # Errors
/// [`WorkflowError::NoRun`].
pub fn kind_of_run(directory: &Path) -> Result<Kind, WorkflowError> {
    let copy = std::fs::read_to_string(directory.join(WORKFLOW));
    let no_run = |_| WorkflowError::NoRun { directory: directory.to_owned() };
    Ok(Kind::of(&copy.map_err(no_run)?))
}

impl<W: Document> Run<W> {
    /// The run that a command line asks for.
    ///
    /// # Errors
    /// What [`crate::config::load`] refuses, and [`WorkflowError::NotEmpty`] for an output directory with other things in it.
    pub fn requested(request: &Request, known_parameters: &[&str]) -> Result<Run<W>, WorkflowError> {
        let text = std::fs::read_to_string(&request.file)
            .map_err(|source| WorkflowError::ReadWorkflow { file: request.file.clone(), source })?;
        let overrides = Overrides { data: request.data.as_deref(), seed: request.seed };
        let workflow = W::parse(&text, &request.file, overrides, known_parameters)?;
        let directory = request.out.clone().unwrap_or_else(|| workflow.output_directory());
        refuse_other_content(&directory)?;
        let record = Record {
            reterra: env!("CARGO_PKG_VERSION").to_owned(),
            workflow: absolute(&request.file)?,
            data: request.data.as_deref().map(absolute).transpose()?,
            seed: request.seed,
        };
        Ok(Run { directory, record, text, workflow })
    }

    /// The run that a directory holds, from its copy of the workflow file.
    ///
    /// # Errors
    /// [`WorkflowError::NoRun`], or what [`crate::config::load`] refuses: inputs that have moved, for example.
    pub fn in_directory(directory: &Path, known_parameters: &[&str]) -> Result<Run<W>, WorkflowError> {
        let path = directory.join(RECORD);
        let json = std::fs::read_to_string(&path)
            .map_err(|_| WorkflowError::NoRun { directory: directory.to_owned() })?;
        let record: Record =
            serde_json::from_str(&json).map_err(WorkflowError::io("read the run record", &path))?;
        let copy = directory.join(WORKFLOW);
        let text = std::fs::read_to_string(&copy)
            .map_err(|source| WorkflowError::ReadWorkflow { file: copy, source })?;
        let overrides = Overrides { data: record.data.as_deref(), seed: record.seed };
        let workflow = W::parse(&text, &record.workflow, overrides, known_parameters)?;
        Ok(Run { directory: directory.to_owned(), record, text, workflow })
    }

    /// The run directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The validated workflow.
    #[must_use]
    pub fn workflow(&self) -> &W {
        &self.workflow
    }

    /// The workflow file's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the copy and the record that [`Run::in_directory`] reads. The caller holds the lock.
    pub(super) fn remember(&self) -> Result<(), WorkflowError> {
        let copy = self.directory.join(WORKFLOW);
        replace(&copy, self.text.as_bytes())?;
        let path = self.directory.join(RECORD);
        let json = serde_json::to_vec_pretty(&self.record).map_err(WorkflowError::io("write", &path))?;
        Ok(replace(&path, &json)?)
    }
}

/// A stage's directory is cleared before the stage runs, so a run never moves in with files that aren't its own.
fn refuse_other_content(directory: &Path) -> Result<(), WorkflowError> {
    if directory.join(RECORD).exists() {
        return Ok(());
    }
    let entries = match std::fs::read_dir(directory) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(WorkflowError::io("list", directory))?,
    };
    // A run killed before its record was written leaves these.
    let own =
        |name: &OsStr| name == LOCK || name.to_string_lossy().trim_start_matches('.').starts_with(WORKFLOW);
    if entries.flatten().any(|entry| !own(&entry.file_name())) {
        return Err(WorkflowError::NotEmpty { directory: directory.to_owned() });
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, WorkflowError> {
    std::path::absolute(path).map_err(WorkflowError::io("resolve", path))
}
