//! What the stages leave for each other: ensembles of monthly output as bundles, all else as JSON.

mod ensemble;
mod notes;

pub use ensemble::{EnsembleOutput, OUTPUTS, Output};
pub use notes::{
    CalibrationNote, ClassCalibration, Failure, ParameterEnsemble, SpinUpNote, StationAssimilation,
    StationSpinUp, read_json, write_json,
};
