//! Quality control of observations before an analysis: which are used, with which error, and why others are not.
//!
//! Checks run in the order that [`Control`] was given and each has a file of its own. Every observation gets a
//! [`Flag`]; refusing all of them is an outcome that is told, not an error. Nothing is random, and no result depends on
//! the number of threads.

pub mod background;
pub mod buddy;
pub mod control;
pub mod domain;
pub mod duplicates;
pub mod evaluate;
pub mod flag;
pub mod huber;
pub mod range;
pub mod sample;

#[cfg(test)]
mod tests;

pub use background::Background;
pub use buddy::Buddy;
pub use control::{Check, Control};
pub use domain::Domain;
pub use duplicates::Duplicates;
pub use evaluate::EvaluateOnly;
pub use flag::Flag;
pub use huber::Huber;
pub use range::Range;
pub use sample::{Outcome, Sample};
