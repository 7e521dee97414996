//! Inflation of the forecast by factors that are learnt: one for every row of every column.
//!
//! See [`reterra_assimilation::inflation::varying`]. Factors live where columns are analysed. What members predict is
//! inflated as the sum of the window that it comes from, which is a row of the state: by the factor of that row, which the
//! rank that has the column tells the others.

use ndarray::{Array2, Array3, ArrayViewMut2};
use reterra_assimilation::AssimilationError;
use reterra_assimilation::analysis;
use reterra_assimilation::distributed::Distributed;
use reterra_assimilation::inflation::belief::Belief;
use reterra_assimilation::inflation::varying::{Form, Reached, Varying, VaryingOptions};
use reterra_assimilation::letkf::Summary;
use reterra_assimilation::localisation::Slice;
use reterra_statistics::random::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::engine::Setting;
use super::{CycleError, Model, Observed};

/// Factors of this rank's columns of the analysis.
#[derive(Clone, Debug)]
pub(super) struct Inflated {
    varying: Varying,
    /// Rows of a column; the last ones are sums of windows, by kind.
    rows: usize,
}

/// Factors on the variance, of all columns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    /// Mean over rows and columns.
    pub mean: f64,
    /// The largest.
    pub largest: f64,
}

/// Refuses a form that the cycles don't have.
pub(super) fn check(options: VaryingOptions) -> Result<(), AssimilationError> {
    if options.form == Form::Posterior {
        let (option, range) = ("form of inflation in cycles (1: of the analysis)", "[0]: of the forecast");
        return Err(AssimilationError::Option { option, value: 1.0, range });
    }
    Varying::new(0, options).map(|_| ())
}

impl Inflated {
    /// Factors of 1.
    pub fn new<M: Model>(
        setting: &Setting<'_, M>,
        options: VaryingOptions,
    ) -> Result<Self, AssimilationError> {
        let (rows, own) = (setting.rows().all(), setting.decomposition.analysis(setting.ranks.rank()));
        Ok(Self { varying: Varying::new(rows * own.len(), options)?, rows })
    }

    /// Factors from a checkpoint, those of all columns, of which this rank has some.
    pub fn resumed<M: Model>(
        setting: &Setting<'_, M>,
        options: VaryingOptions,
        all: &[Belief],
    ) -> Result<Self, AssimilationError> {
        let rows = all.len() / setting.model.columns().max(1);
        let own = setting.decomposition.analysis(setting.ranks.rank());
        let by_column =
            |row: usize| own.clone().filter_map(move |column| all.get(column * rows + row).copied());
        let beliefs = (0..rows).flat_map(by_column).collect();
        Ok(Self { varying: Varying::resumed(beliefs, options)?, rows })
    }

    /// Factors of all columns, column by column, on every rank.
    pub fn everywhere<M: Model>(&self, setting: &Setting<'_, M>) -> Result<Vec<Belief>, CycleError> {
        let beliefs = self.varying.beliefs();
        let columns = beliefs.len() / self.rows.max(1);
        let rows = |at: usize| (0..self.rows).map(move |row| beliefs[row * columns + at]);
        let own: Vec<f64> = (0..columns).flat_map(rows).flat_map(|b| [b.factor, b.sd]).collect();
        let all = setting.ranks.gather(&own)?;
        Ok(all.numbers.chunks_exact(2).map(|pair| Belief { factor: pair[0], sd: pair[1] }).collect())
    }

