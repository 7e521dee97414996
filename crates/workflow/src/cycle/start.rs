//! Members at the start of a run: drawn, made, spun up.

use rayon::prelude::*;

use super::engine::Setting;
use super::failure::Outcome;
use super::forecast::{batches, caught};
use super::shared::Shared;
use super::{Member, Model, Stored};

/// A member that has a column and no state yet.
struct Candidate<C> {
    member: usize,
    number: usize,
    parameters: Vec<f64>,
    column: C,
}

/// This rank's members at the start of the run, or why there is none.
pub(super) fn begun<M: Model>(setting: &Setting<'_, M>, shared: Option<&Shared>) -> Vec<Outcome<M>> {
    let (model, kinds) = (setting.model, setting.options.kinds.len());
    let candidates: Vec<Result<Candidate<M::Column>, String>> =
        setting.own().map(|place| candidate(model, place, shared)).collect();
    let possible: Vec<&Candidate<M::Column>> = candidates.iter().flatten().collect();
    let started: Vec<Result<M::State, String>> = batches(&possible, |candidate| candidate.number)
        .par_iter()
        .flat_map_iter(|group| {
            let batch: Vec<(usize, &M::Column)> = group.iter().map(|c| (c.member, &c.column)).collect();
            caught(&batch, |batch| model.start(group[0].number, batch))
        })
        .collect();
    let mut started = started.into_iter();
    let mut finish = |candidate: Candidate<M::Column>| {
        let state = started.next().unwrap_or_else(|| Err("it was in no batch".to_owned()))?;
        let Candidate { member, number, parameters, column } = candidate;
        let (member, number, sums) = (member as u32, number as u32, vec![0.0; kinds]);
        Ok((
            Member { column, stored: Stored { member, column: number, parameters, sums, state } },
            Vec::new(),
        ))
    };
    candidates.into_iter().map(|candidate| candidate.and_then(&mut finish)).collect()
}

fn candidate<M: Model>(
    model: &M,
    (number, member): (usize, usize),
    shared: Option<&Shared>,
) -> Result<Candidate<M::Column>, String> {
    let parameters =
        shared.map_or_else(|| model.draw(member, number), |shared| shared.of(model.type_of(number), member));
    let column = model.column(number, &parameters)?;
    Ok(Candidate { member, number, parameters, column })
}
