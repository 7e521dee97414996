//! The analysis of a month: states and parameters of every column by the observations around it.

use ndarray::{Array2, Array3, Axis, Ix3, s};
use rayon::prelude::*;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::distributed::{Distributed, Stations};
use reterra_assimilation::letkf::{Columns, Summary};
use reterra_assimilation::localisation::{Network, Place};

use super::engine::{MemberOf, Setting};
use super::inflation::{self, Inflated};
use super::report::numbers;
use super::shared::Way;
use super::{Analysed, CycleError, Cycles, Model, Observed, Sharing};

/// Where the rows of a column's state are: physical state, parameters, sums of open windows.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Most rows that any column's layout has; others leave the last ones at nought.
    state: usize,
    parameters: usize,
    sums: usize,
}

impl Rows {
    pub(super) fn all(self) -> usize {
        self.state + self.parameters + self.sums
    }
}

impl<M: Model> Cycles<'_, M> {
    /// Moves members by the observations whose windows end with this month, given the month's values.
    pub(super) fn analyse(&mut self, values: &[Vec<f64>]) -> Result<(), CycleError> {
        self.add(values);
        let setting = &self.setting;
        let factor = setting.options.smoother.map_or(1.0, |smoother| smoother.factors()[1]);
        let due = setting.due(self.month, factor);
        if !due.is_empty() {
            let predicted = setting.predicted(&self.members, &due);
            let offered = due.len();
            let (due, predicted) = self.sifted((due, predicted), factor)?;
            if !due.is_empty() {
                self.assimilate(&due, predicted)?;
            }
            self.note(offered, due.len())?;
        }
        self.close();
        Ok(())
    }

    /// Moves members by observations of this month.
    fn assimilate(&mut self, due: &[Observed], predicted: Array2<f64>) -> Result<(), CycleError> {
        let setting = &self.setting;
        if let Some(shared) = &mut self.shared {
            shared.update(setting, due, (&predicted, Way::Transform))?;
        }
        let rows = self.setting.rows();
        let before = self.gathered(rows);
        let update = Update::States(self.inflation.as_mut());
        let after = self.setting.filtered((due, predicted), &before, update)?;
        self.take(rows, &before, &after)
    }

    /// Notes an analysis, which was offered so many observations and used some of them.
    fn note(&mut self, offered: usize, used: usize) -> Result<(), CycleError> {
        let learnt =
            self.inflation.as_ref().map(|inflation| inflation.everywhere(&self.setting)).transpose()?;
        let factors = learnt.map(|beliefs| inflation::summary(&beliefs));
        self.report.analyses.push(Analysed { month: self.month, used, left_out: offered - used, factors });
        self.report.used += used;
        Ok(())
    }

    /// Adds a month's values to the sums of open windows.
    pub(super) fn add(&mut self, values: &[Vec<f64>]) {
        for (member, values) in self.members.iter_mut().zip(values) {
            for (kind, sum) in self.setting.options.kinds.iter().zip(&mut member.stored.sums) {
                *sum += values[kind.variable];
            }
        }
    }

    /// Closes the windows that end with this month.
    pub(super) fn close(&mut self) {
        let month = self.month;
        for member in &mut self.members {
            let sums = self.setting.options.kinds.iter().zip(&mut member.stored.sums);
            sums.filter(|(kind, _)| kind.ends(month)).for_each(|(_, sum)| *sum = 0.0);
        }
    }

    /// This rank's members: own members × rows × own columns.
    fn gathered(&self, rows: Rows) -> Array3<f64> {
        let (own, columns) = (self.setting.own_members(), self.setting.share.columns.len());
        let mut all = Array3::zeros((own, rows.all(), columns));
        for (i, member) in self.members.iter().enumerate() {
            let mut row = all.slice_mut(s![i % own, .., i / own]);
            let state = self.setting.model.read(&member.column, &member.stored.state);
            row.iter_mut().zip(state).for_each(|(x, value)| *x = value);
            let rest = member.stored.parameters.iter().take(rows.parameters).chain(&member.stored.sums);
            row.iter_mut().skip(rows.state).zip(rest).for_each(|(x, value)| *x = *value);
        }
        all
    }

    /// Moves members from the rows that they had to others, and counts what that adds.
    fn take(&mut self, rows: Rows, before: &Array3<f64>, after: &Array3<f64>) -> Result<(), CycleError> {
        let own = self.setting.own_members();
        let (model, shared) = (self.setting.model, self.shared.as_ref());
        let moved: Vec<Moved> = self
            .members
            .par_iter_mut()
            .enumerate()
            .map(|(i, member)| {
                let of = |all: &Array3<f64>| all.slice(s![i % own, .., i / own]).to_vec();
                let (before, after) = (of(before), of(after));
                let number = member.stored.column as usize;
                let parameters = match shared {
                    Some(shared) => shared.of(model.type_of(number), member.stored.member as usize),
                    None => after[rows.state..rows.state + rows.parameters].to_vec(),
                };
                if before == after && parameters == member.stored.parameters {
                    return Moved::default();
                }
                member.stored.sums = after[rows.state + rows.parameters..].to_vec();
                moved(model, member, (parameters, &after[..model.layout(number).rows()]))
            })
            .collect();
        self.count(&moved)
    }

    /// Adds up what members moved, member by member in their order.
    fn count(&mut self, moved: &[Moved]) -> Result<(), CycleError> {
        let (setting, own) = (&self.setting, self.setting.own_members());
        let mut each = Array3::zeros((own, Moved::LENGTH, setting.share.columns.len()));
        for (i, moved) in moved.iter().enumerate() {
            let numbers = [moved.added[0], moved.added[1], moved.added[2], f64::from(u8::from(moved.kept))];
            each.slice_mut(s![i % own, .., i / own])
                .iter_mut()
                .zip(numbers)
                .for_each(|(x, value)| *x = value);
        }
        let by_column = setting.decomposition.to_columns(setting.ranks, each.view())?;
        // Every rank has to know all columns: members one by one would be too many to send.
        let mut sums = Vec::with_capacity(7 * by_column.len_of(Axis(2)));
        for column in by_column.axis_iter(Axis(2)) {
            let net = |k: usize| column.column(k).iter().sum::<f64>();
            let amounts = |k: usize| column.column(k).iter().map(|x| x.abs()).sum::<f64>();
            sums.extend([net(0), net(1), net(2), amounts(0), amounts(1), amounts(2), net(3)]);
        }
        let all = setting.ranks.gather(&sums)?;
        let members = setting.options.members as f64;
        for (balance, sums) in self.report.balances.iter_mut().zip(all.numbers.chunks_exact(7)) {
            for k in 0..3 {
                balance.net[k] += sums[k] / members;
                balance.moved[k] += sums[3 + k] / members;
            }
            self.report.kept += sums[6] as usize;
        }
        Ok(())
    }
}

