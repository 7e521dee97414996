//! One vegetation class: the stations that it learns from, its parameters, and runs of its ensemble.

use std::fmt::Display;
use std::path::Path;

use ndarray::{Array2, ArrayView2, s};
use reterra_assimilation::etki::{Etki, EtkiOptions};
use reterra_assimilation::noise::Noise;
use reterra_assimilation::{MemberFailure, prior_ensemble};
use reterra_land::column::{ColumnState, LargestImbalance};
use reterra_land::error::LandError;
use reterra_land::lanes::WIDTH;
use reterra_land::plant::pft::VegetationClass;
use reterra_land::spinup::Options;
use serde::{Deserialize, Serialize};

use super::{VARIABLES, parameter_ensembles, space_of};
use crate::engine::{Context, StageError};
use crate::experiment::{MemberRun, ParameterSpace, StationCase, Target, run_members, run_tasks};
use crate::results::{ClassCalibration, EnsembleOutput, read_json, write_json};
use crate::stages::product::output_name;

/// What all classes share.
pub struct Setting<'a> {
    pub context: &'a Context<'a>,
    pub cases: &'a [StationCase],
    /// Equilibrium of the default parameters by station.
    pub states: &'a [ColumnState],
    /// How members spin up.
    pub options: Options,
}

impl Setting<'_> {
    /// Months of the period.
    pub fn months(&self) -> usize {
        self.context.workflow().period.months()
    }

    /// A station's id.
    fn id(&self, station: usize) -> &str {
        &self.cases[station].station.id
    }

    /// Members of an ensemble.
    fn members(&self) -> usize {
        self.context.workflow().calibrate.members
    }

    /// Output of the observed variables that nothing was stored in yet.
    pub fn missing(&self) -> EnsembleOutput {
        EnsembleOutput::missing(VARIABLES, (self.cases.len(), self.months(), self.members()))
    }
}

/// How far members run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Over the whole period.
    Whole,
    /// To the last month that has an observation to assimilate.
    Assimilated,
}

/// Predicted observations by member, all stations after each other.
pub type Predictions = Vec<Result<Vec<f64>, MemberFailure>>;

/// What is kept between iterations, and across an interruption.
#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    pub etki: Etki,
    pub imbalance: LargestImbalance,
}

/// Runs of all members at some stations.
pub struct Runs {
    stations: Vec<usize>,
    /// By member, then by station.
    runs: Vec<Result<MemberRun, MemberFailure>>,
}

impl Runs {
    /// Largest budget error of any of them.
    pub fn imbalance(&self) -> LargestImbalance {
        self.runs.iter().flatten().fold(LargestImbalance::default(), |a, run| a.max(run.imbalance))
    }

    /// Puts the output where it belongs and writes all of it to a file.
    pub fn store(&self, to: &mut EnsembleOutput, file: &Path) -> Result<(), StageError> {
        self.put(to);
        Ok(to.write(file)?)
    }

    /// Puts the output where it belongs.
    pub fn put(&self, to: &mut EnsembleOutput) {
        for (task, result) in self.runs.iter().enumerate() {
            let (member, station) = (task / self.stations.len(), self.stations[task % self.stations.len()]);
            for (month, output) in result.iter().flat_map(|r| r.outputs.iter().enumerate()) {
                to.set((station, month, member), output);
            }
        }
    }
}

/// One vegetation class: the stations it learns from, their targets, its parameters.
pub struct Group<'a> {
    setting: &'a Setting<'a>,
    class: VegetationClass,
    stations: Vec<usize>,
    targets: Vec<Target>,
    space: ParameterSpace,
}

impl<'a> Group<'a> {
    /// A class that learns from these stations alone.
    pub fn new(
        setting: &'a Setting<'a>,
        class: VegetationClass,
        stations: Vec<usize>,
    ) -> Result<Self, StageError> {
        let workflow = setting.context.workflow();
        let target = |&i: &usize| Target::of(&setting.cases[i], &workflow.observations);
        let targets = stations.iter().map(target).collect::<Result<_, _>>()?;
        let space = space_of(&workflow.parameters, class);
        if space.is_empty() {
            return Err(StageError::failed(format!(
                "none of the [[parameters]] acts on {class:?}; add one that does, such as `flnr`"
            )));
        }
        Ok(Self { setting, class, stations, targets, space })
    }

    /// Whether there is anything to learn from.
    pub fn observed(&self) -> bool {
        self.targets.iter().any(|t| !t.values().is_empty())
    }

    /// Brings the ensemble to the posterior, from the checkpoint in `file` if there is one. `first` gives the
    /// predictions of the prior ensemble, and their largest imbalance.
    pub fn invert(
        &self,
        file: &Path,
        first: impl FnOnce(&Array2<f64>) -> Result<(Predictions, LargestImbalance), StageError>,
    ) -> Result<Checkpoint, StageError> {
        let mut checkpoint: Checkpoint = if file.exists() {
            read_json(file)?
        } else {
            Checkpoint { etki: self.start()?, imbalance: LargestImbalance::default() }
        };
        let mut first = Some(first).filter(|_| checkpoint.etki.steps().is_empty());
        while self.observed() && !checkpoint.etki.done() {
            let ensemble = checkpoint.etki.ensemble().to_owned();
            let (predicted, imbalance) = if let Some(first) = first.take() {
                first(&ensemble)?
            } else {
                let runs = self.run(&self.stations, &ensemble, Length::Assimilated, "iterations")?;
                (self.predictions(&runs), runs.imbalance())
            };
            checkpoint.imbalance = checkpoint.imbalance.max(imbalance);
            checkpoint.etki.tell(&predicted)?;
            write_json(file, &checkpoint)?;
        }
        Ok(checkpoint)
    }

