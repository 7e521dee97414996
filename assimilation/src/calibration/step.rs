//! What a step of a calibration says about itself.

use serde::{Deserialize, Serialize};

/// A member that gave no output in a step and was drawn again, or filled in where a method can't draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedMember {
    /// Its row.
    pub member: usize,
    /// Why.
    pub reason: String,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Number of the step, from 1.
    pub iteration: u32,
    /// The step Δt; of Gauss-Newton methods its length, from 0 to 1.
    pub dt: f64,
    /// Pseudo-time after it; of Gauss-Newton methods the sum of their lengths.
    pub t: f64,
    /// Misfit of the outputs told, mean over members of `|Γ^(-1/2) (y - G)|² / m`; about 1 where the
    /// model explains the data within their errors.
    pub misfit: f64,
    /// The same of the ensemble mean of the outputs.
    pub mean_misfit: f64,
    /// Members that failed.
    pub failed: Vec<FailedMember>,
    /// Whether the cap on iterations, not the method's own rule, ended it here.
    pub capped: bool,
}
