//! A run of either kind of workflow.

use std::path::Path;

use reterra_workflow::WorkflowError;
use reterra_workflow::config::grid::GridWorkflow;
use reterra_workflow::config::{Kind, Workflow};
use reterra_workflow::engine::{Request, Run, kind_of_run};
use reterra_workflow::stages;

use crate::Failure;

/// A run with its validated workflow.
pub enum AnyRun {
    /// A reanalysis of stations.
    Stations(Box<Run<Workflow>>),
    /// A gridded run.
    Grid(Box<Run<GridWorkflow>>),
}

impl AnyRun {
    /// The run that a command line asks for.
    pub fn requested(request: &Request) -> Result<AnyRun, Failure> {
        let file = &request.file;
        let text = std::fs::read_to_string(file)
            .map_err(|source| WorkflowError::ReadWorkflow { file: file.clone(), source })?;
        let known = stages::known_parameters();
        Ok(match Kind::of(&text) {
            Kind::Stations => AnyRun::Stations(Box::new(Run::requested(request, known)?)),
            Kind::Grid => AnyRun::Grid(Box::new(Run::requested(request, known)?)),
        })
    }

    /// The run that a directory holds.
    pub fn in_directory(directory: &Path) -> Result<AnyRun, Failure> {
        let known = stages::known_parameters();
        Ok(match kind_of_run(directory)? {
            Kind::Stations => AnyRun::Stations(Box::new(Run::in_directory(directory, known)?)),
            Kind::Grid => AnyRun::Grid(Box::new(Run::in_directory(directory, known)?)),
        })
    }

    /// The workflow's name.
    pub fn name(&self) -> &str {
        match self {
            AnyRun::Stations(run) => &run.workflow().name,
            AnyRun::Grid(run) => &run.workflow().name,
        }
    }

    /// The run directory.
    pub fn directory(&self) -> &Path {
        match self {
            AnyRun::Stations(run) => run.directory(),
            AnyRun::Grid(run) => run.directory(),
        }
    }
}
