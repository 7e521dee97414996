//! Twin experiments: a truth that the model itself makes, and observations of it with known errors.

use rayon::prelude::*;
use reterra_parallel::attempt;
use reterra_statistics::random::{Stage, StreamKey};

use super::{Kind, Lane, Model, Observed};
use crate::config::ErrorModel;

/// Number of the member that the truth is drawn as, beyond any ensemble's.
const TRUTH: usize = 1_000_000;
/// Number of the first of the draws that tell how large values are as a rule, and how many there are.
const TYPICAL: usize = 2_000_000;
const TYPICALS: usize = 8;
/// Draws that a column's truth may take: one that the model can't run is as impossible as a member that fails.
const TRIES: usize = 50;

/// How a kind of observation is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensor {
    /// What it is the mean of.
    pub kind: Kind,
    /// Standard deviation of its errors, which are independent and normal.
    pub error: ErrorModel,
}

/// A truth: in every column a draw from the prior, as a member's, run from its own start.
pub struct Truth<M: Model> {
    /// By column.
    pub columns: Vec<TrueColumn<M::Column, M::State>>,
    /// Mean over some draws of the prior that aren't the truth, by column, month and variable.
    typical: Vec<Vec<Vec<f64>>>,
}

/// The truth of a column.
#[derive(Clone, Debug)]
pub struct TrueColumn<C, S> {
    /// Unconstrained parameters.
    pub parameters: Vec<f64>,
    /// The column that they make.
    pub column: C,
    /// State at the end of every month.
    pub states: Vec<S>,
    /// Values of every variable, month by month.
    pub values: Vec<Vec<f64>>,
}

impl<M: Model> Truth<M> {
    /// Draws every column's truth and runs it for so many months.
    ///
    /// # Errors
    /// The number of the column whose draws all failed, with the last one's reason.
    pub fn draw(model: &M, months: usize) -> Result<Self, (usize, String)> {
        Self::planned(model, months, |column| model.draw(TRUTH, column))
    }

    /// As [`Self::draw`] with the draws that a design has made, by column: of few columns, one that is stratified is as good
    /// as many truths. Where the model can't run one, a draw of its own takes its place.
    ///
    /// # Errors
    /// As [`Self::draw`].
    pub fn planned(
        model: &M,
        months: usize,
        plan: impl Fn(usize) -> Vec<f64> + Sync,
    ) -> Result<Self, (usize, String)> {
        let all = (0..model.columns()).into_par_iter().map(|column| {
            let of_try = |k: usize| if k == 0 { plan(column) } else { model.draw(TRUTH + k, column) };
            let truth = first(model, (column, TRUTH), months, of_try).map_err(|reason| (column, reason))?;
            let mut typical = vec![vec![0.0; model.variables()]; months];
            for number in 0..TYPICALS {
                let from = TYPICAL + number * TRIES;
                let of_try = |k: usize| model.draw(from + k, column);
                let draw = first(model, (column, from), months, of_try).map_err(|reason| (column, reason))?;
                for (sums, values) in typical.iter_mut().zip(draw.values) {
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / TYPICALS as f64);
                }
            }
            Ok((truth, typical))
        });
        let (columns, typical) = all.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Self { columns, typical })
    }

    /// Observations of the whole run by every sensor, kinds in the sensors' order.
    ///
    /// Errors are as large as they would be for a typical draw of the prior, not for the truth itself: an assimilation
    /// that is told the size of errors would else be told something of the truth, which it can't use, and its posterior
    /// would be wrong for it.
    #[must_use]
    pub fn observed(&self, sensors: &[Sensor], seed: u64) -> Vec<Observed> {
        let mut all = Vec::new();
        for (column, truth) in self.columns.iter().enumerate() {
            for (kind, sensor) in sensors.iter().enumerate() {
                let Kind { variable, months } = sensor.kind;
                for (window, values) in truth.values.chunks_exact(months).enumerate() {
                    let mean = |values: &[Vec<f64>]| {
                        values.iter().map(|v| v[variable]).sum::<f64>() / values.len() as f64
                    };
                    let month = (window + 1) * months - 1;
                    let sd = sensor.error.sd(mean(&self.typical[column][window * months..=month]));
                    let (cycle, member, place) = (month as u32, kind as u32, column as u32);
                    let key = StreamKey { seed, stage: Stage::Observation, cycle, member, column: place };
                    let value = mean(values) + sd * key.stream().normal();
                    all.push(Observed { column, kind, month, value, variance: sd * sd });
                }
            }
        }
        all
    }
}

/// The first of a column's draws from a number on that the model can run, or the last one's reason.
fn first<M: Model>(
    model: &M,
    (column, from): (usize, usize),
    months: usize,
    of_try: impl Fn(usize) -> Vec<f64>,
) -> Result<TrueColumn<M::Column, M::State>, String> {
    let mut reason = String::new();
    for k in 0..TRIES {
        match attempt(|| run(model, (column, from + k), months, of_try(k))) {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(e)) => reason = e,
            Err(_) => "the model stopped by a panic".clone_into(&mut reason),
        }
    }
    Err(reason)
}

fn run<M: Model>(
    model: &M,
    (number, member): (usize, usize),
    months: usize,
    parameters: Vec<f64>,
) -> Result<TrueColumn<M::Column, M::State>, String> {
    let lacking = || "the model gave no result".to_owned();
    let column = model.column(number, &parameters)?;
    let mut state = model.start(number, &[(member, &column)]).pop().ok_or_else(lacking)??;
    let (mut states, mut values) = (Vec::with_capacity(months), Vec::with_capacity(months));
    for month in 0..months {
        let lane = Lane { member, column: &column, state: &state };
        let (next, of_month) = model.run((number, month), &[lane]).pop().ok_or_else(lacking)??;
        state = next;
        states.push(state.clone());
        values.push(of_month);
    }
    Ok(TrueColumn { parameters, column, states, values })
}
