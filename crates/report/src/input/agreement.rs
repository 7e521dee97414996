//! How observations and the ensemble that assimilated them agree.

use serde::{Deserialize, Serialize};

use super::Variable;

/// A number with its standard error, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub error: Option<f64>,
}

/// Observations that quality control treated alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// What was done with them, in a few words.
    pub label: String,
    /// How many there are.
    pub count: u64,
}

/// Ranks of observations among the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Counts over expected counts in runs of neighbouring ranks, from below all members to above all: 1 is flat.
    pub frequencies: Vec<f64>,
    /// Probability of a histogram that is no flatter where all ranks are equally likely.
    pub p_value: f64,
    /// Slope as a standard normal number: above zero where observations lie above the members.
    pub slope: f64,
    /// Excess of the outer ranks, likewise: above zero where the ensemble is too narrow.
    pub outer: f64,
}

/// Diagnostics of one variable in observation space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The variable.
    pub variable: Variable,
    /// Observations assimilated.
    pub used: u64,
    /// The others by what was done with them.
    pub others: Vec<Fate>,
    /// Mean of observation − prior mean, in the variable's code units (see [`Variable`]).
    pub innovation: Option<Measured>,
    /// Mean square of innovations over the variance that they should have.
    pub consistency: Option<Measured>,
    /// Variance of the observation error that departures show, over the assumed one.
    pub error_ratio: Option<Measured>,
    /// Variance of the prior in observation space that departures show, over the ensemble's.
    pub background_ratio: Option<Measured>,
    /// Degrees of freedom for signal per observation, 0–1.
    pub signal: Option<f64>,
    /// Continuous ranked probability score of prior and posterior, in the variable's code units.
    pub crps: Option<[f64; 2]>,
    /// Ranks among the prior's members.
    pub ranks: Option<Ranks>,
}
