//! Scores over seeds.

use rayon::prelude::*;

use super::cycle::{Cycles, Method};
use super::experiment::{Experiment, Nature, distance};
use crate::AssimilationError;

/// The score of one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Time mean of the error; NaN where the method broke down.
    pub rmse: f64,
    /// Time mean of the ensemble's spread, where the method has one ([`Cycles::mean_spread`]).
    pub spread: Option<f64>,
    /// Time mean of the error of the truth's own mean.
    pub climatology: f64,
    /// Whether the error exceeds half of climatology's, or is no number.
    pub diverged: bool,
}

/// Scores of several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// One for each seed, in order.
    pub trials: Vec<Trial>,
}

impl Summary {
    /// Runs the method on nature runs of seeds 1 to `seeds`, in parallel; the same bits on any number of threads.
    ///
    /// # Errors
    /// An error of the method that isn't a divergence, such as an option outside its range.
    pub fn of(method: &dyn Method, experiment: &Experiment, seeds: u64) -> Result<Self, AssimilationError> {
        let trials = (1..=seeds).into_par_iter().map(|seed| trial(method, experiment, seed));
        Ok(Self { trials: trials.collect::<Result<_, _>>()? })
    }

    /// Error over the seeds that didn't diverge.
    #[must_use]
    pub fn error(&self) -> Estimate {
        Estimate::of(&self.kept().map(|t| t.rmse).collect::<Vec<_>>())
    }

    /// Spread over the seeds that didn't diverge; `None` where the method has none.
    #[must_use]
    pub fn spread(&self) -> Option<Estimate> {
        Some(Estimate::of(&self.kept().map(|t| t.spread).collect::<Option<Vec<_>>>()?))
    }

    fn kept(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|t| !t.diverged)
    }

    /// Share of seeds that diverged.
    #[must_use]
    pub fn diverged(&self) -> f64 {
        1.0 - self.kept().count() as f64 / self.trials.len() as f64
    }
}

/// Moments of a score over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean; NaN without any seed.
    pub mean: f64,
    /// Standard deviation; NaN below two seeds.
    pub sd: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
}

impl Estimate {
    /// Of the scores of several seeds.
    #[must_use]
    pub fn of(scores: &[f64]) -> Self {
        let count = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / count;
        let squares: f64 = scores.iter().map(|x| (x - mean) * (x - mean)).sum();
        let sd = (squares / (count - 1.0)).sqrt();
        Self { mean, sd, standard_error: sd / count.sqrt() }
    }
}

/// One seed.
fn trial(method: &dyn Method, experiment: &Experiment, seed: u64) -> Result<Trial, AssimilationError> {
    let nature = experiment.nature(seed);
    let mut cycles = Cycles::new(experiment, &nature, seed);
    let rmse = match method.run(&mut cycles) {
        Ok(()) => cycles.mean_error(),
        Err(
            AssimilationError::NotFinite { .. }
            | AssimilationError::NoConvergence { .. }
            | AssimilationError::NotPositive { .. },
        ) => f64::NAN,
        Err(other) => return Err(other),
    };
    let climatology = climatology(experiment, &nature);
    let lost = method.follows_the_truth() && rmse > 0.5 * climatology;
    Ok(Trial { rmse, spread: cycles.mean_spread(), climatology, diverged: lost || !rmse.is_finite() })
}

/// Time mean of the truth's distance from its own mean.
fn climatology(experiment: &Experiment, nature: &Nature) -> f64 {
    let mean = nature.mean();
    let counted = (0..experiment.cycles).filter(|c| experiment.counts(*c));
    let errors: Vec<f64> =
        counted.map(|c| distance(mean.view(), nature.truth.row((c + 1) * experiment.every))).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}
