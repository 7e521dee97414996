//! What a campaign asks of a model.

use std::path::PathBuf;

use crate::WorkflowError;

/// A run to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its directory, there and empty.
    pub directory: PathBuf,
    /// Physical parameters, in the order of the campaign.
    pub parameters: Vec<f64>,
}

/// Why a run has no outputs.
#[derive(Debug)]
pub enum Stop {
    /// It failed, for this reason; the campaign goes on without it.
    Failed(String),
    /// The user asked to stop; the run will be made again.
    Interrupted,
    /// Nothing can be run like this.
    Broken(WorkflowError),
}

/// A model that can be run for given parameters.
pub trait Model: Sync {
    /// Runs that it takes at a time; the last call of an ensemble may have fewer.
    fn batch(&self) -> usize {
        1
    }

    /// Runs these, and gives the m observed outputs of each, all finite.
    fn run(&self, jobs: &[Job]) -> Vec<Result<Vec<f64>, Stop>>;
}
