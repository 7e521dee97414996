//! What a twin experiment found, as it is written to JSON.

use reterra_assimilation::twin::{Estimate, Summary};
use serde::Serialize;

use super::Twin;

/// Scores over seeds, and each seed's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name of the experiment.
    pub name: String,
    /// Kind of the model.
    pub model: &'static str,
    /// Kind of the method.
    pub method: &'static str,
    /// Nature runs.
    pub seeds: u64,
    /// Cycles that count.
    pub cycles: usize,
    /// Cycles before those.
    pub spin_up: usize,
    /// Error of the analysis over the seeds that didn't diverge: of each the mean over cycles of the root of the mean
    /// squared error over components.
    pub rmse: Mean,
    /// Spread of the analysis over the same seeds: of each the mean over cycles of the root of the mean variance over
    /// components. Nothing where the method has no ensemble at the time of its estimate.
    pub spread: Option<Mean>,
    /// Share of the seeds that diverged.
    pub divergence_rate: f64,
    /// What counts as divergence.
    pub divergence: &'static str,
    /// In order.
    pub per_seed: Vec<Seed>,
}

/// What counts as divergence, in words.
const DIVERGENCE: &str =
    "rmse above half of the error of the truth's own mean, or no number; such seeds don't enter means";

/// A mean with its standard error; `null` where there are too few seeds for one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// Mean over seeds.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The scores of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seed {
    /// The seed.
    pub seed: u64,
    /// Error of the analysis; `null` where the method broke down.
    pub rmse: f64,
    /// Spread of the analysis.
    pub spread: Option<f64>,
    /// Error of the truth's own mean.
    pub climatology: f64,
    /// Whether the seed diverged.
    pub diverged: bool,
}

impl From<Estimate> for Mean {
    fn from(of: Estimate) -> Self {
        Self { mean: of.mean, standard_error: of.standard_error }
    }
}

impl Outcome {
    pub(super) fn new(twin: &Twin, summary: &Summary) -> Self {
        let per_seed = (1..).zip(&summary.trials).map(|(seed, trial)| Seed {
            seed,
            rmse: trial.rmse,
            spread: trial.spread,
            climatology: trial.climatology,
            diverged: trial.diverged,
        });
        Self {
            name: twin.name.clone(),
            model: twin.model,
            method: twin.method,
            seeds: twin.seeds,
            cycles: twin.cycles,
            spin_up: twin.spin_up,
            rmse: summary.error().into(),
            spread: summary.spread().map(Mean::from),
            divergence_rate: summary.diverged(),
            divergence: DIVERGENCE,
            per_seed: per_seed.collect(),
        }
    }
}
