//! What is told about a choice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Candidate, Stack, Trial};
use crate::emulator::{Emulator, EmulatorError, Prediction};
use crate::scores::Scores;

/// How a candidate did on rows left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The candidate.
    pub candidate: Candidate,
    /// Its scores, its own spread not scaled; or why it couldn't be fitted.
    pub scores: Result<Scores, String>,
    /// Its weight in the mixture.
    pub weight: f64,
}

/// A choice by rows left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Number of folds.
    pub folds: usize,
    /// Candidates in the order given.
    pub verdicts: Vec<Verdict>,
    /// Scores of the mixture. Its weights and the factor of its spread come from the same rows, so they flatter it a
    /// little.
    pub mixture: Scores,
    /// What standard deviations of the mixture were multiplied by.
    pub factor: f64,
}

/// Candidates, what they predicted, and their weights.
type Tried<'a> = (&'a [Candidate], &'a [Result<Prediction, EmulatorError>], &'a [f64]);

impl Report {
    pub(super) fn new(trial: &Trial<'_>, (candidates, tried, weights): Tried<'_>, stack: &Stack) -> Self {
        let verdict =
            |((candidate, tried), weight): ((&Candidate, &Result<Prediction, EmulatorError>), &f64)| {
                let scores =
                    tried.as_ref().map(|found| Scores::of(trial.y, found)).map_err(ToString::to_string);
                Verdict { candidate: candidate.clone(), scores, weight: *weight }
            };
        let left_out = stack.left_out();
        let mixture = Prediction { mean: left_out.mean, variance: left_out.variance };
        Self {
            folds: trial.folds.len(),
            verdicts: candidates.iter().zip(tried).zip(weights).map(verdict).collect(),
            mixture: Scores::of(trial.y, &mixture),
            factor: stack.factor(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "weight      R2       RMSE       CRPS   90 % band  left out in {} folds", self.folds)?;
        let line = |f: &mut fmt::Formatter<'_>, weight: f64, scores: &Scores, name: &str| {
            let Scores { r2, rmse, crps, coverage, .. } = scores;
            writeln!(f, "{weight:6.3}  {r2:7.4}  {rmse:9.3e}  {crps:9.3e}  {coverage:9.3}  {name}")
        };
        for verdict in &self.verdicts {
            match &verdict.scores {
                Ok(scores) => line(f, verdict.weight, scores, &verdict.candidate.to_string())?,
                Err(reason) => writeln!(f, "not fitted: {}: {reason}", verdict.candidate)?,
            }
        }
        line(f, 1.0, &self.mixture, &format!("mixture, spread times {:.3}", self.factor))
    }
}
