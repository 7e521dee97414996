//! Twin experiments: a truth that the model itself makes, and observations of it with known errors.

use rayon::prelude::*;
use reterra_parallel::attempt;
use reterra_statistics::random::{Stage, StreamKey};

use super::{Kind, Lane, Model, Observed};
use crate::config::ErrorModel;

/// Number of the member that the truth is drawn as, beyond any ensemble's.
const TRUTH: usize = 1_000_000;
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
}

/// The truth of a column.
#[derive(Clone, Debug)]
pub struct TrueColumn<C, S> {
    /// Unconstrained parameters.
    pub parameters: Vec<f64>,
    /// The column that they make.
    pub column: C,
    /// State at the end.
    pub state: S,
    /// Values of every variable, month by month.
    pub values: Vec<Vec<f64>>,
}

impl<M: Model> Truth<M> {
    /// Draws every column's truth and runs it for so many months.
    ///
    /// # Errors
    /// The number of the column whose draws all failed, with the last one's reason.
    pub fn draw(model: &M, months: usize) -> Result<Self, (usize, String)> {
        let of = |column: usize| {
            let mut reason = String::new();
            for number in TRUTH..TRUTH + TRIES {
                match attempt(|| drawn(model, (column, number), months)) {
                    Ok(Ok(truth)) => return Ok(truth),
                    Ok(Err(e)) => reason = e,
                    Err(_) => "the model stopped by a panic".clone_into(&mut reason),
                }
            }
            Err((column, reason))
        };
        let columns = (0..model.columns()).into_par_iter().map(of).collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// Observations of the whole run by every sensor, kinds in the sensors' order.
    #[must_use]
    pub fn observed(&self, sensors: &[Sensor], seed: u64) -> Vec<Observed> {
        let mut all = Vec::new();
        for (column, truth) in self.columns.iter().enumerate() {
            for (kind, sensor) in sensors.iter().enumerate() {
                let Kind { variable, months } = sensor.kind;
                for (window, values) in truth.values.chunks_exact(months).enumerate() {
                    let mean = values.iter().map(|v| v[variable]).sum::<f64>() / months as f64;
                    let sd = sensor.error.sd(mean);
                    let month = (window + 1) * months - 1;
                    let (cycle, member, place) = (month as u32, kind as u32, column as u32);
                    let key = StreamKey { seed, stage: Stage::Observation, cycle, member, column: place };
                    let value = mean + sd * key.stream().normal();
                    all.push(Observed { column, kind, month, value, variance: sd * sd });
                }
            }
        }
        all
    }
}

fn drawn<M: Model>(
    model: &M,
    (number, member): (usize, usize),
    months: usize,
) -> Result<TrueColumn<M::Column, M::State>, String> {
    let lacking = || "the model gave no result".to_owned();
    let parameters = model.draw(member, number);
    let column = model.column(number, &parameters)?;
    let mut state = model.start(number, &[(member, &column)]).pop().ok_or_else(lacking)??;
    let mut values = Vec::with_capacity(months);
    for month in 0..months {
        let lane = Lane { member, column: &column, state: &state };
        let (next, of_month) = model.run((number, month), &[lane]).pop().ok_or_else(lacking)??;
        state = next;
        values.push(of_month);
    }
    Ok(TrueColumn { parameters, column, state, values })
}