    fn start(&self) -> Result<Etki, StageError> {
        let workflow = self.setting.context.workflow();
        let (group, members) = (self.class as u32, self.setting.members());
        let ensemble = prior_ensemble(&self.space.priors(), members, workflow.seed, group)?;
        let values: Vec<f64> = self.targets.iter().flat_map(Target::values).collect();
        let variances = self.targets.iter().flat_map(Target::variances).collect();
        let options = EtkiOptions {
            max_iterations: workflow.calibrate.max_iterations as u32,
            min_members: (members / 2).max(2),
            step_scale: workflow.calibrate.step_scale,
            seed: workflow.seed,
            group,
            ..EtkiOptions::default()
        };
        Ok(Etki::new(ensemble, &values, &Noise::Diagonal(variances), options)?)
    }

    /// Runs all members at stations, its own or others.
    pub fn run(
        &self,
        stations: &[usize],
        ensemble: &Array2<f64>,
        length: Length,
        message: &str,
    ) -> Result<Runs, StageError> {
        let (setting, width, members) = (self.setting, stations.len(), self.setting.members());
        let message = format!("{:?}: {message}", self.class);
        let results = run_tasks(setting.context, &message, members.div_ceil(WIDTH) * width, |task| {
            let first = task / width * WIDTH;
            let batch = ensemble.slice(s![first..(first + WIDTH).min(members), ..]);
            Ok(self.run_batch(stations[task % width], &batch, length))
        })?;
        let mut runs: Vec<Vec<_>> = vec![Vec::with_capacity(width); members];
        for (task, result) in results.into_iter().enumerate() {
            let batch = runs.iter_mut().skip(task / width * WIDTH).take(WIDTH);
            let id = &setting.cases[stations[task % width]].station.id;
            let failed = |reason: &dyn Display| MemberFailure::new(format!("{id}: {reason}"));
            match result {
                Ok(outcomes) => {
                    for (member, run) in batch.zip(outcomes) {
                        member.push(run.map_err(|e| failed(&e)));
                    }
                }
                Err(failure) => batch.for_each(|member| member.push(Err(failed(&failure.reason)))),
            }
        }
        Ok(Runs { stations: stations.to_vec(), runs: runs.into_iter().flatten().collect() })
    }

    fn run_batch(
        &self,
        station: usize,
        ensemble: &ArrayView2<'_, f64>,
        length: Length,
    ) -> Vec<Result<MemberRun, LandError>> {
        let (setting, case) = (self.setting, &self.setting.cases[station]);
        let parameters = ensemble.rows().into_iter().map(|u| {
            let mut parameters = case.defaults();
            self.space.apply(&u.to_vec(), &mut parameters).map(|()| parameters)
        });
        let months = match length {
            Length::Whole => setting.months(),
            Length::Assimilated => case.assimilated_months(),
        };
        run_members(case, parameters.collect(), &setting.states[station], &setting.options, months)
    }

    /// Predicted observations of runs at the group's own stations; a member fails with any station.
    pub fn predictions(&self, runs: &Runs) -> Predictions {
        let of_member = |chunk: &[Result<MemberRun, MemberFailure>]| {
            let mut all = Vec::new();
            for (run, target) in chunk.iter().zip(&self.targets) {
                let run = run.as_ref().map_err(Clone::clone)?;
                let predicted = target.predict(|variable, month| run.observe(variable, month));
                all.extend(predicted.ok_or_else(MemberFailure::shorter)?);
            }
            Ok(all)
        };
        runs.runs.chunks(self.stations.len()).map(of_member).collect()
    }

    /// The same of stored output, which is missing where a member failed.
    pub fn predictions_of(&self, output: &EnsembleOutput) -> Predictions {
        let of_member = |member: usize| {
            let mut all = Vec::new();
            for (&station, target) in self.stations.iter().zip(&self.targets) {
                let predicted = target.predict(|variable, month| {
                    let array = output.array(output_name(variable))?;
                    array.get([station, month, member]).copied().filter(|value| value.is_finite())
                });
                let failed = || MemberFailure::new(format!("{}: failed before", self.setting.id(station)));
                all.extend(predicted.ok_or_else(failed)?);
            }
            Ok(all)
        };
        (0..self.setting.members()).map(of_member).collect()
    }

    /// What the inversion says about itself.
    pub fn note(&self, etki: &Etki) -> ClassCalibration {
        ClassCalibration {
            class: self.class,
            stations: self.stations.iter().map(|&i| self.setting.id(i).to_owned()).collect(),
            steps: etki.steps().to_vec(),
            parameters: parameter_ensembles(&self.space, &etki.ensemble()),
            posterior: etki.ensemble().rows().into_iter().map(|r| r.to_vec()).collect(),
        }
    }
}
