//! Runs over a grid: every land cell a column, tile by tile.
//!
//! | stage | writes |
//! |---|---|
//! | `domain` | `surface.nc`: land, height, soil, cover; `climate.nc`: the mean year |
//! | `spinup` | `tile_NNNNN.nc`: equilibrium states, a restart file a tile; `spinup.nc`, `spinup.json`: how it went |
//! | `simulate` | `monthly.nc`; `tile_NNNNN.nc`: states at the end; `failures.json` |
//!
//! A tile is what is computed, kept and resumed as one. In it, columns that are alike run in batches of four, and threads
//! run over batches. A cell that fails is recorded, and missing from then on; the others don't notice.

pub mod batch;
pub mod cells;
mod climate;
mod domain;
mod layout;
mod members;
pub mod restart;
mod simulate;
mod spinup;
#[cfg(test)]
mod tests;
mod tiles;

use serde::{Deserialize, Serialize};

use crate::config::grid::GridWorkflow;
use crate::engine::Stage;

/// Every stage of a gridded run, in order.
#[must_use]
pub fn stages() -> Vec<Box<dyn Stage<GridWorkflow>>> {
    vec![Box::new(domain::Domain), Box::new(spinup::SpinUp), Box::new(simulate::Simulation)]
}

/// A cell that could not be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellFailure {
    /// Number of the cell in the whole grid.
    pub cell: u32,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Why.
    pub reason: String,
}
