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
pub mod emulator;
#[cfg(test)]
mod friedman;
pub mod gaussian_process;
pub mod groups;

pub use boosting::{Boosting, BoostingOptions, Loss, Monotone};
pub use emulator::{Emulator, EmulatorError, Prediction};
pub use gaussian_process::{GaussianProcess, GaussianProcessOptions};
pub use groups::{Fold, leave_groups_out};
