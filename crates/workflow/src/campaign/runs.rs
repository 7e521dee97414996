//! An ensemble's runs: those that are there are read, the others are made.

use std::collections::BTreeMap;

use ndarray::{ArrayView1, ArrayView2};
use reterra_assimilation::MemberFailure;

use super::maker::{Maker, Round, Wanted};
use super::model::Model;
use super::settings::Settings;
use super::store::RunState;
use super::{Surroundings, team};
use crate::WorkflowError;

/// Outputs of one run, or why there are none.
pub(super) type Output = Result<Vec<f64>, MemberFailure>;

/// The runs of a campaign so far.
pub(super) struct Runs<'a> {
    settings: &'a Settings,
    around: Surroundings<'a>,
    maker: Maker<'a>,
    /// Runs that were asked for so far.
    asked: usize,
    failures: Failures,
}

/// Runs that failed.
#[derive(Clone, Debug, Default)]
struct Failures {
    count: usize,
    /// The first of them, with its reason.
    first: Option<(usize, String)>,
}

impl<'a> Runs<'a> {
    pub fn new(settings: &'a Settings, model: &'a dyn Model, around: Surroundings<'a>) -> Self {
        let maker = Maker::new(settings, model, around);
        Self { settings, around, maker, asked: 0, failures: Failures::default() }
    }

    /// Runs so far, and how many of them failed.
    pub fn counts(&self) -> (usize, usize) {
        (self.asked, self.failures.count)
    }

    /// Outputs for unconstrained parameters (rows), in order.
    pub fn evaluate(
        &mut self,
        u: ArrayView2<'_, f64>,
        title: &'static str,
    ) -> Result<Vec<Output>, WorkflowError> {
        let priors = &self.settings.problem.priors;
        let physical = |row: ArrayView1<'_, f64>| -> Vec<f64> {
            priors.iter().zip(row).map(|(prior, &u)| prior.physical(u)).collect()
        };
        let wanted: Vec<Wanted> = (self.asked..).zip(u.rows().into_iter().map(physical)).collect();
        let mut states = BTreeMap::new();
        for run in &wanted {
            states.extend(self.known(run)?.map(|state| (run.0, state)));
        }
        let missing: Vec<Wanted> =
            wanted.iter().filter(|(number, _)| !states.contains_key(number)).cloned().collect();
        let failed = self.failures.count + states.values().filter(|state| state.failed()).count();
        let round = Round { title, wanted: &missing, failed };
        states.extend(team::make(&self.maker, self.around.ranks, round)?);
        self.asked += wanted.len();
        for (number, state) in &states {
            self.failures.count(*number, state);
        }
        let interrupted =
            || WorkflowError::CampaignInterrupted { directory: self.settings.directory.clone() };
        if self.around.interrupt.requested() {
            return Err(interrupted());
        }
        self.require_few_failures()?;
        // Another rank may have been asked to stop.
        if states.len() < wanted.len() {
            return Err(interrupted());
        }
        Ok(states.into_values().map(output).collect())
    }

    /// A run's state, if it has one; it must be of these parameters.
    fn known(&self, (number, parameters): &Wanted) -> Result<Option<RunState>, WorkflowError> {
        let Some(state) = self.maker.store.state(*number)? else { return Ok(None) };
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        if bits(state.parameters()) == bits(parameters) {
            return Ok(Some(state));
        }
        Err(WorkflowError::OtherRun { directory: self.maker.store.directory(*number) })
    }

    fn require_few_failures(&self) -> Result<(), WorkflowError> {
        let (failed, tolerated) = (self.failures.count, self.settings.tolerated_failures);
        if failed <= tolerated {
            return Ok(());
        }
        let (first, reason) = self.failures.first.clone().unwrap_or_default();
        let directory = self.maker.store.directory(first);
        Err(WorkflowError::RunsFailed { failed, tolerated, directory, reason })
    }
}

fn output(state: RunState) -> Output {
    match state {
        RunState::Complete { outputs, .. } => Ok(outputs),
        RunState::Failed { reason, .. } => Err(MemberFailure::new(reason)),
    }
}

impl Failures {
    fn count(&mut self, number: usize, state: &RunState) {
        let RunState::Failed { reason, .. } = state else { return };
        self.count += 1;
        if self.first.as_ref().is_none_or(|(first, _)| number < *first) {
            self.first = Some((number, reason.clone()));
        }
    }
}
