//! An ensemble's runs: those that are there are read, the others are made, several at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView1, ArrayView2};
use reterra_assimilation::MemberFailure;

use super::Surroundings;
use super::model::{Job, Model, Stop};
use super::settings::Settings;
use super::store::{RunState, Store};
use crate::WorkflowError;

/// Outputs of one run, or why there are none.
pub(super) type Output = Result<Vec<f64>, MemberFailure>;

/// The runs of a campaign so far.
pub(super) struct Runs<'a> {
    settings: &'a Settings,
    model: &'a dyn Model,
    around: Surroundings<'a>,
    store: Store,
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
        let store = Store::new(&settings.directory);
        Self { settings, model, around, store, asked: 0, failures: Failures::default() }
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
        let parameters: Vec<Vec<f64>> = u.rows().into_iter().map(physical).collect();
        let first = self.asked;
        let mut missing = Vec::new();
        for (k, parameters) in parameters.iter().enumerate() {
            match self.known(first + k, parameters)? {
                Some(state) => self.failures.count(first + k, &state),
                None => missing.push(k),
            }
        }
        self.make(Round { title, first, parameters: &parameters, missing: &missing })?;
        self.asked += parameters.len();
        (first..self.asked).map(|number| self.output(number)).collect()
    }

    /// A run's state, if it has one; it must be of these parameters.
    fn known(&self, number: usize, parameters: &[f64]) -> Result<Option<RunState>, WorkflowError> {
        let Some(state) = self.store.state(number)? else { return Ok(None) };
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        if bits(state.parameters()) == bits(parameters) {
            return Ok(Some(state));
        }
        Err(WorkflowError::OtherRun { directory: self.store.directory(number) })
    }

    fn output(&self, number: usize) -> Result<Output, WorkflowError> {
        Ok(match self.store.state(number)? {
            Some(RunState::Complete { outputs, .. }) => Ok(outputs),
            Some(RunState::Failed { reason, .. }) => Err(MemberFailure::new(reason)),
            None => Err(MemberFailure::new("its state is gone")),
        })
    }

    /// Makes the missing runs of an ensemble, batches of them side by side.
    fn make(&mut self, round: Round<'_>) -> Result<(), WorkflowError> {
        let at_once = self.settings.at_once.map_or_else(rayon::current_num_threads, usize::from);
        let tally = Tally { failures: self.failures.clone(), broken: None };
        let workers = Workers {
            runs: self,
            batches: round.missing.chunks(self.model.batch().max(1)).collect(),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(round.parameters.len() - round.missing.len()),
            tally: Mutex::new(tally),
            round,
        };
        std::thread::scope(|scope| {
            for _ in 0..at_once.min(workers.batches.len()) {
                scope.spawn(|| workers.work());
            }
        });
        let tally = workers.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.failures = tally.failures;
        if let Some(error) = tally.broken {
            return Err(error);
        }
        if self.around.interrupt.requested() {
            return Err(WorkflowError::CampaignInterrupted { directory: self.settings.directory.clone() });
        }
        self.require_few_failures()
    }

    fn require_few_failures(&self) -> Result<(), WorkflowError> {
        let (failed, tolerated) = (self.failures.count, self.settings.tolerated_failures);
        if failed <= tolerated {
            return Ok(());
        }
        let (first, reason) = self.failures.first.clone().unwrap_or_default();
        Err(WorkflowError::RunsFailed { failed, tolerated, directory: self.store.directory(first), reason })
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

/// An ensemble.
#[derive(Clone, Copy)]
struct Round<'a> {
    /// What it is for.
    title: &'static str,
    /// Number of its first run.
    first: usize,
    /// Physical parameters of all its runs.
    parameters: &'a [Vec<f64>],
    /// Those of its runs that aren't made, by their place in it.
    missing: &'a [usize],
}

/// What has come of the runs that were made.
struct Tally {
    failures: Failures,
    broken: Option<WorkflowError>,
}

/// Threads that make runs.
struct Workers<'a> {
    runs: &'a Runs<'a>,
    round: Round<'a>,
    batches: Vec<&'a [usize]>,
    next: AtomicUsize,
    done: AtomicUsize,
    tally: Mutex<Tally>,
}

impl Workers<'_> {
    /// Makes batches until there are no more; none is begun after Ctrl-C, or once too many runs failed.
    fn work(&self) {
        while self.may_go_on() {
            let Some(batch) = self.batches.get(self.next.fetch_add(1, Ordering::SeqCst)) else { return };
            let ended = self.batch(batch);
            let done = self.done.fetch_add(batch.len(), Ordering::SeqCst) + batch.len();
            let of = self.round.parameters.len();
            self.runs.around.progress.update(self.round.title, "runs", done as u64, of as u64);
            let mut tally = self.tally();
            match ended {
                Ok(states) => states.iter().for_each(|(number, state)| tally.failures.count(*number, state)),
                Err(error) => tally.broken = Some(error),
            }
        }
    }

    fn may_go_on(&self) -> bool {
        let tally = self.tally();
        let few = tally.failures.count <= self.runs.settings.tolerated_failures;
        tally.broken.is_none() && few && !self.runs.around.interrupt.requested()
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes runs and their states; a run that was interrupted gets none.
    fn batch(&self, batch: &[usize]) -> Result<Vec<(usize, RunState)>, WorkflowError> {
        let job = |k: &usize| {
            let directory = self.runs.store.begin(self.round.first + k)?;
            Ok(Job { directory, parameters: self.round.parameters[*k].clone() })
        };
        let jobs = batch.iter().map(job).collect::<Result<Vec<Job>, WorkflowError>>()?;
        let mut states = Vec::new();
        for ((k, ended), job) in batch.iter().zip(self.runs.model.run(&jobs)).zip(jobs) {
            let (number, parameters) = (self.round.first + k, job.parameters);
            let state = match ended {
                Ok(outputs) => RunState::Complete { parameters, outputs },
                Err(Stop::Failed(reason)) => RunState::Failed { parameters, reason },
                Err(Stop::Interrupted) => continue,
                Err(Stop::Broken(error)) => return Err(error),
            };
            self.runs.store.finish(number, &state)?;
            states.push((number, state));
        }
        Ok(states)
    }
}
