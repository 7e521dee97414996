//! Point 2: what the run on 48 stations explains of the months that it never saw.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::program::Program;
use crate::record::{Goal, Record};
use crate::{ValidationError, places, read_json};

/// The run that points 2, 3 and 7 look at, below `out/validation`.
pub const RUN: &str = "stations-monthly";

/// R² that a row of the table is held to, in the order of [`VARIABLES`].
struct Row {
    run: &'static str,
    goals: [Goal; 3],
}

/// The scored variables.
pub const VARIABLES: [&str; 3] = ["GPP", "NEE", "ET"];

/// A baseline is right when it comes out where the same method came out before: the climatology on both sides, the
/// trees from below, because better trees are no fault.
const ROWS: [Row; 5] = [
    Row { run: "calibrated", goals: [Goal::AtLeast(0.65), Goal::AtLeast(0.40), Goal::AtLeast(0.65)] },
    Row { run: "assimilated", goals: [Goal::AtLeast(0.78), Goal::AtLeast(0.69), Goal::AtLeast(0.77)] },
    Row {
        run: "climatology",
        goals: [Goal::Between(0.75, 0.79), Goal::Between(0.666, 0.706), Goal::Between(0.741, 0.781)],
    },
    Row { run: "boosted-trees", goals: [Goal::AtLeast(0.713), Goal::AtLeast(0.622), Goal::AtLeast(0.743)] },
    Row {
        run: "boosted-trees-leave-out",
        goals: [Goal::AtLeast(0.559), Goal::AtLeast(0.334), Goal::AtLeast(0.617)],
    },
];

/// Share of withheld months in the 90 % band of the assimilated run.
const COVERAGE: Goal = Goal::Between(0.80, 0.97);

/// `skill.json` of a stage.
#[derive(Debug, Deserialize)]
pub struct Skill {
    kind: String,
    pooled: Vec<Score>,
}

/// What `kind` is where the scores are of withheld observations.
const VALIDATION: &str = "validation";

/// Scores of a run for a variable.
#[derive(Debug, Deserialize)]
pub struct Score {
    run: String,
    variable: String,
    /// Pairs.
    pub n: usize,
    /// 1 − SSE/SST.
    pub r2: Option<f64>,
    coverage: Option<f64>,
}

impl Skill {
    /// Reads the scores on withheld observations.
    ///
    /// # Errors
    /// An unreadable file, or scores that are of a fit.
    pub fn read(path: &Path) -> Result<Self, ValidationError> {
        let skill: Self = read_json(path)?;
        if skill.kind == VALIDATION {
            return Ok(skill);
        }
        Err(ValidationError::Absent { what: "a score on withheld months".to_owned(), path: path.to_owned() })
    }

    /// The scores of a run for a variable; `path` is named where they are missing.
    ///
    /// # Errors
    /// [`ValidationError::Absent`].
    pub fn find(&self, run: &str, variable: &str, path: &Path) -> Result<&Score, ValidationError> {
        let found = self.pooled.iter().find(|s| s.run == run && s.variable == variable);
        found.ok_or_else(|| ValidationError::Absent {
            what: format!("the score of {run} {variable}"),
            path: path.to_owned(),
        })
    }
}

/// R² and coverage, pooled over stations and withheld months.
///
/// # Errors
/// [`ValidationError::NoData`], those of the run, and a score that isn't in the table.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let path = finished_run()?.join("validation/skill.json");
    let skill = Skill::read(&path)?;
    let mut records = Vec::new();
    for row in &ROWS {
        for (variable, goal) in VARIABLES.iter().zip(row.goals) {
            let score = skill.find(row.run, variable, &path)?;
            eprintln!("{} {variable}: {} months", row.run, score.n);
            records.push(record(row.run, variable, "r2", number(score.r2), goal));
        }
    }
    for variable in VARIABLES {
        // Calibration has to improve on the prior by anything at all.
        let prior = number(skill.find("prior", variable, &path)?.r2);
        let gain = number(skill.find("calibrated", variable, &path)?.r2) - prior;
        records.push(record("calibrated", variable, "r2-above-prior", gain, Goal::AtLeast(0.0)));
        let coverage = skill.find("assimilated", variable, &path)?.coverage;
        records.push(record("assimilated", variable, "coverage", number(coverage), COVERAGE));
    }
    Ok(records)
}

/// R² of the assimilated run of the first reanalysis, whose land model had none of the snow layers, surface energy
/// balance, price of nitrogen and leaf respiration of this one; the same withheld months.
const FIRST: [f64; 3] = [0.8016, 0.6918, 0.7753];

/// The assimilated run against that of the first reanalysis.
///
/// # Errors
/// As [`measure`].
pub fn against_the_first() -> Result<Vec<Record>, ValidationError> {
    assimilated("land-3-stations", FIRST)
}

/// R² of the assimilated run when its filter had a state vector and observations of its own; the same withheld months.
const OWN: [f64; 3] = [0.790, 0.696, 0.777];

/// The assimilated run against that of the filter before it had the assimilation crate's state layout and operators.
///
/// # Errors
/// As [`measure`].
pub fn against_its_own_state() -> Result<Vec<Record>, ValidationError> {
    assimilated("assimilation-7", OWN)
}

/// The assimilated run's R² against what it was.
fn assimilated(point: &str, before: [f64; 3]) -> Result<Vec<Record>, ValidationError> {
    let path = finished_run()?.join("validation/skill.json");
    let skill = Skill::read(&path)?;
    let against = |(variable, before): (&str, f64)| {
        let r2 = number(skill.find("assimilated", variable, &path)?.r2);
        let name = format!("{point}-{}-r2", variable.to_lowercase());
        Ok(Record::new(name, r2, Goal::AtLeast(before), "1"))
    };
    VARIABLES.into_iter().zip(before).map(against).collect()
}

/// A score that isn't there meets no goal.
#[must_use]
pub fn number(score: Option<f64>) -> f64 {
    score.unwrap_or(f64::NAN)
}

fn record(run: &str, variable: &str, what: &str, measured: f64, goal: Goal) -> Record {
    let name = format!("reanalysis-2-{run}-{}-{what}", variable.to_lowercase());
    Record::new(name, measured, goal, "1")
}

/// Runs `workflows/stations-monthly.toml` to its end, once a process, and returns the run directory. A run that is
/// there already is continued; what other code made of it is made anew.
///
/// # Errors
/// [`ValidationError::NoData`], and those of the run.
pub fn finished_run() -> Result<PathBuf, ValidationError> {
    static FINISHED: OnceLock<PathBuf> = OnceLock::new();
    if let Some(run) = FINISHED.get() {
        return Ok(run.clone());
    }
    let data = places::shared("sites_monthly")?;
    let program = Program::built()?;
    let out = places::validation().join(RUN);
    let file = places::workflow("stations-monthly.toml");
    let arguments = [
        "run".as_ref(),
        file.as_os_str(),
        "--data".as_ref(),
        data.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--rerun-stale".as_ref(),
    ];
    program.watch(&arguments)?;
    Ok(FINISHED.get_or_init(|| out).clone())
}
