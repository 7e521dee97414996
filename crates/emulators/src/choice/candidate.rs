//! What may be fitted.

use std::fmt;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::Fitted;
use super::log::LogScale;
use crate::conformal::{ConformalOptions, ConformalTrees};
use crate::emulator::EmulatorError;
use crate::gaussian_process::{
    GaussianProcess, GaussianProcessOptions, Kernel, LengthScales, SparseOptions, SparseProcess,
};
use crate::groups::Fold;

/// A method with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// A Gaussian process.
    GaussianProcess(GaussianProcessOptions),
    /// A sparse Gaussian process, for more than a few thousand rows.
    Sparse(SparseOptions),
    /// Boosted trees with a calibrated spread.
    Trees(ConformalOptions),
}

/// The scale of outputs on which a method works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// As they are.
    #[default]
    Plain,
    /// Their logarithms, for outputs above zero whose errors grow with them.
    Log,
}

/// A method on a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The method.
    pub learner: Learner,
    /// The scale of its outputs.
    pub scale: Scale,
}

impl Candidate {
    /// What serves for a few hundred to a thousand model runs: processes that are smooth and rough, on the plain scale and
    /// on that of logarithms, and trees.
    #[must_use]
    pub fn usual(seed: u64) -> Vec<Self> {
        let process = |kernel, length_scales| {
            let starts = 4;
            Learner::GaussianProcess(GaussianProcessOptions {
                kernel,
                length_scales,
                starts,
                seed,
                ..Default::default()
            })
        };
        let plain = |learner| Self { learner, scale: Scale::Plain };
        let log = |learner| Self { learner, scale: Scale::Log };
        let mut trees = ConformalOptions::default();
        trees.boosting.seed = seed;
        vec![
            plain(process(Kernel::Rbf, LengthScales::Free)),
            plain(process(Kernel::Matern52, LengthScales::Dimension)),
            log(process(Kernel::Matern52, LengthScales::Dimension)),
            plain(Learner::Trees(trees)),
        ]
    }

    /// Fits to inputs (n × d) and outputs (n); trees learn their number and spread from the folds.
    ///
    /// # Errors
    /// Those of the method, and `Scale` for outputs that have no logarithm.
    pub fn fit(
        &self,
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        folds: &[Fold],
    ) -> Result<Fitted, EmulatorError> {
        self.fit_near((x, y), folds, None)
    }

    /// The same, with what was fitted to similar data: there a process begins its search.
    pub(super) fn fit_near(
        &self,
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        folds: &[Fold],
        near: Option<&Fitted>,
    ) -> Result<Fitted, EmulatorError> {
        match self.scale {
            Scale::Plain => self.fit_plain((x, y), folds, near),
            Scale::Log => {
                if let Some(row) = y.iter().position(|y| *y <= 0.0) {
                    return Err(EmulatorError::Scale { row, value: y[row] });
                }
                let logs: Vec<f64> = y.iter().map(|y| y.ln()).collect();
                let near =
                    near.and_then(|near| if let Fitted::Log(log) = near { Some(&log.inner) } else { None });
                let inner = self.fit_plain((x, &logs), folds, near)?;
                Ok(Fitted::Log(Box::new(LogScale { inner })))
            }
        }
    }

    fn fit_plain(
        &self,
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        folds: &[Fold],
        near: Option<&Fitted>,
    ) -> Result<Fitted, EmulatorError> {
        match (&self.learner, near) {
            (Learner::GaussianProcess(options), Some(Fitted::GaussianProcess(near))) => {
                near.refit(x, y, options).map(|process| Fitted::GaussianProcess(Box::new(process)))
            }
            (Learner::GaussianProcess(options), _) => {
                GaussianProcess::fit(x, y, options).map(|process| Fitted::GaussianProcess(Box::new(process)))
            }
            (Learner::Sparse(options), _) => {
                SparseProcess::fit(x, y, options).map(|process| Fitted::Sparse(Box::new(process)))
            }
            (Learner::Trees(options), _) => {
                ConformalTrees::fit((x, y), options, folds).map(|trees| Fitted::Trees(Box::new(trees)))
            }
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.learner {
            Learner::GaussianProcess(options) => {
                let GaussianProcessOptions { kernel, mean, length_scales, .. } = options;
                write!(f, "Gaussian process ({kernel:?}, {mean:?} mean, {length_scales:?} length scales)")?;
            }
            Learner::Sparse(options) => {
                let SparseOptions { kernel, inducing, .. } = options;
                write!(f, "sparse Gaussian process ({kernel:?}, {inducing} inducing inputs)")?;
            }
            Learner::Trees(options) => {
                write!(f, "boosted trees (depth {}, {:?} spread)", options.boosting.depth, options.spread)?;
            }
        }
        match self.scale {
            Scale::Plain => Ok(()),
            Scale::Log => write!(f, " of logarithms"),
        }
    }
}
