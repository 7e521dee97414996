//! Members at the start of a run: drawn, made, spun up.

use rayon::prelude::*;

use super::engine::Setting;
use super::failure::Outcome;
use super::forecast::{batches, caught};
use super::{Member, Model, Stored};

/// A member that has a column and no state yet.
struct Candidate<C> {
    member: usize,
    number: usize,
    parameters: Vec<f64>,
    column: C,
}

/// This rank's members at the start of the run with these parameters (by column and member), or why there is none.
pub(super) fn begun<M: Model>(
    setting: &Setting<'_, M>,
    parameters: impl Fn(usize, usize) -> Vec<f64>,
) -> Vec<Outcome<M>> {
    let (model, kinds) = (setting.model, setting.options.kinds.len());
    let candidates: Vec<Result<Candidate<M::Column>, String>> = setting
        .own()
        .map(|(number, member)| candidate(model, (number, member), parameters(number, member)))
        .collect();
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
    parameters: Vec<f64>,
) -> Result<Candidate<M::Column>, String> {
    let column = model.column(number, &parameters)?;
    Ok(Candidate { member, number, parameters, column })
}
