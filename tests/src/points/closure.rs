//! Point 3: the largest budget error of any step of the run on 48 stations.

use std::path::Path;

use reterra_land::column::LargestImbalance;
use reterra_workflow::results::{CalibrationNote, SpinUpNote, StationAssimilation};

use super::skill;
use crate::record::{Goal, Record};
use crate::{ValidationError, read_json};

/// Relative to the stock.
const LIMIT: f64 = 1e-10;

/// Largest relative error of carbon, nitrogen and water over spin-up, calibration and assimilation.
///
/// # Errors
/// Those of the run, and where a stage's note can't be read.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let largest = largest_imbalance(&skill::finished_run()?)?;
    let record =
        |what: &str, error| Record::new(format!("reanalysis-3-{what}"), error, Goal::AtMost(LIMIT), "1");
    Ok(vec![
        record("carbon", largest.carbon),
        record("nitrogen", largest.nitrogen),
        record("water", largest.water),
    ])
}

/// Over all that the stages of a run noted.
///
/// # Errors
/// Where a note can't be read, and [`ValidationError::Absent`] where no step was checked at all.
pub fn largest_imbalance(run: &Path) -> Result<LargestImbalance, ValidationError> {
    let spinup: SpinUpNote = read_json(&run.join("spinup/spinup.json"))?;
    let calibration: CalibrationNote = read_json(&run.join("calibrate/calibrate.json"))?;
    let assimilation: Vec<StationAssimilation> = read_json(&run.join("assimilate/assimilate.json"))?;
    let spinup = spinup.stations.iter().map(|station| station.report.imbalance);
    let assimilation = assimilation.iter().map(|station| station.imbalance);
    let all = spinup.chain([calibration.imbalance]).chain(assimilation);
    let largest = all.fold(LargestImbalance::default(), LargestImbalance::max);
    // Rounding leaves some error in every budget that is kept in floating point: none at all was never measured.
    if [largest.carbon, largest.nitrogen, largest.water].contains(&0.0) {
        return Err(ValidationError::Absent {
            what: "a measured imbalance".to_owned(),
            path: run.to_owned(),
        });
    }
    Ok(largest)
}
