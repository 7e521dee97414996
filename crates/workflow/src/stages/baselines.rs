//! `baselines`: what a reanalysis has to beat to be worth its effort.
//!
//! Two simple estimates of monthly fluxes that see the observations to assimilate and nothing else: each
//! station's own climatology, and boosted trees on the drivers, once with every station in the training data and
//! once with the predicted station left out. The stage needs only the inputs of the workflow.

mod climatology;
mod features;
mod trees;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Ix2};
use reterra_io::bundle::{Arrays, read_bundle, write_bundle};
use reterra_report::input::Run;

use crate::config::{Variable, Workflow};
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::domain::add_inputs;
use crate::experiment::{StationCase, load_cases};

/// The file that the stage writes: arrays `<run>/<variable>`, station × month, code units, NaN where there is none.
pub const PREDICTIONS: &str = "predictions.bundle";

/// The variables that the baselines estimate.
pub const VARIABLES: [Variable; 3] = [Variable::Gpp, Variable::Nee, Variable::Et];

/// The runs that are baselines, with their names in the bundle.
const RUNS: [(Run, &str); 3] = [
    (Run::Climatology, "climatology"),
    (Run::BoostedTrees, "boosted-trees"),
    (Run::BoostedTreesLeaveOut, "boosted-trees-leave-out"),
];

/// Predictions by run and variable, station × month, code units, NaN where there is none.
pub type Predictions = BTreeMap<(Run, Variable), Array2<f64>>;

/// The stage.
pub struct Baselines;

impl Stage for Baselines {
    fn name(&self) -> &'static str {
        "baselines"
    }

    fn title(&self) -> &'static str {
        "station climatology and boosted trees, for comparison"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        add_inputs(Inputs::new(), workflow)
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let path = context.directory().join(PREDICTIONS);
        if !cases.iter().any(holds_back) {
            write(&path, &Predictions::new())?;
            return Ok(StageOutput::new()
                .file(PREDICTIONS)
                .note("skipped: no observations are withheld to score them"));
        }
        let mut predictions = climatology::predict(&cases);
        predictions.append(&mut trees::predict(&cases, context)?);
        write(&path, &predictions)?;
        Ok(StageOutput::new().file(PREDICTIONS).note(summary(&predictions)))
    }
}

/// Whether a station has observations that nothing is fitted to.
#[must_use]
pub fn holds_back(case: &StationCase) -> bool {
    case.withheld.values().flatten().any(Option::is_some)
}

fn summary(predictions: &Predictions) -> String {
    let counted = |run| {
        let values = predictions.iter().filter(|((r, _), _)| *r == run).flat_map(|(_, a)| a.iter());
        values.filter(|v| v.is_finite()).count()
    };
    let part = |(run, name): (Run, &str)| format!("{name} {}", counted(run));
    format!("values predicted: {}", RUNS.map(part).join(", "))
}

fn write(path: &Path, predictions: &Predictions) -> Result<(), StageError> {
    let mut arrays = Arrays::new();
    for ((run, variable), values) in predictions {
        if let Some((_, name)) = RUNS.iter().find(|(r, _)| r == run) {
            arrays.insert(format!("{name}/{}", variable.name()), values.clone().into_dyn());
        }
    }
    Ok(write_bundle(path, &arrays, &serde_json::json!({ "dims": ["station", "month"] }))?)
}

/// Reads what the stage wrote; empty for a workflow without withheld observations.
///
/// # Errors
/// A bundle that can't be read.
pub fn read(path: &Path) -> Result<Predictions, StageError> {
    let (mut arrays, _) = read_bundle(path)?;
    let mut predictions = Predictions::new();
    for (run, name) in RUNS {
        for variable in VARIABLES {
            let stored = arrays.remove(&format!("{name}/{}", variable.name()));
            if let Some(Ok(array)) = stored.map(ndarray::ArrayD::into_dimensionality::<Ix2>) {
                predictions.insert((run, variable), array);
            }
        }
    }
    Ok(predictions)
}

#[cfg(test)]
mod tests;
