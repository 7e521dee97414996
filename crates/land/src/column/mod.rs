//! One land column: what it is, what it holds, and its daily step.

mod balance;
mod burn;
mod canopy_snow;
mod life;
mod output;
mod run;
mod setup;
mod state;
mod step;
mod surface;
mod today;

pub use balance::LargestImbalance;
pub use output::{DayFluxes, MonthlyOutput};
pub use run::{BatchOutcome, Day, simulate, simulate_batch, simulate_days, simulate_span};
pub use setup::{Base, Column, Cover, MOST_TILES, Site, Tile, USUAL_WIND};
pub use state::ColumnState;

#[cfg(test)]
mod tests;
