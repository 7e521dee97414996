//! Twin experiments: a truth made by a model, observations made from it, and methods scored against it.
//!
//! The conventions are those of DAPPER (Raanes et al. 2024, doi:10.21105/joss.05150), whose published scores
//! [`published`] holds: an observation every `every` steps and none at the start, so that a cycle begins with a
//! forecast; truth and ensemble drawn from the same prior; a score is the time mean, over analyses after the burn-in, of
//! the root of the mean over components of the squared error of the ensemble mean.

pub mod cycle;
pub mod experiment;
pub mod methods;
pub mod models;
pub mod prior;
pub mod published;
pub mod score;

pub use cycle::{Cycles, Method};
pub use experiment::{Experiment, Nature};
pub use models::Model;
pub use prior::Prior;
pub use score::{Estimate, Summary, Trial};

#[cfg(test)]
mod tests;
