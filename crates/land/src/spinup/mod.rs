//! Ways to bring a column to equilibrium, and how far it is from there.
//!
//! One interface, six ways ([`Method`]): a `Way` says from which state the next cycle
//! of the forcing runs, given the cycle that just ran. All years of the forcing cycle are used, never a mean year.
//!
//! The stop rule is CLM's, over a whole cycle: |ΔTOTECOSYSC| below 1 gC m⁻² yr⁻¹. The ways that jump also ask that
//! every soil pool is within `distance_limit` of the equilibrium that its own inputs and rates define, because drift
//! alone passes columns whose passive pool is far off, and that no pool moves by more from cycle to cycle, because
//! that equilibrium follows the nitrogen cycle.

mod accelerated;
mod anderson;
mod coordinates;
mod cycle;
mod given;
mod history;
pub mod matrix;
mod mixed;
mod report;
mod run;
mod semi_analytic;
mod summary;
#[cfg(test)]
mod tests;
mod way;
mod wood;

use serde::{Deserialize, Serialize};

pub use accelerated::latitude_factor;
pub use given::GivenPools;
pub use history::apply_history;
pub use matrix::SpinupError;
pub use report::{Measure, OtherDrifts, Report};
pub use run::{spin_up, spin_up_batch};
pub use summary::Summary;

/// How to spin up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Run on until it stops drifting.
    BruteForce,
    /// CLM's accelerated decomposition, then run on until it stops drifting.
    AcceleratedDecomposition,
    /// Semi-analytic: matrix solution of soil and wood between cycles.
    #[default]
    Matrix,
    /// Anderson acceleration of the cycle itself, as of a black box: for what is not linear.
    Anderson,
    /// Anderson acceleration of the semi-analytic step.
    MatrixAnderson,
    /// Run `min_cycles` on from given pools and judge them; nothing is solved.
    Continue,
}

impl Method {
    /// All ways.
    pub const ALL: [Self; 6] = [
        Self::BruteForce,
        Self::AcceleratedDecomposition,
        Self::Matrix,
        Self::Anderson,
        Self::MatrixAnderson,
        Self::Continue,
    ];

    /// Name, as workflow files and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BruteForce => "brute-force",
            Self::AcceleratedDecomposition => "accelerated-decomposition",
            Self::Matrix => "matrix",
            Self::Anderson => "anderson",
            Self::MatrixAnderson => "matrix-anderson",
            Self::Continue => "continue",
        }
    }

    /// Whether it stops by drift alone, as CLM does, or asks for nearness to the equilibrium too.
    #[must_use]
    pub const fn stops_by_drift_alone(self) -> bool {
        matches!(self, Self::BruteForce | Self::AcceleratedDecomposition)
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The way.
    pub method: Method,
    /// Largest |ΔTOTECOSYSC|, gC m⁻² yr⁻¹.
    pub drift_limit: f64,
    /// Largest relative distance of a soil pool from its linear equilibrium, and largest relative change from one
    /// cycle to the next (not asked of the ways that [stop by drift alone](Method::stops_by_drift_alone)): nitrogen
    /// moves the equilibrium itself, slowly.
    pub distance_limit: f64,
    /// Cycles after which to give up.
    pub max_cycles: usize,
    /// Cycles that run at least.
    pub min_cycles: usize,
}

impl Options {
    /// Most cycles that run.
    fn cycles(&self) -> usize {
        if self.method == Method::Continue { self.min_cycles } else { self.max_cycles }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::default(),
            drift_limit: 1.0,
            distance_limit: 0.0005,
            max_cycles: 100,
            min_cycles: 3,
        }
    }
}
