//! Members that fail go on as copies of others, the same ones on any number of ranks.

use reterra_parallel::{Communicator, Parts};
use reterra_statistics::random::{Stage, StreamKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::{MemberOf, Setting};
use super::report::{Failure, Report};
use super::{CycleError, Member, Model, Stored};
use crate::ensemble::members::Survivors;

/// When something happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Pass of the smoother; none in the filter.
    pub pass: Option<usize>,
    /// Month of the run; none in the spin-up.
    pub month: Option<usize>,
}

/// A member with its values of a month.
pub(super) type Went<M> = (MemberOf<M>, Vec<f64>);
/// The same, or why it has failed.
pub(super) type Outcome<M> = Result<Went<M>, String>;
/// A donor on its way: what a checkpoint would hold of it, and its values.
type Donor<S, V> = (Stored<S>, V);

/// This rank's members, each failed one replaced by a donor of its column; every rank calls it.
pub(super) fn mend<M: Model>(
    setting: &Setting<'_, M>,
    moment: Moment,
    outcomes: Vec<Outcome<M>>,
    report: &mut Report,
) -> Result<Vec<Went<M>>, CycleError> {
    let lost: Vec<(usize, usize, String)> = setting
        .own()
        .zip(&outcomes)
        .filter_map(|((column, member), outcome)| Some((column, member, outcome.as_ref().err()?.clone())))
        .collect();
    let mut lost = everyone(setting.ranks, &lost)?;
    lost.sort();
    let failures = donors(setting, moment, &lost)?;
    let mut given = if failures.is_empty() { Vec::new() } else { exchange(setting, &failures, &outcomes)? };
    // What comes is in the order of failures, as are this rank's failed members.
    given.reverse();
    let mut members = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let lacking = || CycleError::Damaged { path: "ranks".into(), what: "a donor is missing".to_owned() };
        members.push(outcome.or_else(|_| given.pop().ok_or_else(lacking))?);
    }
    report.failures.extend(failures);
    Ok(members)
}

/// What every rank has, in the order of ranks.
pub(super) fn everyone<T: Serialize + DeserializeOwned>(
    ranks: &dyn Communicator,
    own: &[T],
) -> Result<Vec<T>, CycleError> {
    let parts = ranks.gather(&pack(&own)?)?;
    let mut all = Vec::new();
    for part in parts.iter() {
        all.extend(unpack::<Vec<T>>(part)?);
    }
    Ok(all)
}

/// Who replaces whom.
fn donors<M: Model>(
    setting: &Setting<'_, M>,
    Moment { pass, month }: Moment,
    lost: &[(usize, usize, String)],
) -> Result<Vec<Failure>, CycleError> {
    let members = setting.options.members;
    let mut failures = Vec::with_capacity(lost.len());
    for of_column in lost.chunk_by(|a, b| a.0 == b.0) {
        let column = of_column[0].0;
        let of_members: Vec<usize> = of_column.iter().map(|(_, member, _)| *member).collect();
        let survivors = Survivors::of(members, &of_members).map_err(|alive| CycleError::TooFewMembers {
            alive,
            members,
            column,
            month,
        })?;
        for (_, member, reason) in of_column {
            let key = StreamKey {
                seed: setting.options.seed,
                stage: Stage::Resample,
                // Spin-up is cycle 0; passes of the smoother count in the upper half.
                cycle: month.map_or(0, |m| m as u32 + 1) | pass.map_or(0, |pass| (pass as u32 + 1) << 16),
                member: *member as u32,
                column: column as u32,
            };
            let donor = survivors.draw(key);
            failures.push(Failure { pass, month, column, member: *member, donor, reason: reason.clone() });
        }
    }
    Ok(failures)
}

/// Donors travel to those that they replace; what comes to this rank, in the order of failures.
fn exchange<M: Model>(
    setting: &Setting<'_, M>,
    failures: &[Failure],
    outcomes: &[Outcome<M>],
) -> Result<Vec<Went<M>>, CycleError> {
    let (own, rank) = (setting.share.clone(), setting.ranks.rank());
    let mut outgoing: Vec<Vec<Donor<&M::State, &Vec<f64>>>> = vec![Vec::new(); setting.ranks.size()];
    for failure in failures.iter().filter(|f| setting.owner(f.column, f.donor) == rank) {
        let at = (failure.column - own.columns.start) * own.members.len() + failure.donor - own.members.start;
        if let Ok((donor, values)) = &outcomes[at] {
            let Stored { column, parameters, sums, state, .. } = &donor.stored;
            let (parameters, sums) = (parameters.clone(), sums.clone());
            let stored = Stored { member: failure.member as u32, column: *column, parameters, sums, state };
            outgoing[setting.owner(failure.column, failure.member)].push((stored, values));
        }
    }
    let parts = outgoing.iter().map(pack).collect::<Result<Vec<_>, _>>()?;
    let received = setting.ranks.exchange(Parts::from_parts(&parts))?;
    let mut arrived: Vec<Donor<M::State, Vec<f64>>> = Vec::new();
    for part in received.iter() {
        arrived.extend(unpack::<Vec<Donor<M::State, Vec<f64>>>>(part)?);
    }
    arrived.sort_by_key(|(stored, _)| (stored.column, stored.member));
    arrived
        .into_iter()
        .map(|(stored, values)| {
            let column = remade(setting.model, &stored)?;
            Ok((Member { column, stored }, values))
        })
        .collect()
}

/// The column of a member that had one with the same parameters.
pub(super) fn remade<M: Model>(model: &M, stored: &Stored<M::State>) -> Result<M::Column, CycleError> {
    let number = stored.column as usize;
    model.column(number, &stored.parameters).map_err(|what| CycleError::Column { column: number, what })
}

/// Bytes that fit a number without rounding.
const BYTES: usize = 6;

/// Something as numbers that ranks can exchange: its length as JSON, then the bytes, six a number.
fn pack<T: Serialize>(value: &T) -> Result<Vec<f64>, CycleError> {
    let json = serde_json::to_vec(value).map_err(CycleError::Message)?;
    let number =
        |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)) as f64;
    Ok(std::iter::once(json.len() as f64).chain(json.chunks(BYTES).map(number)).collect())
}

fn unpack<T: DeserializeOwned>(numbers: &[f64]) -> Result<T, CycleError> {
    let (length, rest) = numbers.split_first().map_or((0, numbers), |(n, rest)| (*n as usize, rest));
    let mut json: Vec<u8> =
        rest.iter().flat_map(|x| (*x as u64).to_le_bytes().into_iter().take(BYTES)).collect();
    json.truncate(length);
    serde_json::from_slice(&json).map_err(CycleError::Message)
}
