//! Emulators behind one trait, and the splits that judge them.
//!
//! Gradient boosting ([`boosting`]) is the baseline that any process model has to beat, Gaussian processes
//! ([`gaussian_process`]) stand in for a model that is dear to run, and splits leave whole groups such as stations out
//! ([`groups`]).

#![allow(
    clippy::needless_pass_by_value,
    reason = "array views are handles, passed by value as ndarray itself does"
)]

pub mod boosting;
pub mod choice;
pub mod conformal;
pub mod emulator;
pub mod encoders;
#[cfg(test)]
mod friedman;
pub mod gaussian_process;
pub mod groups;
pub mod history;
pub mod many;
pub mod scores;
pub mod sensitivity;

pub use boosting::{Boosting, BoostingOptions, Loss, Monotone};
pub use choice::{Candidate, Fitted, Stack, Trial, choose};
pub use conformal::{ConformalOptions, ConformalTrees, Spread};
pub use emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction};
pub use encoders::{Encoder, Encoding, Keep, Side};
pub use gaussian_process::{GaussianProcess, GaussianProcessOptions};
pub use groups::{Fold, leave_groups_out, shuffled};
pub use history::{Cutoff, Target, implausibility};
pub use many::{ManyOptions, ManyOutputs, ManyPredictions};
pub use scores::Scores;
pub use sensitivity::{Index, Sampling, SobolIndices};
