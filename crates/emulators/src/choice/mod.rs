//! Emulators chosen by what they say of rows that they weren't fitted to.
//!
//! Every candidate is fitted without each fold and predicts it. Weights of their means minimise the squared error of what
//! was left out (stacking: Breiman 1996, doi:10.1007/BF00117832), and the spread is scaled until its bands hold their
//! share there. The report says how each candidate did.

mod candidate;
mod fitted;
mod log;
mod report;
mod stack;
#[cfg(test)]
mod tests;
mod weights;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use crate::emulator::{Emulator, EmulatorError, Prediction, check_outputs};
use crate::groups::Fold;

pub use candidate::{Candidate, Learner, Scale};
pub use fitted::Fitted;
pub use report::{Report, Verdict};
pub use stack::Stack;

/// Weights below this share aren't worth an emulator.
const LEAST_WEIGHT: f64 = 0.05;

/// What candidates have to predict each other's merits on: rows with their folds.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Inputs, n × d.
    pub x: ArrayView2<'a, f64>,
    /// Outputs, n.
    pub y: &'a [f64],
    /// Folds; each row is left out by one of them.
    pub folds: &'a [Fold],
}

/// Fits the candidates' best mixture to all rows. A candidate that can't be fitted has no part in it, and the report says
/// why.
///
/// # Errors
/// `Rows`, `Output`, `Folds` where a row isn't left out exactly once, and the last candidate's error where none can be
/// fitted.
pub fn choose(trial: Trial<'_>, candidates: &[Candidate]) -> Result<(Stack, Report), EmulatorError> {
    check(&trial)?;
    let (fitted, tried): (Vec<_>, Vec<_>) =
        candidates.par_iter().map(|candidate| fitted_and_left_out(&trial, candidate)).unzip();
    let able: Vec<usize> = (0..candidates.len()).filter(|&k| tried[k].is_ok()).collect();
    let means: Vec<&[f64]> = tried.iter().flatten().map(|found: &Prediction| &found.mean[..]).collect();
    let mut weights = vec![0.0; candidates.len()];
    for (&k, weight) in able.iter().zip(weights::stacked(&means, trial.y, LEAST_WEIGHT)) {
        weights[k] = weight;
    }
    let used: Vec<usize> = able.into_iter().filter(|&k| weights[k] > 0.0).collect();
    let parts = weights.iter().zip(fitted).filter(|(weight, _)| **weight > 0.0);
    let parts = parts.filter_map(|(weight, fitted)| Some((*weight, fitted?))).collect();
    let predictions: Vec<(f64, &Prediction)> =
        used.iter().filter_map(|&k| Some((weights[k], tried[k].as_ref().ok()?))).collect();
    if predictions.is_empty() {
        let none = || EmulatorError::Fit { method: "any candidate", reason: "there is none".into() };
        return Err(tried.into_iter().find_map(Result::err).unwrap_or_else(none));
    }
    let stack = Stack::calibrated(parts, &predictions, trial.y);
    let report = Report::new(&trial, (candidates, &tried, &weights), &stack);
    Ok((stack, report))
}

fn check(trial: &Trial<'_>) -> Result<(), EmulatorError> {
    check_outputs(trial.x, trial.y)?;
    let mut times = vec![0; trial.y.len()];
    for &row in trial.folds.iter().flat_map(|fold| &fold.test) {
        if let Some(times) = times.get_mut(row) {
            *times += 1;
        }
    }
    let trained = trial.folds.iter().flat_map(|fold| &fold.train).all(|&row| row < trial.y.len());
    if trained && times.iter().all(|&times| times == 1) {
        return Ok(());
    }
    Err(EmulatorError::Folds { folds: trial.folds.len(), groups: trial.y.len() })
}

/// A candidate fitted to all rows, and what it says of each row without its fold.
fn fitted_and_left_out(
    trial: &Trial<'_>,
    candidate: &Candidate,
) -> (Option<Fitted>, Result<Prediction, EmulatorError>) {
    match candidate.fit((trial.x, trial.y), trial.folds) {
        Ok(fitted) => {
            let found = left_out(trial, candidate, &fitted);
            (Some(fitted), found)
        }
        Err(error) => (None, Err(error)),
    }
}

fn left_out(trial: &Trial<'_>, candidate: &Candidate, whole: &Fitted) -> Result<Prediction, EmulatorError> {
    let predict = |fold: &Fold| {
        let y: Vec<f64> = fold.train.iter().map(|&row| trial.y[row]).collect();
        let x = trial.x.select(Axis(0), &fold.train);
        let inner = crate::groups::shuffled(y.len(), trial.folds.len())?;
        let fitted = candidate.fit_near((x.view(), &y), &inner, Some(whole))?;
        fitted.distribution(trial.x.select(Axis(0), &fold.test).view())
    };
    let parts: Result<Vec<Prediction>, EmulatorError> = trial.folds.par_iter().map(predict).collect();
    let mut found = Prediction { mean: vec![0.0; trial.y.len()], variance: vec![0.0; trial.y.len()] };
    for (fold, part) in trial.folds.iter().zip(parts?) {
        for (k, &row) in fold.test.iter().enumerate() {
            (found.mean[row], found.variance[row]) = (part.mean[k], part.variance[k]);
        }
    }
    Ok(found)
}
