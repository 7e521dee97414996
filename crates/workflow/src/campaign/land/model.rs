//! Runs of a class's stations.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use reterra_land::column::ColumnState;
use reterra_land::error::LandError;
use reterra_land::lanes::WIDTH;
use reterra_land::parameters::Parameters;
use reterra_land::spinup::{Options, spin_up};

use super::score::write_scores;
use super::settings::{Entry, LandSettings};
use crate::WorkflowError;
use crate::campaign::exchange::write_parameters;
use crate::campaign::model::{Found, Job, Model, Stop};
use crate::campaign::settings::Settings;
use crate::campaign::stage_failed;
use crate::engine::{Interrupt, StageError};
use crate::experiment::{MemberRun, ParameterSpace, StationCase, run_members};
use crate::stages::calibrate::member_options;
use crate::stages::spinup;

/// A class's stations, ready to run.
pub(in crate::campaign) struct LandModel<'a> {
    pub(super) cases: Vec<StationCase>,
    pub(super) settings: &'a LandSettings,
    /// Equilibrium of the default parameters, by station.
    states: Vec<ColumnState>,
    options: Options,
    space: ParameterSpace,
    entries: Vec<Entry>,
    interrupt: &'a Interrupt,
}

/// A member's run at a station.
pub(super) type StationRun = Result<MemberRun, String>;

impl<'a> LandModel<'a> {
    /// Brings every station to its equilibrium under default parameters.
    pub fn new(settings: &'a LandSettings, interrupt: &'a Interrupt) -> Result<Self, WorkflowError> {
        let cases = settings.cases()?;
        let options = spinup::options(&settings.workflow.spinup);
        let equilibrium = |case: &StationCase| -> Result<ColumnState, LandError> {
            let column = case.column(case.defaults())?;
            let cycle = case.weather.slice(0..case.cycle_months);
            Ok(spin_up(&column, &case.cold_start(&column), &cycle, &options)?.0)
        };
        let states = cases.par_iter().map(equilibrium).collect::<Result<Vec<ColumnState>, LandError>>();
        let states = states.map_err(|e| {
            stage_failed("spin up the stations of", &settings.workflow.name)(StageError::failed(
                e.to_string(),
            ))
        })?;
        let entries = settings.entries(&cases)?.0;
        let options = member_options(&settings.workflow);
        let space = ParameterSpace::new(settings.parameters.clone());
        Ok(Self { cases, settings, states, options, space, entries, interrupt })
    }

    /// Runs of members with these physical parameters at a station, over so many months.
    pub(super) fn station(&self, station: usize, members: &[Vec<f64>], months: usize) -> Vec<StationRun> {
        let case = &self.cases[station];
        let parameters = members.iter().map(|theta| -> Result<Parameters, LandError> {
            let mut parameters = case.defaults();
            self.space.apply_physical(theta, &mut parameters)?;
            Ok(parameters)
        });
        let run = || run_members(case, parameters.collect(), &self.states[station], &self.options, months);
        let id = &case.station.id;
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(runs) => runs.into_iter().map(|run| run.map_err(|e| format!("{id}: {e}"))).collect(),
            Err(_) => members.iter().map(|_| Err(format!("{id}: the model stopped by a panic"))).collect(),
        }
    }

    fn predictions(&self, runs: &[StationRun]) -> Result<Vec<f64>, Stop> {
        let mut all = Vec::new();
        for entry in &self.entries {
            let run = runs[entry.station].as_ref().map_err(|reason| Stop::Failed(reason.clone()))?;
            for &month in &entry.months {
                let value = run.observe(entry.variable, month).filter(|x| x.is_finite());
                let name = entry.variable.name();
                let lacks = || Stop::Failed(format!("no finite {name} in month {month} of the run"));
                all.push(value.ok_or_else(lacks)?);
            }
        }
        Ok(all)
    }
}

impl Model for LandModel<'_> {
    fn batch(&self) -> usize {
        WIDTH
    }

    fn run(&self, jobs: &[Job]) -> Vec<Result<Vec<f64>, Stop>> {
        let names: Vec<String> = self.settings.parameters.iter().map(|p| p.name.clone()).collect();
        for job in jobs {
            if let Err(error) = write_parameters(&job.directory, &names, &job.parameters) {
                return vec![Err(Stop::Broken(error))];
            }
        }
        let members: Vec<Vec<f64>> = jobs.iter().map(|job| job.parameters.clone()).collect();
        // By member, then by station.
        let mut runs: Vec<Vec<StationRun>> = vec![Vec::new(); jobs.len()];
        for (station, case) in self.cases.iter().enumerate() {
            if self.interrupt.requested() {
                return jobs.iter().map(|_| Err(Stop::Interrupted)).collect();
            }
            let of_station = self.station(station, &members, case.assimilated_months());
            runs.iter_mut().zip(of_station).for_each(|(member, run)| member.push(run));
        }
        runs.iter().map(|runs| self.predictions(runs)).collect()
    }

    fn conclude(&self, settings: &Settings, found: Found<'_>) -> Result<(), WorkflowError> {
        write_scores(settings, self, found).map(|_| ())
    }
}
