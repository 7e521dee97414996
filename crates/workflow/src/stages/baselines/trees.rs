//! Boosted trees on the drivers, with and without the predicted station among the training data.

use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{Array2, Axis, concatenate};
use rayon::prelude::*;
use reterra_emulators::{Boosting, BoostingOptions, leave_groups_out};
use reterra_report::input::Run;

use super::{Predictions, VARIABLES, features};
use crate::config::Variable;
use crate::engine::{Context, StageError};
use crate::experiment::StationCase;

/// Stations are left out in at most so many folds: near to one at a time, at a fifth of the cost.
const FOLDS: usize = 10;
/// Fewer observed months than these teach trees nothing.
const LEAST_ROWS: usize = 60;

/// Slow learning with broad leaves, each tree from a part of the rows: neighbouring months of a station are no independent
/// witnesses.
fn options() -> BoostingOptions {
    let (leaf_rows, row_share) = (20, 0.7);
    BoostingOptions { trees: 300, learning_rate: 0.03, depth: 5, leaf_rows, row_share, ..Default::default() }
}

/// One fit: a variable, the stations to learn from, and those to predict.
struct Task {
    run: Run,
    variable: Variable,
    learn: Vec<usize>,
    predict: Vec<usize>,
}

/// Predictions for every station and month, NaN where there is too little to learn from.
///
/// # Errors
/// Those of the boosting library, or an interrupt.
pub(super) fn predict(cases: &[StationCase], context: &Context<'_>) -> Result<Predictions, StageError> {
    let tasks = tasks(cases.len(), context.workflow().seed)?;
    let features: Vec<Array2<f64>> = cases.iter().map(features::of).collect();
    let done = AtomicU64::new(0);
    let fitted: Vec<Result<Array2<f64>, StageError>> = tasks
        .par_iter()
        .map(|task| {
            context.check_interrupt()?;
            let rows = fit_and_predict(cases, &features, task)?;
            context.progress("boosted trees", done.fetch_add(1, Ordering::Relaxed) + 1, tasks.len() as u64);
            Ok(rows)
        })
        .collect();
    let months = features.iter().map(Array2::nrows).max().unwrap_or(0);
    let mut predictions = Predictions::new();
    for (task, rows) in tasks.iter().zip(fitted) {
        let missing = || Array2::from_elem((cases.len(), months), f64::NAN);
        let all = predictions.entry((task.run, task.variable)).or_insert_with(missing);
        for (&station, row) in task.predict.iter().zip(rows?.rows()) {
            all.row_mut(station).assign(&row);
        }
    }
    Ok(predictions)
}

fn tasks(stations: usize, seed: u64) -> Result<Vec<Task>, StageError> {
    let all: Vec<usize> = (0..stations).collect();
    let folds = if stations < 2 { Vec::new() } else { leave_groups_out(&all, FOLDS.min(stations), seed)? };
    let of = |variable| {
        let (learn, predict) = (all.clone(), all.clone());
        let left_out = folds.iter().map(move |fold| Task {
            run: Run::BoostedTreesLeaveOut,
            variable,
            learn: fold.train.clone(),
            predict: fold.test.clone(),
        });
        std::iter::once(Task { run: Run::BoostedTrees, variable, learn, predict }).chain(left_out)
    };
    Ok(VARIABLES.into_iter().flat_map(of).collect())
}

/// Predictions of a task's stations, station × month.
fn fit_and_predict(
    cases: &[StationCase],
    features: &[Array2<f64>],
    task: &Task,
) -> Result<Array2<f64>, StageError> {
    let months = features.iter().map(Array2::nrows).max().unwrap_or(0);
    let mut predicted = Array2::from_elem((task.predict.len(), months), f64::NAN);
    let (x, y) = training_data(cases, features, task)?;
    if y.len() < LEAST_ROWS {
        return Ok(predicted);
    }
    let model = Boosting::fit(x.view(), &y, &options())?;
    for (mut row, &station) in predicted.rows_mut().into_iter().zip(&task.predict) {
        for (to, value) in row.iter_mut().zip(model.predict(features[station].view())?) {
            *to = value;
        }
    }
    Ok(predicted)
}

fn training_data(
    cases: &[StationCase],
    features: &[Array2<f64>],
    task: &Task,
) -> Result<(Array2<f64>, Vec<f64>), StageError> {
    let mut parts = vec![Array2::zeros((0, features::COUNT))];
    let mut y = Vec::new();
    for &station in &task.learn {
        let series = cases[station].assimilated.get(&task.variable).map_or(&[][..], Vec::as_slice);
        let observed: Vec<usize> = (0..series.len()).filter(|&m| series[m].is_some()).collect();
        y.extend(series.iter().flatten());
        parts.push(features[station].select(Axis(0), &observed));
    }
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok((concatenate(Axis(0), &views)?, y))
}
