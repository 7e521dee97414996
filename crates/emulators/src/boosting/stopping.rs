//! How many trees: as many as folds that are left out want.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::options::{BoostingOptions, Loss};
use super::training::Training;
use super::{Boosting, check};
use crate::emulator::EmulatorError;
use crate::groups::Fold;

/// How the loss of rows that are left out went.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopping {
    /// Trees at the least loss.
    pub trees: usize,
    /// Mean loss over the rows that are left out, after 1, 2, … trees.
    pub losses: Vec<f64>,
    /// By row, what its fold predicts without it with that many trees; NaN for a row that no fold leaves out.
    pub predicted: Vec<f64>,
}

/// A fold's fit, and its predictions of the rows that it leaves out.
struct Held<'a> {
    training: Training<'a>,
    x: Array2<f64>,
    y: Vec<f64>,
    predicted: Vec<f64>,
}

impl Held<'_> {
    /// Adds a tree; the sum of losses on the rows left out.
    fn step(&mut self, loss: Loss) -> f64 {
        self.training.step();
        let tree = &self.training.model.trees[self.training.model.trees.len() - 1];
        for (predicted, x) in self.predicted.iter_mut().zip(self.x.rows()) {
            *predicted += tree.value(x);
        }
        self.y.iter().zip(&self.predicted).map(|(y, predicted)| loss.of(y - predicted)).sum()
    }
}

impl Boosting {
    /// Fits with the number of trees, up to `options.trees`, that predicts the folds' test rows best when each fold is
    /// left out; the search ends when the loss hasn't fallen for `patience` trees.
    ///
    /// # Errors
    /// As [`Boosting::fit`], and `Folds` where there is none, or one has no row on either side or rows that don't exist.
    pub fn fit_with_stopping(
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        options: &BoostingOptions,
        folds: &[Fold],
        patience: usize,
    ) -> Result<(Self, Stopping), EmulatorError> {
        check(x, y, options)?;
        let known = |rows: &[usize]| !rows.is_empty() && rows.iter().all(|&row| row < y.len());
        if folds.is_empty() || !folds.iter().all(|fold| known(&fold.train) && known(&fold.test)) {
            return Err(EmulatorError::Folds { folds: folds.len(), groups: y.len() });
        }
        let stopping = search((x, y), options, folds, patience);
        let options = BoostingOptions { trees: stopping.trees, ..options.clone() };
        Ok((Self::fit(x, y, &options)?, stopping))
    }
}

fn search(
    (x, y): (ArrayView2<'_, f64>, &[f64]),
    options: &BoostingOptions,
    folds: &[Fold],
    patience: usize,
) -> Stopping {
    let pick = |rows: &[usize]| -> Vec<f64> { rows.iter().map(|&row| y[row]).collect() };
    let parts: Vec<(Array2<f64>, Vec<f64>)> =
        folds.iter().map(|fold| (x.select(Axis(0), &fold.train), pick(&fold.train))).collect();
    let mut all: Vec<Held<'_>> = Vec::with_capacity(folds.len());
    for (fold, (x_train, y_train)) in folds.iter().zip(&parts) {
        let training = Training::new(x_train.view(), y_train, options);
        let predicted = vec![training.model.base; fold.test.len()];
        all.push(Held { training, x: x.select(Axis(0), &fold.test), y: pick(&fold.test), predicted });
    }
    let rows: usize = folds.iter().map(|fold| fold.test.len()).sum();
    let mut stopping = Stopping { trees: 1, losses: Vec::new(), predicted: vec![f64::NAN; y.len()] };
    for trees in 1..=options.trees {
        let losses: Vec<f64> = all.par_iter_mut().map(|held| held.step(options.loss)).collect();
        let loss = losses.iter().sum::<f64>() / rows as f64;
        if stopping.losses.get(stopping.trees - 1).is_none_or(|least| loss < *least) {
            stopping.trees = trees;
            for (fold, held) in folds.iter().zip(&all) {
                for (&row, &predicted) in fold.test.iter().zip(&held.predicted) {
                    stopping.predicted[row] = predicted;
                }
            }
        }
        stopping.losses.push(loss);
        if trees >= stopping.trees + patience {
            break;
        }
    }
    stopping
}