/// What rows are, and how they are updated.
#[derive(Debug)]
pub(super) enum Update<'a> {
    /// Physical states as the columns' layouts have them, then what needs no map: by the local filter, after inflation
    /// where there is any.
    States(Option<&'a mut Inflated>),
    /// Unconstrained parameters, those of the prior moved: by regression on them.
    Parameters,
}

/// What an analysis did to a member in one column.
#[derive(Clone, Copy, Default)]
struct Moved {
    added: [f64; 3],
    /// Whether it keeps its parameters because the new ones are out of range.
    kept: bool,
}

impl Moved {
    const LENGTH: usize = 4;
}

fn moved<M: Model>(model: &M, member: &mut MemberOf<M>, (parameters, rows): (Vec<f64>, &[f64])) -> Moved {
    let mut kept = false;
    if parameters != member.stored.parameters {
        match model.column(member.stored.column as usize, &parameters) {
            Ok(column) => {
                member.column = column;
                member.stored.parameters = parameters;
            }
            Err(_) => kept = true,
        }
    }
    let added = model.write(&member.column, &mut member.stored.state, rows);
    Moved { added: numbers(added), kept }
}

impl<M: Model> Setting<'_, M> {
    pub(super) fn rows(&self) -> Rows {
        let (model, options) = (self.model, self.options);
        let state = (0..model.columns()).map(|c| model.layout(c).rows()).max().unwrap_or(0);
        let own = match options.sharing {
            Sharing::Columns if model.columns() > 0 => model.draw(0, 0).len(),
            Sharing::Columns | Sharing::Types => 0,
        };
        Rows { state, parameters: own, sums: options.kinds.len() }
    }

    /// The observations whose windows end with a month, their error variances times a factor.
    pub(super) fn due(&self, month: usize, factor: f64) -> Vec<Observed> {
        let due = self.observations.iter().filter(|o| o.month == month);
        due.map(|o| Observed { variance: o.variance * factor, ..*o }).collect()
    }

    /// What this rank's members predict for the observations in its columns: own members × observations.
    pub(super) fn predicted(&self, members: &[MemberOf<M>], due: &[Observed]) -> Array2<f64> {
        let (own, columns) = (self.own_members(), &self.share.columns);
        let seen: Vec<&Observed> = due.iter().filter(|o| columns.contains(&o.column)).collect();
        Array2::from_shape_fn((own, seen.len()), |(k, j)| {
            let member = &members[(seen[j].column - columns.start) * own + k];
            member.stored.sums[seen[j].kind] / self.options.kinds[seen[j].kind].months as f64
        })
    }

    /// What all members predict for all observations due, from what each rank's members predict in its columns.
    pub(super) fn everywhere(&self, due: &[Observed], own: &Array2<f64>) -> Result<Array2<f64>, CycleError> {
        let parts = self.ranks.gather(&own.iter().copied().collect::<Vec<_>>())?;
        let mut he = Array2::zeros((self.options.members, due.len()));
        for (rank, part) in parts.iter().enumerate() {
            let share = self.decomposition.forecast(rank);
            let seen: Vec<usize> =
                (0..due.len()).filter(|j| share.columns.contains(&due[*j].column)).collect();
            for (member, row) in share.members.zip(part.chunks(seen.len().max(1))) {
                seen.iter().zip(row).for_each(|(j, x)| he[[member, *j]] = *x);
            }
        }
        Ok(he)
    }

    /// The rows of this rank's members after the filter: one exchange to columns, the analysis, one exchange back.
    pub(super) fn filtered(
        &self,
        (due, predicted): (&[Observed], Array2<f64>),
        before: &Array3<f64>,
        how: Update<'_>,
    ) -> Result<Array3<f64>, CycleError> {
        let places: Vec<Place> = due.iter().map(|o| self.place(o.column)).collect();
        let columns: Vec<usize> = due.iter().map(|o| o.column).collect();
        let values: Vec<f64> = due.iter().map(|o| o.value).collect();
        let variances: Vec<f64> = due.iter().map(|o| o.variance).collect();
        let network = Network { places: &places, slices: None, values: &values, variances: &variances };
        let stations = Stations { network, columns: &columns };
        let own = self.decomposition.analysis(self.ranks.rank()).map(|column| self.place(column)).collect();
        let parts = (self.decomposition, Columns::uniform(own, before.len_of(Axis(1))));
        let radius = self.options.filter.locality().radius();
        let filter = Distributed::new(self.ranks, self.options.filter.clone(), parts, stations, radius)?;
        let observations = filter.observe(self.ranks, predicted)?;
        let physical = self.decomposition.to_columns(self.ranks, before.view())?;
        let state = match how {
            Update::States(None) => {
                let update = |state: &mut Array3<f64>| filter.update(observations, state.view_mut());
                self.updated(&physical, update)?
            }
            Update::States(Some(inflated)) => {
                let update =
                    |state: &mut Array3<f64>| inflated.update((self, &filter), (due, observations), state);
                self.updated(&physical, update)?
            }
            Update::Parameters => {
                let mut parameters = physical;
                let prior = self.prior(parameters.raw_dim());
                filter.regress(observations, prior.view(), parameters.view_mut())?;
                parameters
            }
        };
        let mut after = Array3::zeros(before.raw_dim());
        self.decomposition.to_members(self.ranks, state.view(), after.view_mut())?;
        Ok(after)
    }

    /// The prior's draws in this rank's columns of the analysis: all members × parameters × columns.
    fn prior(&self, shape: Ix3) -> Array3<f64> {
        let columns = self.decomposition.analysis(self.ranks.rank());
        let mut prior = Array3::zeros(shape);
        for ((member, at), row) in prior
            .lanes_mut(Axis(1))
            .into_iter()
            .enumerate()
            .map(|(k, row)| ((k / columns.len(), k % columns.len()), row))
        {
            row.into_iter()
                .zip(self.model.draw(member, columns.start + at))
                .for_each(|(x, value)| *x = value);
        }
        prior
    }

    /// Takes physical columns (all members, rows, own columns) into the coordinates of the analysis, updates them there,
    /// and takes them back; columns that the update leaves alone keep their very numbers.
    fn updated(
        &self,
        physical: &Array3<f64>,
        update: impl FnOnce(&mut Array3<f64>) -> Result<Summary, AssimilationError>,
    ) -> Result<Array3<f64>, CycleError> {
        let columns = self.decomposition.analysis(self.ranks.rank());
        let rows = |column: usize| self.model.layout(column).rows();
        let mut state = physical.clone();
        let mut maps = Vec::with_capacity(columns.len());
        for (at, column) in columns.clone().enumerate() {
            let physical = state.slice_mut(s![.., ..rows(column), at]);
            maps.push(self.model.layout(column).forward(physical)?);
        }
        let before = state.clone();
        update(&mut state)?;
        for ((at, column), map) in columns.enumerate().zip(&maps) {
            if state.slice(s![.., .., at]) == before.slice(s![.., .., at]) {
                state.slice_mut(s![.., .., at]).assign(&physical.slice(s![.., .., at]));
            } else {
                self.model.layout(column).back(map, state.slice_mut(s![.., ..rows(column), at]))?;
            }
        }
        Ok(state)
    }

    pub(super) fn place(&self, column: usize) -> Place {
        let [longitude, latitude] = self.model.place(column);
        self.options.filter.locality().place(longitude, latitude)
    }
}
