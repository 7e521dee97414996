//! Daily soil water of one station, assimilated with states and parameters together.
//!
//! Members differ in parameters, drawn from priors, and in the errors of their forcing ([`ForcingError`]). A forecast
//! of a few days, all members in lanes, is followed by an analysis of what the probes read on those days: means over
//! the window against means of the members over the same days, so that the update at its end knows of all its days.
//! An ETKF in local domains moves three things:
//!
//! - saturation, layer by layer, with a taper by depth ([`crate::ensemble::land`]);
//! - the parameters that soil water may move ([`Setup::updated`]), by their correlation with it in the ensemble;
//! - what each probe reads of what the layer holds, a linear relation ([`Sensor::gain`], [`Sensor::offset`]).
//!
//! Carbon, nitrogen, snow and the parameters in [`Setup::kept`] are out of its reach: soil water says too little of
//! them. What is analysed is saturation, not content: a probe that reads high tells of more pores or of its own
//! calibration as much as of wetter soil, and the former two leave the potential of water, on which transpiration
//! depends, as it is. An update of contents would turn each error of porosity into one of stress.
//!
//! A probe is compared with liquid water and ice together. Under snow probes read on as if nothing froze, where a model
//! that is a degree too cold has its water as ice: that is an error of temperature, and no update of water heals it. For
//! the same reason readings of frozen layers are left out ([`Options::frost`]).
//!
//! Parameters and gains are first-order autoregressive processes about their priors: what lasts longer than
//! [`Options::error_memory`] is one piece of news to them, and what is no longer asked for is forgotten with
//! [`Options::parameter_memory`]. So their spread neither collapses nor exceeds that of the prior, and errors of a model
//! that has no better place for them don't carry parameters away for good. States are inflated as innovations ask
//! for, in what an analysis updates alone.

mod analysis;
mod course;
mod forcing;
mod members;
mod sensors;

use reterra_assimilation::Inflation;
use reterra_land::column::ColumnState;
use reterra_land::spinup;

pub use course::{Account, Course};
pub use forcing::ForcingError;
pub use members::Ensemble;
pub use sensors::{Sensor, water_at};

use crate::experiment::{ParameterSpace, StationCase};

/// A station with probes, and how they are assimilated.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// The station under its weather.
    pub case: &'a StationCase,
    /// Where members begin their spin-up.
    pub from: &'a ColumnState,
    /// How they spin up.
    pub spinup: spinup::Options,
    /// Parameters that soil water may move.
    pub updated: ParameterSpace,
    /// Parameters that are uncertain and that it may not move.
    pub kept: ParameterSpace,
    /// The probes, with the readings to assimilate.
    pub sensors: Vec<Sensor>,
    /// How.
    pub options: Options,
}

/// Options of an assimilation.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Ensemble size.
    pub members: usize,
    /// Days of a forecast and of the window that its analysis sees.
    pub window: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the station in random streams.
    pub column: u32,
    /// Errors of the forcing.
    pub forcing: ForcingError,
    /// Difference in depth, m, at and beyond which a probe doesn't reach a layer (Gaspari and Cohn 1999).
    pub reach: f64,
    /// Days after which an error of a reading or of the model counts as new for parameters: states forget, but an error
    /// that lasts for a month tells the same to a parameter every day. Gains follow errors of the model that last, so to
    /// them one is new after the memory of the forcing's.
    pub error_memory: f64,
    /// Days in which a parameter or gain that nothing informs has returned to its prior by all but 1/e.
    pub parameter_memory: f64,
    /// Inflation of states.
    pub inflation: Inflation,
    /// Ice at a probe's depth, m³ m⁻³, mean over members, beyond which it isn't assimilated: an update moves liquid water,
    /// which says little where the phase is in doubt.
    pub frost: f64,
    /// Standard deviations of an innovation beyond which a reading is refused.
    pub background_check: f64,
}

#[cfg(test)]
mod tests;
