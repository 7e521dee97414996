//! Any fitted emulator, to be stored and loaded as one type.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::log::LogScale;
use super::stack::Stack;
use crate::conformal::ConformalTrees;
use crate::emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction, restored, stored};
use crate::gaussian_process::{GaussianProcess, SparseProcess};

/// A fitted emulator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitted {
    /// A Gaussian process.
    GaussianProcess(Box<GaussianProcess>),
    /// A sparse Gaussian process.
    Sparse(Box<SparseProcess>),
    /// Boosted trees.
    Trees(Box<ConformalTrees>),
    /// An emulator of logarithms.
    Log(Box<LogScale>),
    /// A mixture.
    Stack(Box<Stack>),
}

impl Fitted {
    fn emulator(&self) -> &dyn Emulator {
        match self {
            Self::GaussianProcess(process) => process.as_ref(),
            Self::Sparse(process) => process.as_ref(),
            Self::Trees(trees) => trees.as_ref(),
            Self::Log(log) => log.as_ref(),
            Self::Stack(stack) => stack.as_ref(),
        }
    }

    /// The emulator as JSON text.
    ///
    /// # Errors
    /// `Stored` where it cannot be written.
    pub fn to_json(&self) -> Result<String, EmulatorError> {
        stored(self)
    }

    /// An emulator from its JSON text: it predicts the same bits.
    ///
    /// # Errors
    /// `Stored` where the text is something else.
    pub fn from_json(text: &str) -> Result<Self, EmulatorError> {
        let found: Self = restored(text)?;
        found.check_stored()?;
        Ok(found)
    }

    /// Refuses what parses but can't predict.
    pub(crate) fn check_stored(&self) -> Result<(), EmulatorError> {
        match self {
            Self::GaussianProcess(_) | Self::Sparse(_) => Ok(()),
            Self::Trees(trees) => trees.check_stored(),
            Self::Log(log) => log.inner.check_stored(),
            Self::Stack(stack) => stack.check_stored(),
        }
    }
}

impl Emulator for Fitted {
    fn inputs(&self) -> usize {
        self.emulator().inputs()
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.emulator().predict(x)
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        self.emulator().distribution(x)
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        self.emulator().derivatives(x)
    }

    fn left_out(&self) -> LeaveOneOut {
        self.emulator().left_out()
    }
}
