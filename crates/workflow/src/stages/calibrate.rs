//! Stage `calibrate`: parameters by vegetation class, by ensemble transform Kalman inversion of all its stations.

use ndarray::Array2;
use reterra_assimilation::etki::{Etki, EtkiOptions};
use reterra_assimilation::noise::Noise;
use reterra_assimilation::{MemberFailure, prior_ensemble};
use reterra_land::column::{ColumnState, LargestImbalance};
use reterra_land::lanes::WIDTH;
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::VegetationClass;
use reterra_land::spinup::Options;

use super::spinup;
use crate::config::Workflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{
    MemberRun, ParameterSpace, StationCase, Target, domain, load_cases, run_members, run_tasks,
};
use crate::results::{
    CalibrationNote, ClassCalibration, EnsembleOutput, ParameterEnsemble, read_json, write_json,
};

/// File of the note.
pub const NOTE: &str = "calibrate.json";
/// Monthly output of the prior ensemble.
pub const PRIOR: &str = "prior.bundle";
/// Monthly output of the calibrated ensemble.
pub const CALIBRATED: &str = "calibrated.bundle";
/// Number of variables kept of these ensembles: the observed ones.
const VARIABLES: usize = 5;

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
        let run =
            Run { context, cases: &cases, states: &states, options: member_options(context.workflow()) };
        run.all()
    }
}

/// What all classes share.
struct Run<'a> {
    context: &'a Context<'a>,
    cases: &'a [StationCase],
    states: &'a [ColumnState],
    options: Options,
}

/// What is kept between iterations, and across an interruption.
#[derive(serde::Serialize, serde::Deserialize)]
struct Checkpoint {
    etki: Etki,
    imbalance: LargestImbalance,
}

impl Run<'_> {
    fn all(&self) -> Result<StageOutput, StageError> {
        let mut note = CalibrationNote { classes: Vec::new(), imbalance: LargestImbalance::default() };
        let mut output = StageOutput::new().file(NOTE).file(PRIOR).file(CALIBRATED);
        let (mut prior, mut calibrated) = (self.resume(PRIOR)?, self.resume(CALIBRATED)?);
        let mut classes: Vec<VegetationClass> = self.cases.iter().map(|c| c.class).collect();
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
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
        let directory = self.context.directory();
        prior.write(&directory.join(PRIOR))?;
        calibrated.write(&directory.join(CALIBRATED))?;
        write_json(&directory.join(NOTE), &note)?;
        Ok(output)
    }

    /// The output collected so far, from the checkpoint if there is one.
    fn resume(&self, file: &str) -> Result<EnsembleOutput, StageError> {
        let path = self.context.checkpoint_dir()?.join(file);
        if path.exists() {
            return Ok(EnsembleOutput::read(&path)?);
        }
        let members = self.context.workflow().calibrate.members;
        let shape = (self.cases.len(), self.context.workflow().period.months(), members);
        Ok(EnsembleOutput::missing(VARIABLES, shape))
    }

    fn class(
        &self,
        class: VegetationClass,
        prior: &mut EnsembleOutput,
        calibrated: &mut EnsembleOutput,
    ) -> Result<(ClassCalibration, LargestImbalance), StageError> {
        let group = Group::new(self, class)?;
        let file = self.context.checkpoint_dir()?.join(format!("{class:?}.json"));
        let mut checkpoint: Checkpoint = if file.exists() {
            read_json(&file)?
        } else {
            Checkpoint { etki: group.start()?, imbalance: LargestImbalance::default() }
        };
        while group.observed() && !checkpoint.etki.done() {
            let first = checkpoint.etki.steps().is_empty();
            let runs =
                group.evaluate(&checkpoint.etki.ensemble().to_owned(), first, "prior and iterations")?;
            if first {
                group.store(&runs, prior, self, PRIOR)?;
            }
            checkpoint.imbalance = largest(&runs, checkpoint.imbalance);
            checkpoint.etki.tell(&group.predictions(&runs))?;
            write_json(&file, &checkpoint)?;
        }
        let ensemble = checkpoint.etki.ensemble().to_owned();
        let runs = group.evaluate(&ensemble, true, "calibrated ensemble")?;
        if !group.observed() {
            group.store(&runs, prior, self, PRIOR)?;
        }
        group.store(&runs, calibrated, self, CALIBRATED)?;
        let imbalance = largest(&runs, checkpoint.imbalance);
        Ok((group.note(&checkpoint.etki), imbalance))
    }
}

type Runs = Vec<Result<MemberRun, MemberFailure>>;

fn largest(runs: &Runs, so_far: LargestImbalance) -> LargestImbalance {
    runs.iter().flatten().fold(so_far, |a, r| a.max(r.imbalance))
}

/// One vegetation class: its stations, targets and parameters.
struct Group<'a> {
    run: &'a Run<'a>,
    class: VegetationClass,
    stations: Vec<usize>,
    targets: Vec<Target>,
    space: ParameterSpace,
}

