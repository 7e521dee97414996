//! The embedded process model of one land column: CLM5-style carbon, nitrogen, water and energy, daily step.
//!
//! Inside a day, amounts are per square metre and day; what leaves through [`column::MonthlyOutput`] is per
//! second, as CLM's history files have it.

pub mod column;
pub mod constants;
pub mod energy;
pub mod error;
mod exponential;
pub mod fire;
pub mod forcing;
pub mod lanes;
pub mod parameters;
pub mod plant;
pub mod soil;
pub mod spinup;
pub mod trials;
pub mod water;
pub mod weather;
