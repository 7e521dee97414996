//! The embedded land model as a campaign's model: the parameters of one vegetation class at its stations.
//!
//! Stations, weather, spin-up, observations and their errors are those of a workflow of stations; withheld months stay
//! withheld, and are what the posterior is scored on ([`LandScores`]).

mod model;
mod score;
mod settings;

pub use score::{LandScores, VariableScore};
pub use settings::LandSettings;

pub(super) use model::LandModel;
pub(super) use settings::Given;