impl<'a> Group<'a> {
    fn new(run: &'a Run<'a>, class: VegetationClass) -> Result<Self, StageError> {
        let workflow = run.context.workflow();
        let stations: Vec<usize> = (0..run.cases.len()).filter(|&i| run.cases[i].class == class).collect();
        let targets = stations.iter().map(|&i| Target::of(&run.cases[i], &workflow.observations)).collect();
        let space = space_of(&workflow.parameters, class);
        if space.is_empty() {
            return Err(StageError::failed(format!(
                "none of the [[parameters]] acts on {class:?}; add one that does, such as `flnr`"
            )));
        }
        Ok(Self { run, class, stations, targets, space })
    }

    fn observed(&self) -> bool {
        self.targets.iter().any(|t| !t.values.is_empty())
    }

    fn members(&self) -> usize {
        self.run.context.workflow().calibrate.members
    }

    fn start(&self) -> Result<Etki, StageError> {
        let workflow = self.run.context.workflow();
        let group = self.class as u32;
        let ensemble = prior_ensemble(&self.space.priors(), self.members(), workflow.seed, group)?;
        let values: Vec<f64> = self.targets.iter().flat_map(|t| t.values.iter().copied()).collect();
        let variances = self.targets.iter().flat_map(|t| t.variances.iter().copied()).collect();
        let options = EtkiOptions {
            max_iterations: workflow.calibrate.max_iterations as u32,
            min_members: (self.members() / 2).max(2),
            step_scale: workflow.calibrate.step_scale,
            seed: workflow.seed,
            group,
            ..EtkiOptions::default()
        };
        Ok(Etki::new(ensemble, &values, &Noise::Diagonal(variances), options)?)
    }

    /// Runs all members at all stations; the whole period if `full`, else to the last assimilated month.
    fn evaluate(&self, ensemble: &Array2<f64>, full: bool, message: &str) -> Result<Runs, StageError> {
        let width = self.stations.len();
        let run = self.run;
        let months = run.context.workflow().period.months();
        let message = format!("{:?}: {message}", self.class);
        let batches = self.members().div_ceil(WIDTH);
        let results = run_tasks(run.context, &message, batches * width, |task| {
            let (batch, station) = (task / width, self.stations[task % width]);
            let case = &run.cases[station];
            let members = batch * WIDTH..((batch + 1) * WIDTH).min(self.members());
            let parameters = members.map(|member| {
                let mut parameters = case.defaults();
                self.space.apply(&ensemble.row(member).to_vec(), &mut parameters).map(|()| parameters)
            });
            let months = if full { months } else { case.assimilated_months() };
            Ok(run_members(case, parameters.collect(), &run.states[station], &run.options, months))
        })?;
        let mut runs: Vec<Runs> = vec![Vec::with_capacity(width); self.members()];
        for (task, result) in results.into_iter().enumerate() {
            let first = task / width * WIDTH;
            let id = &run.cases[self.stations[task % width]].station.id;
            match result {
                Ok(batch) => {
                    for (member, run) in batch.into_iter().enumerate() {
                        runs[first + member].push(run.map_err(|e| MemberFailure::new(format!("{id}: {e}"))));
                    }
                }
                Err(failure) => {
                    for member in runs.iter_mut().skip(first).take(WIDTH) {
                        member.push(Err(MemberFailure::new(format!("{id}: {}", failure.reason))));
                    }
                }
            }
        }
        Ok(runs.into_iter().flatten().collect())
    }

    /// Predicted observations by member, all stations after each other; a member fails with any station.
    fn predictions(&self, runs: &Runs) -> Vec<Result<Vec<f64>, MemberFailure>> {
        runs.chunks(self.stations.len())
            .map(|chunk| {
                let mut all = Vec::new();
                for (run, target) in chunk.iter().zip(&self.targets) {
                    let run = run.as_ref().map_err(Clone::clone)?;
                    all.extend(target.predict(&run.outputs));
                }
                Ok(all)
            })
            .collect()
    }

    fn store(
        &self,
        runs: &Runs,
        to: &mut EnsembleOutput,
        run: &Run<'_>,
        file: &str,
    ) -> Result<(), StageError> {
        for (task, result) in runs.iter().enumerate() {
            let (member, station) = (task / self.stations.len(), self.stations[task % self.stations.len()]);
            for (month, output) in result.iter().flat_map(|r| r.outputs.iter().enumerate()) {
                to.set((station, month, member), output);
            }
        }
        Ok(to.write(&run.context.checkpoint_dir()?.join(file))?)
    }

    fn note(&self, etki: &Etki) -> ClassCalibration {
        ClassCalibration {
            class: self.class,
            stations: self.stations.iter().map(|&i| self.run.cases[i].station.id.clone()).collect(),
            steps: etki.steps().to_vec(),
            parameters: parameter_ensembles(&self.space, &etki.ensemble()),
            posterior: etki.ensemble().rows().into_iter().map(|r| r.to_vec()).collect(),
        }
    }
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
