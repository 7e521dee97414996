//! A method on its way through the cycles of one nature run.

use ndarray::{ArrayView1, ArrayView2, aview1};
use reterra_statistics::StreamKey;

use super::experiment::{Experiment, Nature, distance};
use crate::AssimilationError;
use crate::analysis::Observed;

/// A method that estimates the state at the times of the observations.
pub trait Method: Send + Sync {
    /// Goes through all cycles and tells its estimate of each ([`Cycles::tell`]).
    ///
    /// # Errors
    /// Those of its analyses; a value that isn't finite means divergence.
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError>;

    /// Whether an estimate no better than half of climatology is a divergence.
    fn follows_the_truth(&self) -> bool {
        true
    }
}

/// The cycles of one trial and the errors of what the method told.
pub struct Cycles<'a> {
    /// The set-up.
    pub experiment: &'a Experiment,
    /// The truth; only baselines look at its climate.
    pub nature: &'a Nature,
    /// Seed of the trial.
    pub seed: u64,
    variances: Vec<f64>,
    errors: Vec<f64>,
    spreads: Vec<f64>,
}

impl<'a> Cycles<'a> {
    /// The cycles of a nature run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, nature: &'a Nature, seed: u64) -> Self {
        let untold = vec![f64::NAN; experiment.cycles];
        let variances = experiment.error_variances();
        Self { experiment, nature, seed, variances, errors: untold.clone(), spreads: untold }
    }

    /// Takes the estimate of a cycle's state.
    pub fn tell(&mut self, cycle: usize, estimate: ArrayView1<'_, f64>) {
        let truth = self.nature.truth.row((cycle + 1) * self.experiment.every);
        self.errors[cycle] = distance(estimate, truth);
    }

    /// Takes the ensemble (N × n) of a cycle's state, whose mean is the estimate.
    pub fn tell_ensemble(&mut self, cycle: usize, e: ArrayView2<'_, f64>) {
        let weights = vec![1.0 / e.nrows() as f64; e.nrows()];
        self.tell_weighted(cycle, e, &weights);
    }

    /// Takes weighted particles (N × n) of a cycle's state, weights of sum 1.
    pub fn tell_weighted(&mut self, cycle: usize, e: ArrayView2<'_, f64>, weights: &[f64]) {
        let mean = aview1(weights).dot(&e);
        self.tell(cycle, mean.view());
        let squares: f64 =
            e.rows().into_iter().zip(weights).map(|(row, w)| w * distance(row, mean.view()).powi(2)).sum();
        let unbiased = 1.0 - weights.iter().map(|w| w * w).sum::<f64>();
        self.spreads[cycle] = (squares / unbiased).sqrt();
    }

    /// What the ensemble `he` predicted of a cycle's observations.
    #[must_use]
    pub fn observed<'b>(&'b self, cycle: usize, he: ArrayView2<'b, f64>) -> Observed<'b> {
        Observed { he, y: self.observation(cycle), r: &self.variances, key: self.key(cycle) }
    }

    /// A cycle's observations.
    #[must_use]
    pub fn observation(&self, cycle: usize) -> &'a [f64] {
        &self.nature.observations[cycle]
    }

    /// Names a cycle's random numbers.
    #[must_use]
    pub fn key(&self, cycle: usize) -> StreamKey {
        self.experiment.key(self.seed, cycle)
    }

    /// Mean error of the cycles that count; NaN where one was never told.
    #[must_use]
    pub fn mean_error(&self) -> f64 {
        self.mean(&self.errors)
    }

    /// Mean, over the cycles that count, of the root of the mean variance over components; `None` where the method has no
    /// ensemble at the time of its estimates.
    #[must_use]
    pub fn mean_spread(&self) -> Option<f64> {
        Some(self.mean(&self.spreads)).filter(|spread| spread.is_finite())
    }

    fn mean(&self, of_cycles: &[f64]) -> f64 {
        let counted: Vec<f64> =
            (0..of_cycles.len()).filter(|c| self.experiment.counts(*c)).map(|c| of_cycles[c]).collect();
        counted.iter().sum::<f64>() / counted.len() as f64
    }
}
