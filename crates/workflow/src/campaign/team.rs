//! Runs shared over ranks: rank 0 keeps the campaign and asks for runs, every rank makes its share of them.
//!
//! ```text
//! rank 0: runs that are missing ─► dealt in turn ─► every rank makes its own ─► what became of them ─► rank 0
//! ```
//!
//! A run's state is written by the rank that made it, as soon as it is made, so that a job that is killed repeats none;
//! everything else is written by rank 0. Numbers travel as they are, so a campaign has the same bits on any number of ranks.

use reterra_parallel::{Communicator, Parts};

use super::Surroundings;
use super::calibrate::with_model;
use super::maker::{Maker, Round, Wanted};
use super::settings::Settings;
use super::store::RunState;
use crate::WorkflowError;

/// First number of an order to make runs; an empty one ends the work.
const MAKE: f64 = 1.0;
/// Title of runs on ranks that only make them.
const TITLE: &str = "runs";
/// Kinds of states.
const COMPLETE: f64 = 0.0;
const FAILED: f64 = 1.0;

/// Makes runs on all ranks, on rank 0; the states of those that were made, by number.
pub(super) fn make(
    maker: &Maker<'_>,
    ranks: &dyn Communicator,
    round: Round<'_>,
) -> Result<Vec<(usize, RunState)>, WorkflowError> {
    let mut shares: Vec<Vec<Wanted>> = vec![Vec::new(); ranks.size()];
    for (k, batch) in round.wanted.chunks(maker.batch()).enumerate() {
        shares[k % ranks.size()].extend_from_slice(batch);
    }
    let orders: Vec<Vec<f64>> = shares.iter().map(|share| order(share, round.failed)).collect();
    ranks.exchange(Parts::from_parts(&orders))?;
    let own = maker.make(Round { wanted: &shares[0], ..round })?;
    let answers = ranks.exchange(to_first(ranks, answer(&own)))?;
    let parameters = |number: usize| {
        let wanted = round.wanted.iter().find(|(other, _)| *other == number);
        wanted.map(|(_, parameters)| parameters.clone()).unwrap_or_default()
    };
    let mut states: Vec<(usize, RunState)> =
        answers.iter().flat_map(|answer| understood(answer, parameters)).collect();
    states.sort_by_key(|(number, _)| *number);
    Ok(states)
}

/// Tells the other ranks that there is nothing left to make, on rank 0.
pub(super) fn dismiss(ranks: &dyn Communicator) -> Result<(), WorkflowError> {
    ranks.exchange(to_first(ranks, Vec::new()))?;
    Ok(())
}

/// Makes what rank 0 asks for until there is nothing left, on any other rank.
///
/// # Errors
/// A model that can't be set up, and runs that can't be made; the caller has to end all ranks then.
pub fn serve(settings: &Settings, around: Surroundings<'_>) -> Result<(), WorkflowError> {
    with_model(settings, around, |model| {
        let maker = Maker::new(settings, model, around);
        loop {
            let orders = around.ranks.exchange(to_first(around.ranks, Vec::new()))?;
            let Some((wanted, failed)) = asked(orders.of(0), settings.problem.parameters()) else {
                return Ok(());
            };
            let made = maker.make(Round { title: TITLE, wanted: &wanted, failed })?;
            around.ranks.exchange(to_first(around.ranks, answer(&made)))?;
        }
    })
}

fn to_first(ranks: &dyn Communicator, numbers: Vec<f64>) -> Parts {
    let mut counts = vec![0; ranks.size()];
    counts[0] = numbers.len();
    Parts { numbers, counts }
}

/// Number and parameters of each run, after the runs that failed before.
fn order(share: &[Wanted], failed: usize) -> Vec<f64> {
    let runs = share
        .iter()
        .flat_map(|(number, parameters)| std::iter::once(*number as f64).chain(parameters.iter().copied()));
    [MAKE, failed as f64].into_iter().chain(runs).collect()
}

fn asked(order: &[f64], parameters: usize) -> Option<(Vec<Wanted>, usize)> {
    let [_, failed, runs @ ..] = order else { return None };
    let run = |run: &[f64]| (run[0] as usize, run[1..].to_vec());
    Some((runs.chunks(1 + parameters).map(run).collect(), *failed as usize))
}

/// Number, kind, length and content of each state; a reason goes by its bytes.
fn answer(states: &[(usize, RunState)]) -> Vec<f64> {
    let one = |(number, state): &(usize, RunState)| {
        let (kind, content): (f64, Vec<f64>) = match state {
            RunState::Complete { outputs, .. } => (COMPLETE, outputs.clone()),
            RunState::Failed { reason, .. } => (FAILED, reason.bytes().map(f64::from).collect()),
        };
        [*number as f64, kind, content.len() as f64].into_iter().chain(content).collect::<Vec<f64>>()
    };
    states.iter().flat_map(one).collect()
}

fn understood(mut answer: &[f64], parameters: impl Fn(usize) -> Vec<f64>) -> Vec<(usize, RunState)> {
    let mut states = Vec::new();
    while let [number, kind, length, rest @ ..] = answer {
        let (content, others) = rest.split_at((*length as usize).min(rest.len()));
        let number = *number as usize;
        let parameters = parameters(number);
        let state = if kind.to_bits() == COMPLETE.to_bits() {
            RunState::Complete { parameters, outputs: content.to_vec() }
        } else {
            let bytes: Vec<u8> = content.iter().map(|byte| *byte as u8).collect();
            RunState::Failed { parameters, reason: String::from_utf8_lossy(&bytes).into_owned() }
        };
        states.push((number, state));
        answer = others;
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_answers_come_back_as_they_were_given() {
        let share = vec![(3, vec![0.1, -0.0]), (17, vec![1e-300, 2.0])];
        let found = asked(&order(&share, 2), 2);
        assert_eq!(found, Some((share.clone(), 2)));
        assert_eq!(asked(&order(&[], 0), 2), Some((Vec::new(), 0)));
        assert_eq!(asked(&[], 2), None);
        let states = vec![
            (3, RunState::Complete { parameters: vec![0.1, -0.0], outputs: vec![0.1 + 0.2] }),
            (17, RunState::Failed { parameters: vec![1e-300, 2.0], reason: "°C: no leaves".to_owned() }),
        ];
        let of = |number: usize| share.iter().find(|(n, _)| *n == number).unwrap().1.clone();
        assert_eq!(understood(&answer(&states), of), states);
    }
}
