//! Twin experiments with the land model at stations: in each a truth drawn from the prior, observed with noise, and
//! members of the same prior that are cycled month by month with and without the observations.
//!
//! A seed is a truth, its weather, its noise and its members. Where the assimilation knows everything that is true of
//! errors and priors, as here, the truth is one more member: its rank among them must be any rank equally often (Hamill
//! 2001, doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2).

mod figures;
mod outcome;
mod score;
#[cfg(test)]
mod tests;
mod validate;

use std::path::PathBuf;

use ndarray::{Array2, Array3};
use reterra_assimilation::AssimilationError;
use reterra_land::column::{Column, ColumnState};
use reterra_parallel::Alone;

use super::Mean;
use crate::WorkflowError;
use crate::config::{Domain, Forcing, Period};
use crate::cycle::land::{LandModel, SpinUps};
use crate::cycle::twin::{Sensor, Truth};
use crate::cycle::{CycleError, Cycles, Observed, Options};
use crate::engine::StageError;
use crate::experiment::ParameterSpace;
use crate::experiment::domain::{Sources, cases_of};
use figures::STATES;
pub use outcome::{Added, Flatness, LandOutcome, LandSeed, Scored};
use score::{Ended, Errors, Trial};
pub(super) use validate::land;

/// A twin experiment with the land model that can be run.
pub struct LandTwin {
    /// Short name.
    pub name: String,
    /// The method's kind, as the file says it.
    pub method: &'static str,
    /// Truths of every station, of seeds 1 to this.
    pub seeds: u64,
    /// Months before those that count.
    pub spin_up: usize,
    file: PathBuf,
    domain: Domain,
    forcing: Forcing,
    period: Period,
    space: ParameterSpace,
    spin_ups: SpinUps,
    sensors: Vec<Sensor>,
    options: Options,
}

impl LandTwin {
    /// Months that are run.
    #[must_use]
    pub fn months(&self) -> usize {
        self.options.months
    }

    /// Runs all seeds, one after another, each on all threads; the same bits on any number of them.
    ///
    /// # Errors
    /// Stations that can't be read or run, an error of the cycles that is no divergence.
    pub fn run(&self) -> Result<LandOutcome, WorkflowError> {
        let mut stations = Vec::new();
        let mut trials = Vec::with_capacity(self.seeds as usize);
        for seed in 1..=self.seeds {
            let model = self.model(seed)?;
            stations = model.cases().iter().map(|case| case.station.id.clone()).collect();
            trials.push(self.trial(&model, seed)?);
        }
        Ok(LandOutcome::new(self, stations, &trials))
    }

    fn model(&self, seed: u64) -> Result<LandModel, WorkflowError> {
        let Self { domain, forcing, period, .. } = self;
        let cases = cases_of(&Sources { domain, forcing, period: *period, seed }).map_err(|e| match e {
            StageError::Failed(source) => WorkflowError::Twin { file: self.file.clone(), source },
            StageError::Interrupted => self.failed("interrupted"),
        })?;
        LandModel::new(cases, self.space.clone(), self.spin_ups, seed).map_err(|e| self.failed(e))
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorkflowError {
        WorkflowError::Twin { file: self.file.clone(), source: source.into() }
    }

    fn trial(&self, model: &LandModel, seed: u64) -> Result<Trial, WorkflowError> {
        let truth = Truth::draw(model, self.months()).map_err(|(column, reason)| {
            let station = &model.cases()[column].station.id;
            self.failed(format!(
                "no truth of station {station} could be run ({reason}); narrow the priors of the parameters"
            ))
        })?;
        let (observed, figures) = (truth.observed(&self.sensors, seed), true_figures(&truth));
        let with = Options { seed, ..self.options.clone() };
        let without = Options { seed, smoother: None, ..self.options.clone() };
        let run = |options: &Options, observed: &[Observed]| {
            self.cycled((model, options), observed, &figures).map_err(|e| self.failed(e))
        };
        Ok(Trial {
            seed,
            observations: observed.len(),
            found: run(&with, &observed)?,
            open: run(&without, &[])?,
        })
    }

    /// A run's errors month by month and its end; or why there is none.
    fn cycled(
        &self,
        (model, options): (&LandModel, &Options),
        observed: &[Observed],
        truth: &[Array2<f64>],
    ) -> Result<Result<Ended, String>, CycleError> {
        match self.followed((model, options), observed, truth) {
            Ok(ended) => Ok(Ok(ended)),
            Err(e) if diverged(&e) => Ok(Err(e.to_string())),
            Err(e) => Err(e),
        }
    }

    fn followed(
        &self,
        (model, options): (&LandModel, &Options),
        observed: &[Observed],
        truth: &[Array2<f64>],
    ) -> Result<Ended, CycleError> {
        let mut cycles = Cycles::new(model, options, observed, &Alone)?;
        let mut errors = Errors::new(self.space.len() + STATES.len());
        let mut members = Array3::zeros((0, 0, 0));
        for (month, truth) in truth.iter().enumerate() {
            cycles.step()?;
            if month >= self.spin_up {
                members = cycles.gather(|m| figures(&m.stored.parameters, &m.column, &m.stored.state))?;
                errors.add(&members, truth);
            }
        }
        let truth = truth.last().cloned().unwrap_or_default();
        Ok(Ended { errors, members, truth, report: cycles.report().clone() })
    }
}

/// What a member is scored by: its parameters, unconstrained, then [`STATES`].
fn figures(parameters: &[f64], column: &Column, state: &ColumnState) -> Vec<f64> {
    parameters.iter().copied().chain(STATES.iter().map(|figure| (figure.of)(column, state))).collect()
}

/// Figures of the truth, month by month: figures × stations.
fn true_figures(truth: &Truth<LandModel>) -> Vec<Array2<f64>> {
    let months = truth.columns.iter().map(|c| c.states.len()).min().unwrap_or(0);
    let of_month = |month: usize| {
        let columns = truth.columns.iter();
        let all: Vec<_> = columns.map(|c| figures(&c.parameters, &c.column, &c.states[month])).collect();
        let width = all.first().map_or(0, Vec::len);
        Array2::from_shape_fn((width, all.len()), |(k, column)| all[column][k])
    };
    (0..months).map(of_month).collect()
}

/// Whether an error is the method's failure on this truth rather than the experiment's.
fn diverged(error: &CycleError) -> bool {
    match error {
        CycleError::TooFewMembers { .. } => true,
        CycleError::Assimilation(e) => matches!(
            e,
            AssimilationError::NotFinite { .. }
                | AssimilationError::NoConvergence { .. }
                | AssimilationError::NotPositive { .. }
        ),
        _ => false,
    }
}
