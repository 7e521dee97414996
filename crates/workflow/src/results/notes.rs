//! What spin-up, calibration and assimilation say about themselves.

use std::path::Path;

use reterra_assimilation::etki::Step;
use reterra_land::column::LargestImbalance;
use reterra_land::plant::pft::{Pft, VegetationClass};
use reterra_land::spinup::Report;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::Mode;
use crate::engine::StageError;

/// `spinup/spinup.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpinUpNote {
    /// CLM's criterion used, gC m⁻² yr⁻¹.
    pub drift_limit: f64,
    /// One entry a station, in the order of all arrays.
    pub stations: Vec<StationSpinUp>,
}

/// The spin-up of a station with default parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationSpinUp {
    /// Station id.
    pub id: String,
    /// Plant functional type chosen.
    pub pft: Pft,
    /// How it went.
    pub report: Report,
}

/// `calibrate/calibrate.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationNote {
    /// One entry a vegetation class.
    pub classes: Vec<ClassCalibration>,
    /// Largest budget error of any step of any member.
    pub imbalance: LargestImbalance,
}

/// The inversion of one vegetation class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCalibration {
    /// The class.
    pub class: VegetationClass,
    /// Its stations.
    pub stations: Vec<String>,
    /// Iterations.
    pub steps: Vec<Step>,
    /// Prior and posterior of its parameters.
    pub parameters: Vec<ParameterEnsemble>,
    /// Posterior ensemble, unconstrained: members × parameters.
    pub posterior: Vec<Vec<f64>>,
}

/// A parameter's ensemble before and after, physical values (or multipliers and shifts, where the workflow says so).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterEnsemble {
    /// Name.
    pub name: String,
    /// What the values mean.
    pub mode: Mode,
    /// Prior quantiles at 5, 25, 50, 75 and 95 %.
    pub prior: [f64; 5],
    /// Posterior members.
    pub posterior: Vec<f64>,
}

/// `assimilate/assimilate.json` holds a list of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationAssimilation {
    /// Station id.
    pub id: String,
    /// Iterations of the smoother.
    pub steps: Vec<Step>,
    /// Prior and posterior of the station's parameters.
    pub parameters: Vec<ParameterEnsemble>,
    /// Carbon, nitrogen and water that updates added (ensemble mean, net), g or kg m⁻².
    pub increments: [f64; 3],
    /// Inflation of the covariance by month with observations.
    pub inflation: Vec<(usize, f64)>,
    /// Observations used and refused by the background check.
    pub used: usize,
    /// See `used`.
    pub refused: usize,
    /// Members that failed in the filter.
    pub failures: Vec<Failure>,
    /// Largest budget error of any step of any member.
    pub imbalance: LargestImbalance,
}

/// A member that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Member, 0-based.
    pub member: usize,
    /// Month of the run, if known.
    pub month: Option<usize>,
    /// Why.
    pub reason: String,
}

/// Writes JSON, atomically.
///
/// # Errors
/// Where the value has no JSON form or the file can't be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StageError> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(reterra_io::atomic::replace(path, &bytes)?)
}

/// Reads JSON.
///
/// # Errors
/// Where the file can't be read or is not what is expected.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StageError> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        StageError::failed(format!("cannot read {}: {e}; rerun the stage that made it", path.display()))
    })?;
    serde_json::from_str(&text)
        .map_err(|e| StageError::failed(format!("{} is not what this version writes: {e}", path.display())))
}
