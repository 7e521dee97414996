//! Gradient-boosted regression trees (Friedman 2001, doi:10.1214/aos/1013203451) on histograms of binned inputs, as
//! `LightGBM` grows them (Ke et al. 2017,
//! <https://papers.nips.cc/paper/6907-lightgbm-a-highly-efficient-gradient-boosting-decision-tree>).
//!
//! Trees predict the mean or a quantile, also where they must rise or fall with an input. Missing inputs are NaN and go
//! to the child that fits them better. Sums are of integers, so any number of threads gives the same bits.

mod bins;
mod grow;
mod histogram;
mod leaves;
mod options;
mod split;
mod stopping;
#[cfg(test)]
mod tests;
mod training;
mod tree;

use std::cmp::Ordering;

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::emulator::{EmulatorError, check_outputs, restored, stored};

use training::Training;
use tree::Tree;

pub use options::{BoostingOptions, Loss, MOST_BINS, Monotone};
pub use stopping::Stopping;

/// Rows predicted by one thread at a time.
const ROWS: usize = 1024;

/// What an input did for the trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Number of splits by it.
    pub splits: usize,
    /// Loss that they took off the rows the trees were fitted to, twice, before shrinkage; in squared units of the output
    /// for the squared loss.
    pub gain: f64,
}

/// Fitted boosted trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boosting {
    inputs: usize,
    /// What is predicted without any tree.
    base: f64,
    trees: Vec<Tree>,
    importance: Vec<Importance>,
}

impl Boosting {
    /// Fits trees to inputs `x` (n × d, NaN where missing) and outputs `y` (n). Inputs that never vary are left out.
    ///
    /// # Errors
    /// `Rows`, `Output`, `Infinite`, `NoVariation`, or `Fit` for an option outside its range.
    pub fn fit(x: ArrayView2<'_, f64>, y: &[f64], options: &BoostingOptions) -> Result<Self, EmulatorError> {
        check(x, y, options)?;
        let mut training = Training::new(x, y, options);
        for _ in 0..options.trees {
            training.step();
        }
        Ok(training.model)
    }

    /// Number of inputs d.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// By input, what it did for the trees.
    #[must_use]
    pub fn importance(&self) -> &[Importance] {
        &self.importance
    }

    /// Predicts mean or quantile for each row of `x` (n × d), in the units of the outputs.
    ///
    /// # Errors
    /// `Inputs` where `x` has another number of columns.
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        if x.ncols() != self.inputs {
            return Err(EmulatorError::Inputs { expected: self.inputs, got: x.ncols() });
        }
        let mut found = vec![self.base; x.nrows()];
        found.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, found)| {
            // A tree stays in the processor's cache while a chunk of rows goes through it.
            for tree in &self.trees {
                for (i, found) in found.iter_mut().enumerate() {
                    *found += tree.value(x.row(chunk * ROWS + i));
                }
            }
        });
        Ok(found)
    }

    /// The trees as JSON text.
    ///
    /// # Errors
    /// `Stored` where it cannot be written.
    pub fn to_json(&self) -> Result<String, EmulatorError> {
        stored(self)
    }

    /// Trees from their JSON text: they predict the same bits.
    ///
    /// # Errors
    /// `Stored` where the text is something else.
    pub fn from_json(text: &str) -> Result<Self, EmulatorError> {
        let found: Self = restored(text)?;
        found.check_stored()?;
        Ok(found)
    }

    /// Refuses trees that lead nowhere; for what comes from a file.
    pub(crate) fn check_stored(&self) -> Result<(), EmulatorError> {
        match self.trees.iter().position(|tree| !tree.is_sound(self.inputs)) {
            Some(tree) => Err(EmulatorError::Stored { reason: format!("tree {tree} leads out of itself") }),
            None => Ok(()),
        }
    }
}

fn check(x: ArrayView2<'_, f64>, y: &[f64], options: &BoostingOptions) -> Result<(), EmulatorError> {
    check_outputs(x, y)?;
    if let Some(((row, column), _)) = x.indexed_iter().find(|(_, x)| x.is_infinite()) {
        return Err(EmulatorError::Infinite { row, column });
    }
    options.check(x.nrows(), x.ncols())?;
    if x.columns().into_iter().any(varies) {
        Ok(())
    } else {
        Err(EmulatorError::NoVariation { inputs: x.ncols() })
    }
}

/// Whether an input takes two values, or is missing in some rows only.
fn varies(column: ndarray::ArrayView1<'_, f64>) -> bool {
    let first = column.first().copied().unwrap_or(0.0);
    column.iter().any(|x| x.partial_cmp(&first) != Some(Ordering::Equal) && !(x.is_nan() && first.is_nan()))
}
