//! What a campaign asks of a model.

use std::path::PathBuf;

use ndarray::Array2;

use super::settings::Settings;
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

/// What sampling found, in unconstrained parameters.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Draws of the posterior (rows).
    pub draws: &'a Array2<f64>,
    /// Mean of the calibration's ensemble.
    pub calibrated: &'a [f64],
}

/// A model that can be run for given parameters.
pub trait Model: Sync {
    /// Runs that it takes at a time; the last call of an ensemble may have fewer.
    fn batch(&self) -> usize {
        1
    }

    /// Runs these, and gives the m observed outputs of each, all finite.
    fn run(&self, jobs: &[Job]) -> Vec<Result<Vec<f64>, Stop>>;

    /// Adds to a sample's result what only this model can tell.
    ///
    /// # Errors
    /// A result that can't be written.
    fn conclude(&self, _settings: &Settings, _found: Found<'_>) -> Result<(), WorkflowError> {
        Ok(())
    }
}
