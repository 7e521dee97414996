//! Scores over seeds.

use rayon::prelude::*;

use super::cycle::{Cycles, Method};
use super::experiment::{Experiment, distance};
use crate::AssimilationError;

/// The score of one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Time mean of the error; NaN where the method broke down.
    pub rmse: f64,
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

    fn kept(&self) -> Vec<f64> {
        self.trials.iter().filter(|t| !t.diverged).map(|t| t.rmse).collect()
    }

    /// Mean over the seeds that didn't diverge.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let kept = self.kept();
        kept.iter().sum::<f64>() / kept.len() as f64
    }

    /// Standard deviation over the seeds that didn't diverge.
    #[must_use]
    pub fn sd(&self) -> f64 {
        let (kept, mean) = (self.kept(), self.mean());
        let squares: f64 = kept.iter().map(|x| (x - mean) * (x - mean)).sum();
        (squares / (kept.len() as f64 - 1.0)).sqrt()
    }

    /// Standard error of the mean.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.sd() / (self.kept().len() as f64).sqrt()
    }

    /// Share of seeds that diverged.
    #[must_use]
    pub fn diverged(&self) -> f64 {
        1.0 - self.kept().len() as f64 / self.trials.len() as f64
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
    let (mean, _) = nature.climate();
    let counted = (0..experiment.cycles).filter(|c| experiment.counts(*c));
    let errors: Vec<f64> =
        counted.map(|c| distance(mean.view(), nature.truth.row((c + 1) * experiment.every))).collect();
    let climatology = errors.iter().sum::<f64>() / errors.len() as f64;
    let lost = method.follows_the_truth() && rmse > 0.5 * climatology;
    Ok(Trial { rmse, diverged: lost || !rmse.is_finite() })
}
