//! `reterra calibrate`: a calibration alone.

use reterra_assimilation::AssimilationError;
use reterra_assimilation::calibration::Calibrator;

use super::executable::Program;
use super::land::LandModel;
use super::ledger::{self, Job};
use super::model::Model;
use super::results::{CALIBRATION, CalibrationResult, write};
use super::runs::Runs;
use super::settings::{ModelSettings, Settings};
use super::watchdog::Watchdog;
use super::{Surroundings, team};
use crate::WorkflowError;
use crate::engine::Lock;

/// Title of its runs.
const TITLE: &str = "calibrate";

/// Runs a calibration, or continues it, and writes what it found into the campaign's directory.
///
/// # Errors
/// A directory with something else in it or with other settings, too many runs that fail, and those of the calibration.
pub fn calibrate(settings: &Settings, around: Surroundings<'_>) -> Result<CalibrationResult, WorkflowError> {
    let _lock = open(settings, Job::Calibrate)?;
    let found = with_model(settings, around, |model| run(settings, model, around))?;
    team::dismiss(around.ranks)?;
    Ok(found)
}

/// A finished calibration, written.
pub(super) fn run(
    settings: &Settings,
    model: &dyn Model,
    around: Surroundings<'_>,
) -> Result<CalibrationResult, WorkflowError> {
    let mut runs = Runs::new(settings, model, around);
    let start = settings.method.start(&settings.problem, (settings.members, settings.seed));
    let mut process = start.map_err(ended(settings))?;
    while !process.done() {
        let outputs = runs.evaluate(process.ask(), TITLE)?;
        let step = process.tell(&outputs).map_err(ended(settings))?;
        let (number, misfit, t) = (step.iteration, step.misfit, step.t);
        around.progress.say(&format!("calibrate: step {number} to pseudo-time {t:.3}, misfit {misfit:.3}"));
    }
    let found = (process.claim(), process.sample());
    let result = CalibrationResult::new(settings, found, process.steps(), runs.counts());
    write(&settings.directory, CALIBRATION, &result)?;
    Ok(result)
}

/// Takes the campaign's directory, after making sure that it is one of these settings.
pub(super) fn open(settings: &Settings, job: Job) -> Result<Lock, WorkflowError> {
    ledger::prepare(&settings.directory)?;
    let lock = Lock::take(&settings.directory)?;
    ledger::settle(settings, job)?;
    Ok(lock)
}

/// Does something with the model of the settings.
pub(super) fn with_model<T>(
    settings: &Settings,
    around: Surroundings<'_>,
    job: impl FnOnce(&dyn Model) -> Result<T, WorkflowError>,
) -> Result<T, WorkflowError> {
    match &settings.model {
        ModelSettings::Executable(executable) => {
            let names = settings.problem.names();
            let (observed, interrupt) = (settings.observed.as_slice(), around.interrupt);
            job(&Program { executable, names, observed, interrupt, watchdog: Watchdog::start()? })
        }
        ModelSettings::Land(land) => job(&LandModel::new(land, around.interrupt)?),
    }
}

/// For `map_err`: why there is no result.
pub(super) fn ended(settings: &Settings) -> impl FnOnce(AssimilationError) -> WorkflowError {
    let directory = settings.directory.clone();
    move |error| match error {
        AssimilationError::Stopped => WorkflowError::CampaignInterrupted { directory },
        source => WorkflowError::Campaign { directory, source: Box::new(source) },
    }
}
