//! Calibrate, emulate, sample with the embedded land model: parameters of every vegetation class at the 48 stations from
//! the months that may be seen, scored on those that are withheld.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reterra_land::plant::pft::VegetationClass;
use reterra_workflow::campaign::SampleResult;
use reterra_workflow::campaign::land::{LandScores, VariableScore};

use crate::program::Program;
use crate::record::{Goal, Record};
use crate::{ValidationError, places, read_json};

/// Classes of the 48 stations.
const CLASSES: [VegetationClass; 7] = [
    VegetationClass::EvergreenNeedleleaf,
    VegetationClass::EvergreenBroadleaf,
    VegetationClass::DeciduousBroadleaf,
    VegetationClass::Shrub,
    VegetationClass::Grass,
    VegetationClass::Wetland,
    VegetationClass::Crop,
];

/// Scores of all classes together.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    months: usize,
    covered: usize,
    squares: f64,
    point_squares: f64,
}

impl Sum {
    fn add(&mut self, score: &VariableScore) {
        self.months += score.months;
        self.covered += score.covered;
        self.squares += score.squares;
        self.point_squares += score.point_squares;
    }
}

/// Coverage of 90 % bands and error beside that of the calibration's mean, by variable; the worst R̂ and ESS; classes that
/// end without a posterior, whose months are in none of the figures.
///
/// # Errors
/// [`ValidationError::NoData`], and campaigns that can't be run.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let data = places::shared("sites_monthly")?;
    let program = Program::built()?;
    let mut refused = 0;
    let (mut rhat, mut ess) = (0.0_f64, f64::INFINITY);
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for class in CLASSES {
        let Some(out) = campaign(&program, &data, class)? else {
            refused += 1;
            continue;
        };
        let found: SampleResult = read_json(&out.join("posterior.json"))?;
        for parameter in &found.parameters {
            rhat = rhat.max(parameter.rhat);
            ess = ess.min(parameter.bulk_ess).min(parameter.tail_ess);
        }
        let scores: LandScores = read_json(&out.join("scores.json"))?;
        for score in &scores.variables {
            eprintln!("{class:?}: {score:?}");
            sums.entry(score.variable.name().to_lowercase()).or_default().add(score);
        }
    }
    let mut records = vec![Record::new(
        "ces-3-classes-without-posterior",
        f64::from(refused),
        Goal::AtMost(0.0),
        "classes",
    )];
    if !sums.is_empty() {
        records.push(Record::new("ces-3-rhat", rhat, Goal::AtMost(1.01), "1"));
        records.push(Record::new("ces-3-ess", ess, Goal::AtLeast(400.0), "draws"));
    }
    for (variable, sum) in &sums {
        let name = |what: &str| format!("ces-3-{variable}-{what}");
        let coverage = sum.covered as f64 / sum.months as f64;
        let ratio = (sum.squares / sum.point_squares).sqrt();
        records.push(Record::new(name("coverage"), coverage, Goal::Between(0.85, 0.95), "1"));
        records.push(Record::new(name("rmse-of-points"), ratio, Goal::AtMost(1.0), "1"));
    }
    Ok(records)
}

/// The directory of a class's finished campaign; none where it ends in the refusal to call a sample a posterior.
fn campaign(
    program: &Program,
    data: &Path,
    class: VegetationClass,
) -> Result<Option<PathBuf>, ValidationError> {
    let folder = places::validation().join("ces-3");
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let (file, out) = (folder.join(format!("{class:?}.toml")), folder.join(format!("{class:?}")));
    std::fs::write(&file, written(class)).map_err(ValidationError::file("write", &file))?;
    let words: [&std::ffi::OsStr; 6] = [
        "sample".as_ref(),
        file.as_os_str(),
        "--data".as_ref(),
        data.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    let said = program.run(&words)?;
    if said.code == Some(1) && said.err.contains("ends without a result") {
        eprintln!(
            "{class:?}: {}",
            said.err.lines().filter(|line| !line.contains("runs ")).collect::<Vec<_>>().join("\n")
        );
        return Ok(None);
    }
    said.success()?;
    Ok(Some(out))
}

/// Those that say most of carbon and water in any class; the others keep their default.
const PARAMETERS: [&str; 8] =
    ["flnr", "medlynslope", "slatop", "froot_leaf", "lmr_scale", "q10_hr", "et_scale", "init_som_scale"];

/// The campaign of a class. Stations, priors and errors are those of the main job; parameters that all stations of a class
/// share miss each of them by about three observation errors more.
fn written(class: VegetationClass) -> String {
    let workflow = places::workflow("stations-monthly.toml");
    format!(
        r#"version = 1
name = "{class:?}"
seed = 20010101

[model]
kind = "land"
workflow = "{}"
class = "{class:?}"
only = {PARAMETERS:?}
structural_error = 3.0

[calibrate]
kind = "etki"
step_scale = 0.35

[sample]
held_out = 32
rounds = 6

[sample.emulators]
runs = 320
components = 12

[runs]
members = 64
tolerated_failures = 200
"#,
        workflow.display()
    )
}
