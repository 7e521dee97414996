//! What vegetation types alone tell of stations that were left out: ten folds of the 48 stations, the same as those of
//! the boosted trees, which are what has to be beaten.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::skill::{self, Skill, VARIABLES, number};
use crate::program::Program;
use crate::record::{Goal, Record};
use crate::{ValidationError, places, tree};

/// The run, below `out/validation`.
pub const RUN: &str = "stations-left-out";
/// The stage that leaves stations out.
const STAGE: &str = "cross-validation";
/// The stages before it, what a finished one holds, and what a run directory holds.
const COMMON: [&str; 2] = ["spinup", "calibrate"];
const DONE: &str = "stage.json";
const RECORD: &str = "run.json";
/// R² of boosted trees on the drivers with the station left out, in the order of [`VARIABLES`].
const TREES: [f64; 3] = [0.589, 0.364, 0.647];
/// What asks the shipped workflow for the folds.
const FOLDS: &str = "\n[validation]\nfolds = 10\n";
/// The station table, as the shipped workflow names it and as seen from where the run's own file lies.
const TABLE: [&str; 2] = ["\"data/stations.csv\"", "\"../../data/stations.csv\""];

/// R² of the left-out stations' withheld months, pooled.
///
/// # Errors
/// [`ValidationError::NoData`], those of the run, and a score that isn't there.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let path = finished_run()?.join(STAGE).join("skill.json");
    let skill = Skill::read(&path)?;
    let mut records = Vec::new();
    for (variable, trees) in VARIABLES.iter().zip(TREES) {
        let score = skill.find("calibrated-leave-out", variable, &path)?;
        eprintln!("left out, {variable}: {} months", score.n);
        let name = format!("land-3-left-out-{}-r2", variable.to_lowercase());
        records.push(Record::new(name, number(score.r2), Goal::AtLeast(trees), "1"));
    }
    Ok(records)
}

/// Runs the workflow up to the stage; a run that is there is continued, and what other code made of it is made anew.
fn finished_run() -> Result<PathBuf, ValidationError> {
    let data = places::shared("sites_monthly")?;
    let program = Program::built()?;
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let (out, file) = (folder.join(RUN), folder.join(format!("{RUN}.toml")));
    adopt(&out)?;
    let shipped = places::workflow("stations-monthly.toml");
    let text = std::fs::read_to_string(&shipped).map_err(ValidationError::file("read", &shipped))?;
    let text = text.replace(TABLE[0], TABLE[1]) + FOLDS;
    std::fs::write(&file, text).map_err(ValidationError::file("write", &file))?;
    let start = Instant::now();
    program.watch(&[
        "run".as_ref(),
        file.as_os_str(),
        "--data".as_ref(),
        data.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--until".as_ref(),
        STAGE.as_ref(),
        "--rerun-stale".as_ref(),
    ])?;
    eprintln!("{STAGE}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(out)
}

/// Takes over what the run on withheld months has done of the same stages; one that differs after all runs again.
fn adopt(out: &Path) -> Result<(), ValidationError> {
    let run = places::validation().join(skill::RUN);
    if out.exists() || !COMMON.iter().all(|stage| run.join(stage).join(DONE).exists()) {
        return Ok(());
    }
    for stage in COMMON {
        tree::copy(&run.join(stage), &out.join(stage))?;
    }
    // What tells a run directory from any other.
    std::fs::copy(run.join(RECORD), out.join(RECORD)).map_err(ValidationError::file("copy", &run)).map(drop)
}
