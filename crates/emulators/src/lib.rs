//! Emulators behind one trait, and the splits that judge them.
//!
//! Now: gradient boosting ([`boosting`]), the baseline that any process model has to beat, and splits that
//! leave whole groups such as stations out ([`groups`]).

#![allow(
    clippy::needless_pass_by_value,
    reason = "array views are handles, passed by value as ndarray itself does"
)]

pub mod boosting;
pub mod emulator;
pub mod groups;

pub use boosting::{Boosting, BoostingOptions};
pub use emulator::{Emulator, EmulatorError};
pub use groups::{Fold, leave_groups_out};
