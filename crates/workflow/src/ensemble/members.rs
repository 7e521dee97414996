//! Members on their way through time: forecasts in lanes, and who takes the place of a member that fails.

use std::sync::Arc;

use rayon::prelude::*;
use reterra_land::column::{BatchOutcome, Column, ColumnState, LargestImbalance};
use reterra_land::energy::solar::SolarTable;
use reterra_land::error::LandError;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_statistics::random::{Stage, StreamKey};

use crate::engine::StageError;

/// One member: its parameters, worked out, and its state.
#[derive(Clone, Debug)]
pub struct Member {
    /// Site and parameters.
    pub column: Column,
    /// Where it stands.
    pub state: ColumnState,
}

/// Up to [`WIDTH`] members side by side; lanes without one repeat the last.
#[derive(Debug)]
pub struct Batch {
    /// Their columns.
    pub column: Column<Lanes>,
    /// Their states.
    pub state: ColumnState<Lanes>,
    /// Number of the member in each lane.
    pub members: [usize; WIDTH],
}

/// What a forecast leaves besides the members' new states.
#[derive(Debug)]
pub struct Forecast<O> {
    /// What each batch gave, in order: member `m` is lane `m % WIDTH` of batch `m / WIDTH`.
    pub outputs: Vec<O>,
    /// Largest budget error of any step of a member that ran.
    pub imbalance: LargestImbalance,
    /// Members that failed, with the reason; their states are of no use.
    pub failures: Vec<(usize, LandError)>,
}

/// Runs every member, a batch at a time and batches on all threads; bits depend on neither. `solar` is the sun over
/// all of them.
pub fn forecast<O: Send>(
    members: &mut [Member],
    solar: &Arc<SolarTable<Lanes>>,
    run: impl Fn(&mut Batch) -> (O, BatchOutcome<Lanes>) + Sync,
) -> Forecast<O> {
    let of_batch = |(number, chunk): (usize, &mut [Member])| {
        let place = |lane: usize| lane.min(chunk.len() - 1);
        let mut batch = Batch {
            column: Column::under(Arc::clone(solar), &|lane| &chunk[place(lane)].column),
            state: ColumnState::gather(&|lane| &chunk[place(lane)].state),
            members: std::array::from_fn(|lane| number * WIDTH + place(lane)),
        };
        let (output, outcome) = run(&mut batch);
        for (lane, member) in chunk.iter_mut().enumerate() {
            member.state = batch.state.lane(lane);
        }
        (output, outcome, chunk.len())
    };
    let done: Vec<_> = members.par_chunks_mut(WIDTH).enumerate().map(of_batch).collect();
    let mut forecast =
        Forecast { outputs: Vec::new(), imbalance: LargestImbalance::default(), failures: Vec::new() };
    for (batch, (output, outcome, width)) in done.into_iter().enumerate() {
        forecast.outputs.push(output);
        for (lane, failure) in outcome.failures.into_iter().take(width).enumerate() {
            match failure {
                None => forecast.imbalance = forecast.imbalance.max(outcome.imbalance.lane(lane)),
                Some(reason) => forecast.failures.push((batch * WIDTH + lane, reason)),
            }
        }
    }
    forecast
}

/// A surviving member that takes the place of a failed one, drawn by a stream of its own. `key` names the cycle, the
/// failed member and the station.
///
/// # Errors
/// Where fewer than half of the members survived.
pub fn donor(key: StreamKey, members: usize, lost: &[usize]) -> Result<usize, StageError> {
    let survivors = Survivors::of(members, lost).map_err(|alive| {
        StageError::failed(format!(
            "only {alive} of {members} members survived cycle {}; widen no prior that far, or raise the members",
            key.cycle
        ))
    })?;
    Ok(survivors.draw(key))
}

/// Members that have survived: at least half of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivors(Vec<usize>);

impl Survivors {
    /// Those of `members` that aren't lost.
    ///
    /// # Errors
    /// Their number where it is below half of all.
    pub fn of(members: usize, lost: &[usize]) -> Result<Self, usize> {
        let alive: Vec<usize> = (0..members).filter(|m| !lost.contains(m)).collect();
        if alive.len() < members.div_ceil(2) { Err(alive.len()) } else { Ok(Self(alive)) }
    }

    /// One of them, by a stream of its own. `key` names the cycle, the failed member and the column.
    #[must_use]
    pub fn draw(&self, key: StreamKey) -> usize {
        let mut stream = StreamKey { stage: Stage::Resample, ..key }.stream();
        self.0[stream.index(self.0.len())]
    }
}

/// Members ready to go, and those that took the place of others.
#[derive(Debug)]
pub struct Settled {
    /// All members.
    pub members: Vec<Member>,
    /// Who failed.
    pub lost: Vec<Lost>,
}

/// A member that failed.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its number.
    pub member: usize,
    /// Whose copy stands in its place.
    pub donor: usize,
    /// Why.
    pub reason: String,
}

/// Gives each member that failed at its start the place of a survivor. `key` names the cycle and the station.
///
/// # Errors
/// Where fewer than half of the members survived.
pub fn settle(begun: &[Result<Member, String>], key: StreamKey) -> Result<Settled, StageError> {
    let failed: Vec<usize> = (0..begun.len()).filter(|&m| begun[m].is_err()).collect();
    let mut settled = Settled { members: Vec::with_capacity(begun.len()), lost: Vec::new() };
    for (m, result) in begun.iter().enumerate() {
        let from = match result {
            Ok(_) => m,
            Err(reason) => {
                let donor = donor(StreamKey { member: m as u32, ..key }, begun.len(), &failed)?;
                settled.lost.push(Lost { member: m, donor, reason: reason.clone() });
                donor
            }
        };
        if let Ok(member) = &begun[from] {
            settled.members.push(member.clone());
        }
    }
    Ok(settled)
}
