//! Stage `calibrate`: parameters by vegetation class, by ensemble transform Kalman inversion of all its stations.

mod group;

use reterra_land::column::LargestImbalance;
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::VegetationClass;
use reterra_land::spinup::Options;

pub(super) use group::{Group, Length, Setting};

use super::spinup;
use crate::config::Workflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{ParameterSpace, StationCase, domain, load_cases};
use crate::results::{CalibrationNote, ClassCalibration, EnsembleOutput, ParameterEnsemble, write_json};

/// File of the note.
pub const NOTE: &str = "calibrate.json";
/// Monthly output of the prior ensemble.
pub const PRIOR: &str = "prior.bundle";
/// Monthly output of the calibrated ensemble.
pub const CALIBRATED: &str = "calibrated.bundle";
/// Number of variables kept of these ensembles: the observed ones.
pub(super) const VARIABLES: usize = 5;

/// The stage.
pub struct Calibration;

/// The options of a member's spin-up: short, from the default parameters' equilibrium.
#[must_use]
pub fn member_options(workflow: &Workflow) -> Options {
    Options {
        min_cycles: 1,
        distance_limit: 0.02,
        max_cycles: workflow.spinup.member_cycles as usize,
        ..spinup::options(&workflow.spinup)
    }
}

/// The parameters of a list that act on a class.
#[must_use]
pub fn space_of(parameters: &[crate::config::Parameter], class: VegetationClass) -> ParameterSpace {
    let acting = parameters.iter().filter(|p| Parameters::acts_on(&p.name, class));
    ParameterSpace::new(acting.cloned().collect())
}

impl Stage for Calibration {
    fn name(&self) -> &'static str {
        "calibrate"
    }

    fn title(&self) -> &'static str {
        "calibrate parameters by vegetation type"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        domain::add_inputs(Inputs::new(), workflow)?
            .after("spinup")
            .config("spinup", &workflow.spinup)?
            .config("observations", &workflow.observations)?
            .config("parameters", &workflow.parameters)?
            .config("calibrate", &workflow.calibrate)
    }

    fn model_years(&self, workflow: &Workflow) -> f64 {
        let stations = domain::selected_stations(workflow).map_or(0, |s| s.len()) as f64;
        let years = f64::from(workflow.spinup.member_cycles * workflow.forcing.cycle_years)
            + workflow.period.months() as f64 / 12.0;
        // Five iterations are usual, and the calibrated ensemble runs once more.
        6.0 * stations * workflow.calibrate.members as f64 * years
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let states = spinup::read_states(context)?;
        let options = member_options(context.workflow());
        Run { setting: Setting { context, cases: &cases, states: &states, options } }.all()
    }
}

/// The stage at work.
struct Run<'a> {
    setting: Setting<'a>,
}

impl Run<'_> {
    fn all(&self) -> Result<StageOutput, StageError> {
        let mut note = CalibrationNote { classes: Vec::new(), imbalance: LargestImbalance::default() };
        let mut output = StageOutput::new().file(NOTE).file(PRIOR).file(CALIBRATED);
        let (mut prior, mut calibrated) = (self.resume(PRIOR)?, self.resume(CALIBRATED)?);
        for class in classes(self.setting.cases) {
            let (calibration, imbalance) = self.class(class, &mut prior, &mut calibrated)?;
            note.imbalance = note.imbalance.max(imbalance);
            let failed: usize = calibration.steps.iter().map(|s| s.failed.len()).sum();
            if let (Some(first), Some(last)) = (calibration.steps.first(), calibration.steps.last()) {
                output = output.note(format!(
                    "{class:?}: misfit {:.2} to {:.2} in {} iterations, {failed} failed runs",
                    first.misfit,
                    last.misfit,
                    calibration.steps.len()
                ));
            }
            note.classes.push(calibration);
        }
        let directory = self.setting.context.directory();
        prior.write(&directory.join(PRIOR))?;
        calibrated.write(&directory.join(CALIBRATED))?;
        write_json(&directory.join(NOTE), &note)?;
        Ok(output)
    }

    /// The output collected so far, from the checkpoint if there is one.
    fn resume(&self, file: &str) -> Result<EnsembleOutput, StageError> {
        let path = self.setting.context.checkpoint_dir()?.join(file);
        if path.exists() {
            return Ok(EnsembleOutput::read(&path)?);
        }
        Ok(self.setting.missing())
    }

    fn class(
        &self,
        class: VegetationClass,
        prior: &mut EnsembleOutput,
        calibrated: &mut EnsembleOutput,
    ) -> Result<(ClassCalibration, LargestImbalance), StageError> {
        let setting = &self.setting;
        let directory = setting.context.checkpoint_dir()?;
        let stations = stations_of(setting.cases, class);
        let group = Group::new(setting, class, stations.clone())?;
        let checkpoint = group.invert(&directory.join(format!("{class:?}.json")), |ensemble| {
            let runs = group.run(&stations, ensemble, Length::Whole, "prior")?;
            runs.store(prior, &directory.join(PRIOR))?;
            Ok((group.predictions(&runs), runs.imbalance()))
        })?;
        let ensemble = checkpoint.etki.ensemble().to_owned();
        let runs = group.run(&stations, &ensemble, Length::Whole, "calibrated ensemble")?;
        if !group.observed() {
            runs.store(prior, &directory.join(PRIOR))?;
        }
        runs.store(calibrated, &directory.join(CALIBRATED))?;
        Ok((group.note(&checkpoint.etki), checkpoint.imbalance.max(runs.imbalance())))
    }
}

/// The vegetation classes of stations, in order.
pub(super) fn classes(cases: &[StationCase]) -> Vec<VegetationClass> {
    let mut classes: Vec<VegetationClass> = cases.iter().map(|c| c.class).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// Where the stations of a class are.
pub(super) fn stations_of(cases: &[StationCase], class: VegetationClass) -> Vec<usize> {
    (0..cases.len()).filter(|&i| cases[i].class == class).collect()
}

/// Prior quantiles and posterior members of each parameter, physical.
pub(super) fn parameter_ensembles(
    space: &ParameterSpace,
    ensemble: &ndarray::ArrayView2<'_, f64>,
) -> Vec<ParameterEnsemble> {
    space
        .parameters()
        .iter()
        .zip(ensemble.columns())
        .map(|(parameter, column)| ParameterEnsemble {
            name: parameter.name.clone(),
            mode: parameter.mode,
            prior: [0.05, 0.25, 0.5, 0.75, 0.95].map(|p| parameter.prior.quantile(p)),
            posterior: column.iter().map(|&u| parameter.prior.physical(u)).collect(),
        })
        .collect()
}
