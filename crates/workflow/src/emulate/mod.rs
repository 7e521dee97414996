//! Emulators of any model from plain tables of its runs, CSV or NetCDF (`reterra emulate`).
//!
//! Each output is learnt by the mixture that predicts rows left out best ([`reterra_emulators::choose`]). What was learnt
//! is one JSON file that also remembers which rows it has seen, so that it is never judged by those.

mod columns;
mod fit;
mod judge;
mod store;

pub use columns::{BadSplit, Split};
pub use fit::{FitOptions, fit};
pub use judge::{Judged, Predicted, judge, predict};
pub use reterra_emulators::{Prediction, Scores};
pub use store::{Emulators, OutputEmulator};
