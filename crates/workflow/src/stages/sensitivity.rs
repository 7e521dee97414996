//! Stage `sensitivity`: what the model's outputs owe to its uncertain parameters.
//!
//! The calibrated parameters of the workflow are varied within their priors after a [`SensitivityDesign`]; every run is
//! spun up to its own equilibrium, gets its site history, and runs the whole series at every station. Runs go in
//! batches of four; each batch that is done is kept, so that an ensemble of hours can be stopped at any time.

mod batch;
mod ensemble;
mod outputs;
mod product;
mod tables;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use reterra_statistics::design::{Design, LatinHypercube, Morris, OneAtATime, Sample};
use serde::Serialize;

use super::spinup;
use crate::config::Workflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{domain, load_cases};
use crate::results::write_json;

pub use ensemble::{EnsembleRuns, FailedRun, parameter_ensemble};
pub use outputs::{NAMES, output};

/// Parameters and outputs of all runs.
pub const PRODUCT: &str = "sensitivity.nc";
/// Effects of every parameter, of the designs that go in steps.
pub const EFFECTS: &str = "effects.csv";
/// How far every output ranges.
pub const RANGES: &str = "ranges.csv";
/// File of the note: runs that failed, and the largest budget error.
pub const NOTE: &str = "sensitivity.json";
/// Latin hypercubes to choose the most spread from.
const CANDIDATES: u32 = 8;

/// Which runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensitivityDesign {
    /// The medians, then each parameter alone, at so many levels on either side.
    OneAtATime(NonZeroUsize),
    /// A Latin hypercube of so many runs.
    LatinHypercube(NonZeroUsize),
    /// So many of Morris's trajectories.
    Morris(NonZeroUsize),
}

impl SensitivityDesign {
    /// Its points for so many parameters.
    #[must_use]
    pub fn sample(self, parameters: usize, seed: u64) -> Sample {
        match self {
            Self::OneAtATime(levels) => OneAtATime { levels: levels.get() }.sample(parameters, seed),
            Self::LatinHypercube(size) => {
                LatinHypercube { size: size.get(), candidates: CANDIDATES }.sample(parameters, seed)
            }
            Self::Morris(n) => Morris { trajectories: n.get() }.sample(parameters, seed),
        }
    }
}

/// The stages of a sensitivity study: stations to equilibrium, then the ensemble about it.
#[must_use]
pub fn sensitivity_stages(design: SensitivityDesign) -> Vec<Box<dyn Stage>> {
    vec![Box::new(spinup::SpinUp), Box::new(Sensitivity { design })]
}

/// The stage.
#[derive(Clone, Copy, Debug)]
pub struct Sensitivity {
    /// Which runs.
    pub design: SensitivityDesign,
}

impl Stage for Sensitivity {
    fn name(&self) -> &'static str {
        "sensitivity"
    }

    fn title(&self) -> &'static str {
        "run an ensemble of parameters"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        domain::add_inputs(Inputs::new(), workflow)?
            .after("spinup")
            .config("design", &self.design)?
            .config("parameters", &workflow.parameters)?
            .config("spinup", &workflow.spinup)?
            .config("title", &workflow.title)?
            .config("name", &workflow.name)
    }

    fn model_years(&self, workflow: &Workflow) -> f64 {
        let stations = domain::selected_stations(workflow).map_or(0, |s| s.len()) as f64;
        let runs = self.design.sample(workflow.parameters.len(), workflow.seed).points.len() as f64;
        // Some five cycles from the default parameters' equilibrium to a run's own.
        let years = 5.0 * f64::from(workflow.forcing.cycle_years) + workflow.period.months() as f64 / 12.0;
        stations * runs * years
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let workflow = context.workflow();
        let cases = load_cases(workflow)?;
        let sample = self.design.sample(workflow.parameters.len(), workflow.seed);
        let runs = parameter_ensemble(context, (&cases, &spinup::read_states(context)?), &sample)?;
        let directory = context.directory();
        let ids: Vec<&str> = cases.iter().map(|c| c.station.id.as_str()).collect();
        product::write(context, &cases, &runs)?;
        tables::write_ranges(&directory.join(RANGES), &ids, &runs)?;
        write_json(&directory.join(NOTE), &runs.note(&ids))?;
        let mut output = StageOutput::new().file(PRODUCT).file(RANGES).file(NOTE).note(format!(
            "{} runs of {} parameters at {} stations; {} failed, {} left short of equilibrium",
            sample.points.len(),
            workflow.parameters.len(),
            cases.len(),
            runs.failures.len(),
            runs.unsettled()
        ));
        if !sample.steps.is_empty() {
            tables::write_effects(&directory.join(EFFECTS), &ids, &runs, &sample)?;
            output = output.file(EFFECTS);
        }
        Ok(output)
    }
}
