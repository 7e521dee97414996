//! Making runs on this rank, several at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Surroundings;
use super::model::{Job, Model, Stop};
use super::settings::Settings;
use super::store::{RunState, Store};
use crate::WorkflowError;
use crate::engine::{Interrupt, Progress};

/// A run to be made: its number and its physical parameters.
pub(super) type Wanted = (usize, Vec<f64>);

/// Makes runs.
pub(super) struct Maker<'a> {
    settings: &'a Settings,
    model: &'a dyn Model,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    pub store: Store,
}

/// Runs to be made.
#[derive(Clone, Copy)]
pub(super) struct Round<'a> {
    /// What they are for.
    pub title: &'static str,
    pub wanted: &'a [Wanted],
    /// Runs of the campaign that failed before.
    pub failed: usize,
}

impl<'a> Maker<'a> {
    pub fn new(settings: &'a Settings, model: &'a dyn Model, around: Surroundings<'a>) -> Self {
        let Surroundings { interrupt, progress, .. } = around;
        Self { settings, model, interrupt, progress, store: Store::new(&settings.directory) }
    }

    /// Runs that the model takes at a time.
    pub fn batch(&self) -> usize {
        self.model.batch().max(1)
    }

    /// The states of the runs that were made: all of them, unless the user asked to stop or too many failed.
    pub fn make(&self, round: Round<'_>) -> Result<Vec<(usize, RunState)>, WorkflowError> {
        let at_once = self.settings.at_once.map_or_else(rayon::current_num_threads, usize::from);
        let tally = Tally { failed: round.failed, states: Vec::new(), broken: None };
        let workers = Workers {
            maker: self,
            batches: round.wanted.chunks(self.batch()).collect(),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            tally: Mutex::new(tally),
            round,
        };
        std::thread::scope(|scope| {
            for _ in 0..at_once.min(workers.batches.len()) {
                scope.spawn(|| workers.work());
            }
        });
        let tally = workers.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        tally.broken.map_or(Ok(tally.states), Err)
    }

    /// Makes runs and their states; a run that was interrupted gets none.
    fn batch_of(&self, batch: &[Wanted]) -> Result<Vec<(usize, RunState)>, WorkflowError> {
        let job = |(number, parameters): &Wanted| {
            Ok(Job { directory: self.store.begin(*number)?, parameters: parameters.clone() })
        };
        let jobs = batch.iter().map(job).collect::<Result<Vec<Job>, WorkflowError>>()?;
        let mut states = Vec::new();
        for ((number, parameters), ended) in batch.iter().zip(self.model.run(&jobs)) {
            let (number, parameters) = (*number, parameters.clone());
            let state = match ended {
                Ok(outputs) => RunState::Complete { parameters, outputs },
                Err(Stop::Failed(reason)) => RunState::Failed { parameters, reason },
                Err(Stop::Interrupted) => continue,
                Err(Stop::Broken(error)) => return Err(error),
            };
            self.store.finish(number, &state)?;
            states.push((number, state));
        }
        Ok(states)
    }
}

/// What has come of the runs that were made.
struct Tally {
    failed: usize,
    states: Vec<(usize, RunState)>,
    broken: Option<WorkflowError>,
}

/// Threads that make runs.
struct Workers<'a> {
    maker: &'a Maker<'a>,
    round: Round<'a>,
    batches: Vec<&'a [Wanted]>,
    next: AtomicUsize,
    done: AtomicUsize,
    tally: Mutex<Tally>,
}

impl Workers<'_> {
    /// Makes batches until there are no more; none is begun after Ctrl-C, or once too many runs failed.
    fn work(&self) {
        while self.may_go_on() {
            let Some(batch) = self.batches.get(self.next.fetch_add(1, Ordering::SeqCst)) else { return };
            let ended = self.maker.batch_of(batch);
            let done = self.done.fetch_add(batch.len(), Ordering::SeqCst) + batch.len();
            let of = self.round.wanted.len();
            self.maker.progress.update(self.round.title, "runs", done as u64, of as u64);
            let mut tally = self.tally();
            match ended {
                Ok(states) => {
                    tally.failed += states.iter().filter(|(_, state)| state.failed()).count();
                    tally.states.extend(states);
                }
                Err(error) => tally.broken = Some(error),
            }
        }
    }

    fn may_go_on(&self) -> bool {
        let tally = self.tally();
        let few = tally.failed <= self.maker.settings.tolerated_failures;
        tally.broken.is_none() && few && !self.maker.interrupt.requested()
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
