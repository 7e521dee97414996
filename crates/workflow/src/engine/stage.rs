//! What a stage is: a name, what enters its key, and how it runs.

use std::error::Error;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use crate::config::{InputPath, Workflow};

/// One step of a workflow.
///
/// A stage reads its input files and the results of stages before it, and writes its results as files into
/// [`Context::directory`], each of them atomically. The same key must give the same bytes.
///
/// `W` is the kind of workflow file that it belongs to.
pub trait Stage<W = Workflow>: Sync {
    /// Name of the stage and of its directory: lower-case letters and `-`.
    fn name(&self) -> &'static str;

    /// One line for `plan` and progress.
    fn title(&self) -> &'static str;

    /// The code that makes the result; it enters the key.
    fn code(&self) -> Code {
        Code::Science
    }

    /// Everything that the result depends on.
    ///
    /// # Errors
    /// [`StageError`] where the list itself needs a file that can't be read, a station table for example.
    fn inputs(&self, workflow: &W) -> Result<Inputs, StageError>;

    /// Years that the land model will run, all columns and members together, for `plan`. 0 where it doesn't run.
    fn model_years(&self, workflow: &W) -> f64 {
        let _ = workflow;
        0.0
    }

    /// Does the work.
    ///
    /// # Errors
    /// [`StageError::Interrupted`] after Ctrl-C, [`StageError::Failed`] for all else.
    fn run(&self, context: &Context<'_, W>) -> Result<StageOutput, StageError>;
}

/// Code that results depend on, named by a hash over its sources without comments and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Everything that computes.
    Science,
    /// What shows results.
    Report,
}

impl Code {
    /// Version of the package and hash of the sources.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Science => concat!(env!("CARGO_PKG_VERSION"), "+", env!("RETERRA_SCIENCE")),
            Self::Report => concat!(env!("CARGO_PKG_VERSION"), "+", env!("RETERRA_REPORT")),
        }
    }
}

/// A file that enters a stage's key by its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// How manifests and reports name it; independent of the machine.
    pub label: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What enters a stage's key.
#[derive(Debug, Default)]
pub struct Inputs {
    pub(super) files: Vec<InputFile>,
    pub(super) config: serde_json::Map<String, serde_json::Value>,
    pub(super) after: Vec<&'static str>,
}

impl Inputs {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Inputs {
        Inputs::default()
    }

    /// Adds a part of the configuration under a name.
    ///
    /// # Errors
    /// [`StageError::Failed`] where the value has no JSON form.
    pub fn config(mut self, name: &str, value: &impl Serialize) -> Result<Inputs, StageError> {
        self.config.insert(name.to_owned(), serde_json::to_value(value)?);
        Ok(self)
    }

    /// Adds an input file of the workflow.
    #[must_use]
    pub fn file(self, input: &InputPath) -> Inputs {
        self.labelled(&input.written, &input.path)
    }

    /// Adds a file under a label of its own, a station's series in the forcing directory for example.
    #[must_use]
    pub fn labelled(mut self, label: &str, path: &Path) -> Inputs {
        self.files.push(InputFile { label: label.to_owned(), path: path.to_owned() });
        self
    }

    /// Adds the results of an earlier stage.
    #[must_use]
    pub fn after(mut self, stage: &'static str) -> Inputs {
        self.after.push(stage);
        self
    }
}

/// What a stage wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageOutput {
    pub(super) files: Vec<PathBuf>,
    pub(super) notes: Vec<String>,
}

impl StageOutput {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> StageOutput {
        StageOutput::default()
    }

    /// Adds a file, relative to [`Context::directory`].
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> StageOutput {
        self.files.push(path.into());
        self
    }

    /// Adds a line that is printed when the stage ends and by `status`. It must not depend on time or machine.
    #[must_use]
    pub fn note(mut self, line: impl Into<String>) -> StageOutput {
        self.notes.push(line.into());
        self
    }
}

/// How a stage ends early. Any error converts into it with `?`.
#[derive(Debug)]
pub enum StageError {
    /// The user asked to stop; the stage has left its checkpoint.
    Interrupted,
    /// Anything else.
    Failed(Box<dyn Error + Send + Sync>),
}

impl StageError {
    /// A failure that is only text.
    pub fn failed(message: impl Into<String>) -> StageError {
        StageError::Failed(message.into().into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for StageError {
    fn from(error: E) -> StageError {
        StageError::Failed(Box::new(error))
    }
}