    /// The filter's update of this rank's columns (members × rows × columns, in the coordinates of the analysis), forecast
    /// and predictions inflated before it.
    pub fn update<M: Model>(
        &mut self,
        (setting, filter): (&Setting<'_, M>, &Distributed<'_>),
        (due, mut he): (&[Observed], Array2<f64>),
        state: &mut Array3<f64>,
    ) -> Result<Summary, AssimilationError> {
        let near: Vec<Observed> = filter.needed().iter().map(|j| due[*j]).collect();
        let (y, r): (Vec<f64>, Vec<f64>) = near.iter().map(|o| (o.value, o.variance)).unzip();
        // The factors draw no random numbers.
        let key = StreamKey { seed: 0, stage: Stage::Filter, cycle: 0, member: 0, column: 0 };
        let reach = self.reach(setting, &near);
        let seen = analysis::Observed { he: he.view(), y: &y, r: &r, key };
        self.varying.before(flat(state)?, &seen, &reach)?;
        let factors = self.of_observations(setting, due)?;
        for (mut predicted, j) in he.columns_mut().into_iter().zip(filter.needed()) {
            let (mean, by) = (predicted.sum() / predicted.len() as f64, factors[*j].sqrt());
            predicted.mapv_inplace(|x| mean + by * (x - mean));
        }
        let summary = filter.update(he.clone(), state.view_mut())?;
        let seen = analysis::Observed { he: he.view(), y: &y, r: &r, key };
        self.varying.after(flat(state)?, &seen, &reach)?;
        Ok(summary)
    }

    /// Where the localisation lets observations reach among this rank's columns.
    fn reach<M: Model>(&self, setting: &Setting<'_, M>, near: &[Observed]) -> Reached {
        let locality = setting.options.filter.locality();
        let columns = setting.decomposition.analysis(setting.ranks.rank());
        let own = columns.len();
        let of = |o: &Observed| {
            let from = setting.place(o.column);
            let weights = columns.clone().map(|column| {
                locality.weight((&setting.place(column), Slice::default()), (&from, Slice::default()))
            });
            let reached: Vec<(usize, f64)> =
                weights.enumerate().filter(|(_, weight)| *weight > 0.0).collect();
            let row = |row: usize| reached.iter().map(move |(at, weight)| (row * own + at, *weight));
            (0..self.rows).flat_map(row).collect()
        };
        Reached::of(near.iter().map(of).collect())
    }

    /// The factor that each observation's window got, from the ranks that have its column.
    fn of_observations<M: Model>(
        &self,
        setting: &Setting<'_, M>,
        due: &[Observed],
    ) -> Result<Vec<f64>, AssimilationError> {
        let rank = setting.ranks.rank();
        let sums = self.rows - setting.options.kinds.len();
        let here = |rank: usize| {
            let columns = setting.decomposition.analysis(rank);
            due.iter().enumerate().filter(move |(_, o)| columns.contains(&o.column))
        };
        let columns = setting.decomposition.analysis(rank);
        let at = |o: &Observed| (sums + o.kind) * columns.len() + o.column - columns.start;
        let own: Vec<f64> = here(rank).map(|(_, o)| self.varying.applied(at(o))).collect();
        let parts = setting.ranks.gather(&own)?;
        let mut factors = vec![1.0; due.len()];
        for (rank, part) in parts.iter().enumerate() {
            here(rank).zip(part).for_each(|((j, _), factor)| factors[j] = *factor);
        }
        Ok(factors)
    }
}

/// Mean and largest of factors.
pub(super) fn summary(beliefs: &[Belief]) -> Factors {
    let sum: f64 = beliefs.iter().map(|belief| belief.factor).sum();
    let largest = beliefs.iter().map(|belief| belief.factor).fold(1.0, f64::max);
    Factors { mean: sum / beliefs.len().max(1) as f64, largest }
}

/// Members × (rows × columns): the columns of a row follow each other.
fn flat(state: &mut Array3<f64>) -> Result<ArrayViewMut2<'_, f64>, AssimilationError> {
    let (members, rows, columns) = state.dim();
    let (what, expected) = ("numbers of a state that lie one after another", members * rows * columns);
    let view = state.view_mut().into_shape_with_order((members, rows * columns));
    view.map_err(|_| AssimilationError::Shape { what, expected, got: 0 })
}
