//! The embedded process model of one land column: CLM5-style carbon, nitrogen, water and energy, daily step.

pub mod soil;
pub mod spinup;
