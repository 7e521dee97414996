//! One land column: what it is, what it holds, and its daily step.

mod balance;
mod output;
mod run;
mod setup;
mod state;
mod step;

pub use balance::LargestImbalance;
pub use output::{DayFluxes, MonthlyOutput};
pub use run::{BatchOutcome, simulate, simulate_batch};
pub use setup::{Column, Site};
pub use state::ColumnState;
