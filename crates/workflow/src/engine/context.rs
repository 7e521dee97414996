//! What a running stage sees.

use std::path::{Path, PathBuf};

use super::StageError;
use super::interrupt::Interrupt;
use super::manifest::Manifest;
use super::progress::Progress;
use crate::WorkflowError;
use crate::config::Workflow;

/// A running stage's view of the workflow, its directories, and the user.
pub struct Context<'a, W = Workflow> {
    pub(super) workflow: &'a W,
    pub(super) workflow_text: &'a str,
    pub(super) run_directory: &'a Path,
    pub(super) stage: &'static str,
    pub(super) key: String,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
}

impl<W> Context<'_, W> {
    /// The validated workflow.
    #[must_use]
    pub fn workflow(&self) -> &W {
        self.workflow
    }

    /// The workflow file as its author wrote it, for provenance.
    #[must_use]
    pub fn workflow_text(&self) -> &str {
        self.workflow_text
    }

    /// The directory of the whole run.
    #[must_use]
    pub fn run_directory(&self) -> &Path {
        self.run_directory
    }

    /// Where this stage writes its results. It exists.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.run_directory.join(self.stage)
    }

    /// A result file of an earlier stage.
    #[must_use]
    pub fn result(&self, stage: &str, file: &str) -> PathBuf {
        self.run_directory.join(stage).join(file)
    }

    /// The manifest of an earlier stage: key, inputs and outputs with checksums, notes.
    ///
    /// # Errors
    /// [`StageError::Failed`] where that stage isn't done.
    pub fn manifest(&self, stage: &str) -> Result<Manifest, StageError> {
        let found = Manifest::read(&self.run_directory.join(stage))?;
        Ok(found.ok_or_else(|| WorkflowError::NotDone {
            directory: self.run_directory.to_owned(),
            stage: stage.to_owned(),
        })?)
    }

    /// Where a long stage keeps its own checkpoints, created when asked for.
    ///
    /// What is in it was written under the same key, so it may be used without further checks of configuration or
    /// input. It is deleted when the stage is done.
    ///
    /// # Errors
    /// [`StageError::Failed`] where it can't be created.
    pub fn checkpoint_dir(&self) -> Result<PathBuf, StageError> {
        let directory = super::checkpoint_directory(&self.directory(), &self.key);
        std::fs::create_dir_all(&directory).map_err(WorkflowError::io("create", &directory))?;
        Ok(directory)
    }

    /// Whether the user asked to stop. A long stage asks at least every few seconds.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupt.requested()
    }

    /// Returns from the stage with `?` after Ctrl-C; called where a checkpoint was just written.
    ///
    /// # Errors
    /// [`StageError::Interrupted`] after Ctrl-C.
    pub fn check_interrupt(&self) -> Result<(), StageError> {
        if self.interrupted() { Err(StageError::Interrupted) } else { Ok(()) }
    }

    /// Tells the user how far this stage is. May be called from any thread, as often as wanted.
    pub fn progress(&self, message: &str, done: u64, total: u64) {
        self.progress.update(self.stage, message, done, total);
    }
}
