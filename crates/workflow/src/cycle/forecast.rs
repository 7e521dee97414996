//! A month of every member: batches of a column's members on the rank's threads.

use rayon::prelude::*;
use reterra_land::lanes::WIDTH;
use reterra_parallel::attempt;

use super::failure::{self, Moment};
use super::{CycleError, Cycles, Lane, Model};

impl<M: Model> Cycles<'_, M> {
    /// Runs this rank's members through the present month and replaces those that fail; the month's means of every
    /// variable, in the members' order.
    pub(super) fn forecast(&mut self) -> Result<Vec<Vec<f64>>, CycleError> {
        let (model, month) = (self.setting.model, self.month);
        let groups = batches(&self.members, |member| member.stored.column);
        let ran: Vec<_> = groups
            .par_iter()
            .flat_map_iter(|group| {
                let lanes: Vec<_> = group
                    .iter()
                    .map(|member| Lane {
                        member: member.stored.member as usize,
                        column: &member.column,
                        state: &member.stored.state,
                    })
                    .collect();
                let place = (group[0].stored.column as usize, month);
                caught(&lanes, |lanes| model.run(place, lanes))
            })
            .collect();
        let members = std::mem::take(&mut self.members);
        let outcomes = members.into_iter().zip(ran).map(|(mut member, ran)| {
            let (state, values) = ran?;
            if let Some(variable) = values.iter().position(|value| !value.is_finite()) {
                return Err(format!("its value of variable {variable} is not a finite number"));
            }
            member.stored.state = state;
            Ok((member, values))
        });
        let outcomes = outcomes.collect();
        let moment = Moment { pass: self.pass, month: Some(month) };
        let mended = failure::mend(&self.setting, moment, outcomes, &mut self.report)?;
        let (members, values) = mended.into_iter().unzip();
        self.members = members;
        Ok(values)
    }
}

/// Cuts members into runs of one column each, [`WIDTH`] long at most.
pub(super) fn batches<T, K: PartialEq>(members: &[T], column: impl Fn(&T) -> K) -> Vec<&[T]> {
    members.chunk_by(|a, b| column(a) == column(b)).flat_map(|of_column| of_column.chunks(WIDTH)).collect()
}

/// Runs a batch. A panic is the affair of the member that it comes from: the others run again, one by one, so that it
/// doesn't matter who shared their batch.
pub(super) fn caught<L, T>(
    batch: &[L],
    run: impl Fn(&[L]) -> Vec<Result<T, String>>,
) -> Vec<Result<T, String>> {
    if let Ok(results) = attempt(|| run(batch))
        && results.len() == batch.len()
    {
        return results;
    }
    let alone = |member| match attempt(|| run(std::slice::from_ref(member))) {
        Ok(mut results) if results.len() == 1 => results.swap_remove(0),
        Ok(results) => Err(format!("the model gave {} results for one member", results.len())),
        Err(_) => Err("the model stopped by a panic".to_owned()),
    };
    batch.iter().map(alone).collect()
}
